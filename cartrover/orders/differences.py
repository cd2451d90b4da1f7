"""What is different between a delivery as it was sent and as it is wanted now, for a person to read and to tell the warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Delivery = Mapping[str, Any]
Difference = dict[str, str]

_WORDS = {"shipping_method": "shipping method", "note": "note"}
_ADDRESS = ("name", "company", "reference", "line1", "line2", "postal_code", "city", "county", "region", "country", "phone")


def differences(sent: Delivery, wanted: Delivery, *, lines: bool = True) -> list[Difference]:
    """Each with ``what`` it is, ``old`` and ``new``. E-mail addresses do not count: marketplaces change theirs by themselves.

    Args:
        lines: whether lines and money count. They do not where all that they still differ in has left.
    """
    return [*_of_the_order(sent, wanted), *(_of_lines(sent, wanted) if lines else ())]


def _of_the_order(sent: Delivery, wanted: Delivery) -> Iterator[Difference]:
    old, new = _address(sent["ship_to"]), _address(wanted["ship_to"])
    if old != new:
        yield _difference("shipping address", old, new)
    for name, words in _WORDS.items():
        if sent[name] != wanted[name]:
            yield _difference(words, sent[name], wanted[name])


def _address(address: Mapping[str, str]) -> str:
    return ", ".join(text for name in _ADDRESS if (text := address.get(name, "").strip()))


def _of_lines(sent: Delivery, wanted: Delivery) -> Iterator[Difference]:
    before, after = _by_sku(sent), _by_sku(wanted)
    for key in (*before, *(key for key in after if key not in before)):
        old, new = before.get(key), after.get(key)
        sku = (old or new or {})["sku"]
        if _units(old) != _units(new):
            yield _difference(f"units of {sku}", _units(old), _units(new))
        elif old and new and old["unit_price"] != new["unit_price"]:
            yield _difference(f"price of {sku}", _money(sent, old["unit_price"]), _money(wanted, new["unit_price"]))
    if sent["total"] != wanted["total"]:
        yield _difference("total", _money(sent, sent["total"]), _money(wanted, wanted["total"]))


def _by_sku(delivery: Delivery) -> dict[tuple[str, str], Mapping[str, Any]]:
    """A line that is another SKU is one taken away and one added."""
    return {(line["external_id"], line["sku"]): line for line in delivery["lines"]}


def _units(line: Mapping[str, Any] | None) -> str:
    return str(line["quantity"]) if line else "0"


def _money(delivery: Delivery, amount: str) -> str:
    whole, _, cents = amount.partition(".")
    return f"{whole}.{cents:0<2} {delivery['currency']}"


def _difference(what: str, old: str, new: str) -> Difference:
    return {"what": what, "old": old or "none", "new": new or "none"}
