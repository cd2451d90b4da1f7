"""Buttons that want work done: they change rows, and wake the stream that sees to them."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from cartrover.events.models import Problem
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.orders.models import Order
from cartrover.orders.retrying import retry
from cartrover.portal.solving import solving
from cartrover.sync import streams
from cartrover.sync.models import Stream


@at_least(Role.STAFF)
@require_POST
def retry_order(request: MerchantRequest, ref: str) -> HttpResponse:
    orders = Order.objects.filter(ref=ref)
    if not orders.exists():
        raise Http404("No such order.")
    _retry(request, orders)
    return redirect("order", request.merchant.public_id, ref)


@at_least(Role.STAFF)
@require_POST
def retry_problem(request: MerchantRequest, problem_id: int) -> HttpResponse:
    """The cause is solved outside: all the orders that waited for it are tried again."""
    problem = get_object_or_404(Problem, pk=problem_id)
    with solving(problem):
        _retry(request, Order.objects.filter(problem_id=problem_id))
    return redirect("problem", request.merchant.public_id, problem_id)


def _retry(request: MerchantRequest, orders: QuerySet[Order]) -> None:
    count = try_again(orders, actor=request.user.email)
    if count:
        messages.success(request, "We are trying again now." if count == 1 else f"We are trying {count:,} orders again now.")
    else:
        messages.warning(request, "There was nothing to try again.")


def try_again(orders: QuerySet[Order], actor: str) -> int:
    """Send orders that stopped once more, and wake who delivers them. Inside the merchant's door; returns how many."""
    count, connections = retry(orders, actor=actor)
    for connection_id in connections:
        streams.wake(connection_id, Stream.Kind.DELIVER_ORDERS)
    return count
