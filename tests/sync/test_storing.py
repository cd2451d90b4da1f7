"""What a cart tells of orders, in rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from cartrover.events.cards import Card, open_cards
from cartrover.events.models import Event, Problem
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order, OrderLine, SearchTerm, Shipment, ShipmentLine, Status
from cartrover.sync.models import Effect
from cartrover.sync.readings import Read
from cartrover.sync.storing import Stored, store
from integrations.contract import AddressRecord, Cancel, Fulfilment, MalformedRecord, Payment
from tests.sync.fake_cart import START, Shop, line_record, make_connection, order_record

LATER = START + timedelta(hours=1)


def keep(shop: Shop, *records: Read) -> Stored:
    with acting_for(shop.merchant):
        return store(shop.connection, records, pulled_at=timezone.now())


def order(shop: Shop, key: str = "12-00001-00001") -> Order:
    with acting_for(shop.merchant):
        return Order.objects.select_related("cart", "warehouse", "problem").get(external_id=key)


def lines(shop: Shop) -> list[OrderLine]:
    with acting_for(shop.merchant):
        return list(OrderLine.objects.order_by("position"))


def cards(shop: Shop) -> list[Card]:
    with acting_for(shop.merchant):
        return open_cards()


def told(shop: Shop) -> list[str]:
    with acting_for(shop.merchant):
        return list(Event.objects.filter(about="order").order_by("pk").values_list("words", flat=True))


def versions_written() -> int:
    """Row versions that this transaction has written to what P2 counts."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables"
            " WHERE relname IN ('orders_order', 'orders_orderline', 'orders_shipment', 'events_event', 'orders_searchterm')"
        )
        return int(cursor.fetchone()[0])


def test_a_new_order_is_stored_whole_and_ready(shop: Shop) -> None:
    stored = keep(shop, order_record())
    mine = order(shop)
    assert stored.new == (mine.pk,)
    assert (mine.status, mine.cart, mine.warehouse) == (Status.NEW, shop.cart, shop.warehouse)
    assert (mine.number, mine.ref, mine.total) == ("12-00001-00001", "120000100001", Decimal("14.99"))
    assert mine.ship_to is not None
    assert mine.ship_to["city"] == "Berlin"
    assert mine.due_at is not None
    assert [(line.sku, line.quantity) for line in lines(shop)] == [("RED-01", 1)]
    assert told(shop) == ["Pulled from the cart, 1 line, 14.99 EUR. Ready for the warehouse."]


def test_what_becomes_of_an_order_is_one_sentence_and_its_total_has_cents(shop: Shop) -> None:
    keep(shop, order_record(total=Decimal("207.7"), cancel="asked"))
    (words,) = told(shop)
    assert words.startswith("Pulled from the cart, 1 line, 207.70 EUR. Held: ")
    assert words.endswith(".")
    assert not words.endswith("..")


def test_the_warehouse_of_an_order_that_is_ready_is_woken(shop: Shop) -> None:
    assert keep(shop, order_record()).woken == {shop.warehouse.connection_id}


def test_an_order_is_found_by_its_numbers_its_buyer_and_its_skus(shop: Shop) -> None:
    keep(shop, order_record(buyer_name="José Ångström"))
    with acting_for(shop.merchant):
        terms = set(SearchTerm.objects.values_list("term", flat=True))
    assert terms == {"120000100001", "jose", "angstrom", "jane", "roe", "red01", "janeroe", "janeexamplecom"}


def test_what_is_read_twice_writes_nothing(shop: Shop) -> None:
    page = [order_record(f"12-0000{number}-00001") for number in range(5)]
    keep(shop, *page)
    before = versions_written()
    assert before >= 5
    stored = keep(shop, *page)
    assert versions_written() == before
    assert (stored.unchanged, stored.new, stored.changed) == (5, (), ())


def test_an_order_that_stands_twice_on_a_page_is_one_row(shop: Shop) -> None:
    newer = order_record(modified_at=LATER, payment=Payment.PENDING)
    assert len(keep(shop, newer, order_record(), newer).new) == 1
    assert order(shop).payment == "pending"


def test_an_older_version_never_replaces_a_newer_one(shop: Shop) -> None:
    keep(shop, order_record(modified_at=LATER, shipping_method="Express"))
    stored = keep(shop, order_record(modified_at=START, shipping_method="Slow"))
    assert stored.older == 1
    assert order(shop).shipping_method == "Express"


def test_an_old_version_cannot_slip_in_behind_one_that_only_touched_the_order(shop: Shop) -> None:
    keep(shop, order_record(modified_at=START))
    keep(shop, order_record(modified_at=LATER))
    keep(shop, order_record(modified_at=START + timedelta(minutes=1), shipping_method="Slow"))
    assert order(shop).shipping_method == "DE_DHLPaket"


def test_the_same_time_with_other_content_is_stored(shop: Shop) -> None:
    keep(shop, order_record())
    keep(shop, order_record(shipping_method="Express"))
    assert order(shop).shipping_method == "Express"
    assert told(shop)[-1] == "Shipping method: DE_DHLPaket → Express."


def test_a_change_says_what_changed_and_nothing_personal(shop: Shop) -> None:
    keep(shop, order_record())
    moved = AddressRecord(name="Jane Roe", line1="2 Side St", city="Bonn", country="DE")
    bigger = line_record(quantity=2, total=Decimal("20.00"))
    keep(shop, order_record(modified_at=LATER, ship_to=moved, lines=(bigger, line_record("L2", sku="BLUE-01"))))
    words = told(shop)[-1]
    assert words.startswith("Shipping address changed; line added: 1 x BLUE-01; quantity of RED-01: 1 → 2")
    assert "Bonn" not in words
    assert [(line.sku, line.quantity) for line in lines(shop)] == [("RED-01", 2), ("BLUE-01", 1)]


def test_what_the_cart_blanks_stays_as_it_was_told(shop: Shop) -> None:
    keep(shop, order_record(note="Ring twice", references=(("IOSS", "IM276"),)))
    place_only = AddressRecord(name="", line1="", city="Berlin", country="DE", postal_code="10115")
    blanked = order_record(modified_at=LATER, ship_to=place_only, buyer_name="", buyer_email="", references=())
    keep(shop, blanked)
    mine = order(shop)
    assert mine.ship_to is not None
    assert (mine.ship_to["line1"], mine.buyer_name, mine.buyer_email) == ("1 Main St", "Jane Roe", "jane@example.com")
    assert (mine.note, mine.references) == ("Ring twice", [["IOSS", "IM276"]])
    assert len(told(shop)) == 1
    before = versions_written()
    keep(shop, blanked)
    assert versions_written() == before


def test_a_malformed_order_is_held_with_the_field_and_the_others_load(shop: Shop) -> None:
    broken = MalformedRecord("12-00009-00009", "$.pricingSummary.total", "is missing", {"orderId": "12-00009-00009"})
    stored = keep(shop, broken, order_record())
    assert stored.malformed == 1
    held = order(shop, "12-00009-00009")
    assert (held.status, held.reason_code, held.reason) == (Status.HELD, "malformed", "$.pricingSummary.total is missing")
    assert order(shop).status == Status.NEW
    before = versions_written()
    keep(shop, broken)
    assert versions_written() == before


def test_orders_that_cannot_be_read_are_one_problem_of_ours_until_they_can(shop: Shop) -> None:
    keep(shop, order_record())
    keep(shop, *(MalformedRecord(f"12-00001-0000{at}", "$.total", "is missing") for at in (1, 2)))
    (card,) = cards(shop)
    assert (card.problem.kind, card.problem.whose, card.orders) == ("malformed", Problem.Whose.OPERATOR, 2)
    keep(shop, order_record())
    assert [card.orders for card in cards(shop)] == [1]
    keep(shop, order_record("12-00001-00002"))
    assert cards(shop) == []


def test_a_malformed_order_goes_on_when_it_can_be_read(shop: Shop) -> None:
    keep(shop, MalformedRecord("12-00001-00001", "$.total", "is missing"))
    keep(shop, order_record())
    mine = order(shop)
    assert (mine.status, mine.number, mine.total) == (Status.NEW, "12-00001-00001", Decimal("14.99"))
    assert "Can be read now." in told(shop)


def test_a_good_order_that_turns_unreadable_waits_and_keeps_what_was_read(shop: Shop) -> None:
    keep(shop, order_record())
    keep(shop, MalformedRecord("12-00001-00001", "$.total", "is missing"))
    mine = order(shop)
    assert (mine.status, mine.due_at, mine.total) == (Status.HELD, None, Decimal("14.99"))


@pytest.mark.parametrize("held", [{"payment": Payment.PENDING}, {"cancel": Cancel.ASKED}])
def test_an_order_that_waits_for_something_else_is_on_the_card_too_when_it_turns_unreadable(
    shop: Shop, held: dict[str, Any]
) -> None:
    keep(shop, order_record(**held))
    assert order(shop).status == Status.HELD
    keep(shop, MalformedRecord("12-00001-00001", "$.total", "is missing"))
    assert (order(shop).status, order(shop).reason_code) == (Status.HELD, "malformed")
    assert [(card.problem.kind, card.orders) for card in cards(shop)] == [("malformed", 1)]
    keep(shop, order_record(**held, modified_at=LATER))
    assert (order(shop).status, order(shop).reason_code != "malformed") == (Status.HELD, True)


def test_an_order_that_may_be_at_the_warehouse_is_settled_although_it_cannot_be_read_any_more(shop: Shop) -> None:
    keep(shop, order_record())
    with acting_for(shop.merchant):
        mine = Order.objects.get()
        Effect.objects.create(
            connection=shop.warehouse.connection, kind="order", subject=mine.ref, order=mine, state="ambiguous", digest=b""
        )
    keep(shop, MalformedRecord("12-00001-00001", "$.total", "is missing"))
    assert (order(shop).status, order(shop).due_at is None) == (Status.NEW, False)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"lines": (line_record(sku="X" * 201),)}, "lines[0].sku"),
        ({"lines": (line_record(), line_record())}, "lines"),
        ({"lines": (line_record(quantity=-1),)}, "lines[0].quantity"),
        ({"total": Decimal("Infinity")}, "total"),
        ({"note": "a\0b"}, "note"),
        ({"buyer_name": "half \ud83d"}, "buyer_name"),
    ],
)
def test_what_no_row_can_hold_is_malformed_and_harms_nobody(shop: Shop, changes: dict[str, Any], path: str) -> None:
    keep(shop, order_record(**changes), order_record("12-00002-00002"))
    assert order(shop).reason.startswith(path)
    assert order(shop, "12-00002-00002").status == Status.NEW


def test_long_and_strange_text_is_stored_intact(shop: Shop) -> None:
    street = "Straße 🏡 " * 1000
    strange = AddressRecord(name="=cmd|' /C calc'!A0", line1=street, city="東京", country="JP")
    keep(shop, order_record(ship_to=strange, raw={"nul": "a\0b", "half": "\ud83d", "backslash": "\\u0000"}))
    mine = order(shop)
    assert mine.ship_to is not None
    assert (mine.ship_to["line1"], mine.ship_to["name"]) == (street, "=cmd|' /C calc'!A0")
    assert mine.raw == {"nul": "a\ufffdb", "half": "?", "backslash": "\\u0000"}


def test_two_accounts_with_the_same_number_get_different_references(shop: Shop) -> None:
    keep(shop, order_record("1001"))
    with acting_for(shop.merchant):
        other = make_connection("ebay", "alice_sells_more")
        store(other, [order_record("1001")], pulled_at=timezone.now())
        refs = list(Order.objects.order_by("pk").values_list("ref", flat=True))
    assert refs[0] == "1001"
    assert refs[1].startswith("1001")
    assert refs[1] != "1001"


def test_payment_releases_what_waited_for_it(shop: Shop) -> None:
    keep(shop, order_record(payment=Payment.PENDING))
    assert (order(shop).status, order(shop).reason) == (Status.HELD, "waiting for payment")
    stored = keep(shop, order_record(modified_at=LATER))
    assert (order(shop).status, order(shop).reason) == (Status.NEW, "")
    assert stored.woken == {shop.warehouse.connection_id}


def test_a_cancellation_before_the_delivery_stops_it(shop: Shop) -> None:
    keep(shop, order_record())
    keep(shop, order_record(modified_at=LATER, cancel=Cancel.CANCELED))
    assert (order(shop).status, order(shop).due_at) == (Status.CANCELED, None)


@pytest.mark.parametrize("state", [Effect.State.INTENT, Effect.State.AMBIGUOUS])
def test_an_order_on_its_way_is_not_judged_until_its_delivery_is_settled(shop: Shop, state: str) -> None:
    keep(shop, order_record())
    mine = order(shop)
    with acting_for(shop.merchant):
        Effect.objects.create(
            connection_id=shop.warehouse.connection_id, kind="order", subject=mine.ref, order=mine, state=state, digest=b""
        )
    keep(shop, order_record(modified_at=LATER, cancel=Cancel.CANCELED, lines=(line_record(quantity=5),)))
    mine = order(shop)
    assert (mine.status, mine.cancel) == (Status.NEW, "canceled")
    assert [line.quantity for line in lines(shop)] == [1]


def test_a_delivered_order_keeps_its_status_and_lines_and_tells_the_change(shop: Shop) -> None:
    keep(shop, order_record())
    with acting_for(shop.merchant):
        Order.objects.update(status=Status.AT_WMS)
    changed = order_record(modified_at=LATER, cancel=Cancel.CANCELED, lines=(line_record(quantity=3, fulfilled=True),))
    keep(shop, changed)
    mine = order(shop)
    assert (mine.status, mine.cancel) == (Status.AT_WMS, "canceled")
    assert [(line.quantity, line.fulfilled, line.shipped_before) for line in lines(shop)] == [(1, True, 0)]
    assert told(shop)[-1].startswith("Cancellation: none → canceled")


def ship(shop: Shop, mine: Order, cart_shipment_id: str) -> Shipment:
    return Shipment.objects.create(
        order=mine,
        warehouse=shop.warehouse,
        cart_connection=shop.connection,
        remote_id="F1",
        state=Shipment.State.UPLOADED,
        tracking="JD01",
        cart_shipment_id=cart_shipment_id,
        shipped_at=START,
        seen_at=START,
    )


def test_packages_that_the_cart_shows_are_confirmed_by_the_next_version(shop: Shop) -> None:
    keep(shop, order_record())
    with acting_for(shop.merchant):
        Order.objects.update(status=Status.SHIPPED)
        package = ship(shop, order(shop), "JD01")
    keep(shop, order_record(modified_at=LATER, fulfilment=Fulfilment.FULL, shipments=("JD01",)))
    with acting_for(shop.merchant):
        package.refresh_from_db()
    assert package.state == Shipment.State.CONFIRMED
    assert order(shop).status == Status.CONFIRMED


def test_a_cart_that_names_no_packages_is_asked_for_them(shop: Shop) -> None:
    keep(shop, order_record())
    with acting_for(shop.merchant):
        Order.objects.update(status=Status.SHIPPED)
        package = ship(shop, order(shop), "77")
    stored = keep(shop, order_record(modified_at=LATER, fulfilment=Fulfilment.FULL))
    with acting_for(shop.merchant):
        package.refresh_from_db()
    assert stored.to_confirm
    assert package.due_at is not None


def test_a_correction_frees_an_order_that_the_warehouse_refused(shop: Shop) -> None:
    keep(shop, order_record())
    with acting_for(shop.merchant):
        Order.objects.update(status=Status.ERROR, reason_code="refused", reason="No such place", due_at=None)
    moved = AddressRecord(name="Jane Roe", line1="2 Side St", city="Bonn", country="DE")
    keep(shop, order_record(modified_at=LATER, ship_to=moved))
    assert order(shop).status == Status.NEW


def test_what_a_person_holds_stays_held(shop: Shop) -> None:
    keep(shop, order_record())
    with acting_for(shop.merchant):
        Order.objects.update(status=Status.HELD, reason_code="person", due_at=None)
    keep(shop, order_record(modified_at=LATER, shipping_method="Express"))
    assert order(shop).status == Status.HELD


def test_a_line_that_had_left_is_noted_as_shipped_before(shop: Shop) -> None:
    half = (line_record("L1", fulfilled=True), line_record("L2", sku="BLUE-01"))
    keep(shop, order_record(fulfilment=Fulfilment.PARTIAL, lines=half))
    assert order(shop).status == Status.NEW
    assert [line.shipped_before for line in lines(shop)] == [1, 0]


def test_a_line_that_is_gone_stays_for_a_package_that_was_taken_back_and_is_sent_no_more(shop: Shop) -> None:
    keep(shop, order_record(lines=(line_record("L1"), line_record("L2", sku="BLUE-01"))))
    with acting_for(shop.merchant):
        package = Shipment.objects.create(
            order=order(shop),
            warehouse=shop.warehouse,
            cart_connection=shop.connection,
            remote_id="1",
            state=Shipment.State.VOID,
            shipped_at=START,
            seen_at=START,
        )
        ShipmentLine.objects.create(shipment=package, line=lines(shop)[1], quantity=1)
    keep(shop, order_record(modified_at=LATER, lines=(line_record("L1"),)))
    assert [(line.external_id, line.quantity) for line in lines(shop)] == [("L1", 1), ("L2", 0)]


def test_another_merchants_order_of_the_same_number_is_another_order(shop: Shop, other_merchant: Any) -> None:
    keep(shop, order_record())
    charlie = Shop.open(other_merchant, "charlie_sells")
    stored = keep(charlie, replace(order_record(), shipping_method="Express"))
    assert len(stored.new) == 1
    assert order(shop).shipping_method == "DE_DHLPaket"
