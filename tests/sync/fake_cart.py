"""A cart that keeps orders in memory and changes while it is read; and a stream's work on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from cartrover.connections.models import Cart, Connection, Warehouse
from cartrover.inventory.models import StockLevel
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.sync.models import Stream
from cartrover.sync.work import Work
from integrations import registry
from integrations.contract import (
    AddressRecord,
    Cancel,
    CartShipment,
    CartSide,
    Exchange,
    Fulfilment,
    LineRecord,
    ListingRecord,
    MalformedRecord,
    OrderRecord,
    Page,
    Payment,
    Seen,
    ShipmentUpload,
    StockResult,
    StockUpdate,
    Window,
    nothing_seen,
)
from integrations.outcomes import Rejected, RetryLater

HOME = AddressRecord("Jane Roe", "1 Main St", "Berlin", "DE", postal_code="10115", email="jane@example.com")
START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)


def line_record(key: str = "L1", **changes: Any) -> LineRecord:
    line = LineRecord(key, "RED-01", "Red mug", 1, Decimal("10.00"), Decimal("10.00"), marketplace="EBAY_DE")
    return replace(line, **changes)


def order_record(key: str = "12-00001-00001", **changes: Any) -> OrderRecord:
    """A paid order of one red mug, ready to be shipped."""
    record = OrderRecord(
        external_id=key,
        number=key,
        placed_at=START,
        modified_at=START,
        payment=Payment.PAID,
        cancel=Cancel.NONE,
        fulfilment=Fulfilment.NONE,
        currency="EUR",
        items=Decimal("10.00"),
        discount=Decimal("0.00"),
        shipping=Decimal("4.99"),
        tax=Decimal("0.00"),
        total=Decimal("14.99"),
        lines=(line_record(),),
        ship_to=HOME,
        marketplace="EBAY_DE",
        buyer_id="jane-roe",
        buyer_name="Jane Roe",
        buyer_email="jane@example.com",
        shipping_method="DE_DHLPaket",
        raw={"orderId": key},
    )
    return replace(record, **changes)


@dataclass
class FakeCart:
    """``drift`` runs after each answered page. ``ahead`` is how far its clock is ahead of ours."""

    limit: int = 5
    ahead: timedelta = timedelta()
    orders: dict[str, OrderRecord | MalformedRecord] = field(default_factory=dict)
    times: dict[str, datetime] = field(default_factory=dict)
    packages: dict[str, tuple[CartShipment, ...]] = field(default_factory=dict)
    drift: Callable[[FakeCart], None] = lambda cart: None
    insists_on_the_past: bool = False
    asked: list[tuple[Window, int]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    cut: int = 0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def put(self, record: OrderRecord | MalformedRecord, modified_at: datetime | None = None) -> None:
        at = modified_at or self.now()
        self.orders[record.external_id] = replace(record, modified_at=at) if isinstance(record, OrderRecord) else record
        self.times[record.external_id] = at

    def change(self, external_id: str, **changes: Any) -> None:
        record = self.orders[external_id]
        assert isinstance(record, OrderRecord)
        self.put(replace(record, **changes))

    def orders_in(self, window: Window, *, offset: int = 0, seen: Seen = nothing_seen) -> Page[OrderRecord | MalformedRecord]:
        self.asked.append((window, offset))
        if self.insists_on_the_past and window.end > self.now():
            raise RetryLater("The window ends in the future.")
        found = sorted((at, key) for key, at in self.times.items() if window.start <= at <= window.end)[::-1]
        page = [self.orders[key] for _, key in found[offset : offset + self.limit]]
        if self.cut and page:
            self.cut -= 1
            page = page[:-1]
        self.drift(self)
        return Page(tuple(page), len(found), self.limit)

    def order(self, external_id: str) -> OrderRecord | MalformedRecord:
        if external_id not in self.orders:
            raise Rejected("There is no such order.", code="not_found")
        return self.orders[external_id]

    def find(self, number: str) -> tuple[str, ...]:
        return (number,)

    def shipments_of(self, external_id: str) -> tuple[CartShipment, ...]:
        self.told.append(external_id)
        return self.packages.get(external_id, ())

    def upload_shipment(self, upload: ShipmentUpload, *, key: str) -> CartShipment:
        raise Rejected("This cart takes no packages.")

    def change_shipment(self, shipment_id: str, upload: ShipmentUpload, *, key: str) -> CartShipment:
        raise Rejected("This cart takes no packages.")

    def withdraw_shipment(self, shipment_id: str, *, key: str) -> None:
        raise Rejected("This cart takes no packages.")

    def listings(self, *, page: int = 1) -> Page[ListingRecord]:
        return Page((), 0, self.limit)

    def set_stock(self, updates: Sequence[StockUpdate]) -> tuple[StockResult, ...]:
        return ()


@dataclass
class FakeWire:
    """Tells the cart's time, in whole seconds as a Date header does."""

    cart: FakeCart
    calls: int = 0

    @property
    def server_time(self) -> datetime | None:
        return self.cart.now().replace(microsecond=0)

    @server_time.setter
    def server_time(self, moment: datetime | None) -> None:
        raise AttributeError("a fake wire hears only its cart")

    def about(self, order_id: int | None) -> None: ...

    def heed(self, outcome: RetryLater) -> None: ...

    def token(self, *, instead_of: str = "") -> str:
        return "token"

    def before_call(self, resource: str, *, write: bool) -> None: ...

    def after_call(self, exchange: Exchange) -> None: ...


@dataclass
class FakeLease:
    token: int = 1

    def check(self, seconds: float = 0.0) -> None: ...


@dataclass
class Shop:
    """A merchant's eBay cart for Germany, and the warehouse where its orders go, which has RED-01 and BLUE-01."""

    merchant: Merchant
    connection: Connection
    cart: Cart
    warehouse: Warehouse
    stream: Stream
    fake: FakeCart
    lease: FakeLease = field(default_factory=FakeLease)

    @classmethod
    def open(cls, merchant: Merchant, account: str = "alice_sells") -> Shop:
        with acting_for(merchant):
            connection = make_connection("ebay", account)
            stock = make_connection("tradegecko", f"{account}-stock")
            warehouse = Warehouse.objects.create(
                integration="tradegecko", name="Main warehouse", connection=stock, state=Warehouse.State.LIVE
            )
            cart = Cart.objects.create(
                integration="ebay",
                name="eBay Germany",
                connection=connection,
                variant="EBAY_DE",
                warehouse=warehouse,
                state=Cart.State.LIVE,
                services={"order_download": {"on": True}},
                pull_from=START - timedelta(days=2),
            )
            for sku in ("RED-01", "BLUE-01"):
                add_item(stock, sku)
            due = timezone.now()
            Stream.objects.create(connection=stock, kind=Stream.Kind.PULL_STOCK, last_good_at=due)
            Stream.objects.create(connection=stock, kind=Stream.Kind.DELIVER_ORDERS, due_at=due)
            stream = Stream.objects.create(connection=connection, kind=Stream.Kind.PULL_ORDERS, due_at=due, lease_token=1)
        return cls(merchant, connection, cart, warehouse, stream, FakeCart())

    def second_cart(self, variant: str, **more: Any) -> Cart:
        """Another live marketplace of the account, whose orders go to the same warehouse."""
        with acting_for(self.merchant):
            made: Cart = Cart.objects.create(
                integration="ebay",
                name=variant,
                connection=self.connection,
                variant=variant,
                warehouse=self.warehouse,
                **{"state": Cart.State.LIVE, "services": {"order_download": {"on": True}}, **more},
            )
        return made

    def work(self) -> Work:
        real = registry.get("ebay")
        assert real.cart is not None
        opened: CartSide = replace(real.cart, open=lambda wire, settings, facts: self.fake)
        with acting_for(self.merchant):
            cursor: Mapping[str, Any] = Stream.objects.get(pk=self.stream.pk).cursor
        return Work(
            stream_id=self.stream.pk,
            merchant_id=self.merchant.pk,
            connection_id=self.connection.pk,
            kind=Stream.Kind.PULL_ORDERS,
            cursor=cursor,
            lease=self.lease,
            wire=FakeWire(self.fake),
            integration=replace(real, cart=opened),
        )


def make_connection(integration: str, account: str) -> Connection:
    return Connection.objects.create(
        integration=integration, environment="simulator", account_id=account, account_name=account, authorised_at=timezone.now()
    )


def add_item(connection: Connection, sku: str, item_id: str = "") -> StockLevel:
    return StockLevel.objects.create(connection=connection, item_id=item_id or f"item-{sku}", sku=sku, read_at=timezone.now())
