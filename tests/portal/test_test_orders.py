"""The page of a cart's test order, and its button that looks again at one that could not be voided."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from cartrover.connections.models import Cart
from cartrover.merchants.models import Change, Merchant, Role, User
from cartrover.merchants.tenancy import acting_for
from cartrover.sync.models import Job
from tests.conftest import make_member
from tests.portal.story import Setup, make_order, set_up

Visit = Callable[[User | None], Client]
REF = "TESTABCDEFGHIJKL"
NOT_VOIDED = "Your move: void it there"


@pytest.fixture
def setup(merchant: Merchant) -> Setup:
    return set_up(merchant)


@pytest.fixture
def client(visit: Visit, merchant: Merchant) -> Client:
    return visit(make_member(merchant, "dora@example.com", Role.MANAGER))


def left_at_the_warehouse(cart: Cart) -> Job:
    """A test order that could not be voided."""
    with acting_for(cart.merchant_id):
        job: Job = Job.objects.create(
            kind="test_order",
            subject=f"cart-{cart.pk}",
            cart=cart,
            args={"method": ""},
            state=Job.State.DONE,
            words=f"Test order {REF} could not be voided.",
            result={"ref": REF, "rows": [], "methods": [], "voided": False},
        )
    return job


def look_again(client: Client, merchant: Merchant, cart: Cart, ref: str) -> int:
    address = reverse("send_test_order", args=[merchant.public_id, cart.public_id])
    return client.post(address, {"ref": ref}).status_code


def looks(merchant: Merchant) -> list[str]:
    """The references that somebody has asked to look at again."""
    with acting_for(merchant):
        return list(Job.objects.filter(kind="test_order", args__has_key="ref").values_list("args__ref", flat=True))


@pytest.mark.parametrize("whose", ["a buyer", "another cart", "nobody", "nobody, and it is too long"])
def test_only_a_test_order_of_the_cart_itself_is_looked_at_again(
    client: Client, merchant: Merchant, setup: Setup, whose: str
) -> None:
    left_at_the_warehouse(setup.carts["EBAY_US"])
    with acting_for(merchant):
        bought = make_order(setup, status="at_wms", variant="EBAY_DE").ref
    refs = {"a buyer": bought, "another cart": REF, "nobody": "TESTX", "nobody, and it is too long": "T" * 81}
    assert look_again(client, merchant, setup.carts["EBAY_DE"], refs[whose]) == 404
    assert looks(merchant) == []


def test_who_looked_again_is_in_the_audit(client: Client, merchant: Merchant, setup: Setup) -> None:
    left_at_the_warehouse(setup.carts["EBAY_DE"])
    assert look_again(client, merchant, setup.carts["EBAY_DE"], REF) == 302
    assert looks(merchant) == [REF]
    with acting_for(merchant):
        line = Change.objects.get(what="looked at a test order again")
    assert (line.actor, line.after) == ("dora@example.com", {"ref": REF})


@pytest.mark.parametrize(("state", "shown"), [("open", "Asking the warehouse."), ("failed", "We are looking into it.")])
def test_how_far_another_look_is_stands_on_the_page(
    client: Client, merchant: Merchant, setup: Setup, state: str, shown: str
) -> None:
    cart = setup.carts["EBAY_DE"]
    left_at_the_warehouse(cart)
    page = reverse("test_order", args=[merchant.public_id, cart.public_id])
    assert NOT_VOIDED in client.get(page).content.decode()
    look_again(client, merchant, cart, REF)
    with acting_for(merchant):
        Job.objects.filter(args__has_key="ref").update(state=state, words=shown)
    text = client.get(page).content.decode()
    assert shown in text
    assert (NOT_VOIDED in text) == ("Send another" in text) == (state == "failed")
