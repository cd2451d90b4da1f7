"""Which line there is which line that is wanted, where several could be."""

from __future__ import annotations

from typing import Any

from integrations.tradegecko.pairing import paired

MUG, HAT = 7, 8


def there(line_id: int, variant: int, units: int, price: str = "10.0", **more: Any) -> dict[str, Any]:
    row = {"id": line_id, "variant_id": variant, "quantity": f"{units}.0", "price": price, "position": line_id}
    return {**row, "line_type": "product", **more}


def wanted(variant: int, units: int, price: str = "10.00") -> dict[str, Any]:
    return {"variant_id": variant, "quantity": units, "price": price, "line_type": "product"}


def pairs(lines: list[Any], want: list[Any], known: tuple[str, ...] = (), **packed: int) -> list[tuple[Any, Any]]:
    """(id there, units that are wanted of it)."""
    found = paired(lines, want, known, {key.strip("_"): units for key, units in packed.items()})
    return [(pair.there and pair.there["id"], pair.wanted and pair.wanted["quantity"]) for pair in found]


def test_a_line_that_we_know_by_its_id_is_that_one() -> None:
    lines = [there(1, MUG, 1), there(2, MUG, 2)]
    assert pairs(lines, [wanted(MUG, 1)], ("2",)) == [(2, 1), (1, None)]


def test_an_id_whose_line_is_another_product_by_now_is_not_the_same_line() -> None:
    assert pairs([there(1, MUG, 1)], [wanted(HAT, 1)], ("1",)) == [(None, 1), (1, None)]


def test_a_line_that_is_as_it_is_wanted_stays_so() -> None:
    lines = [there(1, MUG, 1), there(2, MUG, 3)]
    assert pairs(lines, [wanted(MUG, 3), wanted(MUG, 2)]) == [(2, 3), (1, 2)]


def test_of_two_alike_the_one_that_is_packed_stays() -> None:
    lines = [there(1, MUG, 1), there(2, MUG, 1)]
    assert pairs(lines, [wanted(MUG, 1)], _2=1) == [(2, 1), (1, None)]


def test_a_shipping_line_is_renamed_and_a_fee_replaced() -> None:
    lines: list[Any] = [
        there(1, 0, 1, "4.0", variant_id=None, line_type="shipping", label="Slow"),
        there(2, 0, 1, "1.0", variant_id=None, line_type="fee", label="Tax"),
    ]
    want: list[Any] = [
        {"line_type": "shipping", "label": "Express", "quantity": 1, "price": "5.00"},
        {"line_type": "fee", "label": "Adjustment", "quantity": 1, "price": "1.00"},
    ]
    assert pairs(lines, want) == [(1, 1), (None, 1), (2, None)]
