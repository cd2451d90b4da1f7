"""The way in, the dashboard, and the pages round them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cartrover.connections.models import Connection
from cartrover.events.telling import event, open_problem, tell
from cartrover.merchants.models import Member, Merchant, Role, User
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.portal.states import LOOKS, look
from cartrover.sync.models import Stream
from tests.conftest import make_merchant
from tests.portal.story import busy_day, set_up

Visit = Callable[[User | None], Client]


def test_home_asks_who_you_are(visit: Visit, db: None) -> None:
    assert visit(None).get("/")["location"].startswith(reverse("account_login"))


def test_home_leads_to_the_merchant_of_the_last_visit(visit: Visit, alice: User, merchant: Merchant) -> None:
    second = make_merchant("Second")
    with acting_for(second):
        Member.objects.create(user=alice)
    client = visit(alice)
    client.get(reverse("dashboard", args=[second.public_id]))
    assert client.get("/")["location"] == reverse("dashboard", args=[second.public_id])
    with acting_for(second):
        Member.objects.all().delete()
    assert client.get("/")["location"] == reverse("dashboard", args=[merchant.public_id])


def test_who_has_no_merchant_makes_one_and_owns_it(visit: Visit, db: None) -> None:
    dora = User.objects.create_user("dora@example.com", "correct horse battery")
    client = visit(dora)
    assert client.get("/")["location"] == reverse("new_merchant")
    answer = client.post(reverse("new_merchant"), {"name": "Dora's Tents", "time_zone": "Europe/Lisbon"})
    with across_merchants("a test looks"):
        member = Member.objects.select_related("merchant").get(user=dora)
    assert (member.role, member.merchant.name, member.merchant.time_zone) == ("owner", "Dora's Tents", "Europe/Lisbon")
    assert answer["location"] == reverse("dashboard", args=[member.merchant.public_id])


def test_a_time_zone_that_does_not_exist_is_refused(visit: Visit, alice: User) -> None:
    answer = visit(alice).post(reverse("new_merchant"), {"name": "X", "time_zone": "Mars/Olympus"})
    assert answer.status_code == 200
    assert answer.context["form"].errors


def test_the_switcher_offers_a_persons_own_merchants_only(
    visit: Visit, alice: User, merchant: Merchant, other_merchant: Merchant
) -> None:
    text = visit(alice).get(reverse("dashboard", args=[merchant.public_id])).content.decode()
    assert merchant.name in text
    assert other_merchant.name not in text


def test_the_dashboard_counts_what_is_there_and_links_each_number_to_its_list(
    visit: Visit, alice: User, merchant: Merchant
) -> None:
    busy_day(merchant, 12)
    client = visit(alice)
    text = client.get(reverse("dashboard", args=[merchant.public_id])).content.decode()
    tiles = re.findall(r'href="([^"]+\?status=(\w+))">\s*<b>([\d,]+)</b>', text)
    assert len(tiles) == 8
    for url, status, number in tiles:
        rows = client.get(url).context["page"].rows
        assert len(rows) == int(number), status
        assert {order.status for order in rows} <= {status}
    assert "3 orders, €258.90" in text


def test_the_moving_part_is_sent_again_only_when_it_changed(visit: Visit, alice: User, merchant: Merchant) -> None:
    day = busy_day(merchant, 3)
    client = visit(alice)
    live = reverse("live", args=[merchant.public_id])
    seen = re.search(r"seen=(\w+)", client.get(live).content.decode())
    assert seen is not None
    assert client.get(live, {"seen": seen.group(1)}).status_code == 204
    with acting_for(merchant):
        tell([event(day.shipped, "confirmed", "The cart shows the package.")])
    after = client.get(live, {"seen": seen.group(1)})
    assert after.status_code == 200
    assert "The cart shows the package." in after.content.decode()


@pytest.mark.parametrize(
    ("connection", "stream", "words"),
    [
        ({"state": "needs_attention"}, {}, "Needs attention"),
        ({}, {"failing_since": timezone.now()}, "next try"),
        ({}, {}, "Live"),
    ],
)
def test_the_flow_says_how_each_end_stands(
    visit: Visit, alice: User, merchant: Merchant, connection: dict[str, object], stream: dict[str, object], words: str
) -> None:
    setup = set_up(merchant)
    with acting_for(merchant):
        Connection.objects.filter(pk=setup.ebay.pk).update(**{"state": "active", **connection})
        if stream:
            later = timezone.now() + timedelta(minutes=3)
            Stream.objects.filter(connection=setup.ebay, kind="pull_orders").update(**stream, due_at=later)
    text = visit(alice).get(reverse("dashboard", args=[merchant.public_id])).content.decode()
    node = text[text.index(f"cart-{setup.carts['EBAY_US'].public_id}") :][:900]
    assert words in node


def test_problems_show_one_card_a_cause_with_what_waits_for_it(visit: Visit, alice: User, merchant: Merchant) -> None:
    day = busy_day(merchant, 3)
    with acting_for(merchant):
        open_problem("reconnect", "eBay no longer lets us in.", about=day.setup.ebay)
    text = visit(alice).get(reverse("problems", args=[merchant.public_id])).content.decode()
    assert text.count("<article") == 2
    assert "TENT-2P-GRN is not in TradeGecko." in text
    assert "3 orders wait" in " ".join(text.split())
    assert reverse("connection", args=[merchant.public_id, day.setup.ebay.public_id]) in text
    assert f"?problem={day.unknown_sku.pk}" in text


def test_a_merchant_without_problems_is_told_so(visit: Visit, alice: User, merchant: Merchant) -> None:
    assert "Nothing is stuck" in visit(alice).get(reverse("problems", args=[merchant.public_id])).content.decode()


def test_the_address_at_the_warehouse_leads_to_the_order(visit: Visit, alice: User, charlie: User, merchant: Merchant) -> None:
    day = busy_day(merchant, 0)
    there = f"/o/{day.shipped.ref}"
    assert visit(alice).get(there)["location"] == reverse("order", args=[merchant.public_id, day.shipped.ref])
    assert visit(charlie).get(there).status_code == 404


def test_health_answers_without_a_session_and_tells_nothing(visit: Visit, db: None) -> None:
    answer = visit(None).get(reverse("health"))
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "mail": "ok"})


def test_every_state_of_every_model_has_a_look() -> None:
    from cartrover.connections.models import GrantAttempt, ServiceHolder
    from cartrover.events.models import Problem
    from cartrover.orders.models import Shipment, Status
    from cartrover.sync.models import Effect

    kinds = (Status, Shipment.State, Connection.State, ServiceHolder.State, GrantAttempt.State, Effect.State, Problem.Whose)
    assert {value for kind in kinds for value in kind.values} - set(LOOKS) == set()


def test_a_state_that_nobody_described_is_still_readable() -> None:
    assert look("some_day").word == "Some day"


def test_a_member_of_two_merchants_goes_from_one_to_the_other_and_comes_back_to_the_last(
    visit: Visit, alice: User, merchant: Merchant, other_merchant: Merchant
) -> None:
    with acting_for(other_merchant):
        Member.objects.create(user=alice, role=Role.VIEWER)
    client = visit(alice)
    here, there = (reverse("dashboard", args=[each.public_id]) for each in (merchant, other_merchant))
    assert f'href="{there}"' in client.get(here).content.decode()
    assert f'href="{here}"' in client.get(there).content.decode()
    assert client.get(reverse("home"))["location"] == there
    assert client.get(reverse("new_cart", args=[merchant.public_id])).status_code == 200, "she owns this one"
    assert client.get(reverse("new_cart", args=[other_merchant.public_id])).status_code == 403, "and only views that one"


def test_a_connection_that_needs_attention_shows_on_all_that_use_it(visit: Visit, alice: User, merchant: Merchant) -> None:
    setup = set_up(merchant)
    with acting_for(merchant):
        Connection.objects.filter(pk=setup.ebay.pk).update(state="needs_attention")
    client = visit(alice)
    for cart in setup.carts.values():
        assert "Needs attention" in client.get(reverse("cart", args=[merchant.public_id, cart.public_id])).content.decode()
    assert client.get(reverse("carts", args=[merchant.public_id])).content.decode().count("Needs attention") == len(setup.carts)
    warehouse = reverse("warehouse", args=[merchant.public_id, setup.warehouse.public_id])
    assert "Needs attention" not in client.get(warehouse).content.decode()
