from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0003_holds_unmapped"),
    ]

    operations = [
        migrations.AddField(
            model_name="grantattempt",
            name="account_name",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AlterField(
            model_name="grantattempt",
            name="state",
            field=models.CharField(
                choices=[
                    ("started", "Started"),
                    ("answered", "Answered"),
                    ("exchanged", "Exchanged"),
                    ("asked", "Asked"),
                    ("done", "Done"),
                    ("failed", "Failed"),
                ],
                default="started",
                max_length=10,
            ),
        ),
    ]
