"""Figures of listings, by whichever of eBay's two ways. What shoppers see is read from the stand-in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from integrations.contract import StockResult, StockUpdate
from integrations.ebay.stock import BATCH
from integrations.outcomes import NeedsMerchant, NeedsOperator, RetryLater
from tests.ebay.scene import Scene, lately
from tests.ebay.test_client import cart_at
from tests.raw_server import Script, answer, raw_server, says

HEAD = '<?xml version="1.0"?><{0}Response xmlns="urn:ebay:apis:eBLBaseComponents">'


def update(listing: Mapping[str, Any], quantity: int, managed_by: str = "", unit: int = 0) -> StockUpdate:
    sku = listing["units"][unit]["sku"]
    external_id = f"{listing['item_id']}:{sku}" if listing["has_variations"] else listing["item_id"]
    return StockUpdate(external_id, sku, quantity, managed_by)


def results(scene: Scene, *updates: StockUpdate) -> list[StockResult]:
    answered = scene.cart().set_stock(updates)
    assert [each.external_id for each in answered] == [each.external_id for each in updates]
    return list(answered)


def xml(call: str, inside: str) -> bytes:
    return answer(HEAD.format(call) + inside + f"</{call}Response>", "200 OK", "text/xml;charset=utf-8")


# -------------------------------------------------------------------------------------------------------------------- listings


def test_listings_are_told_with_their_variations_one_by_one(scene: Scene) -> None:
    plain = scene.list_item(sku="RED-01", title="A red mug", quantity=7)
    nameless = scene.list_item(title="Without a SKU", quantity=2)
    varied = scene.list_item(
        title="A hat",
        variations=[
            {"sku": "HAT/S 1", "quantity": 3, "aspects": {"Size": "S"}},
            {"sku": "HAT-M", "quantity": 0, "aspects": {"Size": "M", "Colour": "rot"}},
        ],
    )
    scene.list_item(sku="BID-01", format="Chinese")
    scene.place(lines=[{"sku": "RED-01", "quantity": 2}])
    page = scene.cart().listings()
    assert {each.external_id: (each.sku, each.quantity, each.title, each.managed_by) for each in page.records} == {
        plain["item_id"]: ("RED-01", 5, "A red mug", ""),
        nameless["item_id"]: ("", 2, "Without a SKU", ""),
        f"{varied['item_id']}:HAT/S 1": ("HAT/S 1", 3, "A hat (S)", ""),
        f"{varied['item_id']}:HAT-M": ("HAT-M", 0, "A hat (M, rot)", ""),
    }
    assert (page.total, page.limit) == (4, 200)


def test_listings_come_in_pages(scene: Scene) -> None:
    for number in range(203):
        scene.list_item(sku=f"SKU-{number}")
    cart = scene.cart()
    first, second = cart.listings(), cart.listings(page=2)
    assert (first.total, len(first.records), len(second.records)) == (203, 200, 3)
    assert len({each.external_id for each in first.records + second.records}) == 203


def test_an_account_that_sells_nothing_has_no_listings(scene: Scene) -> None:
    page = scene.cart().listings()
    assert (page.records, page.total, page.complete) == ((), 0, True)


BROKEN_XML: dict[str, Script] = {
    "half of it": says(answer(HEAD.format("GetMyeBaySelling") + "<Ack>Success</Ack><ActiveList>", "200 OK", "text/xml")),
    "half of a failure": says(answer(HEAD.format("GetMyeBaySelling") + "<Ack>Failure</Ack><Err", "200 OK", "text/xml")),
    "no Ack": says(xml("GetMyeBaySelling", "<ActiveList/>")),
    "entities": says(answer('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "200 OK", "text/xml")),
    "a system error": says(
        xml(
            "GetMyeBaySelling",
            "<Ack>Failure</Ack><Errors><ErrorCode>99</ErrorCode><ErrorClassification>SystemError</ErrorClassification></Errors>",
        )
    ),
    "nothing": says(answer("", "200 OK", "")),
}


@pytest.mark.parametrize("script", BROKEN_XML.values(), ids=BROKEN_XML)
def test_a_listing_of_listings_that_is_none_is_asked_for_again(script: Script) -> None:
    with raw_server(script) as server, pytest.raises(RetryLater):
        cart_at(server).listings()


def test_a_call_that_ebay_does_not_take_is_the_operators() -> None:
    failure = "<Ack>Failure</Ack><Errors><ErrorCode>37</ErrorCode><ShortMessage>Input data is invalid.</ShortMessage></Errors>"
    with raw_server(says(xml("GetMyeBaySelling", failure))) as server, pytest.raises(NeedsOperator):
        cart_at(server).listings()


def test_the_headers_and_the_body_are_what_the_trading_api_wants() -> None:
    with raw_server(says(xml("ReviseInventoryStatus", "<Ack>Success</Ack>"))) as server:
        cart_at(server).set_stock(
            [StockUpdate("1100:RÖD & 1", "RÖD & 1", 3, "trading"), StockUpdate("1101", "RED-01", 0, "trading")]
        )
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert headers["X-EBAY-API-CALL-NAME"] == "ReviseInventoryStatus"
    assert headers["X-EBAY-API-IAF-TOKEN"] == "first-access-token"
    assert headers["X-EBAY-API-SITEID"].isdigit()
    assert int(headers["X-EBAY-API-COMPATIBILITY-LEVEL"]) >= 1379
    assert "Authorization" not in headers
    root = fromstring(body)
    assert re.match(r"\{urn:ebay:apis:eBLBaseComponents\}", root.tag)
    assert [[(part.tag.partition("}")[2], part.text) for part in each] for each in root] == [
        [("ItemID", "1100"), ("SKU", "RÖD & 1"), ("Quantity", "3")],
        [("ItemID", "1101"), ("Quantity", "0")],
    ]


# ------------------------------------------------------------------------------------------------------------------ Trading API


def test_listings_made_elsewhere_are_set_by_trading_in_fours(scene: Scene) -> None:
    listed = [scene.list_item(sku=f"SKU-{number}", quantity=1) for number in range(BATCH)]
    answered = results(scene, *(update(each, 10 + at, "trading") for at, each in enumerate(listed)))
    assert all(each.done and each.managed_by == "trading" and not each.problem for each in answered)
    assert [scene.shown(each["item_id"]) for each in listed] == [10 + at for at in range(BATCH)]
    assert scene.wire.calls() == {"trading": 7}


def test_one_variation_is_set_and_its_sisters_are_not(scene: Scene) -> None:
    varied = scene.list_item(variations=[{"sku": "HAT-S", "quantity": 3}, {"sku": "HAT-M", "quantity": 3}])
    [answered] = results(scene, update(varied, 9, "trading", unit=1))
    assert answered.done
    assert (scene.shown(varied["item_id"], "HAT-S"), scene.shown(varied["item_id"], "HAT-M")) == (3, 9)


def test_a_figure_that_is_shown_already_is_done(scene: Scene) -> None:
    listed = scene.list_item(sku="RED-01", quantity=4)
    assert results(scene, update(listed, 4, "trading")) == [StockResult(listed["item_id"], True, "trading")]


def test_how_a_listing_is_managed_is_learnt_once(scene: Scene) -> None:
    by_trading = scene.list_item(sku="RED-01", quantity=4)
    by_inventory = scene.list_item(sku="BLUE-01", quantity=4, managed_by="inventory")
    answered = results(scene, update(by_trading, 5), update(by_inventory, 6))
    assert [(each.done, each.managed_by) for each in answered] == [(True, "trading"), (True, "inventory")]
    assert (scene.shown(by_trading["item_id"]), scene.shown(by_inventory["item_id"])) == (5, 6)


def test_a_listing_that_moved_is_found_where_it_went(scene: Scene) -> None:
    """21919474: the listing is the Inventory API's now."""
    moved = scene.list_item(sku="RED-01", quantity=4, managed_by="inventory")
    others = [scene.list_item(sku=f"SKU-{number}", quantity=1) for number in range(3)]
    answered = results(scene, update(others[0], 2, "trading"), update(moved, 9, "trading"), update(others[1], 3, "trading"))
    assert [(each.done, each.managed_by) for each in answered] == [(True, "trading"), (True, "inventory"), (True, "trading")]
    assert [scene.shown(each["item_id"]) for each in (others[0], moved, others[1])] == [2, 9, 3]


def test_a_listing_that_moved_back_is_found_there(scene: Scene) -> None:
    listed = scene.list_item(sku="RED-01", quantity=4)
    [answered] = results(scene, update(listed, 9, "inventory"))
    assert (answered.done, answered.managed_by) == (True, "trading")
    assert scene.shown(listed["item_id"]) == 9


def test_a_listing_that_nobody_manages_is_a_problem_in_words() -> None:
    moved = (
        "<Errors><ErrorCode>21919474</ErrorCode><LongMessage>Not here</LongMessage><SeverityCode>Error</SeverityCode></Errors>"
    )
    no_offer = answer('{"errors": [{"errorId": 25713}]}', "404 Not Found")
    with raw_server(says(xml("ReviseInventoryStatus", f"<Ack>Failure</Ack>{moved}"), no_offer)) as server:
        [answered] = cart_at(server).set_stock([StockUpdate("1", "RED-01", 3, "trading")])
    assert not answered.done
    assert "another tool" in answered.problem


def test_the_words_alone_tell_that_a_listing_moved() -> None:
    words = "Inventory-based listing management is not currently supported by this tool."
    moved = f"<Errors><ErrorCode>1</ErrorCode><LongMessage>{words}</LongMessage><SeverityCode>Error</SeverityCode></Errors>"
    with raw_server(says(xml("ReviseInventoryStatus", f"<Ack>Failure</Ack>{moved}"), answer('{"offers": []}'))) as server:
        cart_at(server).set_stock([StockUpdate("1", "RED-01", 3, "trading")])
        assert b"/sell/inventory/v1/offer?sku=RED-01" in server.requests[1]


def test_what_cannot_be_set_says_why_and_the_others_are_set(scene: Scene) -> None:
    good = [scene.list_item(sku=f"SKU-{number}", quantity=1) for number in range(3)]
    ended, auction = scene.list_item(sku="END-1"), scene.list_item(sku="BID-1", format="Chinese")
    scene.ebay.control(f"listings/{ended['item_id']}", status="ENDED")
    varied = scene.list_item(variations=[{"sku": "HAT-S", "quantity": 3}])
    updates = [
        update(good[0], 5, "trading"),
        update(ended, 5, "trading"),
        update(good[1], 6, "trading"),
        update(auction, 5, "trading"),
        StockUpdate("999", "NEVER", 5, "trading"),
        StockUpdate(f"{varied['item_id']}:HAT-XXL", "HAT-XXL", 5, "trading"),
        update(good[2], 7, "trading"),
    ]
    answered = results(scene, *updates)
    assert [each.done for each in answered] == [True, False, True, False, False, False, True]
    assert [scene.shown(each["item_id"]) for each in good] == [5, 6, 7]
    assert [each.problem for each in answered if not each.done] == [
        "This listing has ended.",
        "This is an auction: eBay lets nobody set its quantity.",
        "eBay no longer has this listing.",
        "This listing has no variation with this SKU.",
    ]
    assert not any(each.retry for each in answered)
    assert scene.wire.calls()["trading"] <= 7


def test_errors_that_name_nobody_are_told_apart_one_by_one() -> None:
    """The whole call failed and does not say for which: each is sent alone."""
    error = "<Errors><ErrorCode>240</ErrorCode><LongMessage>No.</LongMessage><SeverityCode>Error</SeverityCode></Errors>"
    failure, success = f"<Ack>Failure</Ack>{error}", "<Ack>Success</Ack>"
    with raw_server(says(*(xml("ReviseInventoryStatus", each) for each in (failure, success, failure)))) as server:
        answered = cart_at(server).set_stock([StockUpdate("1", "A", 3, "trading"), StockUpdate("2", "B", 3, "trading")])
        assert len(server.requests) == 3
    assert [each.done for each in answered] == [True, False]
    assert answered[1].problem == "eBay refused this figure: No."


def test_redundant_figures_are_done_even_where_ebay_calls_it_a_failure() -> None:
    same = "<Ack>Failure</Ack><Errors><ErrorCode>21917092</ErrorCode><ShortMessage>Redundant.</ShortMessage></Errors>"
    with raw_server(says(xml("ReviseInventoryStatus", same))) as server:
        [answered] = cart_at(server).set_stock([StockUpdate("1", "A", 3, "trading")])
    assert answered.done


def test_a_system_error_of_one_item_is_tried_again() -> None:
    system = (
        "<Ack>Failure</Ack><Errors><ErrorCode>99</ErrorCode><LongMessage>Oops</LongMessage><SeverityCode>Error</SeverityCode>"
        "<ErrorClassification>SystemError</ErrorClassification></Errors>"
    )
    with raw_server(says(xml("ReviseInventoryStatus", system))) as server:
        [answered] = cart_at(server).set_stock([StockUpdate("1", "A", 3, "trading")])
    assert (answered.done, answered.retry) == (False, True)


def test_a_spent_trading_quota_keeps_nothing_else_waiting(scene: Scene) -> None:
    listed = scene.list_item(sku="RED-01", quantity=4)
    scene.ebay.set(limit_trading=0)
    with pytest.raises(RetryLater) as caught:
        scene.cart().set_stock([update(listed, 5, "trading")])
    assert caught.value.scope == "connection"
    assert caught.value.after is not None
    assert caught.value.after >= 15 * 60
    budget = scene.wire.exchanges[-1].budget
    assert budget is not None
    assert budget[0] == 0
    assert scene.cart().orders_in(lately()).total == 0


def test_an_expired_token_is_renewed_where_ebay_answers_200(scene: Scene) -> None:
    scene.wire.access = "v^1.1#of-long-ago"
    assert scene.cart().listings().total == 0
    assert scene.wire.refused == ["v^1.1#of-long-ago"]


def test_a_revoked_grant_needs_the_merchant_where_ebay_answers_200(scene: Scene) -> None:
    scene.ebay.control("revoke", username=scene.member)
    with pytest.raises(NeedsMerchant) as caught:
        scene.cart().listings()
    assert caught.value.fix == "reconnect"


# ---------------------------------------------------------------------------------------------------------------- Inventory API


def test_a_batch_of_offers_is_one_write(scene: Scene) -> None:
    listed = [scene.list_item(sku=f"SKU {number}/x", quantity=1, managed_by="inventory") for number in range(BATCH)]
    answered = results(scene, *(update(each, 10 + at, "inventory") for at, each in enumerate(listed)))
    assert all(each.done and each.managed_by == "inventory" for each in answered)
    assert [scene.shown(each["item_id"]) for each in listed] == [10 + at for at in range(BATCH)]
    assert scene.ebay.told("calls")["bulkUpdatePriceQuantity"] == 1


def test_both_figures_are_raised_where_an_offer_has_its_own(scene: Scene) -> None:
    """The smaller of the two is shown, so setting only one of them would change nothing."""
    listed = scene.list_item(sku="RED-01", quantity=2, managed_by="inventory")
    assert listed["units"][0]["offer_quantity"] == 2
    assert [each.done for each in results(scene, update(listed, 50, "inventory"))] == [True]
    assert scene.shown(listed["item_id"]) == 50


def test_one_sku_on_two_sites_shows_a_figure_for_each(scene: Scene) -> None:
    here = scene.list_item(sku="RED-01", quantity=2, managed_by="inventory", marketplace="EBAY_DE")
    there = scene.list_item(sku="RED-01", quantity=2, managed_by="inventory", marketplace="EBAY_GB")
    answered = results(scene, update(here, 9, "inventory"), update(there, 5, "inventory"))
    assert [each.done for each in answered] == [True, True]
    assert (scene.shown(here["item_id"]), scene.shown(there["item_id"])) == (9, 5)


def bulk(*responses: str, status: str = "207 Multi-Status") -> bytes:
    return answer('{"responses": [' + ",".join(responses) + "]}", status)


OFFER = answer('{"offers": [{"offerId": "8", "status": "PUBLISHED", "availableQuantity": 3, "listing": {"listingId": "1"}}]}')
FINE = '{"statusCode": 200, "sku": "A"}'


@pytest.mark.parametrize(
    ("response", "done", "retry", "managed_by"),
    [
        (bulk(FINE), True, False, "inventory"),
        (bulk(FINE, '{"statusCode": 200, "offerId": "8"}'), True, False, "inventory"),
        (bulk(FINE, '{"statusCode": 400, "offerId": "8", "errors": [{"errorId": 25002}]}'), False, False, "inventory"),
        (bulk('{"statusCode": 500, "sku": "A", "errors": [{"errorId": 25001}]}'), False, True, "inventory"),
        (bulk('{"statusCode": 404, "sku": "A", "errors": [{"errorId": 25713}]}'), False, True, "trading"),
        (bulk('{"statusCode": 200, "sku": "B"}'), False, True, "inventory"),
        (bulk('{"sku": "A"}'), False, True, "inventory"),
        (bulk(), False, True, "inventory"),
        (answer("{}"), False, True, "inventory"),
        (answer("", "200 OK", ""), False, True, "inventory"),
        (answer('{"errors": [{"errorId": 25002, "message": "No."}]}', "400 Bad Request"), False, False, "inventory"),
    ],
)
def test_every_status_of_an_answer_is_read(response: bytes, done: bool, retry: bool, managed_by: str) -> None:
    with raw_server(says(OFFER, response)) as server:
        [answered] = cart_at(server).set_stock([StockUpdate("1", "A", 3, "inventory")])
    assert (answered.done, answered.retry, answered.managed_by) == (done, retry, managed_by)
    assert bool(answered.problem) is not done


@pytest.mark.parametrize(("of_the_offer", "unsure"), [(400, True), (200, False)])
def test_a_figure_that_is_refused_in_part_leaves_it_open_what_is_shown(of_the_offer: int, unsure: bool) -> None:
    response = bulk(FINE, f'{{"statusCode": {of_the_offer}, "offerId": "8"}}')
    with raw_server(says(OFFER, response)) as server:
        [answered] = cart_at(server).set_stock([StockUpdate("1", "A", 3, "inventory")])
    assert (answered.done, answered.unsure) == (not unsure, unsure)


def test_a_figure_that_is_refused_whole_changes_nothing() -> None:
    response = bulk('{"statusCode": 400, "sku": "A"}', '{"statusCode": 400, "offerId": "8"}')
    with raw_server(says(OFFER, response)) as server:
        [answered] = cart_at(server).set_stock([StockUpdate("1", "A", 3, "inventory")])
    assert (answered.done, answered.unsure) == (False, False)


def test_a_bad_figure_does_not_spoil_the_batch() -> None:
    """The whole call is refused without saying for which: each is sent alone."""
    offers = [OFFER, OFFER.replace(b'"listingId": "1"', b'"listingId": "2"')]
    refused = answer('{"errors": [{"errorId": 25759, "message": "Auction."}]}', "400 Bad Request")
    fine = bulk('{"statusCode": 200, "sku": "A"}', status="200 OK")
    with raw_server(says(*offers, refused, fine, refused)) as server:
        updates = [StockUpdate("1", "A", 3, "inventory"), StockUpdate("2", "B", 3, "inventory")]
        answered = cart_at(server).set_stock(updates)
    assert [each.done for each in answered] == [True, False]
    assert "auction" in answered[1].problem


@pytest.mark.parametrize(
    "offer",
    [
        '{"offers": [{"offerId": "8", "status": "UNPUBLISHED", "listing": {"listingId": "1"}}]}',
        '{"offers": [{"offerId": "8", "status": "PUBLISHED", "listing": {"listingId": "2"}}]}',
        '{"offers": [{"offerId": "8", "status": "PUBLISHED"}]}',
        '{"offers": [7]}',
        '{"total": 0}',
    ],
)
def test_an_offer_of_something_else_is_no_offer_of_this_listing(offer: str) -> None:
    with raw_server(says(answer(offer), xml("ReviseInventoryStatus", "<Ack>Success</Ack>"))) as server:
        [answered] = cart_at(server).set_stock([StockUpdate("1", "A", 3)])
    assert (answered.done, answered.managed_by) == (True, "trading")


def test_a_sku_such_as_the_inventory_api_has_none_is_set_by_trading() -> None:
    refused = answer('{"errors": [{"errorId": 25709, "message": "Invalid value for sku."}]}', "400 Bad Request")
    with raw_server(says(refused, xml("ReviseInventoryStatus", "<Ack>Success</Ack>"))) as server:
        [answered] = cart_at(server).set_stock([StockUpdate("1", "WB 9321-72/73 10.25", 3)])
        assert b"sku=WB%209321-72%2F73%2010.25&" in server.requests[0]
    assert answered.done


def test_a_call_names_a_language_that_the_inventory_api_knows() -> None:
    with raw_server(says(OFFER, bulk(FINE))) as server:
        cart_at(server).set_stock([StockUpdate("1", "A", 3, "inventory")])
        for request in server.requests:
            assert b"Accept-Language: en-US" in request


def test_an_outage_while_setting_figures_is_tried_later(scene: Scene) -> None:
    listed = scene.list_item(sku="RED-01", quantity=4, managed_by="inventory")
    scene.fault("effect_then_status", status=503, path="bulk_update", headers={"Retry-After": "30"})
    with pytest.raises(RetryLater) as caught:
        scene.cart().set_stock([update(listed, 5, "inventory")])
    assert caught.value.after == 30


def test_nothing_to_set_asks_nobody(scene: Scene) -> None:
    assert scene.cart().set_stock([]) == ()
    assert scene.wire.permitted == []
