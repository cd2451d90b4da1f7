"""What the gates have to know beside the order, read once for all orders that are judged together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings

from cartrover.connections.models import Cart, Connection
from cartrover.inventory.models import StockLevel
from cartrover.inventory.skus import Rulebook, Translation, code_of
from cartrover.orders.limits import Limits, limits_of
from cartrover.orders.models import Order, OrderRule, ShippingMethod
from cartrover.orders.routing import Case, CaseLine
from cartrover.orders.rules import Rule


@dataclass(frozen=True, slots=True)
class Context:
    """What the gates have to know beside the order.

    Args:
        carts: of the order's connection, with their warehouses.
        items: how many items have a SKU, by the warehouse's connection.
        complete: warehouse connections whose catalogue was read to its end, so that a SKU which is not there is unknown.
        ours: references of orders that we may have made on the order's own account.
        application: what the account calls our application.
        limits: of the carts' warehouses, by the warehouse.
        methods: what is known of the orders' shipping methods, by (cart, the cart's code).
        order_rules: the merchant's own gates that are switched on.
        rules: what the codes of these orders are sent as.
    """

    carts: Sequence[Cart]
    items: Mapping[int, Counter[str]]
    complete: frozenset[int]
    ours: frozenset[str] = frozenset()
    application: str = ""
    limits: Mapping[int, Limits] = field(default_factory=dict)
    methods: Mapping[tuple[int, str], ShippingMethod] = field(default_factory=dict)
    order_rules: Sequence[Rule] = ()
    rules: Rulebook = field(default_factory=Rulebook)

    def sent_as(self, cart: Cart, line: CaseLine) -> Translation:
        return self.rules.translate(cart.pk, code_of(cart, line))


def context(connection_id: int, cases: Iterable[Case]) -> Context:
    """What judging these orders of one connection needs, in a handful of queries."""
    cases = list(cases)
    carts = list(Cart.objects.filter(connection_id=connection_id).select_related("warehouse__connection").order_by("pk"))
    warehouses = {cart.warehouse.connection_id for cart in carts if cart.warehouse and cart.warehouse.connection_id}
    lines = [line for case in cases for line in case.lines]
    rules = Rulebook.of({code_of(cart, line) for cart in carts for line in lines})
    skus = {part.sku for cart in carts for line in lines for part in rules.translate(cart.pk, code_of(cart, line)).parts}
    items: dict[int, Counter[str]] = {each: Counter() for each in warehouses}
    known = StockLevel.objects.filter(connection_id__in=warehouses, sku__in=skus, gone=False)
    for at, sku in known.values_list("connection_id", "sku"):
        items[at][sku] += 1
    read = Connection.objects.filter(pk__in=warehouses, streams__kind="pull_stock", streams__last_good_at__isnull=False)
    marked = [case.marks for case in cases if case.marks]
    return Context(
        carts,
        items,
        frozenset(read.values_list("pk", flat=True)),
        _ours(connection_id, {str(marks["reference"]) for marks in marked if marks.get("reference")}),
        _application(connection_id) if any(marks.get("source_id") for marks in marked) else "",
        {cart.warehouse.pk: limits_of(cart.warehouse) for cart in carts if cart.warehouse},
        _methods(carts, {case.shipping_method for case in cases}),
        [Rule.of(row) for row in OrderRule.objects.filter(on=True).order_by("pk")],
        rules,
    )


def _methods(carts: Sequence[Cart], codes: set[str]) -> dict[tuple[int, str], ShippingMethod]:
    rows = ShippingMethod.objects.filter(cart__in=carts, code__in=codes - {""})
    return {(row.cart_id, row.code): row for row in rows}


def _ours(connection_id: int, references: set[str]) -> frozenset[str]:
    """References of orders that were sent to this account, their delivery settled or not."""
    if not references:
        return frozenset()
    tried = ("intent", "ambiguous", "confirmed", "rejected", "held")
    made = {"effects__connection_id": connection_id, "effects__kind": "order", "effects__state__in": tried}
    sent = Order.objects.filter(ref__in=references, **made)
    return frozenset(sent.values_list("ref", flat=True))


def _application(connection_id: int) -> str:
    """Our application as the account names it: learned from an order that carries our address."""
    known = Order.objects.filter(connection_id=connection_id, reason_code="made_by_us", marks__source_url__startswith=portal())
    marks = known.exclude(marks__source_id=None).order_by("-pk").values_list("marks__source_id", flat=True).first()
    return str(marks or "")


def portal() -> str:
    return f"{settings.PORTAL_URL}/"
