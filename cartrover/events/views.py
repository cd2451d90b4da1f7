from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from cartrover.events.cards import open_cards, value_at_stake
from cartrover.merchants.models import Role
from cartrover.merchants.roles import at_least


@at_least(Role.VIEWER)
@require_safe
def problems(request: HttpRequest) -> HttpResponse:
    """Everything that is stuck: one card a cause."""
    cards = open_cards()
    context = {"cards": cards, "value": value_at_stake(cards), "orders": sum(card.orders for card in cards)}
    return TemplateResponse(request, "events/problems.html", context)
