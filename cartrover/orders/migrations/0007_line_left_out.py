from django.db import migrations, models

# What was delivered before lines had parts was sent as the SKU it was sold by.
_PARTS = """
INSERT INTO "orders_linepart" (merchant_id, line_id, position, sku, "each", item_id, remote_id)
SELECT merchant_id, id, 0, sku, 1, item_id, remote_id FROM "orders_orderline" WHERE item_id <> ''
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0006_packages_in_depth")]

    operations = [
        migrations.AddField(
            model_name="orderline",
            name="left_out",
            field=models.CharField(blank=True, choices=[("ignored", "Left out"), ("promotional", "No product")], max_length=12),
        ),
        migrations.RunSQL(_PARTS, migrations.RunSQL.noop),
    ]
