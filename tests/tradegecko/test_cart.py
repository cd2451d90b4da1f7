"""TradeGecko as a cart, over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.contract import (
    Cancel,
    Fulfilment,
    MalformedRecord,
    OrderRecord,
    Payment,
    ShipmentLine,
    ShipmentUpload,
    StockUpdate,
    Window,
)
from integrations.outcomes import Ambiguous, NeedsMerchant, Rejected
from tests.tradegecko.scene import PORTAL, Scene


def place(scene: Scene, **changes: Any) -> dict[str, Any]:
    """A paid order of two mugs, which a person entered."""
    wanted = {
        "account": scene.account_id,
        "paid": True,
        "lines": [
            {"sku": "MUG-1", "quantity": 2, "price": "10"},
            {"label": "Standard", "line_type": "shipping", "quantity": 1, "price": "4.5"},
        ],
        **changes,
    }
    answer: dict[str, Any] = scene.gecko.control("POST", "orders", wanted)
    return answer


def orders(scene: Scene, **settings: Any) -> dict[str, OrderRecord]:
    page = scene.cart(**settings).orders_in(scene.window())
    assert page.complete
    return {one.external_id: one for one in page.records if isinstance(one, OrderRecord)}


def only(scene: Scene, **settings: Any) -> OrderRecord:
    (order,) = orders(scene, **settings).values()
    return order


# ----------------------------------------------------------------------------------------------------------------------- orders


def test_an_order_is_read_with_lines_skus_addresses_and_currency(scene: Scene) -> None:
    placed = place(scene, currency_iso="EUR", email="ada@example.com", notes="Ring twice", order_number="SO-9")
    order = only(scene)
    assert (order.external_id, order.number, order.currency) == (str(placed["id"]), "SO-9", "EUR")
    assert [(line.sku, line.quantity, line.total) for line in order.lines] == [("MUG-1", 2, Decimal("20.00"))]
    assert order.ship_to is not None
    assert (order.ship_to.name, order.ship_to.country) == ("Bob Rogers", "SG")
    assert (order.buyer_email, order.note, order.shipping_method) == ("ada@example.com", "Ring twice", "Standard")
    assert (order.payment, order.cancel, order.fulfilment, order.filtered) == (
        Payment.PAID,
        Cancel.NONE,
        Fulfilment.NONE,
        "",
    )
    assert order.total == Decimal(placed["total"])
    assert order.total == order.items - order.discount + order.shipping + order.tax + order.adjustment


def test_prices_without_tax_have_it_on_top(gecko: Any) -> None:
    scene = Scene.set_up(gecko, "exclusive-cart@example.com", tax_treatment="exclusive")
    place(scene)
    order = only(scene)
    assert (order.items, order.shipping, order.tax) == (Decimal(20), Decimal("4.5"), Decimal("3.68"))


def test_a_poll_that_finds_nothing_is_one_call(scene: Scene) -> None:
    place(scene)
    cart = scene.cart()
    scene.wire.permitted.clear()
    long_ago = Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC))
    assert cart.orders_in(long_ago).records == ()
    assert scene.wire.permitted == [("orders", False)]


def test_a_page_of_orders_is_four_calls(scene: Scene) -> None:
    for _ in range(8):
        place(scene)
    cart = scene.cart()
    scene.wire.permitted.clear()
    assert len(cart.orders_in(scene.window()).records) == 8
    assert scene.wire.calls() == {"orders": 1, "order_line_items": 1, "variants": 1, "addresses": 1}


def test_only_the_window_and_the_six_statuses_are_asked_of_the_server(scene: Scene) -> None:
    scene.cart(location_id=18, payment_status=["paid"]).orders_in(scene.window())
    query = scene.wire.exchanges[-1].url.partition("?")[2]
    names = {part.partition("=")[0] for part in query.split("&")}
    assert names == {"updated_at_min", "updated_at_max", "order", "status", "limit", "page"}
    assert "draft,active,finalized,fulfilled,void,deleted" in query.replace("%2C", ",")


@pytest.mark.parametrize("scope", ["hidden", "shown"])
def test_an_order_that_was_voided_is_still_in_the_window(scene: Scene, scope: str) -> None:
    scene.gecko.set(default_scope=scope)
    placed = place(scene, paid=False)
    scene.gecko.control("POST", f"orders/{placed['id']}/void")
    order = only(scene)
    assert (order.cancel, order.filtered) == (Cancel.CANCELED, "")


def test_orders_that_the_settings_leave_out_come_with_the_reason(scene: Scene) -> None:
    overflow = scene.account["location_ids"][1]
    unpaid = place(scene, paid=False)
    draft = place(scene, status="draft", paid=False)
    there = place(scene, stock_location_id=overflow)
    packed = place(scene)
    scene.gecko.control("POST", f"orders/{packed['id']}/ship", {"pack_only": True})
    filtered = {number: order.filtered for number, order in orders(scene).items()}
    assert filtered == {
        str(unpaid["id"]): "payment status is unpaid",
        str(draft["id"]): "order status is draft",
        str(there["id"]): "",
        str(packed["id"]): "packed status is packed",
    }
    here = orders(scene, location_id=scene.account["location_ids"][0], packed_status=["unpacked", "packed"])
    assert here[str(there["id"])].filtered.startswith(f"for location {overflow}")
    assert here[str(packed["id"])].filtered == ""


def test_an_order_that_we_made_carries_our_marks(scene: Scene) -> None:
    scene.warehouse().send_order(scene.delivery(), key="k1")
    assert only(scene).marks == {
        "source_id": 24,
        "reference": "A1B2C3",
        "source_url": f"{PORTAL}/o/1",
        "tags": ("cartrover",),
    }


def test_one_order_is_read_by_its_id(scene: Scene) -> None:
    placed = place(scene)
    order = scene.cart().order(str(placed["id"]))
    assert isinstance(order, OrderRecord)
    assert order == only(scene)


@pytest.mark.parametrize("external_id", ["999999999", "../users", "current"])
def test_an_order_that_is_not_there_is_not_found(scene: Scene, external_id: str) -> None:
    with pytest.raises(Rejected) as refused:
        scene.cart().order(external_id)
    assert refused.value.code == "not_found"


def test_one_odd_order_is_set_aside_and_the_others_load(scene: Scene) -> None:
    good, odd = place(scene), place(scene)
    odd_line = odd["order_line_item_ids"][0]
    scene.gecko.control("PATCH", f"orders/{odd['id']}", {"order_line_items": [{"id": odd_line, "quantity": "1.5"}]})
    page = scene.cart().orders_in(scene.window())
    by_id = {one.external_id: one for one in page.records}
    malformed = by_id[str(odd["id"])]
    assert isinstance(malformed, MalformedRecord)
    assert malformed.path == "order_line_items[0].quantity"
    assert isinstance(by_id[str(good["id"])], OrderRecord)
    assert page.complete


def test_a_currency_that_was_added_since_is_asked_for(scene: Scene) -> None:
    place(scene, currency_iso="EUR")
    facts = {**scene.facts, "currency_ids": {}}
    assert scene.made.cart is not None
    (order,) = scene.made.cart.open(scene.wire, {}, facts).orders_in(scene.window()).records
    assert isinstance(order, OrderRecord)
    assert order.currency == "EUR"


def test_a_location_id_that_is_an_address_is_the_merchants_to_change(scene: Scene) -> None:
    with pytest.raises(NeedsMerchant):
        scene.cart(location_id="https://go.tradegecko.com/stock_locations/18")


# -------------------------------------------------------------------------------------------------------------------- shipments


def upload(order: OrderRecord, quantity: int = 2, tracking: str = "1Z1") -> ShipmentUpload:
    return ShipmentUpload(
        order_id=order.external_id,
        order_placed_at=order.placed_at,
        lines=(ShipmentLine(order.lines[0].external_id, quantity),),
        carrier="UPS",
        tracking=tracking,
        shipped_at=datetime(2026, 3, 2, 10, tzinfo=UTC),
        tracking_url=f"https://track.example/{tracking}",
    )


def fulfillments(scene: Scene, order: OrderRecord) -> list[tuple[str, str | None]]:
    rows = scene.get(f"fulfillments?order_id={order.external_id}")["fulfillments"]
    return [(row["status"], row["tracking_number"]) for row in rows]


def test_a_package_becomes_a_fulfillment_that_has_left(scene: Scene) -> None:
    place(scene)
    order = only(scene)
    made = scene.cart().upload_shipment(upload(order), key="s1").remote_id
    (row,) = scene.get(f"fulfillments?order_id={order.external_id}")["fulfillments"]
    assert (str(row["id"]), row["status"], row["tracking_company"], row["tracking_number"]) == (
        made,
        "fulfilled",
        "UPS",
        "1Z1",
    )
    assert row["tracking_url"] == "https://track.example/1Z1"
    assert scene.get(f"orders/{order.external_id}")["order"]["fulfillment_status"] == "shipped"
    (shown,) = scene.cart().shipments_of(order.external_id)
    assert (shown.remote_id, shown.tracking, shown.lines) == (
        made,
        "1Z1",
        (ShipmentLine(order.lines[0].external_id, 2, "MUG-1"),),
    )


def test_an_order_in_two_packages_is_two_fulfillments(scene: Scene) -> None:
    place(scene)
    order = only(scene)
    scene.cart().upload_shipment(upload(order, 1, "1Z1"), key="s1")
    assert scene.get(f"orders/{order.external_id}")["order"]["fulfillment_status"] == "partial"
    scene.cart().upload_shipment(upload(order, 1, "1Z2"), key="s2")
    assert sorted(one.tracking for one in scene.cart().shipments_of(order.external_id)) == ["1Z1", "1Z2"]


@pytest.mark.parametrize("status", [204, 200])
def test_what_was_packed_there_for_the_same_units_is_shipped(scene: Scene, status: int) -> None:
    scene.gecko.set(put_fulfillment=status)
    placed = place(scene)
    scene.gecko.control("POST", f"orders/{placed['id']}/ship", {"pack_only": True})
    order = only(scene, packed_status=[])
    assert scene.cart().shipments_of(order.external_id) == ()
    scene.cart().upload_shipment(upload(order), key="s1")
    assert fulfillments(scene, order) == [("fulfilled", "1Z1")]


def test_a_package_that_was_told_can_say_another_number(scene: Scene) -> None:
    place(scene)
    order = only(scene)
    made = scene.cart().upload_shipment(upload(order), key="s1").remote_id
    changed = scene.cart().change_shipment(made, upload(order, tracking="1Z2"), key="s2")
    assert (changed.remote_id, changed.tracking) == (made, "1Z2")
    assert fulfillments(scene, order) == [("fulfilled", "1Z2")]


def test_a_package_that_is_taken_back_frees_its_units_and_is_gone_for_good(scene: Scene) -> None:
    place(scene)
    order = only(scene)
    made = scene.cart().upload_shipment(upload(order), key="s1").remote_id
    for key in ("s2", "s3"):
        scene.cart().withdraw_shipment(made, key=key)
    assert scene.cart().shipments_of(order.external_id) == ()
    scene.cart().upload_shipment(upload(order, tracking="1Z2"), key="s4")
    assert [one.tracking for one in scene.cart().shipments_of(order.external_id)] == ["1Z2"]


def test_more_than_was_ordered_is_refused(scene: Scene) -> None:
    place(scene)
    order = only(scene)
    with pytest.raises(Rejected):
        scene.cart().upload_shipment(upload(order, 3), key="s1")
    assert fulfillments(scene, order) == []


def test_a_package_whose_answer_was_lost_is_in_doubt_and_shown(scene: Scene) -> None:
    place(scene)
    order = only(scene)
    scene.gecko.fault("effect_then_reset", method="POST", path="^/fulfillments$")
    with pytest.raises(Ambiguous):
        scene.cart().upload_shipment(upload(order), key="s1")
    assert [one.tracking for one in scene.cart().shipments_of(order.external_id)] == ["1Z1"]


def test_a_package_sent_again_with_its_key_is_not_there_twice(scene: Scene) -> None:
    place(scene)
    order = only(scene)
    scene.cart().upload_shipment(upload(order, 1), key="s1")
    with pytest.raises(Ambiguous) as doubt:
        scene.cart().upload_shipment(upload(order, 1), key="s1")
    assert doubt.value.key_spent
    assert fulfillments(scene, order) == [("fulfilled", "1Z1")]


# ------------------------------------------------------------------------------------------------------------------------ stock


def test_no_figure_is_ever_sent_to_it(scene: Scene) -> None:
    (result,) = scene.cart().set_stock([StockUpdate("1", "MUG-1", 5)])
    assert (result.done, result.retry) == (False, False)
    assert "TradeGecko keeps its own stock" in result.problem
    assert not any(write for _, write in scene.wire.permitted)


def test_what_it_sells_is_listed_with_whole_figures(scene: Scene) -> None:
    listed = {one.sku: one.quantity for one in scene.cart().listings().records}
    assert listed == {"MUG-1": 10, "HAT-1": 4}


# -------------------------------------------------------------------------------------------------------------------- one grant


def test_one_account_is_cart_and_warehouse_on_one_grant(scene: Scene) -> None:
    placed = place(scene)
    made = scene.warehouse().send_order(scene.delivery(), key="k1")
    assert set(orders(scene)) == {str(placed["id"]), made.remote_id}
    assert {exchange.status for exchange in scene.wire.exchanges} <= {200, 201}
    assert scene.wire.refused == []
