"""An order that is at TradeGecko already, made to be as its delivery says now.

What is there is read first and only what differs is written, so that it may be done again after any answer. Whether a finalized
order can still be edited is unconfirmed: it is tried, and a refusal is taken. One that is packed is left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from integrations.contract import TOO_LATE, Delivery
from integrations.outcomes import Rejected
from integrations.tradegecko.client import Api
from integrations.tradegecko.delivering import nested_address, order_body
from integrations.tradegecko.errors import NAME
from integrations.tradegecko.mapping import GONE
from integrations.tradegecko.reading import Row, identifier, number, reference, text
from integrations.tradegecko.settings import WarehouseSettings

_OF_THE_ORDER = ("notes", "email", "phone_number")
_LINE = ("order_line_items", "order_line_item")


def refuse_what_is_packed(order: Row) -> None:
    """Raise Rejected where a packer has had it in hand: a box may stand at the door."""
    if text(order, "fulfillment_status") in ("partial", "shipped"):
        raise Rejected(f"{NAME} has shipped some of it.", code=TOO_LATE)
    if text(order, "packed_status") in ("partial", "packed"):
        raise Rejected(f"It is packed already in {NAME}.", code=TOO_LATE)


def change(api: Api, order: Row, delivery: Delivery, settings: WarehouseSettings, zone: ZoneInfo, *, key: str) -> None:
    """Write what differs: what the order's own rules may refuse goes first. Raises Rejected, and Ambiguous as any write does."""
    if text(order, "status") in GONE:
        raise Rejected(f"The order is void in {NAME}.")
    refuse_what_is_packed(order)
    wanted = order_body(delivery, settings, zone)
    remote_id = identifier(order, "id")
    fields = {name: wanted[name] for name in _OF_THE_ORDER if text(order, name) != wanted[name].strip()}
    lines = api.by("order_line_items", "order_id", [remote_id])
    address_id = reference(order, "shipping_address_id")
    address = _address_changes(api.one("addresses", address_id, "address"), delivery) if address_id else {}
    _change_lines(api, remote_id, _paired(lines, wanted["order_line_items"]), key)
    if fields:
        api.change("orders", remote_id, "order", fields, key=f"{key}:order")
    if address:
        api.change("addresses", address_id, "address", address, key=f"{key}:address")


def _address_changes(there: Row, delivery: Delivery) -> dict[str, str]:
    """The label stays as it was made."""
    wanted = nested_address(delivery.ship_to, text(there, "label"))
    return {name: value for name, value in wanted.items() if text(there, name) != value.strip()}


def _change_lines(api: Api, remote_id: str, pairs: Sequence[tuple[Row | None, Mapping[str, Any] | None]], key: str) -> None:
    for there, wanted in sorted(pairs, key=lambda pair: pair[1] is not None):  # what may not be removed is heard of first
        if there is not None and wanted is None:
            line_id = identifier(there, "id")
            api.remove(_LINE[0], line_id, key=f"{key}:remove:{line_id}")
        elif there is None and wanted is not None:
            api.create(*_LINE, {**wanted, "order_id": int(remote_id)}, key=f"{key}:add:{wanted['position']}")
        elif there is not None and wanted is not None and (fields := _line_changes(there, wanted)):
            line_id = identifier(there, "id")
            api.change(_LINE[0], line_id, _LINE[1], fields, key=f"{key}:line:{line_id}")


def _line_changes(there: Row, wanted: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: wanted[name] for name in ("quantity", "price") if number(there, name) != number(wanted, name)}
    if "label" in wanted and text(there, "label") != wanted["label"].strip():
        fields["label"] = wanted["label"]
    return fields


def _paired(lines: Sequence[Row], wanted: Sequence[Mapping[str, Any]]) -> list[tuple[Row | None, Mapping[str, Any] | None]]:
    """Lines there with the lines that are wanted, each alone where it has no partner. Several of one kind go by their order."""
    there: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: (number(line, "position"), number(line, "id"))):
        there[_kind(line)].append(line)
    pairs: list[tuple[Row | None, Mapping[str, Any] | None]] = []
    for line in wanted:
        waiting = there[_kind(line)]
        pairs.append((waiting.pop(0) if waiting else None, line))
    return pairs + [(line, None) for line in _left(there)]


def _left(there: Mapping[tuple[str, str], list[Row]]) -> Iterator[Row]:
    for waiting in there.values():
        yield from waiting


def _kind(line: Mapping[str, Any]) -> tuple[str, str]:
    """What makes two lines the same one: the variant, or what else it stands for. A shipping line is renamed, not replaced."""
    variant = reference(line, "variant_id")
    line_type = text(line, "line_type") or "product"
    if variant:
        return "product", variant
    return line_type, "" if line_type == "shipping" else text(line, "label")
