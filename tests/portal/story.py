"""A merchant's day, told in rows: carts, a warehouse, orders in every state, packages, events and what was said on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from cartrover.connections.models import Cart, Connection, Warehouse
from cartrover.events.models import Problem
from cartrover.events.telling import event, open_problem, tell
from cartrover.inventory.models import StockLevel
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import search
from cartrover.orders.models import LinePart, Order, OrderLine, Shipment, ShipmentLine
from cartrover.sync.models import Call, Effect, Stream

_numbers = count(10001)
STREAMS_OF_A_CART = (Stream.Kind.PULL_ORDERS, Stream.Kind.CONFIRM_SHIPMENTS, Stream.Kind.PUSH_STOCK)
STREAMS_OF_A_WAREHOUSE = (Stream.Kind.DELIVER_ORDERS, Stream.Kind.PULL_SHIPMENTS, Stream.Kind.PULL_STOCK)


@dataclass
class Setup:
    """What a merchant has set up. All of it lives on two accounts."""

    merchant: Merchant
    ebay: Connection
    tradegecko: Connection
    warehouse: Warehouse
    carts: dict[str, Cart]


def set_up(merchant: Merchant) -> Setup:
    """Two eBay carts and one warehouse, live."""
    now = timezone.now()
    with acting_for(merchant):
        ebay = _connect("ebay", "acme_outdoor", STREAMS_OF_A_CART, now)
        tradegecko = _connect("tradegecko", "Acme Outdoor GmbH", STREAMS_OF_A_WAREHOUSE, now)
        warehouse = Warehouse.objects.create(
            integration="tradegecko", name="TradeGecko Main", state="live", connection=tradegecko, went_live_at=now
        )
        carts = {
            variant: Cart.objects.create(
                integration="ebay",
                name=name,
                state="live",
                connection=ebay,
                warehouse=warehouse,
                variant=variant,
                went_live_at=now,
            )
            for variant, name in (("EBAY_US", "eBay United States"), ("EBAY_DE", "eBay Germany"))
        }
    return Setup(merchant, ebay, tradegecko, warehouse, carts)


def _connect(integration: str, account: str, kinds: Iterable[str], now: datetime) -> Connection:
    connection: Connection = Connection.objects.create(
        integration=integration, environment="simulator", account_id=account, account_name=account, authorised_at=now
    )
    for kind in kinds:
        Stream.objects.create(
            merchant_id=connection.merchant_id,
            connection=connection,
            kind=kind,
            due_at=now + timedelta(hours=1),
            last_good_at=now,
        )
    return connection


def make_order(
    setup: Setup,
    *,
    status: str = "new",
    variant: str = "EBAY_DE",
    number: str = "",
    buyer: str = "Familie Köhler",
    lines: Iterable[tuple[str, str, int, str]] = (("TENT-2P-GREEN", "Zelt 2 Personen, grün", 1, "64.40"),),
    placed: timedelta = timedelta(minutes=40),
    **more: Any,
) -> Order:
    """An order inside the merchant's door; ``lines`` are (SKU, title, units, unit price), ``placed`` is how long ago."""
    serial = next(_numbers)
    number = number or f"{serial % 90 + 10}-{serial}-{serial * 7919 % 90000 + 10000}"
    cart = setup.carts[variant]
    now = timezone.now()
    items = sum((units * Decimal(price) for _, _, units, price in lines), Decimal(0))
    fields: dict[str, Any] = {
        "connection": setup.ebay,
        "cart": cart,
        "warehouse": setup.warehouse,
        "external_id": number,
        "number": number,
        "ref": number.replace("-", ""),
        "status": status,
        "placed_at": now - placed,
        "modified_at": now - placed,
        "first_pulled_at": now - placed + timedelta(seconds=40),
        "pulled_at": now,
        "ship_by": now + timedelta(days=2),
        "content_hash": b"x",
        "payment": "paid",
        "cancel": "none",
        "fulfilment": "none",
        "marketplace": variant,
        "currency": "EUR" if variant == "EBAY_DE" else "USD",
        "items": items,
        "discount": Decimal(0),
        "shipping": Decimal("4.90"),
        "tax": Decimal(0),
        "adjustment": Decimal(0),
        "total": items + Decimal("4.90"),
        "buyer_name": buyer,
        "buyer_email": "a1b2c3@members.ebay.com",
        "ship_to": {
            "name": buyer,
            "line1": "Lindenstr. 4",
            "city": "Berlin",
            "postal_code": "10969",
            "country": "DE" if variant == "EBAY_DE" else "US",
            "phone": "+49 30 901820",
        },
        "shipping_method": "DE_DHLPaket2kg",
        "shipping_carrier": "DHL",
    }
    order: Order = Order.objects.create(**{**fields, **more})
    for position, (sku, title, units, price) in enumerate(lines):
        line = OrderLine.objects.create(
            order=order,
            position=position,
            external_id=f"{number}-{position}",
            sku=sku,
            title=title,
            quantity=units,
            unit_price=Decimal(price),
            total=units * Decimal(price),
            tax=Decimal(0),
        )
        if status in ("at_wms", "shipped", "confirmed"):
            LinePart.objects.create(line=line, sku=sku, item_id=f"item-{sku}")
    search.remember(order, [number, order.ref, order.buyer_email, *(sku for sku, *_ in lines)], [buyer])
    _happened(order, "pulled", f"Pulled from {cart.name}.", placed - timedelta(seconds=40))
    return order


def ship(order: Order, state: str = "uploaded", tracking: str = "00340434161094042557", units: int | None = None) -> Shipment:
    """One package with the order's lines."""
    now = timezone.now()
    shipment: Shipment = Shipment.objects.create(
        order=order,
        warehouse=order.warehouse,
        cart_connection=order.connection,
        remote_id=f"F-{order.pk}-{order.shipments.count() + 1}",
        state=state,
        carrier="DHL",
        service="Paket",
        tracking=tracking,
        tracking_url=f"https://www.dhl.de/track?id={tracking}",
        shipped_at=now - timedelta(minutes=12),
        seen_at=now - timedelta(minutes=11),
        uploaded_at=now - timedelta(minutes=10) if state != "waiting" else None,
        confirmed_at=now - timedelta(minutes=6) if state == "confirmed" else None,
        due_at=now if state in ("waiting", "uploaded") else None,
    )
    for line in order.lines.all():
        ShipmentLine.objects.create(shipment=shipment, line=line, quantity=units or line.quantity)
    search.remember(order, [tracking])
    _happened(order, "shipped", f"The warehouse shipped 1 unit by DHL, tracking {tracking}.", timedelta(minutes=11), "Warehouse")
    return shipment


def deliver(order: Order) -> None:
    """What delivering an order leaves behind: its effect, the call and its line in the order's life."""
    now = timezone.now()
    warehouse = order.warehouse
    assert warehouse is not None
    Effect.objects.create(
        connection=warehouse.connection,
        kind="order",
        subject=order.ref,
        order=order,
        state="confirmed",
        digest=b"x",
        attempts=1,
        sent_at=now - timedelta(minutes=30),
        settled_at=now - timedelta(minutes=30),
        remote_id="812904",
        said="Answered.",
    )
    Call.objects.create(
        connection=warehouse.connection,
        stream_kind="deliver_orders",
        order=order,
        method="POST",
        url="http://127.0.0.1:9002/orders",
        resource="orders",
        status=201,
        request_id="7c6f2d",
        sent_at=now - timedelta(minutes=30),
        seconds=0.41,
        request_body='{"order": {"order_number": "' + order.number + '", "reference_number": "' + order.ref + '"}}',
        response_body='{"order": {"id": 812904, "status": "finalized"}}',
    )
    _happened(order, "delivered", f"Delivered to {warehouse.name} as 812904.", timedelta(minutes=30, seconds=-1))
    StockLevel.objects.bulk_create(
        [
            StockLevel(connection=warehouse.connection, item_id=part.item_id, sku=part.sku, available={"1": "12"}, read_at=now)
            for part in LinePart.objects.filter(line__order=order)
        ],
        ignore_conflicts=True,
    )


def _happened(order: Order, kind: str, words: str, ago: timedelta, actor: str = "CartRover") -> None:
    line = event(order, kind, words, actor=actor)
    line.at = timezone.now() - ago
    tell([line])


BUYERS = (
    "Maria Alvarez",
    "J. Whitfield",
    "Nordwand GmbH",
    "Ana Lima",
    "T. Brandt",
    "C. Petit",
    "Priya Natarajan",
    "Familie Öztürk",
)
GOODS = (
    ("PEG-10", "Heringe, 10 Stück", 2, "8.50"),
    ("LAMP-HEAD-300", "Stirnlampe 300 lm, wiederaufladbar", 1, "24.99"),
    ("MAT-SELF-6", "Selbstaufblasende Isomatte, 6 cm", 1, "79.00"),
    ("ROPE-60M-9.5", "Dynamic rope 9.5 mm × 60 m", 1, "189.90"),
)


@dataclass
class Day:
    """The orders of a busy day that pages are looked at with."""

    setup: Setup
    unknown_sku: Problem
    in_error: Order
    shipped: Order
    waiting: Order


def busy_day(merchant: Merchant, orders: int = 60) -> Day:
    """Orders in every state, a shared cause for three, and one order with all that an order can have."""
    setup = set_up(merchant)
    now = timezone.now()
    with acting_for(merchant):
        problem = open_problem(
            "unknown_sku",
            "TENT-2P-GRN is not in TradeGecko.",
            subject="TENT-2P-GRN",
            about=setup.tradegecko,
        )
        tent = (("TENT-2P-GRN", "Zelt 2 Personen, grün", 1, "64.40"), ("PEG-10", "Heringe, 10 Stück", 2, "8.50"))
        stuck = [
            make_order(
                setup,
                status="error",
                lines=tent,
                reason="TENT-2P-GRN is not in TradeGecko.",
                reason_code="unknown_sku",
                problem=problem,
                placed=timedelta(hours=hours),
            )
            for hours in (3, 2, 1)
        ]
        make_order(setup, status="held", buyer="Ana Lima", reason="waiting for payment", reason_code="payment")
        make_order(setup, status="skipped", buyer="C. Petit", reason="no cart for EBAY_FR", reason_code="no_cart")
        make_order(setup, status="canceled", buyer="Priya Nair")
        waiting = make_order(
            setup,
            reason="TradeGecko asks us to wait",
            attempts=2,
            due_at=now + timedelta(minutes=4),
            placed=timedelta(minutes=5),
        )
        shipped = make_order(
            setup,
            status="shipped",
            number="12-12910-88211",
            references=[["IOSS", "IM2760000742"], ["GSP reference", "1234567890123456"]],
            note="Bitte beim Nachbarn abgeben.",
            remote_id="812904",
            delivered_at=now - timedelta(minutes=30),
            placed=timedelta(minutes=45),
        )
        deliver(shipped)
        ship(shipped)
        for index in range(orders):
            status = ("new", "at_wms", "at_wms", "confirmed", "confirmed", "confirmed")[index % 6]
            order = make_order(
                setup,
                status=status,
                variant=("EBAY_US", "EBAY_DE")[index % 2],
                buyer=BUYERS[index % len(BUYERS)],
                lines=(GOODS[index % len(GOODS)],),
                placed=timedelta(minutes=11 * index + 2),
                due_at=now if status == "new" else None,
            )
            if status == "confirmed":
                ship(order, state="confirmed", tracking=f"1Z999AA1{index:010d}")
        partly = Order.objects.filter(status="at_wms").first()
        if partly is not None:
            ship(partly, state="waiting", tracking="JD014600006281230701")
    return Day(setup, problem, stuck[0], shipped, waiting)
