"""An integration for tests: a marketplace and warehouse whose host is a stand-in of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from cartrover.merchants.tenancy import current_scope
from integrations.contract import Account, CartSide, Integration, Page, SettingField, Variant, WarehouseSide, Wire
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
        ),
        account=account,
        cart=CartSide(
            open=lambda wire, settings, facts: cast(Any, Shop(wire, url)),
            fields=(
                SettingField("location_id", "Location ID", "integer", "", "Only this location's orders."),
                SettingField("status", "Order status", "choices", ("paid",), "", (("paid", "Paid"), ("open", "Open"))),
            ),
            services=("order_download", "shipment_upload", "inventory_upload"),
            order_url=lambda order: f"{url}/orders/{order}",
            variants=(
                Variant("ACME_US", "United States", "US", "USD", "English"),
                Variant("ACME_DE", "Germany", "DE", "EUR", "Deutsch"),
            ),
        ),
        warehouse=WarehouseSide(
            open=lambda wire, settings, facts: cast(Any, House(wire, url)),
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


class Empty:
    """An account in which there is nothing. The stand-in knows accounts only, so that is what is asked."""

    def __init__(self, wire: Wire, url: str) -> None:
        self._read = lambda: Door(wire, DOOR).send("GET", f"{url}/account", resource="account")

    def _nothing(self, *_window: Any, **_place: Any) -> Page[Any]:
        self._read()
        return Page((), 0, 200)


class Shop(Empty):
    orders_in = listings = Empty._nothing


class House(Empty):
    orders_changed_in = shipments_in = items = stock = Empty._nothing


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
