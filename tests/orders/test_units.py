"""Parts, packages and units: whatever way an order leaves, each unit leaves once."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from cartrover.orders.models import LinePart, OrderLine
from cartrover.orders.units import Credit, Need, all_left, credit, share_out, whole_units


def need(line: int, sku: str, *, units: int = 1, each: int = 1, remote_id: str = "", left: int = 0) -> Need:
    """A part of a line of so many units that have yet to leave."""
    sold = OrderLine(pk=line, merchant_id=1, quantity=units)
    part = LinePart(line=sold, merchant_id=1, sku=sku, each=each, remote_id=remote_id)
    return Need(part, each * units, left)


def test_a_kit_is_whole_when_all_its_parts_have_left() -> None:
    needs = [need(1, "POLE", units=2, each=4, left=4), need(1, "TENT", units=2, left=2)]
    assert whole_units(needs) == {1: 1}
    assert not all_left(needs)
    needs[0].left = 8
    assert whole_units(needs) == {1: 2}
    assert all_left(needs)


def test_the_warehouses_line_counts_before_the_sku() -> None:
    needs = [need(1, "A", units=2, remote_id="11"), need(2, "A", units=2, remote_id="12")]
    assert share_out(needs, [("12", "A", 1)]) == {1: 1}
    assert share_out(needs, [("99", "A", 3)]) == {0: 2, 1: 1}
    assert share_out(needs, [("12", "A", 3)]) == {1: 2, 0: 1}


def test_what_is_more_than_was_ordered_makes_nothing_more_whole() -> None:
    needs = [need(1, "A", units=2)]
    assert share_out(needs, [("", "A", 5)]) == {0: 5}
    needs[0].left = 5
    assert whole_units(needs) == {1: 2}


def test_what_nobody_ordered_is_of_no_line() -> None:
    assert share_out([need(1, "A")], [("", "GIFT", 1), ("", "", 1)]) == {}


def test_a_package_without_lines_holds_all_that_is_left() -> None:
    needs = [need(1, "A", units=2, left=1), need(2, "B", left=1)]
    assert share_out(needs, []) == {0: 1}
    assert share_out([need(1, "A", left=1)], []) == {0: 0}, "it may hold anything of the order, and no unit more"


# --------------------------------------------------------------------------------------------------- any way of leaving


@dataclass
class Left:
    """Packages of one order as they left: what each holds by need, and the units credited to it. Void ones are gone."""

    needs: list[Need]
    held: dict[int, dict[int, int]] = field(default_factory=dict)
    credits: dict[int, Credit] = field(default_factory=dict)

    def leave(self, package: int, told: list[tuple[str, str, int]]) -> None:
        units = share_out(self.needs, told)
        self.held[package] = units
        self.credits[package] = Credit(frozenset(self.needs[at].part.line_id for at in units), {})
        self._count(units, 1)

    def void(self, package: int) -> None:
        self._count(self.held.pop(package), -1)
        del self.credits[package]
        credit(whole_units(self.needs), list(self.credits.values()))

    def _count(self, units: dict[int, int], sign: int) -> None:
        for at, count in units.items():
            self.needs[at].left += sign * count
        credit(whole_units(self.needs), list(self.credits.values()))

    def credited(self) -> dict[int, int]:
        lines = {need.part.line_id for need in self.needs}
        return {line: sum(each.units.get(line, 0) for each in self.credits.values()) for line in lines}


@st.composite
def orders(draw: st.DrawFn) -> list[Need]:
    """Lines that are kits, aliases with a multiplier or plain; SKUs may be in several. Half of them know the warehouse's line."""
    needs = []
    for line in range(1, draw(st.integers(1, 4)) + 1):
        units = draw(st.integers(1, 4))
        skus = draw(st.lists(st.sampled_from("ABCD"), min_size=1, max_size=3, unique=True))
        known = draw(st.booleans())
        needs += [
            need(line, sku, units=units, each=draw(st.integers(1, 3)), remote_id=f"{line}{sku}" if known else "") for sku in skus
        ]
    return needs


@settings(deadline=None, max_examples=60)
@given(orders(), st.data())
def test_any_split_in_any_order_with_any_voids_makes_the_ordered_units_whole_once(needs: list[Need], data: st.DataObject) -> None:
    """A model that only counts: what the warehouse has on its shelf for the order, unit by unit."""
    left = Left(needs)
    shelf = [(item.part.remote_id, item.part.sku) for item in needs for _ in range(item.wanted)]
    shelf = data.draw(st.permutations(shelf))
    contents: dict[int, list[tuple[str, str]]] = {}
    for package in range(16):
        if package < 12 and contents and bool(data.draw(st.booleans(), label="take one back")):
            gone = data.draw(st.sampled_from(sorted(contents)))
            shelf = [*shelf, *contents.pop(gone)]
            left.void(gone)
        elif shelf:
            size = len(shelf) if package >= 12 else data.draw(st.integers(1, len(shelf)))
            contents[package], shelf = shelf[:size], shelf[size:]
            left.leave(package, [(*each, 1) for each in contents[package]])
        assert left.credited() == whole_units(needs)
        assert all(units <= item.part.line.quantity for item in needs for units in [left.credited()[item.part.line_id]])
    assert not shelf
    assert all_left(needs)
    assert left.credited() == {item.part.line_id: item.part.line.quantity for item in needs}


@given(orders(), st.data())
def test_what_the_cart_was_told_stays_with_its_package(needs: list[Need], data: st.DataObject) -> None:
    """Each package is told before the next leaves. One that is void counts no more, and no other is changed by that."""
    left = Left(needs)
    for package, item in enumerate(needs):
        left.leave(package, [(item.part.remote_id, item.part.sku, item.wanted)])
        left.credits[package].told = True
    before = {package: dict(each.units) for package, each in left.credits.items()}
    gone = data.draw(st.sampled_from(sorted(left.credits)))
    left.void(gone)
    assert {package: each.units for package, each in left.credits.items()} == {
        package: units for package, units in before.items() if package != gone
    }
