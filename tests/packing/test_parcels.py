"""Packages: what may be put into one, when one leaves, and until when it is taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cartrover.connections.models import Cart, Connection
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order, Shipment
from cartrover.packing import parcels
from cartrover.packing.models import PackingOrder, Parcel
from cartrover.packing.refusal import Refusal
from cartrover.sync.models import Effect
from integrations.contract import Window
from integrations.outcomes import Rejected
from tests.packing.house import ACTOR
from tests.packing.story import Morning, client_of, morning


@pytest.fixture
def at_desk(merchant: Merchant) -> Morning:
    return morning(merchant, 0)


def fresh(order: PackingOrder) -> PackingOrder:
    found: PackingOrder = PackingOrder.objects.get(pk=order.pk)
    return found


def test_a_unit_is_packed_once(merchant: Merchant, at_desk: Morning) -> None:
    with acting_for(merchant):
        tent, pegs = at_desk.several.lines.all()
        parcels.pack(at_desk.several, {tent.pk: 2, pegs.pk: 1}, actor=ACTOR)
        with pytest.raises(Refusal, match="more than is left"):
            parcels.pack(at_desk.several, {pegs.pk: 3}, actor=ACTOR)
        rest = parcels.pack(at_desk.several, {}, actor=ACTOR)
        assert list(rest.lines.values_list("line", "quantity")) == [(pegs.pk, 2)]
        with pytest.raises(Refusal, match="in a package already"):
            parcels.pack(at_desk.several, {}, actor=ACTOR)


def test_a_line_of_another_order_is_not_packed(merchant: Merchant, at_desk: Morning) -> None:
    with acting_for(merchant), pytest.raises(Refusal, match="more than is left"):
        parcels.pack(at_desk.one, {at_desk.several.lines.all()[0].pk: 1}, actor=ACTOR)


@pytest.mark.parametrize("name", ["void", "shipped"])
def test_an_order_that_is_over_is_not_packed(merchant: Merchant, at_desk: Morning, name: str) -> None:
    with acting_for(merchant), pytest.raises(Refusal, match=f"it is {name}"):
        parcels.pack(getattr(at_desk, name), {}, actor=ACTOR)


def test_the_same_label_is_not_on_two_packages_of_an_order(merchant: Merchant, at_desk: Morning) -> None:
    with acting_for(merchant):
        tracking = Parcel.objects.get(order=at_desk.partly, state="shipped").tracking
        with pytest.raises(Refusal, match="on another package"):
            parcels.ship(at_desk.packed, "DHL", tracking)
        parcels.ship(at_desk.packed, "DHL", "OTHER")


def test_a_package_leaves_once(merchant: Merchant, at_desk: Morning) -> None:
    with acting_for(merchant):
        parcels.ship(at_desk.packed, "DHL", "T1")
        with pytest.raises(Refusal, match="shipped already"):
            parcels.ship(at_desk.packed, "DHL", "T2")


def test_what_is_packed_keeps_the_order_from_being_cancelled(merchant: Merchant, at_desk: Morning) -> None:
    client = client_of(at_desk.desk)
    with acting_for(merchant):
        parcel = parcels.pack(at_desk.one, {}, actor=ACTOR)
    with pytest.raises(Rejected, match="too late") as refused:
        client.void_order(at_desk.one.public_id, key="v")
    assert refused.value.code == "too_late"
    with acting_for(merchant):
        parcels.take_back(parcel, actor=ACTOR)
    client.void_order(at_desk.one.public_id, key="v")
    client.void_order(at_desk.one.public_id, key="v")
    with acting_for(merchant):
        assert fresh(at_desk.one).state == "void"


def test_an_order_of_nobody_is_not_there_to_be_cancelled(at_desk: Morning) -> None:
    with pytest.raises(Rejected) as refused:
        client_of(at_desk.desk).void_order("nobody", key="v")
    assert refused.value.code == "not_found"


def test_a_package_that_is_taken_back_is_told_as_void(merchant: Merchant, at_desk: Morning) -> None:
    with acting_for(merchant):
        parcel = Parcel.objects.get(order=at_desk.shipped)
        parcels.take_back(parcel, actor=ACTOR)
        assert fresh(at_desk.shipped).state == "to_pack"
    now = timezone.now()
    told = client_of(at_desk.desk).shipments_in(Window(now - timedelta(hours=1), now + timedelta(seconds=1))).records
    assert [(each.void, each.shipped) for each in told if each.remote_id == parcel.public_id] == [(True, False)]


@pytest.fixture
def read(merchant: Merchant, at_desk: Morning) -> Shipment:
    """The package that has left, as the portal has read it."""
    now = timezone.now()
    with acting_for(merchant):
        parcel = Parcel.objects.get(order=at_desk.shipped)
        ebay = Connection.objects.create(
            integration="ebay", environment="simulator", account_id="a", account_name="a", authorised_at=now
        )
        cart = Cart.objects.create(integration="ebay", name="eBay", connection=ebay, warehouse=at_desk.desk)
        columns = dict.fromkeys(("items", "discount", "shipping", "tax", "adjustment", "total"), 0)
        times = dict.fromkeys(("placed_at", "modified_at", "first_pulled_at", "pulled_at"), now)
        order = Order.objects.create(connection=ebay, cart=cart, number="1", ref="1", content_hash=b"", **columns, **times)
        return Shipment.objects.create(
            order=order,
            warehouse=at_desk.desk,
            cart_connection=ebay,
            remote_id=parcel.public_id,
            shipped_at=now,
            seen_at=now,
        )


@pytest.mark.parametrize(
    ("state", "effect", "possible"),
    [
        ("waiting", "", True),
        ("waiting", "planned", True),
        ("waiting", "intent", False),
        ("waiting", "ambiguous", False),
        ("refused", "rejected", True),
        ("uploaded", "confirmed", False),
        ("confirmed", "confirmed", False),
    ],
)
def test_a_package_is_taken_back_until_its_cart_may_have_heard_of_it(
    merchant: Merchant, at_desk: Morning, read: Shipment, state: str, effect: str, possible: bool
) -> None:
    with acting_for(merchant):
        Shipment.objects.filter(pk=read.pk).update(state=state)
        if effect:
            Effect.objects.create(
                connection=read.cart_connection, kind="shipment", subject=str(read.pk), shipment=read, state=effect, digest=b""
            )
        parcel = Parcel.objects.get(order=at_desk.shipped)
        assert parcels.may_take_back(parcel) is possible
        if possible:
            parcels.take_back(parcel, actor=ACTOR)
        else:
            with pytest.raises(Refusal, match="too late"):
                parcels.take_back(parcel, actor=ACTOR)
