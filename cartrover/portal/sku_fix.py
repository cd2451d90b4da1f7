"""The fix of an unknown SKU, on its Problem's card: pick or type the warehouse's SKU, and all that waited goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from cartrover.events.cards import Card
from cartrover.events.models import Problem
from cartrover.inventory.sku_rules import Wanted, rules
from cartrover.inventory.skus import Part
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.packing.desks import desks
from cartrover.portal.skus import catalogue_of, picked, save_rule, units
from cartrover.portal.solving import solving


@at_least(Role.STAFF)
@require_safe
def suggest_skus(request: MerchantRequest, problem_id: int) -> HttpResponse:
    """What a Problem's SKU may stand for, asked for when its card is looked at: a catalogue is not read for each card."""
    problem = get_object_or_404(Problem, pk=problem_id, kind="unknown_sku")
    title = _title(problem)
    found = catalogue_of(problem.about_id).suggest(problem.subject, title, most=3) if problem.about_id else []
    return TemplateResponse(request, "skus/suggestions.html", {"suggestions": found, "code": problem.subject})


def _title(problem: Problem) -> str:
    orders = problem.orders.filter(lines__sku=problem.subject)
    return str(orders.values_list("lines__title", flat=True).first() or "")


@at_least(Role.STAFF)
@require_POST
def match_problem(request: MerchantRequest, problem_id: int) -> HttpResponse:
    """Match what orders wait for, and let them go."""
    problem = get_object_or_404(Problem, pk=problem_id, kind="unknown_sku")
    with solving(problem):
        save_rule(request, Wanted(problem.subject, parts=(Part(picked(request.POST), units(request.POST)),)))
    return redirect("problem", request.merchant.public_id, problem_id)


def fix_facts(card: Card) -> Mapping[str, Any]:
    """What the fix of an unknown SKU shows: the rules by which it came up, where it is not a cart's own code, and the
    packing desk that could have the item."""
    return {
        "led_here": rules().filter(parts__sku=card.problem.subject).order_by("sku")[:5],
        "desk": desks().filter(connection=card.connection).first() if card.connection else None,
    }
