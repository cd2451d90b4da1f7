"""Which records a list shows, and in what order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any

from werkzeug.datastructures import MultiDict

from . import formats
from .errors import bad_request
from .records import Record
from .resources import Resource
from .views import ROWS, records_of
from .world import World

_EARLIEST, _LATEST = "0", "9"
_ENDED = frozenset({"void", "deleted"})
_BY_COMMA = frozenset({"status", "ids"})
Arguments = MultiDict[str, str]


def values_of(arguments: Arguments, name: str) -> list[str]:
    """``name=a``, ``name=a,b`` where commas work, ``name[]=a&name[]=b``; blanks are ignored."""
    given = [*arguments.getlist(name), *arguments.getlist(f"{name}[]")]
    if name in _BY_COMMA or name.endswith("_id"):
        given = [part.strip() for value in given for part in value.split(",")]
    return [value for value in given if value]


def visible(world: World, record: Record) -> bool:
    """False while the real system would still be working on a new order."""
    return "_visible_at" not in record or bool(record["_visible_at"] <= formats.moment(world.clock.now()))


def select(world: World, account_id: int, resource: Resource, arguments: Arguments) -> list[Record]:
    """All that match, in order. A time that can't be read is 400."""
    found: Iterable[Record] = _candidates(world, account_id, resource, arguments)
    for check in _checks(world, resource, arguments):
        found = [record for record in found if check(record)]
    return _sorted(world, resource, arguments, list(found))


def _candidates(world: World, account_id: int, resource: Resource, arguments: Arguments) -> list[Record]:
    """The smallest set at hand that holds every match."""
    if resource.plural in ROWS:
        wanted = frozenset(values_of(arguments, "ids"))
        return [row for row in ROWS[resource.plural](world, account_id) if not wanted or str(row["_id"]) in wanted]
    shelf = world.records.shelf(records_of(resource.plural), account_id)
    ids = values_of(arguments, "ids")
    if ids:
        numbers = dict.fromkeys(int(value) for value in ids if value.isdigit())
        return [shelf.records[id_] for id_ in numbers if id_ in shelf.records]
    for name in resource.filters:
        values = values_of(arguments, name)
        if values and shelf.indexed((name,)) and not _partial(world, name):
            return [record for value in dict.fromkeys(values) for record in shelf.where((name,), (_typed(name, value),))]
    earliest, latest = _between(arguments, "updated_at")
    if (earliest, latest) != (_EARLIEST, _LATEST):
        return shelf.updated_between(earliest, latest)
    return list(shelf.records.values())


def _partial(world: World, name: str) -> bool:
    return name == "order_number" and world.settings["order_number_match"] == "contains"


def _typed(name: str, value: str) -> Any:
    return int(value) if name.endswith("_id") and value.isdigit() else value


def _between(arguments: Arguments, name: str) -> tuple[str, str]:
    return _bound(arguments, f"{name}_min", _EARLIEST), _bound(arguments, f"{name}_max", _LATEST)


def _bound(arguments: Arguments, name: str, otherwise: str) -> str:
    text = arguments.get(name, "")
    if not text:
        return otherwise
    try:
        return formats.moment(formats.parse_moment(text))
    except ValueError:
        raise bad_request(f"Invalid date: {name}") from None


def _checks(world: World, resource: Resource, arguments: Arguments) -> list[Callable[[Record], bool]]:
    checks: list[Callable[[Record], bool]] = []
    if world.settings["processing_delay"]:
        checks.append(lambda record: visible(world, record))
    for name in dict.fromkeys([*resource.filters, "status"]):
        values = values_of(arguments, name)
        if values:
            checks.append(_matcher(world, name, values))
    if not values_of(arguments, "status") and not values_of(arguments, "ids"):
        checks.extend(_default_scope(world, resource))
    earliest, latest = _between(arguments, "created_at")
    if (earliest, latest) != (_EARLIEST, _LATEST):
        checks.append(lambda record: earliest <= record.get("created_at", "") <= latest)
    first, last = _between(arguments, "updated_at")
    if (first, last) != (_EARLIEST, _LATEST):
        checks.append(lambda record: first <= record.get("_updated", "") <= last)
    if arguments.get("q"):
        wanted = arguments["q"].lower()
        checks.append(lambda record: any(wanted in str(record[name] or "").lower() for name in resource.searched))
    return checks


def _default_scope(world: World, resource: Resource) -> list[Callable[[Record], bool]]:
    if resource.plural in ("orders", "fulfillments"):
        if world.settings["default_scope"] == "shown":
            return []
        return [lambda record: record["status"] not in _ENDED]
    return [lambda record: record.get("status") != "archived"]


def _matcher(world: World, name: str, values: list[str]) -> Callable[[Record], bool]:
    wanted = frozenset(values)
    if name == "tags":
        return lambda record: not wanted.isdisjoint(_tags(record))
    if name == "order_status":
        return lambda record: _order_status(world, record) in wanted
    if _partial(world, name):
        return lambda record: any(value in (record[name] or "") for value in wanted)
    return lambda record: name not in record or _written(record[name]) in wanted


def _tags(record: Record) -> list[str]:
    tags = record["tags"] or []
    return tags.split(",") if isinstance(tags, str) else tags


def _order_status(world: World, line: Record) -> str | None:
    order = world.records.get("orders", line["_account"], line["order_id"])
    return order["status"] if order else None


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sorted(world: World, resource: Resource, arguments: Arguments, found: list[Record]) -> list[Record]:
    """By ``order=``, else line items by position and the rest as the default says; ties by id."""
    if resource.plural in ROWS:
        return found
    if resource.positioned and not arguments.get("order"):
        parent = resource.parent or next(name for name in resource.filters if name.endswith("_id"))
        return sorted(found, key=lambda record: (-(record.get(parent) or 0), record["position"] or 0, record["id"]))
    name, _, direction = (arguments.get("order") or world.settings["default_order"]).strip().partition(" ")
    down = direction.strip().lower() == "desc"
    found.sort(key=itemgetter("id"), reverse=down)
    if name not in ("id", "created_at"):  # ids rise with created_at
        found.sort(key=lambda record: _sortable(record.get(name)), reverse=down)
    return found


def _sortable(value: Any) -> tuple[bool, str]:
    return (value is not None, str(value))
