"""A public client, written by others against eBay itself, talks to the stand-in unchanged."""

from __future__ import annotations

from typing import Any

import pytest
from ebaysdk.exception import ConnectionError as CallFailed
from ebaysdk.trading import Connection

from tests.ebay.simulator.running import EbayStandIn

SELLER = "alice_sells"


@pytest.fixture
def trading(ebay: EbayStandIn) -> Any:
    connection = Connection(
        domain=ebay.api.removeprefix("http://"),
        config_file=None,
        appid="app",
        devid="dev",
        certid="cert",
        iaf_token=ebay.grant(SELLER)["access_token"],
        compatibility="1477",
        siteid="0",
    )
    connection.config.set("https", False, force=True)  # its constructor insists on https
    return connection


def test_it_reads_who_it_is_and_what_is_on_sale(ebay: EbayStandIn, trading: Any) -> None:
    ebay.control("listings", seller=SELLER, sku="RED-01", quantity=10, title="Räder & Rollen <groß>")
    assert trading.execute("GetUser").reply.User.UserID == SELLER
    active = trading.execute("GetMyeBaySelling", {"ActiveList": {"Include": True}}).reply.ActiveList
    assert [item.SKU for item in active.ItemArray.Item] == ["RED-01"]
    assert active.ItemArray.Item[0].Title == "Räder & Rollen <groß>"
    assert active.PaginationResult.TotalNumberOfEntries == "1"


def test_it_changes_stock_and_is_refused_where_ebay_refuses(ebay: EbayStandIn, trading: Any) -> None:
    mine = ebay.control("listings", seller=SELLER, sku="RED-01", quantity=10)
    other = ebay.control("listings", seller=SELLER, sku="BLUE-02", quantity=10, managed_by="inventory")
    done = trading.execute("ReviseInventoryStatus", {"InventoryStatus": [{"ItemID": mine["item_id"], "Quantity": 4}]})
    assert done.reply.Ack == "Success"
    assert ebay.told("summary")["listings"][0]["units"][0]["available"] == 4
    with pytest.raises(CallFailed) as failed:
        trading.execute("ReviseInventoryStatus", {"InventoryStatus": [{"ItemID": other["item_id"], "Quantity": 4}]})
    assert failed.value.response.dict()["Errors"]["ErrorCode"] == "21919474"
