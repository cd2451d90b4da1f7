"""From pulled to ready: the gates, in order. The deliverer asks them once more just before it sends.

What decides for good comes before what only makes an order wait, so that nothing is held that would be skipped in the end. The
gates of SKU aliases and kits belong before ``_skus``, those of the shipping-method map and of filters and holds after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from cartrover.connections.declared import number_limit
from cartrover.connections.models import Cart, Connection
from cartrover.events.models import Problem
from cartrover.events.telling import event, open_problem, tell
from cartrover.inventory.models import StockLevel
from cartrover.orders.models import Order, Status
from cartrover.orders.routing import Case, CaseLine, case_of, route

TAG = "cartrover"
# States of an effect whose write is, or may be, at the warehouse although the order does not say so yet.
SENT = ("intent", "ambiguous", "confirmed")


@dataclass(frozen=True, slots=True)
class Cause:
    """What a Problem is about: one for all orders that wait for the same thing, one for the order where ``subject`` is empty."""

    kind: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an order, in words for people and as a code for the engine."""

    status: str
    code: str = ""
    reason: str = ""
    cart: Cart | None = None
    cause: Cause | None = None

    @property
    def wakes(self) -> int | None:
        """The connection whose order delivery has work now."""
        ready = self.status == Status.NEW and self.cart is not None and self.cart.warehouse is not None
        return self.cart.warehouse.connection_id if ready and self.cart and self.cart.warehouse else None


@dataclass(frozen=True, slots=True)
class Context:
    """What the gates have to know beside the order.

    Args:
        carts: of the order's connection, with their warehouses.
        items: how many items have a SKU, by the warehouse's connection.
        complete: warehouse connections whose catalogue was read to its end, so that a SKU which is not there is unknown.
        ours: references of orders that we may have made on the order's own account.
        application: what the account calls our application.
    """

    carts: Sequence[Cart]
    items: Mapping[int, Counter[str]]
    complete: frozenset[int]
    ours: frozenset[str] = frozenset()
    application: str = ""


def context(connection_id: int, cases: Iterable[Case]) -> Context:
    """What judging these orders of one connection needs, in a handful of queries."""
    cases = list(cases)
    carts = list(Cart.objects.filter(connection_id=connection_id).select_related("warehouse__connection").order_by("pk"))
    warehouses = {cart.warehouse.connection_id for cart in carts if cart.warehouse and cart.warehouse.connection_id}
    skus = {line.sku for case in cases for line in case.lines if line.sku}
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
    )


def _ours(connection_id: int, references: set[str]) -> frozenset[str]:
    """References of orders that were sent to this account, their delivery settled or not."""
    if not references:
        return frozenset()
    sent = Order.objects.filter(ref__in=references, effects__connection_id=connection_id).exclude(effects__state="planned")
    return frozenset(sent.values_list("ref", flat=True))


def _application(connection_id: int) -> str:
    """Our application as the account names it: learned from an order that carries our address."""
    known = Order.objects.filter(connection_id=connection_id, reason_code="made_by_us", marks__source_url__startswith=_portal())
    marks = known.exclude(marks__source_id=None).order_by("-pk").values_list("marks__source_id", flat=True).first()
    return str(marks or "")


def judge(case: Case, known: Context) -> Verdict:
    """What becomes of an order that is not at the warehouse."""
    if _made_by_us(case, known):
        return Verdict(Status.SKIPPED, "made_by_us", "we made it")
    if case.filtered:
        return Verdict(Status.SKIPPED, "filtered", case.filtered)
    way = route(case, known.carts)
    if way.cart is None:
        return Verdict(Status.SKIPPED, way.code, way.reason)
    for gate in GATES:
        found = gate(case, way.cart, known)
        if found is not None:
            return Verdict(found.status, found.code, found.reason, way.cart, found.cause)
    return Verdict(Status.NEW, cart=way.cart)


Gate = Callable[[Case, Cart, Context], Verdict | None]


def _made_by_us(case: Case, known: Context) -> bool:
    marks = case.marks
    return bool(marks) and (
        str(marks.get("source_url") or "").startswith(_portal())
        or TAG in (marks.get("tags") or ())
        or (marks.get("reference") or None) in known.ours
        or (bool(known.application) and str(marks.get("source_id")) == known.application)
    )


def _portal() -> str:
    return f"{settings.PORTAL_URL}/"


def _too_early(case: Case, cart: Cart, known: Context) -> Verdict | None:
    if cart.pull_from is None or case.placed_at >= cart.pull_from:
        return None
    return Verdict(Status.SKIPPED, "too_early", f"placed before {cart.pull_from:%Y-%m-%d}, the cart's earliest order date")


_FOR_GOOD: dict[str, dict[str, Verdict]] = {
    "cancel": {"canceled": Verdict(Status.CANCELED, "canceled", "canceled at the cart")},
    "payment": {
        "failed": Verdict(Status.SKIPPED, "payment_failed", "its payment failed"),
        "refunded": Verdict(Status.SKIPPED, "refunded", "it was fully refunded"),
    },
}
_FOR_NOW: dict[str, dict[str, Verdict]] = {
    "payment": {"pending": Verdict(Status.HELD, "payment", "waiting for payment")},
    "cancel": {"asked": Verdict(Status.HELD, "cancel_asked", "the buyer asked to cancel")},
}


def _over(case: Case, cart: Cart, known: Context) -> Verdict | None:
    return _told_by(_FOR_GOOD, case)


def _waiting(case: Case, cart: Cart, known: Context) -> Verdict | None:
    return _told_by(_FOR_NOW, case)


def _told_by(table: Mapping[str, Mapping[str, Verdict]], case: Case) -> Verdict | None:
    for name, verdicts in table.items():
        if getattr(case, name) in verdicts:
            return verdicts[getattr(case, name)]
    return None


def _nothing_to_ship(case: Case, cart: Cart, known: Context) -> Verdict | None:
    if case.unshippable:
        return Verdict(Status.SKIPPED, "unshippable", case.unshippable)
    if any(line.uncounted for line in case.lines):
        return Verdict(Status.HELD, "counting", "counting how many units the cart has shipped already")
    if not any(line.left for line in case.lines):
        return Verdict(Status.SKIPPED, "shipped", "already shipped at the cart")
    return None


def _no_warehouse(case: Case, cart: Cart, known: Context) -> Verdict | None:
    if cart.warehouse is None:
        return Verdict(Status.HELD, "no_warehouse", f"{cart.name} has no warehouse yet")
    return None


def _skus(case: Case, cart: Cart, known: Context) -> Verdict | None:
    """Every SKU at the warehouse, and there only once. Which catalogue is still being read knows no missing SKU."""
    at = cart.warehouse.connection_id if cart.warehouse else None
    if at is None:
        return None
    for line in case.lines:
        if line.left and not line.sku:
            return _without_sku(line)
        count = known.items[at][line.sku] if line.left else 1
        if count > 1:
            words = f"SKU {line.sku} stands for {count} items in {cart.warehouse}. Each needs a SKU of its own."
            return Verdict(Status.ERROR, "duplicate_sku", words, cause=Cause("duplicate_sku", line.sku))
        if count == 0 and at in known.complete:
            words = f"SKU {line.sku} is not in {cart.warehouse}. Add it there, and the orders that wait for it go on."
            return Verdict(Status.ERROR, "unknown_sku", words, cause=Cause("unknown_sku", line.sku))
    return None


def _without_sku(line: CaseLine) -> Verdict:
    what = line.title or line.listing_id or "A line"
    words = f"{what} has no SKU, so no warehouse knows what it is. Give its listing one."
    return Verdict(Status.ERROR, "no_sku", words, cause=Cause("no_sku", (line.listing_id or line.title)[:200]))


_NEEDED = {"line1": "street", "city": "city", "country": "country"}


def _address(case: Case, cart: Cart, known: Context) -> Verdict | None:
    address = case.ship_to or {}
    missing = [label for name, label in _NEEDED.items() if not address.get(name)]
    if not (address.get("name") or address.get("company")):
        missing.insert(0, "name")
    if not missing:
        return None
    words = f"The address has no {' and no '.join(missing)}." if case.ship_to else "There is no address to ship to."
    return Verdict(Status.ERROR, "address", words, cause=Cause("address"))


def _number(case: Case, cart: Cart, known: Context) -> Verdict | None:
    limit = number_limit(cart.warehouse) if cart.warehouse else 0
    if not limit or len(case.number) <= limit:
        return None
    words = f"The order number has {len(case.number)} characters, and {cart.warehouse} takes {limit}."
    return Verdict(Status.ERROR, "number_too_long", words, cause=Cause("number_too_long"))


GATES: tuple[Gate, ...] = (_too_early, _over, _nothing_to_ship, _waiting, _no_warehouse, _skus, _address, _number)

# ----------------------------------------------------------------------------------------------------------- judging once more

# What these gates have decided they may decide anew. A hold that a person, a rule or a doubt has made stays.
_OURS_TO_CHANGE = {
    Status.NEW: None,
    Status.ERROR: None,
    Status.SKIPPED: None,
    Status.CANCELED: {"canceled"},
    Status.HELD: {"payment", "cancel_asked", "counting", "malformed", "no_warehouse"},
}
# Skipped for what the merchant can change: adding a cart or switching one on judges these again.
_OPEN_TO_CARTS = ("no_cart", "download_off", "too_early", "no_warehouse")


def may_judge(order: Order) -> bool:
    """Whether the gates decide about it. Not once its delivery has begun: then what was sent must be settled first."""
    codes = _OURS_TO_CHANGE.get(Status(order.status), set())
    return order.reason_code != "made_by_us" and (codes is None or order.reason_code in codes)


def judge_again(connection: Connection) -> set[int]:
    """Judge what was skipped for want of a cart, after one was added, changed or switched on.

    Returns the connections whose order delivery the caller has to wake.
    """
    waiting = Order.objects.filter(connection=connection, reason_code__in=_OPEN_TO_CARTS)
    return decide(waiting.filter(status__in=(Status.SKIPPED, Status.HELD)))


def release(kind: str, subject: str, connection: Connection) -> set[int]:
    """What a Problem said of a warehouse is no longer so: close it and judge again what waited for it.

    Returns as :func:`judge_again`.
    """
    waited = Order.objects.filter(
        problem__kind=kind, problem__subject=subject, problem__about="connection", problem__about_id=connection.pk
    )
    return decide(waited.filter(status=Status.ERROR))


def decide(orders: QuerySet[Order]) -> set[int]:
    """Judge these orders now, and write what changed. Returns the connections whose order delivery the caller has to wake.

    Locks the rows, in the order of their keys.
    """
    chosen = [each for each in orders.select_for_update(of=("self",)).order_by("pk").prefetch_related("lines") if may_judge(each)]
    sent = set(Order.objects.filter(pk__in=[each.pk for each in chosen], effects__state__in=SENT).values_list("pk", flat=True))
    by_connection: dict[int, list[Order]] = {}
    for order in chosen:
        if order.pk not in sent:
            by_connection.setdefault(order.connection_id, []).append(order)
    woken: set[int] = set()
    for connection_id, group in by_connection.items():
        cases = [case_of(order, list(order.lines.all())) for order in group]
        known = context(connection_id, cases)
        woken |= settle([(order, judge(case, known)) for order, case in zip(group, cases, strict=True)])
    return woken


_DECIDED = ("cart", "warehouse", "status", "reason_code", "reason", "problem", "due_at", "attempts")


def settle(judged: Sequence[tuple[Order, Verdict]]) -> set[int]:
    """Write verdicts on stored orders, with an Event for each that is news. Returns the connections to wake."""
    changed: list[Order] = []
    left: set[int] = set()
    woken: set[int] = set()
    problems = _Problems()
    for order, verdict in judged:
        problem = problems.of(verdict, order)
        news = (order.status, order.reason_code, order.reason, order.problem_id) != (
            verdict.status,
            verdict.code,
            verdict.reason,
            problem.pk if problem else None,
        )
        if verdict.wakes is not None:
            woken.add(verdict.wakes)
        if not news and order.cart_id == (verdict.cart.pk if verdict.cart else None):
            continue
        if order.problem_id and (problem is None or problem.pk != order.problem_id):
            left.add(order.problem_id)
        _apply(order, verdict, problem)
        changed.append(order)
    Order.objects.bulk_update(changed, _DECIDED)
    tell(event(order, order.status, told(order.status, order.reason)) for order in changed)
    close_if_empty(left)
    return woken


def _apply(order: Order, verdict: Verdict, problem: Problem | None) -> None:
    order.cart = verdict.cart
    order.warehouse = verdict.cart.warehouse if verdict.cart else None
    order.status, order.reason_code, order.reason = verdict.status, verdict.code, verdict.reason
    order.problem = problem
    order.due_at = timezone.now() if verdict.status == Status.NEW else None
    order.attempts = 0


def told(status: str, reason: str) -> str:
    """What became of an order, as a sentence."""
    label = "Ready for the warehouse" if status == Status.NEW else Status(status).label
    return f"{label}: {reason}" if reason else label


def assign_problems(verdicts: Mapping[int, Verdict]) -> None:
    """Open the Problems that verdicts on orders just stored name, and tie the orders to them. Orders by id."""
    orders = list(Order.objects.filter(pk__in=verdicts).only("pk")) if verdicts else []
    found = _Problems()
    for order in orders:
        order.problem = found.of(verdicts[order.pk], order)
    Order.objects.bulk_update(orders, ["problem"])


class _Problems:
    """The open Problems that verdicts name: of the warehouse's account for a shared cause, else of the order alone."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str, int], Problem] = {}

    def of(self, verdict: Verdict, order: Order) -> Problem | None:
        cause = verdict.cause
        if cause is None:
            return None
        warehouse = verdict.cart.warehouse if verdict.cart else None
        if not cause.subject or warehouse is None or warehouse.connection is None:
            return open_problem(cause.kind, verdict.reason, about=order)
        key = (cause.kind, cause.subject, warehouse.connection.pk)
        if key not in self._open:
            self._open[key] = open_problem(cause.kind, verdict.reason, subject=cause.subject, about=warehouse.connection)
        return self._open[key]


def close_if_empty(problems: set[int]) -> None:
    """A Problem for which no order waits any longer is none."""
    waiting = Order.objects.filter(problem_id__in=problems).values_list("problem_id", flat=True)
    Problem.objects.filter(pk__in=problems - set(waiting), closed_at__isnull=True).update(closed_at=timezone.now())
