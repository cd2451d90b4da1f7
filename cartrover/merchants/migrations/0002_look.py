from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("merchants", "0001_initial"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="merchant",
            options={"permissions": [("look_at_merchant", "Can view the portal as a merchant")]},
        ),
    ]
