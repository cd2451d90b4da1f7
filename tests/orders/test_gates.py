"""The gates of number, address, shipping method and the merchant's own rules."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartrover.connections.models import Cart, Warehouse
from cartrover.events.cards import open_cards
from cartrover.events.models import Problem
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import holding, methods
from cartrover.orders.gates.address import is_po_box
from cartrover.orders.gates.number import SHORT, number_to_send
from cartrover.orders.limits import CHARACTERS, FIELDS, Limits
from cartrover.orders.models import Order, OrderRule, ShippingMethod, Status
from cartrover.orders.numbering import candidates
from cartrover.orders.preparing import decide
from cartrover.orders.sending import as_sent
from integrations.contract import AddressRecord
from tests.orders.reading import again, keep
from tests.sync.fake_cart import Shop, line_record, order_record

LONG = AddressRecord("Jane Roe", "1 Very Long Street Name Indeed", "Berlin", "DE", postal_code="10115")


def limit(shop: Shop, **limits: Any) -> None:
    with acting_for(shop.merchant):
        Warehouse.objects.update(limits=limits)


def sent(shop: Shop, order: Order) -> Any:
    with acting_for(shop.merchant):
        return as_sent(Order.objects.select_related("warehouse").get(pk=order.pk))


def told_at(shop: Shop) -> list[tuple[str, str, int | None, int]]:
    """(kind, what it is about, its id, how many orders wait) of each open card."""
    with acting_for(shop.merchant):
        return [(each.problem.kind, each.problem.about, each.problem.about_id, each.orders) for each in open_cards()]


def release(shop: Shop, order: Order) -> None:
    with acting_for(shop.merchant):
        holding.release(Order.objects.filter(pk=order.pk), "bob@example.com")


# ---------------------------------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"number_length": 10}, "The order number has 14 characters, and 10 fit at Main warehouse."),
        ({"number_characters": "plain"}, "The order number holds more than letters and digits at Main warehouse."),
        ({"number_characters": "dashes", "number_length": 14}, ""),
    ],
)
def test_a_number_that_does_not_fit_is_an_error(shop: Shop, limits: dict[str, Any], reason: str) -> None:
    limit(shop, **limits)
    order = keep(shop, order_record())
    assert (order.status, order.reason) == (Status.ERROR if reason else Status.NEW, reason)


def test_releasing_it_sends_the_short_number_in_its_place(shop: Shop) -> None:
    limit(shop, number_characters="plain")
    order = keep(shop, order_record())
    assert sent(shop, order).number == "12-00001-00001"
    release(shop, order)
    assert again(shop, order).status == Status.NEW
    assert sent(shop, order).number == "120000100001"


def test_where_not_even_the_short_number_fits_nothing_is_sent(shop: Shop) -> None:
    limit(shop, number_length=8)
    order = keep(shop, order_record())
    release(shop, order)
    stuck = again(shop, order)
    assert (stuck.status, stuck.reason_code, holding.release_words(stuck)) == (Status.ERROR, "ref_too_long", "")


def test_numbers_that_do_not_fit_are_one_problem_of_their_warehouse(shop: Shop) -> None:
    limit(shop, number_length=8)
    orders = [keep(shop, order_record(f"12-0000{at}-00001")) for at in range(3)]
    assert told_at(shop) == [("number_too_long", "warehouse", shop.warehouse.pk, 3)]
    for order in orders:
        release(shop, order)
    assert told_at(shop) == [("ref_too_long", "warehouse", shop.warehouse.pk, 3)], "the first is solved: short ones were chosen"
    limit(shop)
    with acting_for(shop.merchant):
        decide(Order.objects.all())
    assert [again(shop, order).status for order in orders] == [Status.NEW] * 3
    assert told_at(shop) == []


@given(
    number=st.text(max_size=60),
    identity=st.text(alphabet="abc123/", min_size=1, max_size=20),
    length=st.integers(min_value=0, max_value=60),
    characters=st.sampled_from(["", *CHARACTERS]),
    released=st.booleans(),
)
def test_a_number_that_the_gate_lets_pass_always_fits(
    number: str, identity: str, length: int, characters: str, released: bool
) -> None:
    goes = number_to_send(number, next(candidates(number, identity)), {SHORT} if released else ())
    if not Limits(length, characters).against(goes):
        assert not length or len(goes) <= length
        assert not characters or CHARACTERS[characters][0].fullmatch(goes)


@given(number=st.text(max_size=80), identity=st.text(alphabet="abc123/", min_size=1, max_size=20), length=st.integers(20, 99))
def test_the_short_number_fits_wherever_twenty_letters_and_digits_do(number: str, identity: str, length: int) -> None:
    assert Limits(length, "plain").against(next(candidates(number, identity))) == ""


# ------------------------------------------------------------------------------------------------------------------- addresses


def test_an_address_that_is_too_long_is_an_error_and_can_be_sent_shortened(shop: Shop) -> None:
    limit(shop, address={"line1": 20})
    order = keep(shop, order_record(ship_to=LONG))
    assert (order.status, order.reason) == (Status.ERROR, "Street has 30 characters, and 20 fit at Main warehouse.")
    release(shop, order)
    assert again(shop, order).status == Status.NEW
    assert [sent(shop, order).ship_to[line] for line in ("line1", "line2")] == ["1 Very Long Street", "Name Indeed"]


@given(
    address=st.dictionaries(st.sampled_from(list(FIELDS)), st.text(max_size=60)),
    most=st.dictionaries(st.sampled_from(list(FIELDS)), st.integers(min_value=1, max_value=40)),
)
def test_a_shortened_address_fits_in_every_field(address: dict[str, str], most: dict[str, int]) -> None:
    limits = Limits(address=most)
    assert limits.too_long(limits.shortened(address)) == {}


@given(address=st.dictionaries(st.sampled_from(list(FIELDS)), st.text(alphabet="ab c", max_size=10)))
def test_an_address_that_fits_stays_as_it_is(address: dict[str, str]) -> None:
    limits = Limits(address=dict.fromkeys(FIELDS, 10))
    assert {name: text.strip() for name, text in address.items()} == limits.shortened(address)


@pytest.mark.parametrize(
    "line",
    [
        *("PO Box 12", "P.O. Box 7", "p o box 9", "POB 77", "Post Office Box 3", "GPO Box 1", "Locked Bag 5", "Private Bag 12"),
        *("Postfach 10 20 30", "Postbus 4", "Postboks 88", "Casella postale 4", "Caixa Postal 9", "BP 123", "B.P. 7"),
        *("Boîte postale 5", "Apartado de Correos 12", "Apdo. 4", "skr. poczt. 9", "Skrytka pocztowa 4", "C.P. 123", "Box 42"),
    ],
)
def test_a_po_box_is_known_in_many_languages(line: str) -> None:
    assert is_po_box({"line1": line})


@pytest.mark.parametrize(
    "line",
    [
        *("1 Main St", "Boxberger Str. 4", "12 Polk Obelisk Road", "Postgasse 4", "Apartamento 3", "Hauptstr. 5, Box im Hof"),
        *("Calle Mayor 1, C.P. 28001", "BPM-Platz 3", "Poststraße 7", "Bpost", "Packstation 112"),
    ],
)
def test_a_street_is_no_po_box(line: str) -> None:
    assert not is_po_box({"line1": line})


def test_a_po_box_goes_out_where_nobody_asked_to_hold_it(shop: Shop) -> None:
    assert keep(shop, order_record(ship_to=AddressRecord("Jane Roe", "PO Box 1", "Berlin", "DE"))).status == Status.NEW


def test_a_country_that_the_warehouse_does_not_serve_holds_its_orders_under_one_problem(shop: Shop) -> None:
    limit(shop, countries=["AT", "CH"])
    first, second = keep(shop, order_record("1")), keep(shop, order_record("2"))
    assert (first.status, first.reason) == (Status.HELD, "Main warehouse does not ship to DE")
    assert first.problem == second.problem
    release(shop, first)
    assert again(shop, first).status == Status.NEW
    assert again(shop, second).status == Status.HELD


# ------------------------------------------------------------------------------------------------------------- shipping methods


def method(shop: Shop) -> ShippingMethod:
    with acting_for(shop.merchant):
        return ShippingMethod.objects.get()


def test_a_method_is_learned_and_passed_on_as_the_cart_calls_it(shop: Shop) -> None:
    order = keep(shop, order_record("1"), order_record("2"))
    assert (method(shop).code, method(shop).cart_id, method(shop).hold) == ("DE_DHLPaket", shop.cart.pk, False)
    assert (order.status, sent(shop, order).shipping_method) == (Status.NEW, "DE_DHLPaket")


def test_a_method_that_comes_with_a_change_is_learned_too(shop: Shop) -> None:
    record = order_record(shipping_method="")
    keep(shop, record)
    from dataclasses import replace
    from datetime import timedelta

    keep(shop, replace(record, shipping_method="DE_Hermes", modified_at=record.modified_at + timedelta(hours=1)))
    assert method(shop).code == "DE_Hermes"


def test_a_mapped_method_goes_out_under_the_warehouses_name(shop: Shop) -> None:
    order = keep(shop, order_record())
    with acting_for(shop.merchant):
        methods.map_method(ShippingMethod.objects.get(), sent_as="DHL Parcel", hold=False)
    assert sent(shop, order).shipping_method == "DHL Parcel"


def test_unmapped_methods_that_hold_are_one_problem_each_and_mapping_frees_all(shop: Shop) -> None:
    with acting_for(shop.merchant):
        Cart.objects.update(holds_unmapped=True)
    first = keep(shop, order_record("1"))
    second = keep(shop, order_record("2"))
    other = keep(shop, order_record("3", shipping_method="DE_Hermes"))
    assert first.problem is not None
    assert (first.status, first.reason_code, first.problem) == (Status.ERROR, "unmapped_method", second.problem)
    assert (first.problem.subject, first.problem.data) == ("DE_DHLPaket", {"cart": shop.cart.pk, "method": "DE_DHLPaket"})
    assert other.problem != first.problem
    with acting_for(shop.merchant):
        row = ShippingMethod.objects.get(code="DE_DHLPaket")
        assert methods.map_method(row, sent_as="DHL Parcel", hold=True) == {shop.warehouse.connection_id}
        open_now = list(Problem.objects.filter(closed_at__isnull=True).values_list("subject", flat=True))
    assert {again(shop, each).status for each in (first, second)} == {Status.NEW}
    assert open_now == ["DE_Hermes"]


def test_a_cart_that_stops_holding_unmapped_methods_frees_its_orders(shop: Shop) -> None:
    order = keep(shop, order_record())
    with acting_for(shop.merchant):
        cart = Cart.objects.get(pk=shop.cart.pk)
        methods.hold_unmapped(cart, True)
    assert again(shop, order).reason_code == "unmapped_method"
    with acting_for(shop.merchant):
        assert methods.hold_unmapped(cart, False) == {shop.warehouse.connection_id}
    assert again(shop, order).status == Status.NEW


# ------------------------------------------------------------------------------------------------------------------------ rules


def rule(shop: Shop, field: str, test: str, *values: str, action: str = "hold", cart: Cart | None = None) -> None:
    with acting_for(shop.merchant):
        OrderRule.objects.create(field=field, test=test, values=list(values), action=action, cart=cart)


def test_a_filter_skips_with_its_words_and_a_person_may_send_one_anyway(shop: Shop) -> None:
    rule(shop, "country", "none_of", "AT", "CH", action="skip")
    order = keep(shop, order_record())
    assert (order.status, order.reason) == (Status.SKIPPED, "your rule: Country is none of AT, CH")
    release(shop, order)
    assert again(shop, order).status == Status.NEW


def test_what_several_rules_hold_is_released_at_once(shop: Shop) -> None:
    rule(shop, "total", "at_least", "10")
    rule(shop, "sku", "any_of", "red-01")
    order = keep(shop, order_record(lines=(line_record(),)))
    assert order.reason == "your rule: Order total is at least 10; SKU is one of red-01"
    assert order.problem is not None
    assert order.problem.words == "Held by your rule “Order total is at least 10”. Look at them, then release them."
    release(shop, order)
    assert again(shop, order).status == Status.NEW


def test_a_rule_of_another_cart_is_about_none_of_this_ones_orders(shop: Shop) -> None:
    with acting_for(shop.merchant):
        other = Cart.objects.create(integration="ebay", name="Other", variant="EBAY_FR", connection=shop.connection)
    rule(shop, "total", "at_least", "1", cart=other)
    assert keep(shop, order_record()).status == Status.NEW


def test_words_of_a_reason_hold_no_markup_of_their_own() -> None:
    assert not re.search("[<>]", " ".join(holding.RELEASES.values()))
