"""A change of rules about SKUs, and what follows: what waits for the codes is judged again, and figures are compared anew.

Call inside the merchant's door. Each returns how many orders go on that stood still before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Q, QuerySet

from cartrover.connections.models import Cart
from cartrover.inventory.models import SkuRule
from cartrover.inventory.sku_rules import Wanted, drop, keep
from cartrover.merchants.audit import Actor
from cartrover.orders import errands, preparing
from cartrover.orders.models import Order, OrderLine, Status
from cartrover.sync import streams
from cartrover.sync.models import Stream


def save(wanted: Wanted, actor: Actor) -> int:
    keep(wanted, actor)
    return follow_up({wanted.code})


def delete(rule: SkuRule, actor: Actor) -> int:
    code = rule.sku
    drop(rule, actor)
    return follow_up({code})


def apply(wanted: Iterable[Wanted], unwanted: Iterable[SkuRule], actor: Actor) -> int:
    """Many at once; each order is judged once."""
    codes = set()
    for each in wanted:
        keep(each, actor)
        codes.add(each.code)
    for rule in unwanted:
        codes.add(rule.sku)
        drop(rule, actor)
    return follow_up(codes) if codes else 0


def follow_up(codes: Collection[str]) -> int:
    _change(codes)
    lines = OrderLine.objects.filter(Q(sku__in=codes) | Q(listing_id__in=codes))
    return _judge(Order.objects.filter(pk__in=lines.values("order_id")))


def _change(codes: Collection[str]) -> None:
    """Orders that are at the warehouse, whose new lines waited for a rule."""
    streams.deliver(errands.try_again(codes))


def renamed(cart: Cart) -> int:
    """The cart's products go by another number from now on."""
    return _judge(Order.objects.filter(cart=cart))


def _judge(orders: QuerySet[Order]) -> int:
    """Judge what is not at the warehouse and may come out otherwise now, and wake what has work by that."""
    undelivered = orders.filter(Q(status__in=(Status.NEW, Status.ERROR)) | Q(status=Status.SKIPPED, reason_code="left_out"))
    stood = list(undelivered.exclude(status=Status.NEW).values_list("pk", flat=True))
    streams.deliver(preparing.decide(undelivered))
    selling = Cart.objects.filter(state=Cart.State.LIVE, connection__isnull=False)
    for connection_id in selling.values_list("connection_id", flat=True).distinct():
        streams.ready(connection_id, Stream.Kind.PUSH_STOCK)
    return Order.objects.filter(pk__in=stood, status=Status.NEW).count()
