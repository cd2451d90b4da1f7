"""What a person changes of an order goes out, ends what it waits for, and no reading of the cart undoes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from cartrover.events.models import Event, Problem
from cartrover.merchants.models import Change, User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import edits
from cartrover.orders.editing import edit, may_edit
from cartrover.orders.models import Order, Status
from cartrover.orders.sending import as_sent
from cartrover.sync.models import Effect
from integrations.contract import AddressRecord
from tests.orders.reading import keep
from tests.sync.fake_cart import Shop, order_record

Visit = Callable[[User | None], Client]
NOBODY = AddressRecord("", "1 Main St", "", "DE")
WHOLE = {"name": "Ada Lovelace", "line1": "1 Main St", "city": "Berlin", "postal_code": "10115", "country": "DE"}


def wanted(order: Order, **changes: Any) -> dict[str, Any]:
    """What the form hands over: every field, with some changed."""
    address = edits.ship_to(order) or {}
    now = {name: address.get(name, "") for name in edits.FIELDS}
    return {**now, "shipping_method": edits.shipping_method(order), "note": edits.note(order), **changes}


def changed(shop: Shop, order: Order, **changes: Any) -> Order:
    with acting_for(shop.merchant):
        row = Order.objects.select_for_update().get(pk=order.pk)
        edit(row, wanted(row, **changes), "alice@example.com")
        return Order.objects.get(pk=order.pk)


def test_an_address_that_a_person_completes_ends_the_problem_and_the_order_goes_on(shop: Shop) -> None:
    order = keep(shop, order_record(ship_to=NOBODY))
    assert order.status == Status.ERROR
    after = changed(shop, order, name="Ada Lovelace", city="Berlin")
    assert (after.status, after.problem_id) == (Status.NEW, None)
    with acting_for(shop.merchant):
        assert Problem.objects.get(pk=order.problem_id).closed_at is not None
        sent = as_sent(after)
        told = Event.objects.filter(about="order", about_id=order.pk, kind="edited").get()
    assert (sent.ship_to["name"], sent.ship_to["line1"], sent.ship_to["city"]) == ("Ada Lovelace", "1 Main St", "Berlin")
    assert told.words == "Edited here: name, city."
    assert "Lovelace" not in str(told.data) + told.words, "events outlive addresses"


def test_a_reading_undoes_no_edit_and_what_was_not_edited_follows_the_cart(shop: Shop) -> None:
    record = order_record(ship_to=NOBODY)
    order = changed(shop, keep(shop, record), name="Ada Lovelace", city="Berlin")
    keep(shop, replace(record, ship_to=replace(NOBODY, line1="7 High St", city="Potsdam")))
    with acting_for(shop.merchant):
        sent = as_sent(Order.objects.get(pk=order.pk)).ship_to
    assert (sent["name"], sent["line1"], sent["city"]) == ("Ada Lovelace", "7 High St", "Berlin")


def test_an_order_without_any_address_can_be_given_one(shop: Shop) -> None:
    after = changed(shop, keep(shop, order_record(ship_to=None)), **WHOLE)
    assert after.status == Status.NEW
    with acting_for(shop.merchant):
        assert AddressRecord(**as_sent(after).ship_to).city == "Berlin"


def test_a_shipping_method_and_a_note_go_out_word_for_word(shop: Shop) -> None:
    after = changed(shop, keep(shop, order_record()), shipping_method="DHL Express", note="Ring twice.")
    with acting_for(shop.merchant):
        sent = as_sent(after)
    assert (sent.shipping_method, sent.note) == ("DHL Express", "Ring twice.")


def test_taking_an_edit_back_leaves_the_order_as_the_cart_tells_it(shop: Shop) -> None:
    order = keep(shop, order_record())
    before = wanted(order)
    after = changed(shop, changed(shop, order, city="Elsewhere", note="x"), **before)
    assert after.edits == {}
    with acting_for(shop.merchant):
        assert Event.objects.filter(about="order", about_id=order.pk).latest("id").words == "It goes as the cart tells it."


@pytest.mark.parametrize("state", ["intent", "ambiguous", "confirmed"])
def test_what_is_or_may_be_at_the_warehouse_is_past_editing(shop: Shop, state: str) -> None:
    order = keep(shop, order_record())
    with acting_for(shop.merchant):
        Effect.objects.create(
            connection=shop.warehouse.connection, kind="order", subject=order.ref, order=order, state=state, digest=b"x"
        )
        assert not may_edit(order)


@given(
    cart=st.fixed_dictionaries({name: st.text(max_size=5) for name in edits.FIELDS}),
    person=st.dictionaries(st.sampled_from(sorted(edits.FIELDS)), st.text(max_size=5)),
    later=st.fixed_dictionaries({name: st.text(max_size=5) for name in edits.FIELDS}),
)
def test_what_goes_out_is_the_persons_word_where_there_is_one_and_the_carts_newest_elsewhere(
    cart: dict[str, str], person: dict[str, str], later: dict[str, str]
) -> None:
    kept = {name: value for name, value in person.items() if value != cart[name]}
    order = Order(merchant_id=1, ship_to=later, edits={"ship_to": kept} if kept else {})
    assert {name: (edits.ship_to(order) or {})[name] for name in edits.FIELDS} == {**later, **kept}


# ------------------------------------------------------------------------------------------------------------------- the page


def test_the_form_saves_tells_the_audit_the_names_alone_and_the_page_shows_what_is_edited(
    visit: Visit, alice: User, shop: Shop
) -> None:
    order = keep(shop, order_record(ship_to=NOBODY))
    client, public_id = visit(alice), shop.merchant.public_id
    form = client.get(reverse("edit_order", args=[public_id, order.ref])).content.decode()
    assert 'value="1 Main St"' in form
    answer = client.post(reverse("edit_order", args=[public_id, order.ref]), {**WHOLE, "country": "de", "from": "problem"})
    assert answer["location"] == reverse("problem", args=[public_id, order.problem_id])
    page = " ".join(client.get(answer["location"]).content.decode().split())
    assert "0 of 1 order went on, 1 on its way." in page
    text = " ".join(client.get(reverse("order", args=[public_id, order.ref])).content.decode().split())
    assert "Edited here: name, city, postcode." in text
    assert "Ada Lovelace" in text
    with acting_for(shop.merchant):
        change = Change.objects.latest("pk")
    assert (change.what, change.after) == ("edited order", {"other than the cart tells": ["name", "city", "postcode"]})


def test_the_card_of_an_incomplete_address_has_the_form_in_place(visit: Visit, alice: User, shop: Shop) -> None:
    order = keep(shop, order_record(ship_to=NOBODY))
    text = visit(alice).get(reverse("problems", args=[shop.merchant.public_id])).content.decode()
    assert f'action="{reverse("edit_order", args=[shop.merchant.public_id, order.ref])}"' in text
    assert 'name="from" value="problem"' in text


def test_a_wrong_country_is_said_at_its_field_and_nothing_is_saved(visit: Visit, alice: User, shop: Shop) -> None:
    order = keep(shop, order_record())
    answer = visit(alice).post(reverse("edit_order", args=[shop.merchant.public_id, order.ref]), {**WHOLE, "country": "Germany"})
    assert answer.status_code == 400
    with acting_for(shop.merchant):
        assert Order.objects.get(pk=order.pk).edits == {}
