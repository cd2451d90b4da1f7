"""An order that is at TradeGecko already, made to be as its delivery says now.

What is there is read first and only what differs is written, so that it may be done again after any answer: a line that is there
is not added a second time. Whether a finalized order can still be edited is unconfirmed: it is tried, and a refusal is taken. One
that is packed is left alone; of one that is packed or has left in part, only lines change, and no packed unit is taken out.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from integrations.contract import TOO_LATE, Delivery
from integrations.outcomes import Rejected
from integrations.tradegecko.client import Api
from integrations.tradegecko.delivering import nested_address, order_body, order_lines
from integrations.tradegecko.errors import NAME
from integrations.tradegecko.mapping import GONE
from integrations.tradegecko.pairing import Pair, paired
from integrations.tradegecko.reading import Row, identifier, number, reference, text
from integrations.tradegecko.settings import FULFILLMENT_STATUSES, WarehouseSettings

_OF_THE_ORDER = ("notes", "email", "phone_number")
_LINE = ("order_line_items", "order_line_item")
_HELD = frozenset({"packed", "fulfilled"})  # states of a fulfilment whose units are in a box


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
    found = _read(api, order, delivery, order_body(delivery, settings, zone))
    if found.differs:
        _refuse_what_is_too_late(api, order, found)
        _write(api, found, key)


def named(lines: Sequence[Row], delivery: Delivery, tax_treatment: str) -> dict[str, str]:
    """TradeGecko's ids of the delivery's lines, by theirs. Products are the first of the lines that are wanted."""
    pairs = paired(lines, order_lines(delivery, tax_treatment), [line.line_id for line in delivery.lines], {})
    return {
        line.external_id: identifier(pair.there, "id")
        for line, pair in zip(delivery.lines, pairs, strict=False)
        if pair.there is not None
    }


@dataclass(frozen=True, slots=True)
class _Found:
    """An order as it is there beside what is wanted. ``packed`` are units in boxes by line; ``fields`` and ``address`` are what
    differs of the order itself."""

    remote_id: str
    pairs: Sequence[Pair]
    packed: Mapping[str, int]
    fields: Mapping[str, Any]
    address_id: str
    address: Mapping[str, str]

    @property
    def differs(self) -> bool:
        return bool(self.fields or self.address or any(_differs(pair) for pair in self.pairs))


def _read(api: Api, order: Row, delivery: Delivery, wanted: Mapping[str, Any]) -> _Found:
    remote_id = identifier(order, "id")
    packed = _packed(api, order)
    lines = api.by(_LINE[0], "order_id", [remote_id])
    address_id = reference(order, "shipping_address_id")
    address = _address_changes(api.one("addresses", address_id, "address"), delivery) if address_id else {}
    known = [line.line_id for line in delivery.lines]
    return _Found(
        remote_id,
        paired(lines, wanted["order_line_items"], known, packed),
        packed,
        {name: wanted[name] for name in _OF_THE_ORDER if text(order, name) != wanted[name].strip()},
        address_id,
        address,
    )


def _packed(api: Api, order: Row) -> dict[str, int]:
    """Units in boxes that stand there or have left, by line. Asked only where there are any."""
    if text(order, "fulfillment_status") in ("", "unshipped") and text(order, "packed_status") in ("", "unpacked"):
        return {}
    order_id = identifier(order, "id")
    listing = api.page("fulfillments", {"order_id": order_id, "status": FULFILLMENT_STATUSES})
    lines = api.fulfillment_lines(listing)
    units: dict[str, int] = defaultdict(int)
    for row in listing.rows:
        if text(row, "order_id") == order_id and text(row, "status") in _HELD:
            for line in lines.get(identifier(row, "id"), ()):
                units[identifier(line, "order_line_item_id")] += int(number(line, "quantity"))
    return dict(units)


def _address_changes(there: Row, delivery: Delivery) -> dict[str, str]:
    """The label stays as it was made."""
    wanted = nested_address(delivery.ship_to, text(there, "label"))
    return {name: value for name, value in wanted.items() if text(there, name) != value.strip()}


# ------------------------------------------------------------------------------------------------------------------- too late


def _refuse_what_is_too_late(api: Api, order: Row, found: _Found) -> None:
    if text(order, "fulfillment_status") == "shipped":
        raise Rejected(f"All of it has left {NAME}.", code=TOO_LATE)
    if text(order, "packed_status") == "packed":
        raise Rejected(f"It is packed already in {NAME}.", code=TOO_LATE)
    if found.packed and (found.fields or found.address):
        raise Rejected(f"Some of it is packed or has left {NAME}, so that only its lines can still change.", code=TOO_LATE)
    for pair in found.pairs:
        packed = found.packed.get(identifier(pair.there, "id"), 0) if pair.there is not None else 0
        left = number(pair.wanted, "quantity") if pair.wanted is not None else 0
        if pair.there is not None and left < packed:
            units = "1 unit of it is" if packed == 1 else f"{packed} units of it are"
            words = f"{_name(api, pair.there)} cannot go below what is in a box: {units} packed or have left {NAME}."
            raise Rejected(words, code=TOO_LATE)


def _name(api: Api, line: Row) -> str:
    variants = api.by("variants", "ids", [reference(line, "variant_id")])
    return next((text(each, "sku") for each in variants), "") or "A line"


# --------------------------------------------------------------------------------------------------------------------- writing


def _write(api: Api, found: _Found, key: str) -> None:
    """Of an order that has left in part, what comes to it goes first: for a moment all of it would seem to have left."""
    here = ",".join(sorted(identifier(pair.there, "id") for pair in found.pairs if pair.there is not None))
    for pair in sorted(found.pairs, key=lambda pair: (pair.wanted is None) == bool(found.packed)):
        _write_line(api, found.remote_id, pair, key, here)
    if found.fields:
        api.change("orders", found.remote_id, "order", found.fields, key=f"{key}:order:{_digest(found.fields)}")
    if found.address:
        api.change("addresses", found.address_id, "address", found.address, key=f"{key}:address:{_digest(found.address)}")


def _write_line(api: Api, remote_id: str, pair: Pair, key: str, here: str) -> None:
    """The key of a new line tells what was there when it was added: a repeat has the same, and what is wanted anew another."""
    if pair.there is None and pair.wanted is not None:
        body = {**pair.wanted, "order_id": int(remote_id)}
        api.create(*_LINE, body, key=f"{key}:add:{_digest([body, here])}")
    elif pair.there is not None:
        line_id = identifier(pair.there, "id")
        fields = _line_changes(pair.there, pair.wanted) if pair.wanted is not None else {}
        if pair.wanted is None:
            api.remove(_LINE[0], line_id, key=f"{key}:remove:{line_id}")
        elif fields:
            api.change(_LINE[0], line_id, _LINE[1], fields, key=f"{key}:line:{line_id}:{_digest(fields)}")


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _differs(pair: Pair) -> bool:
    return pair.there is None or pair.wanted is None or bool(_line_changes(pair.there, pair.wanted))


def _line_changes(there: Row, wanted: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: wanted[name] for name in ("quantity", "price") if number(there, name) != number(wanted, name)}
    if "label" in wanted and text(there, "label") != wanted["label"].strip():
        fields["label"] = wanted["label"]
    return fields
