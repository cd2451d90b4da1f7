"""An integration for tests: a marketplace and warehouse whose host is a stand-in of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cartrover.merchants.tenancy import current_scope
from integrations.contract import Account, Cart, CartSide, Integration, SettingField, Warehouse, WarehouseSide, Wire
from integrations.http import Door, Provider, Reply
from integrations.oauth2 import Grant
from integrations.outcomes import NeedsMerchant, Outcome, RetryLater


def integration(environment: Mapping[str, str]) -> Integration:
    return made("acme", "Acme Market", environment)


def made(slug: str, name: str, environment: Mapping[str, str]) -> Integration:
    url = environment["ACME_URL"]

    def account(wire: Wire) -> Account:
        assert current_scope() is None, "rows are open while an outside system is asked"
        reply = Door(wire, DOOR).send("GET", f"{url}/account", resource="account")
        facts = {"locations": [{"id": "7", "label": "Berlin"}, {"id": "9", "label": "Hamburg"}]}
        return Account(str(reply.json["id"]), str(reply.json["name"]), facts=facts)

    return Integration(
        slug=slug,
        name=name,
        environment="simulator",
        grant=Grant(
            provider=name,
            client_id=f"{slug}-client",
            client_secret=f"{slug}-secret-of-ours",
            redirect_uri=f"{environment['PORTAL_URL']}/oauth/callback/{slug}/",
            authorize_url=f"{url}/authorize",
            token_url=f"{url}/token",
            scopes=("orders",),
            basic_auth=True,
            rotates=environment["ACME_ROTATES"] == "1",
        ),
        account=account,
        cart=CartSide(
            open=_no_cart,
            fields=(
                SettingField("location_id", "Location ID", "integer", "", "Only this location's orders."),
                SettingField("status", "Order status", "choices", ("paid",), "", (("paid", "Paid"), ("open", "Open"))),
            ),
            services=("order_download", "shipment_upload", "inventory_upload"),
            order_url=lambda order: f"{url}/orders/{order}",
            variants=(("ACME_US", "United States"), ("ACME_DE", "Germany")),
        ),
        warehouse=WarehouseSide(
            open=_no_warehouse,
            fields=(
                SettingField("ship_from", "Ship from", "location", ""),
                SettingField("stock_locations", "Stock locations", "locations", ()),
                SettingField("invoice", "Invoice each new order", "flag", False),
                SettingField("label", "Label", "text", "CartRover", required=True),
            ),
            services=("order_delivery", "shipment_pickup", "inventory_pickup"),
            order_url=lambda order: f"{url}/orders/{order}",
        ),
    )


def _no_cart(wire: Wire, settings: Mapping[str, Any], facts: Mapping[str, Any]) -> Cart:
    raise LookupError("this stand-in knows accounts only")


def _no_warehouse(wire: Wire, settings: Mapping[str, Any], facts: Mapping[str, Any]) -> Warehouse:
    raise LookupError("this stand-in knows accounts only")


def _judge(reply: Reply, write: bool) -> Outcome | None:
    if reply.status == 401:
        return NeedsMerchant("Acme Market does not accept the access.", fix="reconnect", scope="connection")
    return RetryLater("Acme Market is out of order.") if reply.status >= 500 else None


DOOR = Provider(
    name="Acme Market",
    judge=_judge,
    authorise=lambda token: {"Authorization": f"Bearer {token}"},
    token_refused=lambda reply: reply.status == 401,
)
