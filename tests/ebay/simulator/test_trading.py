from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from tests.ebay.simulator.conftest import ALICE, CHARLIE, Here

NAMESPACE = "{urn:ebay:apis:eBLBaseComponents}"


def call(here: Here, name: str, inner: str = "", **headers: str) -> Element:
    body = f'<?xml version="1.0"?><{name}Request xmlns="{NAMESPACE[1:-1]}">{inner}</{name}Request>'
    sent = {
        "X-EBAY-API-CALL-NAME": name,
        "X-EBAY-API-SITEID": "0",
        "X-EBAY-API-COMPATIBILITY-LEVEL": "1477",
        "X-EBAY-API-IAF-TOKEN": here.token,
        "Content-Type": "text/xml",
    } | {f"X-EBAY-API-{key}": value for key, value in headers.items()}
    answer = here.client.post("/ws/api.dll", data=body, headers=sent)
    assert answer.status_code == 200
    parsed: Element = fromstring(answer.data)
    return parsed


def text(element: Element, path: str) -> str | None:
    return element.findtext("/".join(f"{NAMESPACE}{step}" for step in path.split("/")))


def every(element: Element, path: str) -> list[Element]:
    return element.findall("/".join(f"{NAMESPACE}{step}" for step in path.split("/")))


def verdict(answer: Element) -> tuple[str | None, list[str | None]]:
    return text(answer, "Ack"), [text(error, "ErrorCode") for error in every(answer, "Errors")]


def revise(here: Here, *entries: dict[str, Any]) -> Element:
    inner = "".join(
        "<InventoryStatus>" + "".join(f"<{name}>{value}</{name}>" for name, value in entry.items()) + "</InventoryStatus>"
        for entry in entries
    )
    return call(here, "ReviseInventoryStatus", inner)


def listed(here: Here, sku: str = "RED-01", **wanted: Any) -> Any:
    return here.control("listings", seller=wanted.pop("seller", ALICE), sku=sku, price="20", quantity=10, **wanted)


def available(here: Here, listing: Any) -> list[int]:
    kept = here.world.listings.get(listing["item_id"])
    assert kept is not None
    return [here.world.listings.available(kept, unit) for unit in kept["units"]]


def test_a_quantity_is_set_and_noted(here: Here) -> None:
    listing = listed(here)
    answer = revise(here, {"ItemID": listing["item_id"], "Quantity": 4})
    assert verdict(answer) == ("Success", [])
    assert text(answer, "InventoryStatus/Quantity") == "4"
    assert available(here, listing) == [4]
    assert [(noted["sku"], noted["quantity"]) for noted in here.ledger("stock_set")] == [("RED-01", 4)]


def test_the_same_quantity_again_is_a_warning_and_no_failure(here: Here) -> None:
    listing = listed(here)
    assert verdict(revise(here, {"ItemID": listing["item_id"], "Quantity": 10})) == ("Warning", ["21917092"])
    both = {"ItemID": listing["item_id"], "StartPrice": "20", "Quantity": 10}
    assert verdict(revise(here, both)) == ("Warning", ["21917091"])


@pytest.mark.parametrize(
    ("wanted", "code"),
    [({"managed_by": "inventory"}, "21919474"), ({"format": "Chinese"}, "21916286"), ({"seller": CHARLIE}, "231")],
)
def test_a_listing_that_cannot_be_revised_fails_by_number(here: Here, wanted: dict[str, str], code: str) -> None:
    listing = listed(here, **wanted)
    assert verdict(revise(here, {"ItemID": listing["item_id"], "Quantity": 1})) == ("Failure", [code])
    assert available(here, listing) == [10]


def test_an_ended_listing_fails_as_the_recorded_one(here: Here) -> None:
    listing = listed(here)
    here.control(f"listings/{listing['item_id']}", status="ENDED")
    answer = revise(here, {"ItemID": listing["item_id"], "Quantity": 1})
    assert verdict(answer) == ("Failure", ["21916750"])
    assert text(answer, "Errors/ErrorParameters/Value") == listing["item_id"]
    assert text(answer, "Errors/SeverityCode") == "Error"


def test_some_entries_may_fail_while_others_are_done(here: Here) -> None:
    fine, traded = listed(here), listed(here, "BLUE-02", managed_by="inventory")
    answer = revise(here, {"ItemID": fine["item_id"], "Quantity": 1}, {"ItemID": traded["item_id"], "Quantity": 1})
    assert verdict(answer) == ("PartialFailure", ["21919474"])
    assert (available(here, fine), available(here, traded)) == ([1], [10])


def test_four_entries_are_the_most(here: Here) -> None:
    listings = [listed(here, f"S-{number}") for number in range(5)]
    entries = [{"ItemID": listing["item_id"], "Quantity": 3} for listing in listings]
    assert verdict(revise(here, *entries)) == ("Failure", ["37"])
    assert verdict(revise(here, *entries[:4])) == ("Success", [])


def test_a_variation_is_named_by_its_sku(here: Here) -> None:
    shirt = [{"sku": f"SHIRT-{size}", "quantity": 5, "price": "15", "aspects": {"Size": size}} for size in "SML"]
    listing = listed(here, "", variations=shirt)
    assert verdict(revise(here, {"ItemID": listing["item_id"], "SKU": "SHIRT-M", "Quantity": 1})) == ("Success", [])
    assert available(here, listing) == [5, 1, 5]
    assert verdict(revise(here, {"ItemID": listing["item_id"], "Quantity": 1}))[0] == "Failure"


def test_a_listing_is_revised_so_many_times_a_day(here: Here) -> None:
    here.set(revisions_per_day=2)
    listing = listed(here)
    acks = [verdict(revise(here, {"ItemID": listing["item_id"], "Quantity": number}))[0] for number in range(3)]
    assert acks == ["Success", "Success", "Failure"]


def test_without_out_of_stock_control_a_listing_ends_at_zero(here: Here) -> None:
    kept, ended = listed(here), listed(here, "BLUE-02")
    revise(here, {"ItemID": kept["item_id"], "Quantity": 0})
    here.set(out_of_stock_control=False)
    revise(here, {"ItemID": ended["item_id"], "Quantity": 0})
    statuses = {listing["item_id"]: listing["status"] for listing in here.world.listings.all()}
    assert statuses == {kept["item_id"]: "ACTIVE", ended["item_id"]: "ENDED"}


def test_active_listings_come_in_pages_with_what_was_sold(here: Here) -> None:
    for number in range(3):
        listed(here, f"S-{number}")
    listed(here, "THEIRS", seller=CHARLIE)
    here.order(lines=[{"sku": "S-0", "quantity": 4}])
    pages = "<Pagination><EntriesPerPage>2</EntriesPerPage><PageNumber>{}</PageNumber></Pagination>"
    first = call(here, "GetMyeBaySelling", f"<ActiveList><Include>true</Include>{pages.format(1)}</ActiveList>")
    assert text(first, "ActiveList/PaginationResult/TotalNumberOfPages") == "2"
    items = every(first, "ActiveList/ItemArray/Item")
    assert [text(item, "SKU") for item in items] == ["S-0", "S-1"]
    assert (text(items[0], "Quantity"), text(items[0], "QuantityAvailable")) == ("10", "6")
    second = call(here, "GetMyeBaySelling", f"<ActiveList>{pages.format(2)}</ActiveList>")
    assert len(every(second, "ActiveList/ItemArray/Item")) == 1
    assert verdict(call(here, "GetMyeBaySelling", f"<ActiveList>{pages.format(3)}</ActiveList>")) == ("Failure", ["340"])


def test_variations_are_listed_with_their_skus(here: Here) -> None:
    listed(here, "", variations=[{"sku": "SHIRT-M", "quantity": 5, "price": "15", "aspects": {"Size": "M"}}])
    answer = call(here, "GetMyeBaySelling", "<ActiveList><Include>true</Include></ActiveList>")
    variation = every(answer, "ActiveList/ItemArray/Item/Variations/Variation")[0]
    assert (text(variation, "SKU"), text(variation, "Quantity")) == ("SHIRT-M", "5")
    assert text(variation, "VariationSpecifics/NameValueList/Value") == "M"


def test_who_calls_and_when_it_is_can_be_asked(here: Here) -> None:
    assert text(call(here, "GetUser"), "User/UserID") == ALICE
    here.world.clock.skew = 600
    told = text(call(here, "GeteBayOfficialTime"), "Timestamp")
    assert told is not None
    assert told[:16] == here.world.now()[:16]


def test_a_dead_token_says_how_it_died(here: Here) -> None:
    assert verdict(call(here, "GetUser", **{"IAF-TOKEN": ""})) == ("Failure", ["930"])
    assert verdict(call(here, "GetUser", **{"IAF-TOKEN": "made-up"})) == ("Failure", ["931"])
    here.world.clock.skew = 7201
    assert verdict(call(here, "GetUser")) == ("Failure", ["21917053"])
    here.world.clock.skew = 0
    here.control("revoke", username=ALICE, reason="REVOKED_BY_EBAY")
    assert verdict(call(here, "GetUser")) == ("Failure", ["17470"])
    here.token = here.grant(ALICE)["access_token"]
    here.control("revoke", username=ALICE, reason="REVOKED_BY_USER")
    assert verdict(call(here, "GetUser")) == ("Failure", ["16110"])


def test_headers_are_compulsory_and_other_calls_unknown(here: Here) -> None:
    assert verdict(call(here, "GetUser", SITEID="")) == ("Failure", ["37"])
    assert verdict(call(here, "GetUser", **{"COMPATIBILITY-LEVEL": ""})) == ("Failure", ["37"])
    assert verdict(call(here, "AddDispute")) == ("Failure", ["2"])


def test_the_days_calls_run_out(here: Here) -> None:
    here.set(limit_trading=1)
    assert verdict(call(here, "GetUser")) == ("Success", [])
    assert verdict(call(here, "GetUser")) == ("Failure", ["518"])


def test_a_body_that_is_no_xml_or_a_bomb_is_refused(here: Here) -> None:
    assert verdict(call(here, "GetUser", "<unclosed>")) == ("Failure", ["5"])
    headers = {
        "X-EBAY-API-CALL-NAME": "GetUser",
        "X-EBAY-API-SITEID": "0",
        "X-EBAY-API-COMPATIBILITY-LEVEL": "1477",
        "X-EBAY-API-IAF-TOKEN": here.token,
    }
    bomb = '<!DOCTYPE a [<!ENTITY b "boom">]><GetUserRequest>&b;</GetUserRequest>'
    answer = fromstring(here.client.post("/ws/api.dll", data=bomb, headers=headers).data)
    assert verdict(answer) == ("Failure", ["5"])
