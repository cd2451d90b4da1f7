"""What is on hand, committed and available, held against a model that counts every unit by itself."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cartrover.merchants.models import Change, Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.packing import parcels, stock
from cartrover.packing.desks import connection_of
from cartrover.packing.models import Item, PackingOrder, Parcel
from cartrover.packing.refusal import Refusal
from integrations.outcomes import Rejected
from tests.packing.house import ACTOR, Desk, set_up
from tests.packing.story import client_of, order

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("order"), st.integers(1, 5)),
        st.tuples(st.just("void"), st.integers(0, 9)),
        st.tuples(st.just("pack"), st.integers(0, 9), st.integers(0, 4)),
        st.tuples(st.just("ship"), st.integers(0, 9)),
        st.tuples(st.just("take back"), st.integers(0, 9)),
        st.tuples(st.just("count"), st.integers(0, 20)),
    ),
    max_size=14,
)


class Shelf:
    """The model: units on the shelf, and for each order how many it wants and where each of its packages stands."""

    def __init__(self) -> None:
        self.on_hand = 0
        self.orders: list[dict[str, int]] = []
        self.packages: list[list[int | str]] = []  # order, units, state

    def left(self, at: int) -> int:
        made = sum(int(units) for where, units, state in self.packages if where == at and state != "void")
        return self.orders[at]["wants"] - made

    @property
    def committed(self) -> int:
        gone = [(where, int(units)) for where, units, state in self.packages if state == "shipped"]
        wanted = sum(each["wants"] for each in self.orders if not each["void"])
        return wanted - sum(units for where, units in gone if not self.orders[int(where)]["void"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_desk_counts_as_the_model_does(merchant: Merchant, steps: list[tuple[Any, ...]]) -> None:
    with transaction.atomic():
        _follow(merchant, steps)
        transaction.set_rollback(True)


def _follow(merchant: Merchant, steps: list[tuple[Any, ...]]) -> None:
    desk, shelf = set_up(merchant), Shelf()
    orders: list[PackingOrder] = []
    packages: list[Parcel] = []
    with acting_for(merchant):
        item = stock.make(connection_of(desk), "PEG-10", on_hand=0, actor=ACTOR)
    for what, at, *more in steps:
        with acting_for(merchant):
            if what == "count":
                stock.count(Item.objects.get(pk=item.pk), at, actor=ACTOR)
                shelf.on_hand = at
            elif what == "pack" and at < len(orders):
                _pack(shelf, orders, packages, at, more[0])
            elif what == "ship" and at < len(packages):
                _ship(shelf, packages, at)
            elif what == "take back" and at < len(packages):
                _take_back(shelf, packages, at)
        if what == "order":
            orders.append(order(desk, [("PEG-10", at)]))
            shelf.orders.append({"wants": at, "void": 0})
        elif what == "void" and at < len(orders):
            with suppress(Rejected):
                client_of(desk).void_order(orders[at].public_id, key="v")
                shelf.orders[at]["void"] = 1
        [record] = client_of(desk).item("PEG-10")
        with acting_for(merchant):
            assert Item.objects.get(pk=item.pk).on_hand == shelf.on_hand
        assert sum(record.available.values()) == shelf.on_hand - shelf.committed
    _states_agree(merchant, shelf, orders)


def _pack(shelf: Shelf, orders: list[PackingOrder], packages: list[Parcel], at: int, units: int) -> None:
    line, left = orders[at].lines.get(), shelf.left(at)
    possible = not shelf.orders[at]["void"] and 0 < left >= units
    try:
        packages.append(parcels.pack(orders[at], {line.pk: units}, actor=ACTOR))
    except Refusal:
        assert not possible
    else:
        assert possible
        shelf.packages.append([at, units or left, "packed"])


def _ship(shelf: Shelf, packages: list[Parcel], at: int) -> None:
    try:
        parcels.ship(packages[at], "DHL", f"T{at}")
    except Refusal:
        assert shelf.packages[at][2] != "packed"
    else:
        assert shelf.packages[at][2] == "packed"
        shelf.packages[at][2] = "shipped"
        shelf.on_hand -= int(shelf.packages[at][1])


def _take_back(shelf: Shelf, packages: list[Parcel], at: int) -> None:
    try:
        parcels.take_back(packages[at], actor=ACTOR)
    except Refusal:
        assert shelf.packages[at][2] == "void"
    else:
        shelf.on_hand += int(shelf.packages[at][1]) if shelf.packages[at][2] == "shipped" else 0
        shelf.packages[at][2] = "void"


def _states_agree(merchant: Merchant, shelf: Shelf, orders: list[PackingOrder]) -> None:
    """An order is shipped when every unit has left, and void when it was cancelled in time."""
    with acting_for(merchant):
        for at, each in enumerate(orders):
            gone = sum(int(units) for where, units, state in shelf.packages if where == at and state == "shipped")
            all_gone = gone == shelf.orders[at]["wants"]
            expected = "void" if shelf.orders[at]["void"] else "shipped" if all_gone else "to_pack"
            assert PackingOrder.objects.get(pk=each.pk).state == expected


def test_who_counted_what_is_kept(desk: Desk) -> None:
    desk.count("MUG-1", 6)
    with acting_for(desk.merchant):
        change = Change.objects.get(what="counted stock")
        assert (change.actor, change.name, change.differences) == (ACTOR, "MUG-1", [("on_hand", "10", "6")])


def test_a_sku_that_is_there_is_not_made_again(desk: Desk) -> None:
    with pytest.raises(Refusal, match="MUG-1 is there already, with 10 on hand"):
        desk.make("MUG-1", 99)
    with acting_for(desk.merchant):
        assert Item.objects.get(sku="MUG-1").on_hand == 10


@pytest.mark.parametrize("figure", [-1, stock.MOST + 1])
def test_a_figure_that_nobody_can_have_counted_is_refused(desk: Desk, figure: int) -> None:
    with pytest.raises(Refusal, match="whole number"):
        desk.count("MUG-1", figure)
