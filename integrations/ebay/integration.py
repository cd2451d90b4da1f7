"""eBay: all its marketplaces, as a cart."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from integrations.contract import VOID_WHEN_ASKED, CartSide, Integration, Quota
from integrations.ebay.application import Application
from integrations.ebay.auth import WhoseAccount, grant, rights
from integrations.ebay.carriers import CARRIERS, carrier_code
from integrations.ebay.client import EbayCart, normal_tracking
from integrations.ebay.errors import NAME, QUOTA_ZONE
from integrations.ebay.identifiers import IDENTIFIERS
from integrations.ebay.sites import VARIANTS
from integrations.ebay.stock import BATCH, CHANGES


def integration(environment: Mapping[str, str]) -> Integration:
    """eBay as this installation's environment variables set it up."""
    application = Application.of(environment)
    return Integration(
        slug="ebay",
        name=NAME,
        environment=application.environment,
        grant=grant(application),
        account=WhoseAccount(application),
        rights=rights(application),
        trouble=application.trouble,
        cart=CartSide(
            open=partial(EbayCart, application),
            fields=(VOID_WHEN_ASKED,),
            services=("order_download", "shipment_upload", "inventory_upload"),
            order_url=application.order_url,
            variants=VARIANTS,
            stock_batch=BATCH,
            stock_changes=CHANGES,
            normal_tracking=normal_tracking,
            carriers=CARRIERS,
            carrier_code=carrier_code,
            counts_units=False,
            number_names_package=True,
            identifiers=IDENTIFIERS,
        ),
        quota=Quota(application.per_day, QUOTA_ZONE),
        guide=Path(__file__).with_name("guide.md"),
    )
