"""TradeGecko's JSON in, neutral records out. Pure: no network, database or clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from integrations.contract import (
    AddressRecord,
    Cancel,
    CartShipment,
    Fulfilment,
    LineRecord,
    ListingRecord,
    MalformedRecord,
    OrderRecord,
    Payment,
    RefundRecord,
    RemoteOrder,
    ShipmentLine,
    ShipmentRecord,
    StockRecord,
)
from integrations.tradegecko.reading import (
    Row,
    Unreadable,
    day_or_none,
    identifier,
    moment,
    moment_or_none,
    number,
    reference,
    text,
    whole,
    words,
)
from integrations.tradegecko.settings import STATUS_FILTERS, CartSettings

TAG = "cartrover"
GONE = frozenset({"void", "deleted"})
CENT = Decimal("0.01")

_FULFILMENTS = {"unshipped": Fulfilment.NONE, "partial": Fulfilment.PARTIAL, "shipped": Fulfilment.FULL}

# ------------------------------------------------------------------------------------------------------------ orders of a cart


@dataclass(frozen=True, slots=True)
class OrderParts:
    """One order and what stands in other resources: its lines, and the variants and addresses by id, currencies by id."""

    order: Row
    lines: Sequence[Row]
    variants: Mapping[str, Row]
    addresses: Mapping[str, Row]
    currencies: Mapping[str, str]
    default_currency: str = ""


def order_record(parts: OrderParts, wanted: CartSettings, zone: ZoneInfo) -> OrderRecord | MalformedRecord:
    """The order as a cart's record, with the reason why this cart does not take it, where there is one."""
    try:
        return _order(parts, wanted, zone)
    except Unreadable as trouble:
        return MalformedRecord(text(parts.order, "id"), trouble.path, trouble.why, parts.order)


def not_wanted(order: Row, wanted: CartSettings) -> str:
    """Why the cart's settings leave this order out; empty where they take it. A cancelled order needs no reason of ours."""
    location = reference(order, "stock_location_id")
    if wanted.location_id and location != wanted.location_id:
        return f"for location {location or 'none'}, and this cart takes location {wanted.location_id}"
    if text(order, "status") in GONE:
        return ""
    for status in STATUS_FILTERS:
        chosen, told = wanted.statuses[status.key], text(order, status.key)
        if chosen and told not in chosen:
            return f"{status.label.lower()} is {told or 'unknown'}"
    return ""


def _order(parts: OrderParts, wanted: CartSettings, zone: ZoneInfo) -> OrderRecord:
    order = parts.order
    status = text(order, "status")
    shipped = text(order, "fulfillment_status")
    lines = [_Line.of(line, f"order_line_items[{index}].", parts.variants) for index, line in enumerate(parts.lines)]
    products = tuple(line.record(shipped) for line in lines if line.kind == "product")
    sums = _Sums.of(order, lines)
    ship_to = _address(parts.addresses.get(reference(order, "shipping_address_id")), order)
    return OrderRecord(
        external_id=identifier(order, "id"),
        number=text(order, "order_number") or identifier(order, "id"),
        placed_at=moment(order, "created_at"),
        modified_at=moment(order, "updated_at"),
        payment=_payment(order, wanted),
        cancel=Cancel.CANCELED if status in GONE else Cancel.NONE,
        fulfilment=_FULFILMENTS.get(shipped, Fulfilment.NONE),
        currency=_currency(parts),
        items=sums.items,
        discount=sums.discount,
        shipping=sums.shipping,
        tax=sums.tax,
        adjustment=sums.adjustment,
        total=sums.total,
        lines=products,
        ship_to=ship_to,
        bill_to=_address(parts.addresses.get(reference(order, "billing_address_id")), order),
        location=reference(order, "stock_location_id"),
        unshippable="" if products else "it has no products",
        filtered=not_wanted(order, wanted),
        buyer_id=reference(order, "company_id"),
        buyer_name=(ship_to.company or ship_to.name) if ship_to else "",
        buyer_email=text(order, "email"),
        shipping_method=next((line.label for line in lines if line.kind == "shipping"), ""),
        note=text(order, "notes"),
        ship_by=_ship_by(order, zone),
        shipments=tuple(str(one) for one in order.get("fulfillment_ids") or ()),
        refunds=tuple(_gone_back(order)),
        marks={
            "source_id": order.get("source_id"),
            "reference": text(order, "reference_number"),
            "source_url": text(order, "source_url"),
            "tags": words(order, "tags"),
        },
        raw={"order": order, "order_line_items": list(parts.lines)},
    )


def _gone_back(order: Row) -> Iterator[RefundRecord]:
    """Refunds and returns, which the order names by id alone: what they come to stands in lists that are not documented."""
    for refund in order.get("refund_ids") or ():
        yield RefundRecord(f"refund {refund}")
    received = text(order, "return_status") in ("partial", "returned")
    for returned in order.get("fulfillment_return_ids") or ():
        yield RefundRecord(f"return {returned}", goods=True, done=received)


def _payment(order: Row, wanted: CartSettings) -> Payment:
    """An unpaid order that the cart's settings take is not waited for: who sells on account ships before being paid."""
    told, taken = text(order, "payment_status"), wanted.statuses["payment_status"]
    return Payment.PAID if told == "paid" or not taken or told in taken else Payment.PENDING


def _currency(parts: OrderParts) -> str:
    told = reference(parts.order, "currency_id")
    currency = parts.currencies.get(told, "") if told else parts.default_currency
    if not currency:
        raise Unreadable("currency_id", f"{told or 'none'} is no currency of the account")
    return currency


def _ship_by(order: Row, zone: ZoneInfo) -> datetime | None:
    day = day_or_none(order, "ship_at")
    return None if day is None else datetime.combine(day, time.max, zone).replace(microsecond=0).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class _Line:
    """``kind`` is product, or what the line stands for otherwise: shipping, discount, fee, rounding, gift_wrap."""

    row: Row
    kind: str
    label: str
    sku: str
    quantity: Decimal
    price: Decimal
    total: Decimal
    at: str

    @classmethod
    def of(cls, row: Row, at: str, variants: Mapping[str, Row]) -> _Line:
        variant = variants.get(reference(row, "variant_id"), {})
        quantity, price = number(row, "quantity", at), number(row, "price", at)
        off = quantity * price * number(row, "discount", at) / 100
        named = " - ".join(part for part in (text(variant, "product_name"), text(variant, "name")) if part)
        kind = text(row, "line_type") or ("product" if reference(row, "variant_id") and not row.get("freeform") else "fee")
        total = (quantity * price - off).quantize(CENT, ROUND_HALF_UP)
        return cls(row, kind, text(row, "label") or named, text(variant, "sku"), quantity, price, total, at)

    def record(self, shipped: str) -> LineRecord:
        left = shipped == "shipped" or (shipped == "partial" and bool(self.row.get("fulfillment_line_item_ids")))
        return LineRecord(
            external_id=identifier(self.row, "id", self.at),
            sku=self.sku,
            title=self.label or self.sku,
            quantity=whole(self.row, "quantity", self.at),
            unit_price=self.price,
            total=self.total,
            variation_id=reference(self.row, "variant_id"),
            fulfilled=left,
        )


@dataclass(frozen=True, slots=True)
class _Sums:
    items: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    adjustment: Decimal
    total: Decimal

    @classmethod
    def of(cls, order: Row, lines: Sequence[_Line]) -> _Sums:
        """What the lines do not explain of the total is tax where prices are without it, else an adjustment."""
        total = number(order, "total")
        items, shipping, off = (_sum(lines, kind) for kind in ("product", "shipping", "discount"))
        rest = total - items - shipping - off
        others = _sum(lines, "fee") + _sum(lines, "rounding") + _sum(lines, "gift_wrap")
        exclusive = text(order, "tax_treatment") == "exclusive" or text(order, "tax_type") == "exclusive"
        tax = max(rest - others, Decimal(0)) if exclusive else Decimal(0)
        return cls(items, -off, shipping, tax, rest - tax, total)


def _sum(lines: Sequence[_Line], kind: str) -> Decimal:
    return sum((line.total for line in lines if line.kind == kind), Decimal(0))


def _address(row: Row | None, order: Row) -> AddressRecord | None:
    if row is None:
        return None
    country = text(row, "country_code") or text(row, "country")
    return AddressRecord(
        name=f"{text(row, 'first_name')} {text(row, 'last_name')}".strip() or text(row, "company_name"),
        company=text(row, "company_name"),
        line1=text(row, "address1"),
        line2=text(row, "address2"),
        county=text(row, "suburb"),
        city=text(row, "city"),
        region=text(row, "state"),
        postal_code=text(row, "zip_code"),
        country=country.upper() if len(country) == 2 else "",
        phone=text(row, "phone_number") or text(order, "phone_number"),
        email=text(row, "email") or text(order, "email"),
    )


# ------------------------------------------------------------------------------------------------------- orders of a warehouse


def remote_order(order: Row, lines: Sequence[Row], portal_url: str) -> RemoteOrder:
    """An order as the warehouse holds it; ``lines`` are its lines where they were asked for."""
    return RemoteOrder(
        remote_id=identifier(order, "id"),
        ref=text(order, "reference_number"),
        number=text(order, "order_number"),
        customer_id=reference(order, "company_id"),
        status=text(order, "status"),
        total=number(order, "total"),
        lines=tuple((reference(line, "variant_id"), whole(line, "quantity")) for line in lines if line.get("variant_id")),
        ours=made_by_us(order, portal_url),
        updated_at=moment(order, "updated_at"),
    )


def made_by_us(order: Row, portal_url: str) -> bool:
    """Our address as its source, and made by an application: a person who copies an order leaves no ``source_id``."""
    by_application = TAG in words(order, "tags") or order.get("source_id") is not None
    return by_application and text(order, "source_url").startswith(f"{portal_url}/")


# ------------------------------------------------------------------------------------------------------------------- shipments


def shipment_record(row: Row, lines: Sequence[Row], skus: Mapping[str, str]) -> ShipmentRecord:
    """One fulfilment as a package. ``skus`` is by order line id, for answers whose lines name none.

    Only the status tells whether it left: ``shipped_at`` is null on some that did.
    """
    status = text(row, "status")
    return ShipmentRecord(
        remote_id=identifier(row, "id"),
        order_id=identifier(row, "order_id"),
        shipped=status == "fulfilled",
        void=status in GONE,
        lines=tuple(_shipment_line(line, skus) for line in lines),
        updated_at=moment(row, "updated_at"),
        carrier=text(row, "tracking_company"),
        tracking=text(row, "tracking_number"),
        tracking_url=_link(text(row, "tracking_url")),
        service=text(row, "service"),
        shipped_at=moment_or_none(row, "shipped_at"),
    )


def cart_shipment(row: Row, lines: Sequence[Row]) -> CartShipment:
    """One fulfilment as a cart shows it."""
    return CartShipment(
        remote_id=identifier(row, "id"),
        lines=tuple(_shipment_line(line, {}) for line in lines),
        carrier=text(row, "tracking_company"),
        tracking=text(row, "tracking_number"),
    )


def _shipment_line(line: Row, skus: Mapping[str, str]) -> ShipmentLine:
    """Our orders have whole quantities; of anyone else's fraction only whole units count."""
    order_line = identifier(line, "order_line_item_id")
    quantity = int(number(line, "quantity").to_integral_value(ROUND_FLOOR))
    return ShipmentLine(order_line, quantity, text(line, "variant_sku") or skus.get(order_line, ""))


def _link(address: str) -> str:
    """A tracking address a browser can open. TradeGecko takes any text, so one without a scheme gets it; others go."""
    if not address:
        return ""
    scheme = urlsplit(address).scheme
    if scheme in ("http", "https"):
        return address
    return "" if ":" in address.partition("/")[0] else f"https://{address}"


# ----------------------------------------------------------------------------------------------------------------------- stock


def stock_record(row: Row) -> StockRecord:
    """A variant, or a row of ``/stock_levels``. A location without a row has none of it."""
    limit = None if row.get("max_online") in (None, "") else number(row, "max_online")
    return StockRecord(
        item_id=identifier(row, "variant_id" if row.get("variant_id") else "id"),
        sku=text(row, "sku"),
        available={identifier(level, "location_id"): _available(level) for level in row.get("locations") or ()},
        tracked=row.get("manage_stock") is not False,
        max_online=None if limit is None else max(0, int(limit.to_integral_value(ROUND_FLOOR))),
        name=" - ".join(part for part in (text(row, "product_name"), text(row, "name")) if part),
    )


def listing_record(row: Row) -> ListingRecord:
    """A variant as a thing that is sold, with what may be sold of it everywhere."""
    stock = stock_record(row)
    total = sum(stock.available.values(), Decimal(0))
    return ListingRecord(stock.item_id, stock.sku, max(0, int(total.to_integral_value(ROUND_FLOOR))), stock.name)


def _available(level: Row) -> Decimal:
    return number(level, "stock_on_hand") - number(level, "committed")
