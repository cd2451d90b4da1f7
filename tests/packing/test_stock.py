"""What is on hand, committed and available, held against a model that counts every unit by itself."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Seen:
    """What is told of the shelf. ``states`` are those of the orders; ``taken`` says whether the last step was let happen."""

    on_hand: int
    available: int
    states: list[str]
    taken: bool


class Shelf:
    """The model: units on the shelf, and for each order how many it wants and where each of its packages stands."""

    def __init__(self) -> None:
        self.on_hand = 0
        self.orders: list[dict[str, int]] = []
        self.packages: list[list[int | str]] = []  # order, units, state

    def left(self, at: int) -> int:
        made = sum(int(units) for where, units, state in self.packages if where == at and state != "void")
        return self.orders[at]["wants"] - made

    def gone(self, at: int) -> int:
        return sum(int(units) for where, units, state in self.packages if where == at and state == "shipped")

    @property
    def committed(self) -> int:
        return sum(each["wants"] - self.gone(at) for at, each in enumerate(self.orders) if not each["void"])

    def state(self, at: int) -> str:
        """An order is shipped when every unit has left, and void when it was cancelled in time."""
        if self.orders[at]["void"]:
            return "void"
        return "shipped" if self.gone(at) == self.orders[at]["wants"] else "to_pack"

    def which(self, what: str, number: int) -> int:
        """One of the orders or packages that there are; what is no place in them stays."""
        orders, packages = len(self.orders), len(self.packages)
        there = {"void": orders, "pack": orders, "ship": packages, "take back": packages}.get(what, 0)
        return number % there if there else number

    def step(self, what: str, at: int, units: int = 0) -> Seen:
        taken = bool(getattr(self, f"_{what.replace(' ', '_')}")(at, units))
        states = [self.state(each) for each in range(len(self.orders))]
        return Seen(self.on_hand, self.on_hand - self.committed, states, taken)

    def _order(self, wants: int, _units: int) -> bool:
        self.orders.append({"wants": wants, "void": 0})
        return True

    def _count(self, on_hand: int, _units: int) -> bool:
        self.on_hand = on_hand
        return True

    def _void(self, at: int, _units: int) -> bool:
        """Until something of it is in a package."""
        if at >= len(self.orders) or (self.left(at) < self.orders[at]["wants"]):
            return False
        self.orders[at]["void"] = 1
        return True

    def _pack(self, at: int, units: int) -> bool:
        """No more than is left; without a number all that is left."""
        if at >= len(self.orders) or self.orders[at]["void"] or not 0 < self.left(at) >= units:
            return False
        self.packages.append([at, units or self.left(at), "packed"])
        return True

    def _ship(self, at: int, _units: int) -> bool:
        if at >= len(self.packages) or self.packages[at][2] != "packed":
            return False
        self.packages[at][2] = "shipped"
        self.on_hand -= int(self.packages[at][1])
        return True

    def _take_back(self, at: int, _units: int) -> bool:
        if at >= len(self.packages) or self.packages[at][2] == "void":
            return False
        self.on_hand += int(self.packages[at][1]) if self.packages[at][2] == "shipped" else 0
        self.packages[at][2] = "void"
        return True


class Counter:
    """The same steps at the real desk."""

    def __init__(self, merchant: Merchant) -> None:
        self.merchant, self.desk = merchant, set_up(merchant)
        self.orders: list[PackingOrder] = []
        self.packages: list[Parcel] = []
        with acting_for(merchant):
            self.item = stock.make(connection_of(self.desk), "PEG-10", on_hand=0, actor=ACTOR)

    def step(self, what: str, at: int, units: int = 0) -> Seen:
        try:
            getattr(self, f"_{what.replace(' ', '_')}")(at, units)
            taken = True
        except (Refusal, Rejected, IndexError):
            taken = False
        [record] = client_of(self.desk).item("PEG-10")
        with acting_for(self.merchant):
            self.item.refresh_from_db()
            states = [PackingOrder.objects.get(pk=each.pk).state for each in self.orders]
        return Seen(self.item.on_hand, int(sum(record.available.values())), states, taken)

    def _order(self, wants: int, _units: int) -> None:
        self.orders.append(order(self.desk, [("PEG-10", wants)]))

    def _void(self, at: int, _units: int) -> None:
        client_of(self.desk).void_order(self.orders[at].public_id, key="v")

    def _count(self, on_hand: int, _units: int) -> None:
        with acting_for(self.merchant):
            stock.count(self.item, on_hand, actor=ACTOR)

    def _pack(self, at: int, units: int) -> None:
        with acting_for(self.merchant):
            wanted = self.orders[at]
            self.packages.append(parcels.pack(wanted, {wanted.lines.get().pk: units}, actor=ACTOR))

    def _ship(self, at: int, _units: int) -> None:
        with acting_for(self.merchant):
            parcels.ship(self.packages[at], "DHL", f"T{at}")

    def _take_back(self, at: int, _units: int) -> None:
        with acting_for(self.merchant):
            parcels.take_back(self.packages[at], actor=ACTOR)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_desk_counts_as_the_model_does(merchant: Merchant, steps: list[tuple[Any, ...]]) -> None:
    with transaction.atomic():
        counter, shelf = Counter(merchant), Shelf()
        for what, number, *units in steps:
            at = shelf.which(what, number)
            assert counter.step(what, at, *units) == shelf.step(what, at, *units), (what, at, *units)
        transaction.set_rollback(True)


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
