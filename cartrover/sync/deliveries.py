"""An order's rows as a warehouse takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.conf import settings

from cartrover.connections.models import Cart
from cartrover.orders.models import LinePart, Order, OrderLine
from cartrover.orders.money import left_of, price_each, split, sums_of
from cartrover.orders.sending import Sending
from integrations.contract import AddressRecord, CartIdentity, Delivery, DeliveryLine, RemoteOrder


def delivery_of(
    order: Order, lines: Sequence[OrderLine], parts: Sequence[LinePart], customer_id: str, sending: Sending
) -> Delivery:
    """The order as a warehouse takes it: only what has not left already and is not left out, at what the buyer paid for that."""
    sums = sums_of(order, lines)
    return Delivery(
        ref=order.ref,
        number=sending.number,
        placed_at=order.placed_at,
        customer_id=customer_id,
        source_url=source_url(order),
        currency=order.currency,
        lines=tuple(each for line in lines for each in _delivery_lines(line, [part for part in parts if _is_of(part, line)])),
        shipping=order.shipping,
        shipping_method=sending.shipping_method,
        discount=sums.discount,
        tax=sums.tax,
        adjustment=sums.adjustment,
        total=sums.total,
        ship_to=AddressRecord(**sending.ship_to),
        note=sending.note,
        email=order.buyer_email,
        references=tuple((str(name), str(value)) for name, value in order.references),
        total_may_differ=sending.total_may_differ,
        ship_by=order.ship_by,
    )


def _is_of(part: LinePart, line: OrderLine) -> bool:
    """By the cart's id: a line that is new there has no key yet."""
    return part.line.external_id == line.external_id


def _delivery_lines(line: OrderLine, parts: Sequence[LinePart]) -> Iterator[DeliveryLine]:
    """One for each part. A kit's price is shared out evenly over its units: nobody has told us what each of them is worth."""
    left = line.quantity - line.shipped_before
    if left <= 0 or line.left_out:
        return
    weights = [part.each for part in parts]
    for part, total in zip(parts, split(left_of(line), weights), strict=True):
        yield DeliveryLine(
            external_id=part_id(line, part),
            sku=part.sku,
            item_id=part.item_id,
            title=line.title,
            quantity=left * part.each,
            unit_price=price_each(line.unit_price, sum(weights)),
            total=total,
            line_id=part.remote_id,
        )


def part_id(line: OrderLine, part: LinePart) -> str:
    """What the warehouse's answer names a part by: unique in its order."""
    return f"{line.external_id}:{part.position}"


def name_lines(parts: Iterable[LinePart], remote: RemoteOrder) -> None:
    """Give the parts the warehouse's own ids of their lines, where it tells them. What is no longer wanted has no line."""
    for part in (each for each in parts if each.each):
        part.remote_id = remote.line_ids.get(part_id(part.line, part), "") or part.remote_id


def source_url(order: Order) -> str:
    """The order's page in the portal, which tells our orders from everybody else's at the warehouse."""
    return f"{settings.PORTAL_URL}/o/{order.ref}"


def identity_of(cart: Cart) -> CartIdentity:
    """The cart as a warehouse's customer."""
    return CartIdentity(key=f"CR-{cart.public_id}".upper(), name=cart.name)
