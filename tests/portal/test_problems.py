"""One card a cause: whose move it is, what solves it in place, and the orders that go on when it is solved."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from cartrover.events.models import Problem
from cartrover.events.telling import open_problem
from cartrover.merchants.models import Merchant, Role, User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.portal import fixes, problems
from cartrover.portal.fixes import Fix
from cartrover.portal.solving import solving
from tests.conftest import make_member
from tests.portal.story import Day, busy_day

Visit = Callable[[User | None], Client]
IN_PART = {"HX-Request": "true", "HX-Target": "progress"}


@pytest.fixture
def day(merchant: Merchant) -> Day:
    return busy_day(merchant, 3)


@pytest.fixture
def fix(monkeypatch: pytest.MonkeyPatch) -> Callable[[Fix], None]:
    """Gives unknown SKUs a fix of the test's own."""

    def give(made: Fix) -> None:
        monkeypatch.setattr(problems, "FIXES", {"unknown_sku": made})

    return give


def text_of(client: Client, name: str, *args: object, **headers: str) -> str:
    answer = client.get(reverse(name, args=args), headers=headers)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_a_card_says_how_many_wait_what_they_come_to_and_since_when(visit: Visit, alice: User, day: Day) -> None:
    text = text_of(visit(alice), "problems", day.setup.merchant.public_id)
    assert "Your move" in text
    assert "TENT-2P-GRN is not in TradeGecko." in text
    assert "3 orders wait, €258.90, the oldest placed" in text


@pytest.mark.parametrize(("kind", "short"), [("number_too_long", True), ("ref_too_long", False)])
def test_numbers_that_do_not_fit_lead_to_the_limits_of_their_warehouse(
    visit: Visit, alice: User, day: Day, kind: str, short: bool
) -> None:
    with acting_for(day.setup.merchant):
        problem = open_problem(kind, "Order numbers do not fit at TradeGecko.", about=day.setup.warehouse)
        Order.objects.filter(problem=day.unknown_sku).update(problem=problem, reason_code=kind)
    text = text_of(visit(alice), "problem", day.setup.merchant.public_id, problem.pk)
    limits = reverse("warehouse", args=[day.setup.merchant.public_id, day.setup.warehouse.public_id])
    assert f'href="{limits}"' in text
    assert ("Send the short number" in text) is short, "where not even the short one fits it is not offered"
    assert "try again" not in text


def test_a_kind_with_a_fix_shows_it_in_place_to_those_who_may_act(
    visit: Visit, alice: User, day: Day, fix: Callable[[Fix], None]
) -> None:
    fix(Fix("components/empty.html", lambda card: {"title": card.problem.subject}, retry=False))
    text = text_of(visit(alice), "problem", day.setup.merchant.public_id, day.unknown_sku.pk)
    assert 'class="fix"' in text
    assert "try again" not in text, "what cannot help is not offered"
    vera = make_member(day.setup.merchant, "vera@example.com", Role.VIEWER)
    seen = text_of(visit(vera), "problem", day.setup.merchant.public_id, day.unknown_sku.pk)
    assert "TENT-2P-GRN is not in TradeGecko." in seen
    assert 'class="fix"' not in seen


def test_every_fix_names_a_template_that_is_there() -> None:
    from django.template.loader import get_template

    assert [get_template(each.template) is not None for each in fixes.FIXES.values()] == [True] * len(fixes.FIXES)


def test_solving_shows_the_orders_go_until_the_last_has_gone(visit: Visit, alice: User, day: Day) -> None:
    client, where = visit(alice), (day.setup.merchant.public_id, day.unknown_sku.pk)
    answer = client.post(reverse("retry_problem", args=where))
    assert answer["location"] == reverse("problem", args=where)
    page = text_of(client, "problem", *where)
    assert "0 of 3 orders went on, 3 on their way." in page
    assert "Solved" in page
    with acting_for(day.setup.merchant):
        mine = list(Order.objects.filter(number__in=[order.number for order in Order.objects.filter(status="new")]))
        waited = Problem.objects.get(pk=day.unknown_sku.pk).data["waited"]
        assert len(waited) == 3
        assert set(waited) <= {order.pk for order in mine}
        Order.objects.filter(pk__in=waited[:2]).update(status="at_wms")
    part = text_of(client, "problem", *where, **IN_PART)
    assert "2 of 3 orders went on, 1 on its way." in part
    assert "hx-get" in part
    assert "<html" not in part
    with acting_for(day.setup.merchant):
        Order.objects.filter(pk=waited[2]).update(status="held")
    end = text_of(client, "problem", *where, **IN_PART)
    assert "2 orders went on. 1 stopped again for another reason, which its page says." in end
    assert "hx-get" not in end


def test_a_fix_that_frees_nothing_has_solved_nothing(day: Day) -> None:
    with acting_for(day.setup.merchant):
        with solving(day.unknown_sku):
            pass
        assert "waited" not in Problem.objects.get(pk=day.unknown_sku.pk).data


def test_an_orders_page_leads_to_the_card_of_what_it_waits_for(visit: Visit, alice: User, day: Day) -> None:
    public_id = day.setup.merchant.public_id
    assert reverse("problem", args=[public_id, day.unknown_sku.pk]) in text_of(visit(alice), "order", public_id, day.in_error.ref)
