"""TradeGecko, later QuickBooks Commerce: as a warehouse and as a cart, on one grant."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from integrations.contract import CartSide, Integration, WarehouseSide
from integrations.tradegecko.application import Application
from integrations.tradegecko.cart import TradeGeckoCart
from integrations.tradegecko.errors import NAME
from integrations.tradegecko.settings import CART_FIELDS, WAREHOUSE_FIELDS
from integrations.tradegecko.warehouse import TradeGeckoWarehouse


def integration(environment: Mapping[str, str]) -> Integration:
    """TradeGecko as this installation's environment variables set it up."""
    application = Application.of(environment)
    return Integration(
        slug="tradegecko",
        name=NAME,
        environment=application.environment,
        grant=application.grant,
        account=application.account,
        trouble=application.trouble,
        cart=CartSide(
            open=partial(TradeGeckoCart, application),
            fields=CART_FIELDS,
            services=("order_download", "shipment_upload"),
            order_url=application.order_url,
            stock_batch=0,
            amends=True,
        ),
        warehouse=WarehouseSide(
            open=partial(TradeGeckoWarehouse, application),
            fields=WAREHOUSE_FIELDS,
            services=("order_delivery", "shipment_pickup", "inventory_pickup"),
            order_url=application.order_url,
            stock_page_seconds=10.0,
        ),
        guide=Path(__file__).with_name("guide.md"),
    )
