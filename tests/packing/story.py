"""A morning at a packing desk: orders that wait, some of them late, one packed in part, one shipped, one void."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from cartrover.connections.models import Warehouse
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.packing import files, parcels, stock
from cartrover.packing.client import PackingDesk
from cartrover.packing.desks import connection_of
from cartrover.packing.models import PackingOrder, Parcel, StockFile
from integrations.contract import AddressRecord, CartIdentity, Delivery, DeliveryLine
from tests.packing.house import ACTOR, set_up
from tests.wire import RecordingWire

GOODS = {
    "TENT-2P-GREEN": ("Zelt 2 Personen, grün", 24),
    "PEG-10": ("Heringe, 10 Stück", 120),
    "LAMP-HEAD-300": ("Stirnlampe 300 lm, wiederaufladbar", 3),
    "MAT-SELF-6": ("Selbstaufblasende Isomatte, 6 cm", 18),
    "ROPE-60M-9.5": ("Dynamic rope 9.5 mm × 60 m", 0),
}
PEOPLE = (
    AddressRecord("Familie Köhler", "Lindenstr. 4", "Berlin", "DE", postal_code="10969", phone="+49 30 901820"),
    AddressRecord("Maria Alvarez", "88 Elm St", "Reno", "US", region="NV", postal_code="89501"),
    AddressRecord("Nordwand GmbH", "Seestr. 12", "Zürich", "CH", company="Einkauf", postal_code="8002"),
    AddressRecord("T. Brandt", "Am Hang 1", "Wien", "AT", line2="Stiege 2", postal_code="1010"),
)
_numbers = count(20001)


@dataclass
class Morning:
    """``one`` wants a single unit, ``several`` two SKUs; ``partly`` has one unit in a package that has left."""

    desk: Warehouse
    one: PackingOrder
    several: PackingOrder
    partly: PackingOrder
    shipped: PackingOrder
    void: PackingOrder
    packed: Parcel
    file: StockFile


def morning(merchant: Merchant, more: int = 6) -> Morning:
    desk = set_up(merchant)
    with acting_for(merchant):
        for sku, (name, on_hand) in GOODS.items():
            stock.make(connection_of(desk), sku, name=name, on_hand=on_hand, actor=ACTOR)
    several = order(desk, [("TENT-2P-GREEN", 2), ("PEG-10", 3)], hours=-3, note="Bitte beim Nachbarn abgeben.")
    one = order(desk, [("MAT-SELF-6", 1)], hours=2)
    partly = order(desk, [("LAMP-HEAD-300", 4)], hours=5)
    shipped, void = order(desk, [("PEG-10", 1)]), order(desk, [("PEG-10", 2)])
    for at in range(more):
        sku = list(GOODS)[at % len(GOODS)]
        order(desk, [(sku, 1 + at % 2)], hours=20 + at, to=PEOPLE[at % len(PEOPLE)])
    client = client_of(desk)
    client.void_order(void.public_id, key="void")
    with acting_for(merchant):
        line = partly.lines.get()
        parcels.ship(parcels.pack(partly, {line.pk: 1}, actor=ACTOR), "DHL", "00340434161094042557")
        packed = parcels.pack(partly, {line.pk: 1}, actor=ACTOR)
        parcels.ship(parcels.pack(shipped, {}, actor=ACTOR), "DHL", "JD014600006281230701")
        file = files.send_in(connection_of(desk), "stock.csv", "sku,on_hand\nPEG-10,90\nSTOVE-1,4\n", actor=ACTOR)
    return Morning(desk, one, several, partly, shipped, void, packed, file)


def client_of(desk: Warehouse) -> PackingDesk:
    return PackingDesk(RecordingWire(), desk.merchant_id, desk.connection_id or 0)


def order(
    desk: Warehouse,
    wants: Sequence[tuple[str, int]],
    *,
    hours: float = 24,
    to: AddressRecord = PEOPLE[0],
    cart: str = "eBay Germany",
    **changes: Any,
) -> PackingOrder:
    """An order that the engine delivers, to leave in so many hours."""
    client, serial = client_of(desk), next(_numbers)
    identity = CartIdentity(f"CR-{cart}", cart)
    customer = client.find_customer(identity) or client.make_customer(identity, key=cart)
    lines = tuple(
        DeliveryLine(f"l{at}", sku, client.item(sku)[0].item_id, GOODS[sku][0], units, Decimal(10), Decimal(10) * units)
        for at, (sku, units) in enumerate(wants)
    )
    wanted: dict[str, Any] = {
        "ref": f"R{serial}",
        "number": f"12-{serial}-88211",
        "placed_at": timezone.now() - timedelta(hours=20),
        "customer_id": customer,
        "source_url": "",
        "currency": "EUR",
        "lines": lines,
        "shipping": Decimal("4.90"),
        "shipping_method": "DHL Paket",
        "discount": Decimal(0),
        "tax": Decimal(0),
        "adjustment": Decimal(0),
        "total": sum((line.total for line in lines), Decimal("4.90")),
        "ship_to": to,
        "email": "a1b2c3@members.ebay.com",
        "references": (("IOSS", "IM2760000742"),),
        "ship_by": timezone.now() + timedelta(hours=hours),
    }
    made = client.send_order(Delivery(**{**wanted, **changes}), key=f"k{serial}")
    with acting_for(desk.merchant_id):
        found: PackingOrder = PackingOrder.objects.get(public_id=made.remote_id)
    return found
