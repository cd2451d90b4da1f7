"""The SKU page, its rules and files, and the fix on a Problem's card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cartrover.connections.forms import NameForm
from cartrover.events.models import Problem
from cartrover.inventory.models import Listing, SkuPart, SkuRule
from cartrover.inventory.sku_files import COLUMNS, plan, rows
from cartrover.inventory.sku_map import Match, match_of
from cartrover.inventory.sku_rules import MOST_UNITS, Wanted, as_wanted, rules
from cartrover.inventory.skus import Part, Translation
from cartrover.merchants.models import Change, Merchant, Role, User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.pages import csv_files
from cartrover.pages.csv_files import Errors
from cartrover.sync import sku_rules
from cartrover.sync.models import Stream
from cartrover.sync.storing import store
from integrations.contract import SKU
from integrations.ebay.identifiers import IDENTIFIERS
from tests.conftest import make_member
from tests.inventory.rules import rule
from tests.sync.fake_cart import Shop, add_item, line_record, order_record

Visit = Callable[[User | None], Client]


@dataclass
class Desk:
    """Alice at her SKU page. The warehouse has RED-01 and BLUE-01; eBay Germany lists what a test says."""

    shop: Shop
    client: Client

    def url(self, name: str, *args: Any) -> str:
        return reverse(name, args=[self.shop.merchant.public_id, *args])

    def lists(self, *listings: tuple[str, str, str]) -> None:
        """(external id, SKU, title) of what the cart sells."""
        with acting_for(self.shop.merchant):
            for external_id, sku, title in listings:
                Listing.objects.create(connection=self.shop.connection, external_id=external_id, sku=sku, title=title)

    def order(self, key: str, *skus: str) -> Order:
        lines = tuple(line_record(f"L{at}", sku=sku) for at, sku in enumerate(skus))
        with acting_for(self.shop.merchant):
            store(self.shop.connection, [order_record(key, lines=lines)], pulled_at=timezone.now())
        return self.again(key)

    def again(self, key: str) -> Order:
        with acting_for(self.shop.merchant):
            return Order.objects.select_related("problem").get(external_id=key)

    def shown(self, **asked: str) -> str:
        return " ".join(self.client.get(self.url("skus"), asked).content.decode().split())

    def post(self, name: str, *args: Any, **data: Any) -> str:
        answer = self.client.post(self.url(name, *args), data, follow=True)
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())

    def rules(self) -> dict[str, Wanted]:
        with acting_for(self.shop.merchant):
            return {each.sku: as_wanted(each) for each in rules()}

    def upload(self, content: bytes) -> str:
        return self.post("import_skus", file=SimpleUploadedFile("rules.csv", content))


@pytest.fixture
def desk(merchant: Merchant, alice: User, visit: Visit) -> Desk:
    return Desk(Shop.open(merchant), visit(alice))


# ------------------------------------------------------------------------------------------------------------------- the map


def test_each_code_stands_under_the_tab_that_says_how_it_goes_together(desk: Desk) -> None:
    desk.lists(("1", "RED-01", "Red mug"), ("2", "GREEN-01", "Green mug"), ("3", "", "Mug without"), ("4", "TWIN", "Two mugs"))
    assert desk.shop.warehouse.connection is not None
    with acting_for(desk.shop.merchant):
        add_item(desk.shop.warehouse.connection, "TWIN", "a")
        add_item(desk.shop.warehouse.connection, "TWIN", "b")
    told = {
        "matched": "Red mug",
        "unmatched": "Green mug",
        "duplicate": "Two mugs",
        "without": "Mug without",
        "unsold": "BLUE-01",
    }
    for tab, words in told.items():
        text = desk.shown(tab=tab)
        assert words in text
        assert not [other for name, other in told.items() if name != tab and f">{other}" in text]


@pytest.mark.parametrize(
    ("code", "sent_as", "match"),
    [
        ("", Translation((Part(""),)), Match.WITHOUT),
        ("A", Translation((Part("A"),)), Match.MATCHED),
        ("B", Translation((Part("A", 3), Part("C"))), Match.UNMATCHED),
        ("B", Translation((Part("A"), Part("TWICE"))), Match.DUPLICATE),
        ("B", Translation((), "leave_out"), Match.MATCHED),
        ("B", Translation((), "refuse"), Match.MATCHED),
    ],
)
def test_a_code_is_matched_when_all_it_is_sent_as_is_there_once(code: str, sent_as: Translation, match: Match) -> None:
    assert match_of(code, sent_as, {"A": 1, "TWICE": 2}) == match


def test_a_code_that_only_orders_name_shows_with_how_many_wait(desk: Desk) -> None:
    desk.order("1", "GREEN-01")
    desk.order("2", "GREEN-01")
    text = desk.shown(tab="unmatched")
    assert "GREEN-01" in text
    assert "2 orders wait" in text


def test_the_map_is_searched_narrowed_to_a_cart_and_paged_from_a_row_on(desk: Desk) -> None:
    desk.lists(*((str(at), f"NEW-{at:03d}", f"Thing {at}") for at in range(120)))
    assert "NEW-007" in desk.shown(tab="unmatched", q="thing 7")
    assert "NEW-008" not in desk.shown(tab="unmatched", q="thing 7")
    assert "Nothing here is like that" in desk.shown(tab="unmatched", q="no such thing")
    assert "NEW-007" in desk.shown(tab="unmatched", cart=desk.shop.cart.public_id)
    answer = desk.client.get(desk.url("skus"), {"tab": "unmatched"})
    seen = []
    query = "?tab=unmatched"
    while query:
        page = desk.client.get(desk.url("skus") + query).context["page"]
        seen += [entry.code for entry in page.rows]
        with acting_for(desk.shop.merchant):  # what goes away meanwhile moves nothing past the next page
            Listing.objects.filter(sku=seen[-1]).delete()
        query = page.older
    assert seen == [f"NEW-{at:03d}" for at in range(120)]
    assert answer.context["page"].newer == ""


def test_a_viewer_sees_the_map_and_changes_nothing(desk: Desk, visit: Visit) -> None:
    desk.lists(("2", "GREEN-01", "Green mug"))
    viewer = visit(make_member(desk.shop.merchant, "vera@example.com", Role.VIEWER))
    text = viewer.get(desk.url("skus")).content.decode()
    assert "GREEN-01" in text
    assert "Leave the line out" not in text
    assert "New rule" not in text
    assert viewer.post(desk.url("match_sku"), {"code": "GREEN-01", "sku": "RED-01"}).status_code == 403


# ------------------------------------------------------------------------------------------------------------ matching in place


def test_the_likeliest_sku_is_offered_and_matched_in_one_press(desk: Desk) -> None:
    desk.lists(("2", "red_01", "Red mug"))
    waiting = desk.order("1", "red_01")
    assert 'aria-label="Match red_01 with RED-01"' in desk.shown(tab="unmatched")
    text = desk.post("match_sku", code="red_01", sku=["", "RED-01"], units="1")
    assert "red_01 is sent as RED-01. 1 order goes on." in text
    assert desk.again(waiting.external_id).status == "new"
    with acting_for(desk.shop.merchant):
        assert not Problem.objects.filter(closed_at__isnull=True).exists()


def test_a_saved_rule_wakes_delivery_and_stock_and_is_in_the_audit(desk: Desk) -> None:
    desk.order("1", "GREEN-01")
    with acting_for(desk.shop.merchant):
        Stream.objects.create(connection=desk.shop.connection, kind=Stream.Kind.PUSH_STOCK, due_at=timezone.now())
        Stream.objects.update(due_at=timezone.now() + timedelta(hours=1))
    desk.post("match_sku", code="GREEN-01", sku="RED-01", units="12")
    with acting_for(desk.shop.merchant):
        woken = set(Stream.objects.filter(due_at__lte=timezone.now()).values_list("kind", flat=True))
        change = Change.objects.get(about="skurule")
    assert woken == {Stream.Kind.DELIVER_ORDERS, Stream.Kind.PUSH_STOCK}
    assert (change.actor, change.name, change.after["parts"]) == ("alice@example.com", "GREEN-01", "12 x RED-01")


def test_a_line_may_be_left_out_in_one_press(desk: Desk) -> None:
    order = desk.order("1", "WARRANTY", "RED-01")
    desk.post("match_sku", code="WARRANTY", leave_out="yes")
    assert desk.again(order.external_id).status == "new"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"code": "X", "sku": ""}, "SKU is missing"),
        ({"code": "X", "sku": "Y", "units": "0"}, "whole number from 1"),
        ({"code": "X", "sku": "Y", "units": "two"}, "whole number from 1"),
        ({"code": "", "sku": "Y"}, "The cart&#x27;s SKU is missing"),
        ({"code": "X" * 201, "sku": "Y"}, "longer than 200 characters"),
    ],
)
def test_what_makes_no_rule_is_said_and_nothing_is_kept(desk: Desk, data: dict[str, str], words: str) -> None:
    assert words in desk.post("match_sku", **data)
    assert desk.rules() == {}


def test_a_sku_that_no_warehouse_has_yet_is_taken_with_a_warning(desk: Desk) -> None:
    assert "No warehouse has PINK-01 yet." in desk.post("match_sku", code="X", sku="PINK-01")
    assert desk.rules()["X"].parts == (Part("PINK-01"),)


def test_the_way_back_leads_nowhere_else(desk: Desk) -> None:
    for named in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        answer = desk.client.post(desk.url("match_sku"), {"code": "X", "sku": "RED-01", "next": named})
        assert answer["location"] == desk.url("skus")


# ----------------------------------------------------------------------------------------------------------------------- rules


def test_a_kit_is_made_on_its_page_row_by_row(desk: Desk) -> None:
    first = {"code": "SET", "cart": "all", "action": "send", "part_sku": ["RED-01"], "part_units": ["2"]}
    text = desk.post("new_sku_rule", **first, more="yes")
    assert text.count('name="part_sku"') == 2
    assert desk.rules() == {}
    desk.post("new_sku_rule", **{**first, "part_sku": ["RED-01", "BLUE-01", ""], "part_units": ["2", "1", "1"]})
    assert desk.rules()["SET"] == Wanted("SET", None, "send", False, (Part("RED-01", 2), Part("BLUE-01")))


def test_a_rule_of_one_cart_a_promotional_code_and_a_refusal_are_choices_of_the_form(desk: Desk) -> None:
    desk.post("new_sku_rule", code="GIFT", cart=desk.shop.cart.public_id, action="leave_out", promotional="on")
    desk.post("new_sku_rule", code="RECALLED", cart="all", action="refuse", part_sku="RED-01", part_units="1")
    made = desk.rules()
    assert (made["GIFT"].cart, made["GIFT"].promotional, made["GIFT"].parts) == (desk.shop.cart, True, ())
    assert (made["RECALLED"].action, made["RECALLED"].parts) == ("refuse", ())


def test_a_second_rule_for_a_code_is_not_made_behind_the_first(desk: Desk) -> None:
    rule(desk.shop.merchant, "SET", {"RED-01": 1})
    text = desk.post("new_sku_rule", code="SET", cart="all", action="send", part_sku="BLUE-01", part_units="1")
    assert "There is a rule for SET already." in text
    assert desk.rules()["SET"].parts == (Part("RED-01"),)


def test_a_changed_rule_judges_again_what_waits(desk: Desk) -> None:
    made = rule(desk.shop.merchant, "SET", {"RED-01": 1, "PINK-01": 1})
    order = desk.order("1", "SET")
    assert order.status == "error"
    desk.post("sku_rule", made.pk, action="send", part_sku=["BLUE-01"], part_units=["3"])
    assert desk.again("1").status == "new"
    assert desk.rules()["SET"].parts == (Part("BLUE-01", 3),)


def test_a_deleted_rule_no_longer_counts(desk: Desk) -> None:
    made = rule(desk.shop.merchant, "RED-01", action="leave_out")
    assert desk.order("1", "RED-01").status == "skipped"
    assert "RED-01 goes by its own SKU again." in desk.post("delete_sku_rule", made.pk)
    assert desk.again("1").status == "new"
    with acting_for(desk.shop.merchant):
        assert Change.objects.filter(about="skurule", what="deleted the rule for a SKU").exists()


def test_a_rule_that_refuses_stops_what_was_ready(desk: Desk) -> None:
    desk.order("1", "RED-01")
    desk.post("new_sku_rule", code="RED-01", cart="all", action="refuse")
    assert (desk.again("1").status, desk.again("1").reason_code) == ("error", "refused_sku")


def test_what_may_be_at_the_warehouse_is_not_judged_again(desk: Desk) -> None:
    order = desk.order("1", "RED-01")
    with acting_for(desk.shop.merchant):
        Order.objects.filter(pk=order.pk).update(status="at_wms")
        sku_rules.save(Wanted("RED-01", action="refuse"), "a test")
    assert desk.again("1").status == "at_wms"


# ----------------------------------------------------------------------------------------------------------- a Problem's fix


def test_a_problem_is_fixed_on_its_card_and_all_that_waited_goes_on(desk: Desk) -> None:
    first, second = desk.order("1", "GREEN-01"), desk.order("2", "GREEN-01")
    assert first.problem is not None
    card = desk.client.get(desk.url("problem", first.problem.pk)).content.decode()
    assert reverse("match_problem", args=[desk.shop.merchant.public_id, first.problem.pk]) in card
    text = desk.post("match_problem", first.problem.pk, sku=["", "RED-01"], units="1")
    assert "GREEN-01 is sent as RED-01. 2 orders go on." in text
    assert {desk.again(each.external_id).status for each in (first, second)} == {"new"}


def test_a_problems_suggestions_are_read_when_they_are_looked_at(desk: Desk) -> None:
    order = desk.order("1", "blue/01")
    assert order.problem is not None
    text = desk.client.get(desk.url("suggest_skus", order.problem.pk)).content.decode()
    assert "Match blue/01 with BLUE-01" in text


def test_a_sku_that_a_rule_led_to_is_fixed_by_that_rule(desk: Desk) -> None:
    made = rule(desk.shop.merchant, "SET", {"PINK-01": 1})
    order = desk.order("1", "SET")
    assert order.problem is not None
    card = desk.client.get(desk.url("problem", order.problem.pk)).content.decode()
    assert desk.url("sku_rule", made.pk) in card
    assert desk.url("match_problem", order.problem.pk) not in card


# ----------------------------------------------------------------------------------------------------------------------- files


def test_a_file_is_shown_as_what_it_changes_and_applied_when_it_was_seen(desk: Desk) -> None:
    rule(desk.shop.merchant, "OLD", {"RED-01": 1})
    rule(desk.shop.merchant, "AWAY", {"RED-01": 1})
    desk.order("1", "SET")
    content = (
        b"code,cart,action,no_product,sku,units\r\n"
        b"SET,,send,no,RED-01,2\r\nSET,,send,no,BLUE-01,\r\n"
        b"OLD,,leave out,yes,,\r\nAWAY,,delete,,,\r\nGIFT,eBay Germany,refuse,yes,,\r\n"
    )
    text = desk.upload(content)
    assert "2 to add, 1 to change, 1 to delete" in text
    assert set(desk.rules()) == {"OLD", "AWAY"}
    answer = desk.client.post(desk.url("import_skus"), {"file": SimpleUploadedFile("r.csv", content)})
    again = {"text": answer.context["text"], "seen": answer.context["seen"], "apply": "yes"}
    assert "2 rules added, 1 changed, 1 deleted. 1 orders go on." in desk.post("import_skus", **again)
    made = desk.rules()
    assert set(made) == {"SET", "OLD", "GIFT"}
    assert made["SET"].parts == (Part("RED-01", 2), Part("BLUE-01"))
    assert (made["OLD"].action, made["OLD"].promotional) == ("leave_out", True)
    assert made["GIFT"].cart == desk.shop.cart


def test_what_has_changed_since_it_was_seen_is_shown_anew(desk: Desk) -> None:
    text = "code,sku\nSET,RED-01\n"
    seen = desk.client.post(desk.url("import_skus"), {"text": text}).context["seen"]
    rule(desk.shop.merchant, "SET", {"BLUE-01": 1})
    assert "The rules have changed since you looked." in desk.post("import_skus", text=text, seen=seen, apply="yes")
    assert desk.rules()["SET"].parts == (Part("BLUE-01"),)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"sku\nRED-01\n", "has no column"),
        (b"code,sku\nGR\xdcN,RED-01\n", "Line 2 is not UTF-8"),
        (b"code,sku,units\nA,RED-01,1.5\n", "Line 2: “1.5” is no whole number of units."),
        (b"code,sku,units\nA,RED-01,0\n", "Line 2: The units of a part are a whole number from 1 to 10,000."),
        (b"code,cart,sku\nA,Nowhere,RED-01\n", "Line 2: There is no cart called Nowhere."),
        (b"code,action\nA,give away\n", "is no action"),
        (b"code,no_product\nA,perhaps\n", "no_product is yes or no"),
        (b"code,sku\nA,\n", "Line 2: The warehouse&#x27;s SKU is missing."),
        (b"code,sku\n,RED-01\n", "Line 2: The cart&#x27;s SKU is missing."),
        (b"code,sku\nA,RED-01\nB,X\nA,RED-01\n", "Line 2: RED-01 is named twice."),
        (b"code,action,sku\nA,leave out,RED-01\n", "Line 2: What is left out or refused is sent as nothing."),
        (b"code,action,sku\nA,send,RED-01\nA,refuse,\n", "Line 3: says otherwise of A than line 2."),
        (b"code,action\nA,delete\n", "Line 2: There is no rule for A to delete."),
    ],
)
def test_a_bad_file_changes_nothing_and_says_where(desk: Desk, content: bytes, words: str) -> None:
    assert words in desk.upload(content)
    assert desk.rules() == {}


def test_a_file_of_two_carts_of_one_name_cannot_tell_them_apart(desk: Desk) -> None:
    with acting_for(desk.shop.merchant):
        type(desk.shop.cart).objects.create(integration="ebay", name="eBay Germany", connection=desk.shop.connection)
    assert "2 carts are called eBay Germany." in desk.upload(b"code,cart,sku\nA,eBay Germany,RED-01\n")


def test_what_is_unmatched_is_exported_with_a_suggestion_and_imported_as_it_is(desk: Desk) -> None:
    desk.lists(("1", "red_01", "Red mug"), ("2", "ZZZ", "Something"))
    content = desk.client.get(desk.url("export_skus"), {"tab": "unmatched"}).content
    assert b"red_01,,send,no,RED-01,1" in content
    assert b"ZZZ,,send,no,,1" in content


codes = (
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=10).map(str.strip).filter(bool)
)
parts = st.lists(st.builds(Part, codes, st.integers(1, MOST_UNITS)), min_size=1, max_size=4, unique_by=lambda part: part.sku)
kept = st.one_of(
    st.builds(lambda code, no_product, parts: Wanted(code, None, "send", no_product, tuple(parts)), codes, st.booleans(), parts),
    st.builds(
        lambda code, action, no: Wanted(code, None, action, no), codes, st.sampled_from(["leave_out", "refuse"]), st.booleans()
    ),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.lists(kept, min_size=1, max_size=4, unique_by=lambda each: each.code))
def test_what_is_exported_is_imported_again_as_the_same_rules(merchant: Merchant, wanted: list[Wanted]) -> None:
    with acting_for(merchant):
        sku_rules.apply(wanted, [], "a test")
        written = "".join(csv_files.lines(COLUMNS, rows(rules().order_by("pk"))))
        made = plan(csv_files.read(written, COLUMNS, ("code",), Errors()), Errors(), [], rules())
        assert (made.errors.found, made.added, made.changed, made.same) == ([], [], [], len(wanted))
        SkuPart.objects.all().delete()
        SkuRule.objects.all().delete()
        assert plan(csv_files.read(written, COLUMNS, ("code",), Errors()), Errors(), [], rules()).added == wanted


# --------------------------------------------------------------------------------------------------------- the cart's own number


def test_a_carts_page_offers_the_numbers_that_its_products_may_go_by(desk: Desk) -> None:
    cart = desk.shop.cart
    page = desk.client.get(desk.url("cart", cart.public_id)).content.decode()
    assert [f'value="{value}"' in page for value in ("sku", "item_id", "variation_sku")] == [True, True, True]


@pytest.mark.parametrize(("posted", "kept"), [("item_id", "item_id"), ("sku", ""), ("", None)])
def test_the_form_keeps_the_number_that_was_chosen(posted: str, kept: str | None) -> None:
    form = NameForm({"name": "x", "identifier": "variation_sku"}, {"name": "x", "identifier": posted}, IDENTIFIERS)
    assert form.is_valid()
    assert form.values.get("identifier") == kept


def test_where_there_is_no_choice_none_is_shown() -> None:
    assert "identifier" not in NameForm({"name": "x"}, identifiers=(SKU,)).fields
