"""Everything that is stuck, one card a cause, and the page of one cause with the orders that go on once it is solved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from cartrover.events.cards import Card, card_of, open_cards, value_at_stake
from cartrover.events.models import Problem
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least, may
from cartrover.portal.fixes import FIXES, Fix
from cartrover.portal.solving import progress

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """A card with what solves it, for those who may. ``retry``: trying again as it is may help."""

    card: Card
    fix: Fix | None
    facts: Mapping[str, Any]
    retry: bool


@at_least(Role.VIEWER)
@require_safe
def problems(request: MerchantRequest) -> HttpResponse:
    cards = open_cards()
    context = {
        "shown": [_shown(request, card) for card in cards[:SHOWN]],
        "causes": len(cards),
        "more": max(0, len(cards) - SHOWN),
        "value": value_at_stake(cards),
        "orders": sum(card.orders for card in cards),
    }
    return TemplateResponse(request, "problems/list.html", context)


@at_least(Role.VIEWER)
@require_safe
def problem(request: MerchantRequest, problem_id: int) -> HttpResponse:
    """One cause, open or solved. What is asked for from the page itself is how far its orders are."""
    row = get_object_or_404(Problem, pk=problem_id)
    context: dict[str, Any] = {"problem": row, "progress": progress(row)}
    if request.htmx and request.htmx.target == "progress":
        return TemplateResponse(request, "problems/progress.html", context)
    context["each"] = _shown(request, card_of(row))
    return TemplateResponse(request, "problems/page.html", context)


def _shown(request: MerchantRequest, card: Card) -> Shown:
    problem = card.problem
    fix = FIXES.get(problem.kind)
    theirs = problem.whose == Problem.Whose.MERCHANT and problem.closed_at is None and may(request.member, Role.STAFF)
    if not theirs:
        return Shown(card, None, {}, retry=False)
    return Shown(card, fix, fix.facts(card) if fix else {}, retry=card.orders > 0 and (fix is None or fix.retry))
