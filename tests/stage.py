"""The whole story on one stage: both stand-ins as processes, a merchant whose cart and warehouse are live, and the engine.

The engine runs in the test's own thread (``settle``), so that a story reads from top to bottom; ``tests/journeys`` also runs it
in workers of their own. What happened is asked of the stand-ins.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F

from cartrover.connections import credentials, holders
from cartrover.connections.bare_wire import BareWire
from cartrover.connections.models import Cart, Connection
from cartrover.inventory.models import Listing
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.orders.models import Order, Shipment
from cartrover.sync import streams
from cartrover.sync.models import Effect, Stream
from cartrover.sync.pull_stock import CLOCK_MARGIN
from cartrover.sync.runner import run
from integrations import registry
from integrations.oauth2 import Tokens
from tests.conftest import make_merchant
from tests.ebay.simulator.running import EbayStandIn, ebay_stand_in
from tests.tradegecko.simulator.running import Gecko
from tests.tradegecko.simulator.running import running as tradegecko_stand_in

EBAY_APPLICATION = {"client_id": "app", "client_secret": "secret", "runame": "Acme-CartRover-SBX"}
GECKO_APPLICATION = {"client_id": "app", "client_secret": "secret"}


@dataclass
class World:
    """Both stand-ins, and the environment that points the integrations at them."""

    ebay: EbayStandIn
    gecko: Gecko
    environment: dict[str, str]
    ahead: tuple[float, float] = (0.0, 0.0)

    def set_clocks(self, ebay: float, tradegecko: float) -> None:
        """Seconds that their clocks are ahead of ours."""
        self.ahead = (ebay, tradegecko)
        self.ebay.control("clock", skew=ebay)
        self.gecko.skew_clock(tradegecko)

    def let_pass(self, seconds: float = 5.0) -> None:
        """Time passes out there, without anybody waiting for it.

        A provider's Date header tells whole seconds, and what is younger is not read yet. Less would not be noticed at once.
        """
        self.set_clocks(self.ahead[0] + seconds, self.ahead[1] + seconds)


@contextmanager
def world() -> Iterator[World]:
    """Start both stand-ins on free ports."""
    with ExitStack() as stack:
        ebay = stack.enter_context(ebay_stand_in(None, **EBAY_APPLICATION))
        gecko = stack.enter_context(tradegecko_stand_in({**GECKO_APPLICATION, "rate_limit": 100_000}))
        yield World(ebay, gecko, addresses(ebay, gecko))


def addresses(ebay: EbayStandIn, gecko: Gecko) -> dict[str, str]:
    return {
        "PORTAL_URL": settings.PORTAL_URL,
        "EBAY_CLIENT_ID": EBAY_APPLICATION["client_id"],
        "EBAY_CLIENT_SECRET": EBAY_APPLICATION["client_secret"],
        "EBAY_RUNAME": EBAY_APPLICATION["runame"],
        "EBAY_ENVIRONMENT": "simulator",
        "EBAY_AUTHORIZE_URL": f"{ebay.api}/oauth2/authorize",
        "EBAY_API_URL": ebay.api,
        "EBAY_IDENTITY_URL": ebay.apiz,
        "TRADEGECKO_CLIENT_ID": GECKO_APPLICATION["client_id"],
        "TRADEGECKO_CLIENT_SECRET": GECKO_APPLICATION["client_secret"],
        "TRADEGECKO_ENVIRONMENT": "simulator",
        "TRADEGECKO_AUTHORIZE_URL": f"{gecko.url}/oauth/authorize",
        "TRADEGECKO_API_URL": gecko.url,
        "TRADEGECKO_WEB_URL": gecko.url,
    }


@dataclass
class Stage:
    """One merchant: an eBay seller whose orders go to a TradeGecko account."""

    world: World
    merchant: Merchant
    seller: str
    account: int
    locations: list[int]

    # --- the world outside

    def sell(self, sku: str, *, quantity: int = 1, **more: Any) -> str:
        """A buyer pays for something on eBay. Returns the order's id."""
        wanted = {"seller": self.seller, "marketplace": "EBAY_US", "lines": [{"sku": sku, "quantity": quantity}], **more}
        return str(self.world.ebay.control("orders", **wanted)["orderId"])

    def stock(self, *skus: str, on_hand: int = 50) -> None:
        """The warehouse gets goods."""
        stock = {str(self.locations[0]): on_hand}
        self.world.gecko.add_variants(*({"account": self.account, "sku": sku, "stock": stock} for sku in skus))

    def count(self, sku: str, on_hand: int) -> None:
        """Somebody counts a shelf of the warehouse anew."""
        wanted = {"account": self.account, "sku": sku, "location_id": self.locations[0], "on_hand": on_hand}
        self.world.gecko.control("POST", "stock", wanted)

    def at_warehouse(self) -> list[dict[str, Any]]:
        told = self.world.gecko.control("GET", f"summary?account={self.account}")
        return [order for order in told["orders"] if order["status"] not in ("void", "deleted")]

    def ship(self, number: str, **how: Any) -> dict[str, Any]:
        """The warehouse ships an order, wholly unless ``how`` says what of it. Returns the warehouse's fulfilment."""
        (order,) = [each for each in self.at_warehouse() if each["order_number"] == number]
        tracking = {"tracking_number": "1Z 999-AA1", "tracking_company": "UPS"}
        shipped: dict[str, Any] = self.world.gecko.control("POST", f"orders/{order['id']}/ship", {**tracking, **how})
        return shipped

    def packages_at_ebay(self) -> list[tuple[str, str]]:
        """(order, tracking) of every package that eBay was told, each as often as it was told."""
        entries = self.world.ebay.ledger("shipping_fulfillment")
        return [(entry["order"], entry["tracking"]) for entry in entries if entry["seller"] == self.seller]

    def shown(self, sku: str) -> int:
        """What eBay offers for sale."""
        units = [unit for each in self.world.ebay.told("listings") if each["seller"] == self.seller for unit in each["units"]]
        (unit,) = [unit for unit in units if unit["sku"] == sku]
        return int(unit["available"])

    # --- the engine

    def settle(self, *kinds: str) -> None:
        """Let every stream (or those of ``kinds``) run until none has anything to do, each at least once."""
        self.world.let_pass()
        self.wake(*kinds)
        for _ in range(200):
            claimed = streams.claim(1)
            if not claimed:
                return
            run(claimed[0])
        raise AssertionError("the engine found no rest")

    def forget_catalogue(self) -> None:
        """The next reading of the warehouse's stock reads its whole catalogue."""
        with acting_for(self.merchant):
            Stream.objects.filter(kind=Stream.Kind.PULL_STOCK).update(cursor={})

    def wake(self, *kinds: str) -> None:
        with acting_for(self.merchant):
            for connection_id in Connection.objects.order_by("pk").values_list("pk", flat=True):
                streams.wake(connection_id, *(kinds or Stream.Kind.values))

    def pass_time(self, seconds: float = 3600) -> None:
        """Everything that waits has waited that long. The outside world's clock stays."""
        past = timedelta(seconds=seconds)
        with across_merchants("a test passes time"):
            Stream.objects.filter(due_at__isnull=False).update(due_at=F("due_at") - past)
            Stream.objects.filter(lease_until__isnull=False).update(lease_until=F("lease_until") - past)
            Order.objects.filter(due_at__isnull=False).update(due_at=F("due_at") - past)
            Shipment.objects.filter(due_at__isnull=False).update(due_at=F("due_at") - past)
            Effect.objects.filter(sent_at__isnull=False).update(sent_at=F("sent_at") - past)
            Listing.objects.filter(in_flight_until__isnull=False).update(in_flight_until=F("in_flight_until") - past)
            Connection.objects.filter(quiet_until__isnull=False).update(quiet_until=F("quiet_until") - past)

    def let_deliveries_age(self) -> None:
        """Until a reading of the stock knows what is delivered by now.

        It dates itself a second early, so that nothing is committed before it and yet counted after.
        """
        time.sleep(CLOCK_MARGIN.total_seconds() + 0.1)

    # --- what we know

    def order(self, external_id: str) -> Order:
        with acting_for(self.merchant):
            return Order.objects.select_related("problem").get(external_id=external_id)

    def statuses(self) -> dict[str, str]:
        with acting_for(self.merchant):
            return dict(Order.objects.values_list("external_id", "status"))


def point_at(environment: dict[str, str]) -> None:
    """Point this process's integrations, and those of its children, at the stand-ins."""
    os.environ.update(environment)
    registry.configure(settings.INTEGRATIONS, environment)


def set_up(world: World, *, seller: str = "acme", marketplaces: tuple[str, ...] = ("EBAY_US",), **gecko: Any) -> Stage:
    """A merchant with live carts and a live warehouse, its grants minted without a browser."""
    point_at(world.environment)
    world.ebay.control("sellers", username=seller, password="secret")
    email = f"{seller}@example.com"
    account = world.gecko.open_account(
        name=seller, **{"currencies": ["USD", "EUR", "GBP"], "users": [{"email": email, "password": "secret"}], **gecko}
    )
    merchant = make_merchant(f"{seller} Ltd")
    stage = Stage(world, merchant, seller, account["account_id"], account["location_ids"])
    with acting_for(merchant):
        warehouse = holders.new_warehouse(registry.get("tradegecko"), actor="a test")
        holders.join(warehouse, _connect("tradegecko", world.gecko.grant(email)))
        warehouse.refresh_from_db()
        holders.checked(warehouse, actor="a test")
        holders.go_live(warehouse, actor="a test")
        ebay = _connect("ebay", world.ebay.grant(seller))
        for marketplace in marketplaces:
            cart = holders.new_cart(registry.get("ebay"), marketplace, actor="a test")
            holders.send_orders_to(cart, warehouse, actor="a test")
            holders.join(cart, ebay)
        for cart in Cart.objects.all():
            holders.checked(cart, actor="a test")
            holders.go_live(cart, actor="a test")
    return stage


def _connect(slug: str, granted: dict[str, Any]) -> Connection:
    """What the OAuth journey comes to, from tokens that are minted already."""
    integration = registry.get(slug)
    now = datetime.now(UTC)
    account = integration.account_of(BareWire(granted["access_token"], integration.name))
    connection: Connection = Connection.objects.create(
        integration=slug,
        environment=integration.environment,
        account_id=account.external_id,
        account_name=account.name,
        authorised_at=now,
        facts=account.facts,
    )
    expires_at = now + timedelta(seconds=int(granted.get("expires_in", 7200)))
    credentials.store(connection, Tokens(granted["access_token"], expires_at, granted.get("refresh_token")))
    return connection
