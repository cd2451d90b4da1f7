"""An order as read: what of it we keep, the hash of that, and whether it can be stored at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from cartrover.orders import search
from cartrover.orders.routing import Case, case_line
from integrations.contract import AddressRecord, LineRecord, MalformedRecord, OrderRecord, RefundRecord

Read = OrderRecord | MalformedRecord
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST = 200
MOST_UNITS = 2**31 - 1
MOST_MONEY = Decimal(10) ** 14


@dataclass(frozen=True, slots=True)
class Reading:
    """One order of a page. ``key`` is its id at the cart; ``hash`` is the listing's own digest, or of all that we keep of it."""

    key: str
    hash: bytes
    modified_at: datetime
    order: OrderRecord | None
    malformed: MalformedRecord | None = None

    @classmethod
    def of(cls, record: Read) -> Reading:
        if isinstance(record, OrderRecord):
            trouble = _trouble(record)
            if trouble is None:
                return cls(record.external_id, record.digest or content_hash(record), record.modified_at, record)
            record = MalformedRecord(record.external_id[:LONGEST], *trouble, record.raw, record.digest)
        digest = (
            record.digest
            or hashlib.sha256(f"{record.path}\n{record.why}\n{_document(record.raw)}".encode(errors="replace")).digest()
        )
        return cls(record.external_id or f"unreadable-{digest.hex()[:12]}", digest, LONG_AGO, None, record)


def newest(records: Sequence[Read]) -> list[Reading]:
    """One reading of each order: a page may hold an order twice."""
    best: dict[str, Reading] = {}
    for reading in map(Reading.of, records):
        if reading.key not in best or best[reading.key].modified_at <= reading.modified_at:
            best[reading.key] = reading
    return list(best.values())


# ------------------------------------------------------------------------------------------------------------------------- hash

_PLAIN = tuple(
    name
    for name in OrderRecord.__dataclass_fields__
    if name not in ("raw", "digest", "modified_at", "lines", "ship_to", "bill_to")
)
_plain = attrgetter(*_PLAIN)
_line = attrgetter(*LineRecord.__dataclass_fields__)
_address = attrgetter(*AddressRecord.__dataclass_fields__)


def content_hash(record: OrderRecord) -> bytes:
    """Of what we use. What stands in ``raw`` alone is kept for people to read, and changes nothing."""
    content = [
        _plain(record),
        [_line(line) for line in record.lines],
        record.ship_to and _address(record.ship_to),
        record.bill_to and _address(record.bill_to),
    ]
    return hashlib.sha256(_document(content).encode()).digest()


def _document(value: Any) -> str:
    return json.dumps(value, default=str, check_circular=False)


# --------------------------------------------------------------------------------------------------------- what cannot be stored


def _trouble(record: OrderRecord) -> tuple[str, str] | None:
    """The path of a field that no row can hold, and why; None for a sound record."""
    ids = {line.external_id for line in record.lines}
    if len(ids) < len(record.lines):
        return "lines", "two lines have the same id"
    for path, text in _identities(record):
        if len(text) > LONGEST:
            return path, f"is longer than {LONGEST} characters"
    for index, line in enumerate(record.lines):
        if not 0 <= line.quantity <= MOST_UNITS:
            return f"lines[{index}].quantity", f"{line.quantity} is no number of units"
    for path, amount in _amounts(record):
        if not (amount.is_finite() and abs(amount) < MOST_MONEY):
            return path, f"{amount} is no amount of money"
    return _unspeakable(record)


def _identities(record: OrderRecord) -> Iterator[tuple[str, str]]:
    yield "external_id", record.external_id
    yield "number", record.number
    for index, line in enumerate(record.lines):
        yield f"lines[{index}].external_id", line.external_id
        yield f"lines[{index}].sku", line.sku
        yield f"lines[{index}].listing_id", line.listing_id
        yield f"lines[{index}].variation_id", line.variation_id


def _amounts(record: OrderRecord) -> Iterator[tuple[str, Decimal]]:
    for name in ("items", "discount", "shipping", "tax", "adjustment", "total"):
        yield name, getattr(record, name)
    for index, line in enumerate(record.lines):
        for name in ("unit_price", "total", "tax"):
            yield f"lines[{index}].{name}", getattr(line, name)


def _unspeakable(record: OrderRecord) -> tuple[str, str] | None:
    """PostgreSQL holds neither NUL nor half a surrogate pair, and an address must not be shortened in silence."""
    for path, text in _texts(record):
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                return path, "holds half a character"
        if "\0" in text:
            return path, "holds a NUL character"
    return None


def _texts(record: OrderRecord) -> Iterator[tuple[str, str]]:
    for name, value in zip(_PLAIN, _plain(record), strict=True):
        if isinstance(value, str):
            yield name, value
    for index, line in enumerate(record.lines):
        yield f"lines[{index}].sku", line.sku
        yield f"lines[{index}].title", line.title
    for name, address in (("ship_to", record.ship_to), ("bill_to", record.bill_to)):
        if address is not None:
            yield name, "\n".join(_address(address))


# ------------------------------------------------------------------------------------------------------------------------- rows


def order_columns(record: OrderRecord) -> dict[str, Any]:
    """What an Order keeps of a reading, by column."""
    return {
        "number": record.number,
        "placed_at": record.placed_at,
        "modified_at": record.modified_at,
        "ship_by": record.ship_by,
        "payment": str(record.payment),
        "cancel": str(record.cancel),
        "fulfilment": str(record.fulfilment),
        "unshippable": record.unshippable[:200],
        "filtered": record.filtered[:200],
        "marketplace": record.marketplace[:40],
        "location": record.location[:40],
        "currency": record.currency[:3],
        "items": record.items,
        "discount": record.discount,
        "shipping": record.shipping,
        "tax": record.tax,
        "adjustment": record.adjustment,
        "total": record.total,
        "buyer_id": record.buyer_id[:200],
        "buyer_name": record.buyer_name[:200],
        "buyer_email": record.buyer_email[:254],
        "ship_to": address_columns(record.ship_to),
        "bill_to": address_columns(record.bill_to),
        "shipping_method": record.shipping_method[:200],
        "shipping_carrier": record.shipping_carrier[:200],
        "note": record.note,
        "references": [list(each) for each in record.references],
        "marks": json.loads(_document(record.marks)) if record.marks else {},
        "refunds": [_refund(each) for each in record.refunds],
        "raw": record.raw,
    }


def _refund(refund: RefundRecord) -> dict[str, Any]:
    return {
        "id": refund.external_id,
        "amount": None if refund.amount is None else str(refund.amount),
        "at": refund.at and refund.at.isoformat(),
        "reason": refund.reason,
        "goods": refund.goods,
        "done": refund.done,
    }


def address_columns(address: AddressRecord | None) -> dict[str, str] | None:
    return None if address is None else dict(zip(AddressRecord.__dataclass_fields__, _address(address), strict=True))


def line_columns(position: int, line: LineRecord) -> dict[str, Any]:
    """What an OrderLine keeps. A single unit that has left is all of its line; of several, only the packages tell."""
    return {
        "position": position,
        "external_id": line.external_id,
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "total": line.total,
        "tax": line.tax,
        "listing_id": line.listing_id,
        "variation_id": line.variation_id,
        "marketplace": line.marketplace[:40],
        "fulfilled": line.fulfilled,
        "shipped_before": int(line.fulfilled and line.quantity == 1),
    }


def case_of_record(record: OrderRecord) -> Case:
    """The order as the gates see it."""
    return Case(
        record.number,
        record.placed_at,
        record.marketplace,
        record.payment,
        record.cancel,
        record.fulfilment,
        record.unshippable,
        record.filtered,
        address_columns(record.ship_to),
        dict(record.marks),
        tuple(
            case_line(
                line.sku,
                line.title,
                line.listing_id,
                line.variation_id,
                line.marketplace,
                line.quantity,
                line.fulfilled,
                int(line.fulfilled and line.quantity == 1),
            )
            for line in record.lines
        ),
        total=record.total,
        shipping_method=record.shipping_method[:LONGEST],
        note=record.note,
        buyer=(record.buyer_id, record.buyer_name, record.buyer_email),
    )


def terms_of(record: OrderRecord, ref: str) -> set[str]:
    """The words that the order is found by."""
    numbers = [record.number, record.external_id, ref, record.buyer_id, record.buyer_email]
    names = [record.buyer_name, *((record.ship_to.name, record.ship_to.company) if record.ship_to else ())]
    return search.terms([*numbers, *(line.sku for line in record.lines)], names)
