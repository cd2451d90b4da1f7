"""``include=``: related objects in front of those that were asked for."""

from __future__ import annotations

from . import views
from .records import Record
from .resources import RESOURCES, Resource, target_of
from .world import World


def groups(world: World, resource: Resource, records: list[Record], include: str) -> dict[str, list[Record]]:
    """By plural name, in the order asked for, each object once. A name that means nothing is passed over."""
    found: dict[str, dict[int, Record]] = {}
    names = [resource.children] if resource.children else []
    for name in [*names, *(name.strip() for name in include.split(",") if name.strip())]:
        target = target_of(f"{name}_id") or (name if name in RESOURCES and name not in views.ROWS else None)
        if target is None:
            continue
        group = found.setdefault(target, {})
        for record in records:
            for related in _related(world, resource, record, name, target):
                group[related["id"]] = related
    return {plural: list(group.values()) for plural, group in found.items()}


def _related(world: World, resource: Resource, record: Record, name: str, target: str) -> list[Record]:
    account_id = record["_account"]
    if f"{name}_id" in record:
        one = world.records.get(target, account_id, record[f"{name}_id"])
        return [one] if one else []
    singular = RESOURCES[target].singular
    if record.get(f"{singular}_ids"):
        many = [world.records.get(target, account_id, id_) for id_ in record[f"{singular}_ids"]]
        return [one for one in many if one]
    parent = f"{resource.singular}_id"
    if world.records.shelf(target, account_id).indexed((parent,)):
        return world.records.where(target, account_id, **{parent: record["id"]})
    return []
