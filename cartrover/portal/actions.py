"""Buttons that want work done: they change rows, and wake the stream that sees to them."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_POST

from cartrover.events.models import Problem
from cartrover.merchants import audit
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.orders.holding import release
from cartrover.orders.models import Order
from cartrover.orders.retrying import retry
from cartrover.portal.solving import solving
from cartrover.sync import streams
from cartrover.sync.jobs import pull_again
from cartrover.sync.order_actions import ACTIONS


@dataclass(frozen=True, slots=True)
class Button:
    """An action that an order allows now. ``solves``: it may end what the order waits for."""

    name: str
    label: str
    asks: bool
    solves: bool


def buttons(order: Order) -> list[Button]:
    return [
        Button(name, action.button(order), action.asks, action.solves) for name, action in ACTIONS.items() if action.may(order)
    ]


@at_least(Role.STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def order_do(request: MerchantRequest, ref: str, action: str) -> HttpResponse:
    """Do something with one order, or first ask whether it is meant."""
    order = get_object_or_404(Order.objects.select_related("cart__warehouse", "warehouse"), ref=ref)
    if action not in ACTIONS:
        raise Http404("No such action.")
    wanted = ACTIONS[action]
    if not wanted.may(order):
        messages.warning(request, f"{wanted.button(order)}: the order is past that by now.")
    elif request.method != "POST":
        context = {"order": order, "action": action, "label": wanted.button(order), "words": wanted.words}
        return TemplateResponse(request, "orders/ask.html", context)
    else:
        if wanted.act is None:
            pull_again.these([order], by=request.user.email)
        else:
            wanted.act(Order.objects.filter(pk=order.pk), request.user.email)
        audit.record(request, f"{wanted.label.lower()}: order", order)
        messages.success(request, wanted.said)
    return redirect("order", request.merchant.public_id, ref)


@at_least(Role.STAFF)
@require_POST
def retry_problem(request: MerchantRequest, problem_id: int) -> HttpResponse:
    """The cause is solved outside: all the orders that waited for it are tried again."""
    problem = get_object_or_404(Problem, pk=problem_id)
    with solving(problem):
        count = try_again(Order.objects.filter(problem_id=problem_id), actor=request.user.email)
    if count:
        messages.success(request, "We are trying again now." if count == 1 else f"We are trying {count:,} orders again now.")
    else:
        messages.warning(request, "There was nothing to try again.")
    return redirect("problem", request.merchant.public_id, problem_id)


@at_least(Role.STAFF)
@require_POST
def release_problem(request: MerchantRequest, problem_id: int) -> HttpResponse:
    """All the orders that this gate stops pass it, by a person's word."""
    problem = get_object_or_404(Problem, pk=problem_id)
    with solving(problem):
        count, connections = release(Order.objects.filter(problem_id=problem_id), actor=request.user.email)
    streams.deliver(connections, asked=True)
    if count:
        messages.success(request, "It is released." if count == 1 else f"{count:,} orders are released.")
    else:
        messages.warning(request, "There was nothing to release.")
    return redirect("problem", request.merchant.public_id, problem_id)


def try_again(orders: QuerySet[Order], actor: str) -> int:
    """Send orders that stopped once more, and wake who delivers them. Inside the merchant's door; returns how many."""
    count, connections = retry(orders, actor=actor)
    streams.deliver(connections, asked=True)
    return count
