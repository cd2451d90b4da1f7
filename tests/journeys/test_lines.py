"""Lines that come, go or become something else when an order is at the warehouse already, by eBay's and TradeGecko's ledgers."""

from __future__ import annotations

from typing import Any

import pytest

from cartrover.events.telling import tell
from cartrover.inventory.sku_rules import Wanted
from cartrover.inventory.skus import Part
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import canceling, errands
from cartrover.orders.canceling import cancel_sending, change_again, told_warehouse
from cartrover.orders.models import Order
from cartrover.sync import sku_rules
from integrations.contract import RemoteOrder
from integrations.outcomes import Rejected
from integrations.tradegecko.warehouse import TradeGeckoWarehouse
from tests.faults.outcome import created
from tests.inventory.rules import rule
from tests.journeys.packages import lines_at_warehouse, pull_news, take_back, units_at_warehouse
from tests.journeys.test_changes import at_cart, at_the_warehouse, by_the_warehouse, kinds, later, pack, state, told, voids
from tests.stage import Stage

WELL = ("at_wms", "")
LATE = ("at_wms", "not_changed")


@pytest.fixture
def number(stage: Stage) -> str:
    """An order of two tents that is at the warehouse, which has hats, lamps and pegs as well."""
    stage.stock("TENT-2P", "HAT", "LAMP", "PEG")
    sold = stage.sell("TENT-2P", quantity=2)
    stage.settle()
    assert units_at_warehouse(stage) == {"TENT-2P": 2}
    return sold


def ledger(stage: Stage, kind: str) -> list[tuple[str, str]]:
    """(SKU, units) of each line of goods that we added to an order or took out of it."""
    entries = [entry for entry in stage.world.gecko.ledger(kind) if entry["account_id"] == stage.account and entry["sku"]]
    return [(entry["sku"], entry["quantity"]) for entry in entries]


def total(stage: Stage) -> str:
    return str(at_the_warehouse(stage)["total"])


def leave(stage: Stage, number: str, tracking: str, **units: int) -> None:
    """So many units of each SKU leave the warehouse, or all that is left."""
    lines = {lines_at_warehouse(stage)[sku.replace("_", "-")]: count for sku, count in units.items()}
    stage.ship(number, tracking_number=tracking, **({"lines": lines} if lines else {}))
    stage.settle()


def units_shown(stage: Stage, number: str) -> dict[str, int]:
    """Units by SKU that eBay was told of, all packages together."""
    order = next(each for each in stage.world.ebay.told("orders") if each["orderId"] == number)
    skus = {line["lineItemId"]: line["sku"] for line in order["lineItems"]}
    found: dict[str, int] = {}
    for entry in stage.world.ebay.ledger("shipping_fulfillment"):
        for line in entry["lines"] if entry["order"] == number else ():
            sku = skus[line["lineItemId"]]
            found[sku] = found.get(sku, 0) + line["quantity"]
    return found


def goes_its_way(stage: Stage, number: str, **units: int) -> None:
    """What is left of it ships, eBay is told of these units, and nothing waits for anybody."""
    leave(stage, number, "LAST")
    pull_news(stage)
    assert stage.order(number).status == "confirmed"
    assert units_shown(stage, number) == {sku.replace("_", "-"): count for sku, count in units.items()}
    assert kinds(stage) == []


# ------------------------------------------------------------------------------------------------------------ added, taken away


def test_a_new_line_is_added_at_the_warehouse_once_and_ships_as_any_other(stage: Stage, number: str) -> None:
    at_cart(stage, number, "edit", add=[{"sku": "HAT", "quantity": 3, "price": "4.00"}])
    assert (units_at_warehouse(stage), total(stage)) == ({"TENT-2P": 2, "HAT": 3}, "32.0")
    assert ledger(stage, "order_line_added") == [("HAT", "3.0")]
    assert (state(stage, number), kinds(stage)) == (WELL, [])
    assert told(stage, number)[-1] == "Changed at the warehouse too: units of HAT, total."
    before = len(told(stage, number))
    by_the_warehouse(stage, "PATCH", "", {"notes": "touched"})
    at_cart(stage, number, "touch")
    assert len(told(stage, number)) == before, "our own change is not the warehouse's"
    assert created(stage, number) == 1
    goes_its_way(stage, number, TENT_2P=2, HAT=3)


def test_a_line_that_was_taken_away_is_taken_out_at_the_warehouse(stage: Stage) -> None:
    stage.stock("TENT-2P", "HAT")
    number = stage.sell("TENT-2P", lines=[{"sku": "TENT-2P", "quantity": 2}, {"sku": "HAT", "quantity": 1}])
    stage.settle()
    at_cart(stage, number, "edit", quantities={"HAT": 0})
    assert (units_at_warehouse(stage), total(stage)) == ({"TENT-2P": 2}, "20.0")
    assert ledger(stage, "order_line_removed") == [("HAT", "1.0")]
    assert (state(stage, number), kinds(stage)) == (WELL, [])
    goes_its_way(stage, number, TENT_2P=2)


def test_a_line_that_became_another_product_is_one_taken_out_and_one_added(stage: Stage, number: str) -> None:
    at_cart(stage, number, "edit", skus={"TENT-2P": "LAMP"})
    assert (units_at_warehouse(stage), total(stage)) == ({"LAMP": 2}, "20.0")
    assert (ledger(stage, "order_line_removed"), ledger(stage, "order_line_added")) == ([("TENT-2P", "2.0")], [("LAMP", "2.0")])
    assert (state(stage, number), kinds(stage)) == (WELL, [])
    goes_its_way(stage, number, LAMP=2)


def test_a_new_line_is_sent_as_the_rules_say(stage: Stage, number: str) -> None:
    rule(stage.merchant, "CAMP-SET", {"LAMP": 1, "PEG": 10})
    rule(stage.merchant, "HATS-3", {"HAT": 3})
    at_cart(stage, number, "edit", add=[{"sku": "CAMP-SET", "quantity": 2}, {"sku": "HATS-3", "quantity": 1}])
    assert units_at_warehouse(stage) == {"TENT-2P": 2, "LAMP": 2, "PEG": 20, "HAT": 3}
    assert (total(stage), state(stage, number)) == ("50.0", WELL)
    leave(stage, number, "TENTS", TENT_2P=2, PEG=20)
    leave(stage, number, "LAST")
    pull_news(stage)
    assert (stage.order(number).status, kinds(stage)) == ("confirmed", [])


def test_a_new_line_that_a_rule_leaves_out_stays_at_home_with_its_price(stage: Stage, number: str) -> None:
    rule(stage.merchant, "GIFT", {}, action="leave_out")
    at_cart(stage, number, "edit", add=[{"sku": "GIFT", "quantity": 1, "price": "3.00"}])
    assert (units_at_warehouse(stage), total(stage)) == ({"TENT-2P": 2}, "20.0")
    assert (state(stage, number), kinds(stage)) == (WELL, [])
    leave(stage, number, "LAST")
    assert stage.order(number).status == "shipped"


def test_a_new_line_that_the_warehouse_does_not_know_waits_until_it_does(stage: Stage, number: str) -> None:
    at_cart(stage, number, "edit", add=[{"sku": "SOCK", "quantity": 1}])
    assert (state(stage, number), kinds(stage)) == (LATE, ["not_changed"])
    problem = stage.order(number).problem
    assert problem is not None
    assert "SKU SOCK is not in" in problem.words
    assert ("units of SOCK", "0", "1") in [(each["what"], each["old"], each["new"]) for each in problem.data["differences"]]
    stage.stock("SOCK")
    stage.forget_catalogue()
    stage.settle()
    assert (units_at_warehouse(stage), state(stage, number), kinds(stage)) == ({"TENT-2P": 2, "SOCK": 1}, WELL, [])


def test_a_new_line_that_a_rule_refuses_waits_for_another_rule(stage: Stage, number: str) -> None:
    rule(stage.merchant, "SOCK", {}, action="refuse")
    at_cart(stage, number, "edit", add=[{"sku": "SOCK", "quantity": 1}])
    assert (state(stage, number), units_at_warehouse(stage)) == (LATE, {"TENT-2P": 2})
    with acting_for(stage.merchant):
        sku_rules.save(Wanted(code="SOCK", parts=(Part("HAT", 2),)), "bob@example.com")
    stage.settle("deliver_orders")
    assert (units_at_warehouse(stage), state(stage, number), kinds(stage)) == ({"TENT-2P": 2, "HAT": 2}, WELL, [])


def test_a_listing_shows_less_of_what_was_added_once(stage: Stage) -> None:
    stage.stock("TENT-2P", "HAT")
    stage.world.ebay.control("listings", seller=stage.seller, marketplace="EBAY_US", sku="HAT", quantity=50, price="10.00")
    number = stage.sell("TENT-2P")
    for _ in range(2):
        stage.settle()
    assert stage.shown("HAT") == 50
    at_cart(stage, number, "edit", add=[{"sku": "HAT", "quantity": 3}])
    stage.settle("pull_orders", "push_stock")
    assert (stage.shown("HAT"), units_at_warehouse(stage)["HAT"]) == (47, 3)
    stage.let_deliveries_age()
    for _ in range(2):
        stage.settle()
    assert stage.shown("HAT") == 47


# ------------------------------------------------------------------------------------------------------------------ lost answers


@pytest.mark.parametrize("fault", ["effect_then_reset", "reset", "effect_then_status", "truncate"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "^/order_line_items$"), ("DELETE", "^/order_line_items/"), ("PUT", "^/order_line_items/"), ("PUT", "^/orders/")],
    ids=["added", "taken out", "changed", "noted"],
)
def test_an_answer_that_gets_lost_makes_no_line_twice(stage: Stage, fault: str, method: str, path: str) -> None:
    stage.stock("TENT-2P", "HAT", "LAMP", "PEG")
    number = stage.sell("TENT-2P", lines=[{"sku": "TENT-2P", "quantity": 2}, {"sku": "HAT", "quantity": 1}])
    stage.settle()
    stage.world.gecko.fault(fault, method=method, path=path, **({"status": 500} if "status" in fault else {}))
    added = [{"sku": "LAMP", "quantity": 1}, {"sku": "PEG", "quantity": 4, "price": "1.00"}]
    at_cart(stage, number, "edit", quantities={"TENT-2P": 3, "HAT": 0}, add=added, note="Ring twice")
    later(stage)
    assert (units_at_warehouse(stage), total(stage)) == ({"TENT-2P": 3, "LAMP": 1, "PEG": 4}, "44.0")
    assert sorted(ledger(stage, "order_line_added")) == [("LAMP", "1.0"), ("PEG", "4.0")]
    assert ledger(stage, "order_line_removed") == [("HAT", "1.0")]
    assert (state(stage, number), kinds(stage)) == (WELL, [])
    goes_its_way(stage, number, TENT_2P=3, LAMP=1, PEG=4)


def test_what_leaves_before_the_answer_is_known_is_told_of_its_own_line(stage: Stage, number: str) -> None:
    """The line was added, its answer got lost, and the whole order is packed and gone before we ask again."""
    stage.world.gecko.fault("effect_then_reset", method="POST", path="^/order_line_items$")
    at_cart(stage, number, "edit", add=[{"sku": "HAT", "quantity": 1}])
    assert stage.order(number).lines_now is not None
    stage.ship(number, tracking_number="ALL")
    stage.settle("pull_shipments")
    later(stage)
    stage.settle()
    pull_news(stage)
    assert ledger(stage, "order_line_added") == [("HAT", "1.0")]
    assert (stage.order(number).status, kinds(stage)) == ("confirmed", [])
    assert [tracking for _, tracking in stage.packages_at_ebay()] == ["ALL"]


def test_what_is_edited_again_while_the_first_change_is_in_doubt_is_there_in_the_end(stage: Stage, number: str) -> None:
    stage.world.gecko.fault("effect_then_reset", method="POST", path="^/order_line_items$")
    at_cart(stage, number, "edit", add=[{"sku": "HAT", "quantity": 1}])
    at_cart(stage, number, "edit", quantities={"HAT": 2}, add=[{"sku": "LAMP", "quantity": 1}])
    later(stage)
    assert units_at_warehouse(stage) == {"TENT-2P": 2, "HAT": 2, "LAMP": 1}
    assert sorted(ledger(stage, "order_line_added")) == [("HAT", "1.0"), ("LAMP", "1.0")]
    assert (state(stage, number), kinds(stage)) == (WELL, [])


def test_a_line_that_is_taken_back_while_it_is_in_doubt_does_not_stay_at_the_warehouse(stage: Stage, number: str) -> None:
    stage.world.gecko.fault("effect_then_reset", method="POST", path="^/order_line_items$")
    at_cart(stage, number, "edit", add=[{"sku": "HAT", "quantity": 1}])
    at_cart(stage, number, "edit", quantities={"HAT": 0})
    later(stage)
    assert (units_at_warehouse(stage), total(stage)) == ({"TENT-2P": 2}, "20.0")
    assert (state(stage, number), kinds(stage)) == (WELL, [])
    goes_its_way(stage, number, TENT_2P=2)


def test_a_line_that_came_while_the_order_was_on_its_way_is_added_when_it_is_there(stage: Stage) -> None:
    stage.stock("TENT-2P", "HAT", "LAMP")
    number = stage.sell("TENT-2P")
    stage.world.gecko.fault("effect_then_reset", method="POST", path="/orders$")
    stage.settle()
    assert stage.order(number).status == "new"
    at_cart(stage, number, "edit", add=[{"sku": "HAT", "quantity": 2}], skus={"TENT-2P": "LAMP"})
    later(stage)
    assert (units_at_warehouse(stage), created(stage, number)) == ({"LAMP": 1, "HAT": 2}, 1)
    assert (state(stage, number), kinds(stage)) == (WELL, [])


@pytest.mark.parametrize("refused", [False, True])
def test_what_is_canceled_while_a_change_is_on_its_way_is_voided_all_the_same(
    stage: Stage, number: str, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    told = TradeGeckoWarehouse.change_order
    canceled: list[bool] = []

    def canceled_meanwhile(warehouse: TradeGeckoWarehouse, *wanted: Any, **how: Any) -> RemoteOrder:
        with acting_for(stage.merchant):
            cancel_sending(Order.objects.all(), "bob@example.com")
        canceled.append(True)
        if refused:
            raise Rejected("Not today.")
        return told(warehouse, *wanted, **how)

    monkeypatch.setattr(TradeGeckoWarehouse, "change_order", canceled_meanwhile)
    at_cart(stage, number, "edit", add=[{"sku": "HAT", "quantity": 1}])
    stage.settle("deliver_orders")
    assert canceled == [True]
    assert (state(stage, number), voids(stage), kinds(stage)) == (("canceled", "canceled_here"), 1, [])


# ---------------------------------------------------------------------------------------------------------------------- too late


def by_hand(stage: Stage) -> None:
    """A person says that the warehouse was told."""
    with acting_for(stage.merchant):
        assert told_warehouse(Order.objects.all(), "bob@example.com") == 1


def differences(stage: Stage, number: str) -> dict[str, tuple[str, str]]:
    problem = stage.order(number).problem
    assert problem is not None
    return {each["what"]: (each["old"], each["new"]) for each in problem.data["differences"]}


@pytest.mark.parametrize("first", ["the change", "the buyer"])
def test_of_two_causes_each_is_solved_by_itself_and_the_other_stays(stage: Stage, number: str, first: str) -> None:
    pack(stage)
    if first == "the buyer":
        at_cart(stage, number, "request-cancel")
    at_cart(stage, number, "edit", add=[{"sku": "HAT", "quantity": 1}])
    if first == "the change":
        at_cart(stage, number, "request-cancel")
    assert sorted(kinds(stage)) == ["cancel_asked_late", "not_changed"]
    with acting_for(stage.merchant):
        assert canceling.may_be_told(stage.order(number)), "the card of the change has its button"
    if first == "the change":
        at_cart(stage, number, "reject-cancel")
        assert (state(stage, number), kinds(stage)) == (LATE, ["not_changed"])
        by_hand(stage)
    else:
        by_hand(stage)
        assert (state(stage, number), kinds(stage)) == (("at_wms", "cancel_asked_late"), ["cancel_asked_late"])
        at_cart(stage, number, "reject-cancel")
    assert (state(stage, number), kinds(stage)) == (WELL, [])


def test_a_line_that_comes_when_it_is_packed_is_a_persons_to_tell_and_waits_for_it(stage: Stage, number: str) -> None:
    pack(stage)
    at_cart(stage, number, "edit", add=[{"sku": "HAT", "quantity": 1}])
    assert (state(stage, number), kinds(stage), ledger(stage, "order_line_added")) == (LATE, ["not_changed"], [])
    assert differences(stage, number)["units of HAT"] == ("0", "1")
    leave(stage, number, "TENTS")
    assert (stage.order(number).status, kinds(stage)) == ("shipped", ["not_changed"]), "the hat is still to come"
    by_hand(stage)
    assert (state(stage, number), kinds(stage)) == (WELL, [])


def test_a_change_that_was_not_taken_is_tried_again_by_a_button(stage: Stage, number: str) -> None:
    pack(stage)
    at_cart(stage, number, "edit", add=[{"sku": "HAT", "quantity": 1}])
    (box,) = at_the_warehouse(stage)["fulfillments"]
    take_back(stage, box)
    with acting_for(stage.merchant):
        assert change_again(Order.objects.all(), "bob@example.com")[0] == 1
    stage.settle("deliver_orders")
    assert (units_at_warehouse(stage), state(stage, number), kinds(stage)) == ({"TENT-2P": 2, "HAT": 1}, WELL, [])


@pytest.mark.parametrize("told_first", [True, False])
def test_a_line_that_a_person_has_added_there_is_told_when_it_leaves(stage: Stage, number: str, told_first: bool) -> None:
    pack(stage)
    at_cart(stage, number, "edit", add=[{"sku": "HAT", "quantity": 1}])
    hat = next(
        each["variant_id"]
        for each in stage.world.gecko.control("GET", "summary")["stock"]
        if each["sku"] == "HAT" and each["account"] == stage.account
    )
    if told_first:
        by_hand(stage)
    by_the_warehouse(stage, "PATCH", "", {"order_line_items": [{"variant_id": hat, "quantity": 1, "price": "10.00"}]})
    leave(stage, number, "ALL")
    if not told_first:
        by_hand(stage)
    for _ in range(2):
        stage.settle()
    pull_news(stage)
    assert stage.order(number).status == "confirmed"
    assert set(units_shown(stage, number)) == ({"TENT-2P", "HAT"} if told_first else {"TENT-2P"})


def test_a_line_that_comes_when_all_has_left_is_not_passed_over(stage: Stage, number: str) -> None:
    leave(stage, number, "ALL")
    pull_news(stage)
    assert stage.order(number).status == "confirmed"
    at_cart(stage, number, "edit", add=[{"sku": "HAT", "quantity": 1}])
    assert (stage.order(number).status, kinds(stage)) == ("confirmed", ["not_changed"])
    assert differences(stage, number)["units of HAT"] == ("0", "1")
    at_cart(stage, number, "edit", quantities={"HAT": 0})
    assert kinds(stage) == [], "it was taken back"
    at_cart(stage, number, "edit", add=[{"sku": "LAMP", "quantity": 1}])
    assert kinds(stage) == ["not_changed"]
    at_cart(stage, number, "cancel")
    assert kinds(stage) == [], "nobody wants it any more"


def test_less_of_what_has_left_asks_nothing_of_the_warehouse(stage: Stage, number: str) -> None:
    leave(stage, number, "ALL")
    at_cart(stage, number, "edit", quantities={"TENT-2P": 1})
    assert (stage.order(number).status in ("shipped", "confirmed"), kinds(stage)) == (True, [])


# ---------------------------------------------------------------------------------------------------------------- left in part


@pytest.fixture
def begun(stage: Stage) -> str:
    """Three tents and two hats are ordered, and one tent has left."""
    stage.stock("TENT-2P", "HAT", "LAMP")
    number = stage.sell("TENT-2P", lines=[{"sku": "TENT-2P", "quantity": 3}, {"sku": "HAT", "quantity": 2}])
    stage.settle()
    leave(stage, number, "FIRST", TENT_2P=1)
    return number


@pytest.mark.parametrize(
    ("edit", "there", "price"),
    [
        ({"quantities": {"TENT-2P": 4}}, {"TENT-2P": 4, "HAT": 2}, "60.0"),
        ({"quantities": {"TENT-2P": 1}}, {"TENT-2P": 1, "HAT": 2}, "30.0"),
        ({"quantities": {"HAT": 0}}, {"TENT-2P": 3}, "30.0"),
        ({"add": [{"sku": "LAMP", "quantity": 1}]}, {"TENT-2P": 3, "HAT": 2, "LAMP": 1}, "60.0"),
        ({"skus": {"HAT": "LAMP"}}, {"TENT-2P": 3, "LAMP": 2}, "50.0"),
    ],
    ids=["raised", "lowered to what has left", "taken away", "added", "another product"],
)  # fmt: skip
def test_of_what_has_left_in_part_the_rest_still_changes(
    stage: Stage, begun: str, edit: dict[str, Any], there: dict[str, int], price: str
) -> None:
    at_cart(stage, begun, "edit", **edit)
    assert (units_at_warehouse(stage), total(stage)) == (there, price)
    assert (state(stage, begun), kinds(stage)) == (WELL, [])
    goes_its_way(stage, begun, **{sku.replace("-", "_"): units for sku, units in there.items()})


def test_the_last_units_that_are_not_wanted_any_more_make_it_shipped(stage: Stage, begun: str) -> None:
    at_cart(stage, begun, "edit", quantities={"TENT-2P": 1, "HAT": 0})
    stage.settle()
    pull_news(stage)
    assert (units_at_warehouse(stage), stage.order(begun).status, kinds(stage)) == ({"TENT-2P": 1}, "confirmed", [])


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        ({"quantities": {"TENT-2P": 0, "HAT": 5}}, "units of TENT-2P"),
        ({"skus": {"TENT-2P": "LAMP"}}, "units of LAMP"),
        ({"ship_to": {"street": "9 Other Road"}}, "shipping address"),
    ],
    ids=["taken away", "another product", "address"],
)  # fmt: skip
def test_of_what_has_left_in_part_what_has_left_stays(stage: Stage, begun: str, edit: dict[str, Any], what: str) -> None:
    at_cart(stage, begun, "edit", **edit)
    assert (units_at_warehouse(stage), kinds(stage)) == ({"TENT-2P": 3, "HAT": 2}, ["not_changed"])
    assert what in differences(stage, begun)
    by_hand(stage)
    assert state(stage, begun)[1] == ""


def test_fewer_than_have_left_are_said_in_plain_words(stage: Stage, begun: str) -> None:
    leave(stage, begun, "SECOND", TENT_2P=1)
    at_cart(stage, begun, "edit", quantities={"TENT-2P": 1})
    order = stage.order(begun)
    assert (state(stage, begun), differences(stage, begun)["units of TENT-2P"]) == (LATE, ("3", "1"))
    assert order.problem is not None
    assert "Of TENT-2P 2 units have left already, and 1 would be wanted." in order.problem.words
    with acting_for(stage.merchant):
        tell(errands.told_by_person(Order.objects.select_related("problem").get(), "bob@example.com"))
    leave(stage, begun, "HATS", HAT=2)
    pull_news(stage)
    assert (stage.order(begun).status, kinds(stage)) == ("confirmed", [])
