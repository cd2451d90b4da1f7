from django.db import migrations


class Migration(migrations.Migration):
    """The warehouse's item and line stand on a line's parts, where the migration before this one has put them."""

    dependencies = [("orders", "0007_line_left_out")]

    operations = [
        migrations.RemoveField(model_name="orderline", name="item_id"),
        migrations.RemoveField(model_name="orderline", name="remote_id"),
    ]
