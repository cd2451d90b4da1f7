"""What a new merchant does until orders flow: each step, whether it is done, and the button that does it."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from cartrover.connections.models import Cart, ServiceHolder, Warehouse
from cartrover.merchants.models import Merchant
from cartrover.sync.models import Job, Rehearsed

State = ServiceHolder.State
SKU_TROUBLES = ("unknown_sku", "duplicate_sku", "no_sku")
TESTED = (State.CHECKED, State.LIVE, State.PAUSED)


@dataclass(frozen=True, slots=True)
class Step:
    """``button`` leads to ``url``, the page on which it is done."""

    words: str
    why: str
    done: bool
    button: str
    url: str


def first_steps(merchant: Merchant) -> list[Step]:
    """The steps in their order; empty once all are done. Inside the merchant's door."""
    steps = [*_of_a_warehouse(merchant), *_of_a_cart(merchant)]
    return [] if all(step.done for step in steps) else steps


def _of_a_warehouse(merchant: Merchant) -> list[Step]:
    rows = list(Warehouse.objects.order_by("id"))
    page = _page(merchant, "warehouse", rows)
    return [
        Step(
            "Connect the warehouse",
            "Orders are delivered to it; tracking and stock come from it.",
            any(row.connection_id for row in rows),
            "Set up a warehouse",
            page,
        ),
        Step(
            "Take the warehouse live",
            "A cart can send its orders to a warehouse that is live.",
            any(row.went_live_at for row in rows),
            "Test and go live",
            page,
        ),
    ]


def _of_a_cart(merchant: Merchant) -> list[Step]:
    rows = list(Cart.objects.order_by("id"))
    page = _page(merchant, "cart", rows)
    return [
        Step("Add a cart", "It is where your orders come from.", any(row.connection_id for row in rows), "Add a cart", page),
        Step(
            "Test the cart",
            "The test only reads: it changes nothing at the cart.",
            any(row.state in TESTED for row in rows),
            "Test it",
            page,
        ),
        *_before_going_live(merchant, rows),
        Step("Go live", "From then on orders flow by themselves.", any(row.went_live_at for row in rows), "Go live", page),
    ]


def _before_going_live(merchant: Merchant, rows: list[Cart]) -> list[Step]:
    """What shows beforehand what going live would do. Who went live without it needs it no more."""
    waiting = [row for row in rows if not row.went_live_at]
    live = any(row.went_live_at for row in rows)
    cart = waiting[0] if waiting else None
    done = Job.objects.filter(state=Job.State.DONE)
    job = done.filter(kind="rehearsal").order_by("-pk").first()
    stuck = job is None or Rehearsed.objects.filter(job=job, code__in=SKU_TROUBLES).exists()
    return [
        Step(
            "Rehearse",
            "It says of each recent order what would become of it, and sends none.",
            live or job is not None,
            "Rehearse",
            _of(merchant, "rehearsal", cart),
        ),
        Step(
            "Check the SKUs",
            "What your cart sells has to be an item of the warehouse, or stand for one. Then rehearse again.",
            live or not stuck,
            "Check them",
            reverse("skus", args=[merchant.public_id]),
        ),
        Step(
            "Send a test order",
            "It goes the whole way, comes back, and is voided again.",
            live or done.filter(kind="test_order").exists(),
            "Send one",
            _of(merchant, "test_order", cart),
        ),
    ]


def _of(merchant: Merchant, name: str, cart: Cart | None) -> str:
    """A page of the cart, or where one is added."""
    if cart is None:
        return reverse("new_cart", args=[merchant.public_id])
    return reverse(name, args=[merchant.public_id, cart.public_id])


def _page(merchant: Merchant, kind: str, rows: list[Cart] | list[Warehouse]) -> str:
    """The page of the one that is furthest behind, or the page that makes the first."""
    waiting = [row for row in rows if not row.went_live_at]
    if not waiting:
        return reverse(f"new_{kind}", args=[merchant.public_id])
    return reverse(kind, args=[merchant.public_id, waiting[0].public_id])
