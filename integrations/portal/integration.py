"""The packing desk: a merchant's own staff are the warehouse. Nobody is called, so this only declares."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from integrations.contract import Integration, SettingField, WarehouseSide

FIELDS = (
    SettingField(
        "carriers",
        "Carriers",
        "text",
        "UPS, USPS, FedEx, DHL",
        "Who fetches your packages, with commas between. The first is chosen unless somebody picks another.",
        required=True,
        step="packages",
    ),
    SettingField(
        "sender",
        "Sender on packing slips",
        "text",
        "",
        "Your name and address, with commas between. Empty: the name of your merchant.",
        step="slips",
    ),
    SettingField(
        "greeting",
        "Words to the buyer",
        "text",
        "Thank you for your order.",
        "Stand at the end of each packing slip.",
        step="slips",
    ),
)


def integration(environment: Mapping[str, str]) -> Integration:
    """It needs nothing of the environment: every installation has it."""
    return Integration(
        slug="portal",
        name="Packing desk",
        environment="production",
        grant=None,
        account=None,
        warehouse=WarehouseSide(
            open=None,
            fields=FIELDS,
            services=("order_delivery", "shipment_pickup", "inventory_pickup"),
            order_url=lambda external_id: f"{environment.get('PORTAL_URL', '')}/packing/{external_id}",
            number_limit=200,
            tells=True,
        ),
        guide=Path(__file__).with_name("guide.md"),
    )
