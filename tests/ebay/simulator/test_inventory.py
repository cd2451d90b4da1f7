from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.ebay.simulator.conftest import ALICE, CHARLIE, Here, error_ids

API = "/sell/inventory/v1"


@pytest.fixture
def listing(here: Here) -> Any:
    return here.control(
        "listings", seller=ALICE, sku="RED-01", price="20", quantity=10, managed_by="inventory", marketplace="EBAY_GB"
    )


def update(here: Here, *entries: Any) -> TestResponse:
    return here.post(f"{API}/bulk_update_price_quantity", json={"requests": list(entries)})


def available(here: Here, sku: str = "RED-01") -> int:
    found = here.world.listings.find(ALICE, sku)
    assert found is not None
    return here.world.listings.available(*found)


def entry(listing: Any, quantity: int, offer_quantity: int | None = None) -> dict[str, Any]:
    wanted: dict[str, Any] = {"sku": "RED-01", "shipToLocationAvailability": {"quantity": quantity}}
    if offer_quantity is not None:
        wanted["offers"] = [{"offerId": listing["units"][0]["offer_id"], "availableQuantity": offer_quantity}]
    return wanted


@pytest.mark.parametrize("language", [None, "*", "tlh", "en"])
def test_a_language_must_be_named_and_known(here: Here, language: str | None) -> None:
    headers = {"Authorization": f"Bearer {here.token}"} | ({"Accept-Language": language} if language else {})
    answer = here.client.get(f"{API}/inventory_item", headers=headers)
    assert (answer.status_code, error_ids(answer)) == (400, [25709])


def test_what_shows_is_the_smaller_of_the_items_and_the_offers_figure(here: Here, listing: Any) -> None:
    update(here, entry(listing, 7))
    assert available(here) == 7
    update(here, entry(listing, 50))
    assert available(here) == 10, "the offer's own figure still holds it back"
    update(here, entry(listing, 50, 40))
    assert available(here) == 40


def test_every_sale_lowers_both_figures(here: Here, listing: Any) -> None:
    here.order(marketplace="EBAY_GB", lines=[{"sku": "RED-01", "quantity": 3}])
    assert available(here) == 7
    read = here.get(f"{API}/offer?sku=RED-01").json
    assert read is not None
    assert (read["offers"][0]["availableQuantity"], read["offers"][0]["listing"]["soldQuantity"]) == (7, 3)


def test_each_entry_has_its_own_status_under_a_207(here: Here, listing: Any) -> None:
    answer = update(here, entry(listing, 5, 5), {"sku": "NOPE", "shipToLocationAvailability": {"quantity": 1}})
    assert answer.status_code == 207
    assert answer.json is not None
    fine, failed = answer.json["responses"]
    assert (fine["statusCode"], fine["sku"], fine["offerId"]) == (200, "RED-01", listing["units"][0]["offer_id"])
    assert (failed["statusCode"], failed["errors"][0]["errorId"]) == (404, 25702)
    assert available(here) == 5


def test_all_well_is_a_200_and_goes_into_the_ledger(here: Here, listing: Any) -> None:
    assert update(here, entry(listing, 5, 5)).status_code == 200
    assert [(noted["sku"], noted["quantity"], noted["by"]) for noted in here.ledger("stock_set")] == [
        ("RED-01", 5, "item"),
        ("RED-01", 5, "offer"),
    ]


@pytest.mark.parametrize("quantity", [-1, "5", 1.5, None])
def test_a_quantity_that_is_none_is_refused(here: Here, listing: Any, quantity: Any) -> None:
    answer = update(here, {"sku": "RED-01", "shipToLocationAvailability": {"quantity": quantity}})
    assert answer.json is not None
    assert answer.json["responses"][0]["errors"][0]["errorId"] == 25709
    assert available(here) == 10


def test_25_entries_are_the_most(here: Here, listing: Any) -> None:
    assert update(here, *[entry(listing, 5)] * 25).status_code == 200
    assert error_ids(update(here, *[entry(listing, 5)] * 26)) == [25709]
    assert error_ids(update(here)) == [25709]


def test_a_listing_is_revised_so_many_times_a_day(here: Here, listing: Any) -> None:
    here.set(revisions_per_day=2)
    statuses = [update(here, entry(listing, 9, 9)).status_code for _ in range(3)]
    assert statuses == [200, 200, 207]


def test_nobody_touches_another_sellers_stock(here: Here, listing: Any) -> None:
    token = here.grant(CHARLIE)["access_token"]
    answer = here.post(f"{API}/bulk_update_price_quantity", token, json={"requests": [entry(listing, 0, 0)]})
    assert answer.status_code == 207
    assert available(here) == 10
    assert here.get(f"{API}/offer?sku=RED-01", token).status_code == 404


def test_offers_of_a_sku_nobody_made_are_25713(here: Here) -> None:
    here.control("listings", seller=ALICE, sku="TRADED-1")
    answer = here.get(f"{API}/offer?sku=TRADED-1")
    assert (answer.status_code, error_ids(answer)) == (404, [25713])


def test_offsets_are_page_numbers(here: Here) -> None:
    for number in range(5):
        here.control("listings", seller=ALICE, sku=f"S-{number}", managed_by="inventory")
    page = here.get(f"{API}/inventory_item?limit=2&offset=2").json
    assert page is not None
    assert ([item["sku"] for item in page["inventoryItems"]], page["total"]) == (["S-4"], 5)
    assert "next" not in page
    assert error_ids(here.get(f"{API}/inventory_item?limit=201")) == [25706]


def test_several_items_are_read_at_once(here: Here, listing: Any) -> None:
    answer = here.post(f"{API}/bulk_get_inventory_item", json={"requests": [{"sku": "RED-01"}, {"sku": "NOPE"}]})
    assert answer.status_code == 207
    assert answer.json is not None
    assert [each["statusCode"] for each in answer.json["responses"]] == [200, 404]
    twice = here.post(f"{API}/bulk_get_inventory_item", json={"requests": [{"sku": "RED-01"}] * 2})
    assert error_ids(twice) == [25734]


def test_an_item_without_a_listing_of_its_own_is_25702(here: Here) -> None:
    answer = here.get(f"{API}/inventory_item/WB 9321-72/73 10.25")
    assert (answer.status_code, error_ids(answer)) == (404, [25702])
    assert error_ids(here.get(f"{API}/offer/1")) == [25713]
    assert error_ids(here.get(f"{API}/location/nowhere")) == [25805]
