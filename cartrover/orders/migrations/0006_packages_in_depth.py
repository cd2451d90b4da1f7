import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0002_in_depth"),
        ("events", "0002_in_depth"),
        ("merchants", "0002_look"),
        ("orders", "0005_filters"),
    ]

    operations = [
        migrations.AddField(
            model_name="shipment",
            name="as_read",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="shipment",
            name="told",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="shipment",
            name="told_with",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="told_for", to="orders.shipment"
            ),
        ),
        migrations.AlterField(
            model_name="shipment",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "Waiting to be sent"),
                    ("uploaded", "Sent to the cart"),
                    ("confirmed", "The cart shows it"),
                    ("refused", "The cart refuses it"),
                    ("kept", "Not for the cart"),
                    ("void", "Void"),
                ],
                default="waiting",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("ship_by__isnull", False), ("status__in", ["new", "at_wms", "held", "error"])),
                fields=["merchant", "ship_by"],
                name="order_ship_by",
            ),
        ),
    ]
