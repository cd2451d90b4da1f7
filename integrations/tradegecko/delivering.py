"""A delivery as the body of POST /orders, whose total must come to exactly what the delivery says.

Whether TradeGecko rounds by line or in the end is unconfirmed. So every price is sent in whole minor units, where both agree,
and what is lost by that stands on a rounding line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from integrations.contract import AddressRecord, Delivery
from integrations.outcomes import Rejected
from integrations.tradegecko.mapping import TAG
from integrations.tradegecko.reading import Row
from integrations.tradegecko.settings import WarehouseSettings

TEST_TAG = "TEST"
LINES_AT_ONCE = 250  # TradeGecko's documentation advises against more in one request

_MINOR_DIGITS = dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"), 0) | dict.fromkeys(
    ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3
)


def order_body(delivery: Delivery, settings: WarehouseSettings, zone: ZoneInfo) -> dict[str, Any]:
    """The order to create. Raises Rejected where its parts do not come to its total."""
    body = {
        "company_id": int(delivery.customer_id),
        "status": "draft" if delivery.test else settings.status,
        "issued_at": delivery.placed_at.astimezone(zone).date().isoformat(),
        "order_number": delivery.ref if settings.order_number == "ref" else delivery.number,
        "reference_number": delivery.ref,
        "source_url": delivery.source_url,
        "tags": [TAG, TEST_TAG] if delivery.test else [TAG],
        "currency_iso": delivery.currency,
        "tax_treatment": settings.tax_treatment,
        "notes": order_notes(delivery),
        "email": delivery.email or delivery.ship_to.email,
        "phone_number": delivery.ship_to.phone,
        "shipping_address": nested_address(delivery.ship_to, _label(delivery)),
        "order_line_items": order_lines(delivery, settings.tax_treatment),
    }
    if settings.ship_from:
        body["stock_location_id"] = int(settings.ship_from)
    return body


def line_ids(made: Row, delivery: Delivery, sent: int) -> dict[str, str]:
    """TradeGecko's ids of the delivery's lines, by theirs, from the answer to the order; nothing where that leaves a doubt.

    Ids are given in the order in which lines were sent, and told in the order of their positions. Where both agree, the
    products are the first of them.
    """
    ids = made.get("order_line_item_ids")
    if not isinstance(ids, list) or len(ids) != sent or not all(isinstance(one, int) for one in ids) or ids != sorted(ids):
        return {}
    return {line.external_id: str(line_id) for line, line_id in zip(delivery.lines, ids, strict=False)}


def order_notes(delivery: Delivery) -> str:
    """The buyer's note, then a line for each number that customs or tax offices want."""
    return "\n".join(part for part in (delivery.note, *(f"{name}: {value}" for name, value in delivery.references)) if part)


def _label(delivery: Delivery) -> str:
    """Of the address, unique within the company. What is void keeps its own."""
    return f"{delivery.ref}-{delivery.void_before + 1}" if delivery.void_before else delivery.ref


def nested_address(address: AddressRecord, label: str) -> dict[str, str]:
    """An address that is made with the order."""
    lines = [line for line in (address.reference, address.line1, address.line2, address.county) if line]
    first, _, last = address.name.strip().rpartition(" ")
    return {
        "label": label,
        "first_name": first or last,
        "last_name": last if first else "",
        "company_name": address.company,
        "address1": lines[0] if lines else "",
        "address2": lines[1] if len(lines) > 1 else "",
        "suburb": ", ".join(lines[2:]),
        "city": address.city,
        "state": address.region,
        "zip_code": address.postal_code,
        "country": address.country,
        "country_code": address.country,
        "email": address.email,
        "phone_number": address.phone,
    }


def order_lines(delivery: Delivery, tax_treatment: str) -> list[dict[str, Any]]:
    """Every line to send, in order: products, shipping, tax, discount, adjustment, rounding.

    Raises Rejected where there are too many, or where they do not come to the total.
    """
    lines = [line.sent(position, tax_treatment) for position, line in enumerate(_lines(delivery))]
    if len(lines) > LINES_AT_ONCE:
        raise Rejected(f"TradeGecko takes at most {LINES_AT_ONCE} lines in one order.", code="too_many_lines")
    return lines


def _lines(delivery: Delivery) -> Iterator[_Line]:
    unit = Decimal(1).scaleb(-_MINOR_DIGITS.get(delivery.currency, 2))
    products = [_Line("product", _rounded(line.unit_price, unit), line.quantity, item_id=line.item_id) for line in delivery.lines]
    shipping, tax, adjustment = (_rounded(part, unit) for part in (delivery.shipping, delivery.tax, delivery.adjustment))
    goods = sum((line.price * line.quantity for line in products), Decimal(0))
    discount, rounding = _discount_and_rounding(delivery, goods + shipping + tax + adjustment, unit)
    yield from products
    yield _Line("shipping", shipping, label=delivery.shipping_method or "Shipping")
    if tax:
        yield _Line("fee", tax, label="Tax", untaxed=True)
    if discount:
        yield _Line("discount", -discount, label="Discount")
    if adjustment:
        yield _Line("fee" if adjustment > 0 else "discount", adjustment, label="Adjustment")
    if rounding:
        yield _Line("rounding", rounding, label="Rounding", untaxed=True)


def _discount_and_rounding(delivery: Delivery, before: Decimal, unit: Decimal) -> tuple[Decimal, Decimal]:
    """What the discount line and the rounding line come to, when ``before`` is the sum of all others.

    A cart's discount may or may not hold the lines' own discounts already: the total says which. Half a minor unit is lost on
    each unit sold whose price is finer than that, and no more may be called rounding. Of many units, an own discount may be
    as small as what rounding loses: it is believed last.
    """
    off = [(line.unit_price * line.quantity - line.total, line.quantity * unit) for line in delivery.lines]
    own = sum((amount for amount, noise in off if amount > noise), Decimal(0))
    tolerance = unit * sum(line.quantity for line in delivery.lines)
    for more in (Decimal(0), own, sum((amount for amount, _noise in off), Decimal(0))):
        discount = _rounded(delivery.discount + more, unit)
        rounding = delivery.total - (before - discount)
        if abs(rounding) <= tolerance and rounding == _rounded(rounding, unit):
            return discount, rounding
    if delivery.total_may_differ:
        return _rounded(delivery.discount, unit), Decimal(0)
    message = f"The order's lines come to {before - delivery.discount} {delivery.currency} and its total is {delivery.total}."
    raise Rejected(message, code="total_differs")


def _rounded(amount: Decimal, unit: Decimal) -> Decimal:
    return amount.quantize(unit, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class _Line:
    kind: str
    price: Decimal
    quantity: int = 1
    label: str = ""
    item_id: str = ""
    untaxed: bool = False

    def sent(self, position: int, tax_treatment: str) -> dict[str, Any]:
        """Prices without tax get a rate of 0, or TradeGecko would add tax to what the buyer paid."""
        body: dict[str, Any] = {
            "position": position,
            "line_type": self.kind,
            "quantity": self.quantity,
            "price": format(self.price, "f"),
        }
        if self.item_id:
            body["variant_id"] = int(self.item_id)
        else:
            body |= {"freeform": True, "label": self.label}
        if self.untaxed or tax_treatment == "exclusive":
            body["tax_rate_override"] = "0"
        return body
