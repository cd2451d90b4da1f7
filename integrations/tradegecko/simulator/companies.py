"""Companies and their addresses, also those that arrive nested in an order."""

from __future__ import annotations

from typing import Any

from .errors import invalid
from .records import Record
from .resources import RESOURCES, check_references, check_required, take
from .world import Caller, World

_COMPANY = RESOURCES["companies"]
_ADDRESS = RESOURCES["addresses"]
_COMPANY_TYPES = frozenset({"business", "supplier", "consumer"})
_STATUSES = frozenset({"active", "disabled", "archived"})


def prepare_company(world: World, account_id: int, attributes: Any) -> Record:
    taken = take(_COMPANY, attributes)
    check_required(_COMPANY, taken)
    _check_company(world, account_id, taken)
    return taken


def _check_company(world: World, account_id: int, taken: Record) -> None:
    if taken.get("company_type", "business") not in _COMPANY_TYPES:
        raise invalid(company_type="is not included in the list")
    if taken.get("status", "active") not in _STATUSES:
        raise invalid(status="is not included in the list")
    check_references(world, account_id, taken)


def create_company(world: World, caller: Caller, attributes: Any) -> Record:
    return insert_company(world, caller.account_id, prepare_company(world, caller.account_id, attributes))


def insert_company(world: World, account_id: int, prepared: Record) -> Record:
    company = world.records.insert("companies", account_id, prepared)
    world.deliveries.announce(account_id, "company.create", "companies", company["id"])
    return company


def update_company(world: World, caller: Caller, company: Record, attributes: Any) -> Record:
    taken = take(_COMPANY, attributes)
    check_required(_COMPANY, {**company, **taken})
    _check_company(world, caller.account_id, taken)
    world.deliveries.announce(caller.account_id, "company.update", "companies", company["id"])
    return world.records.change("companies", company["id"], taken)


def prepare_address(world: World, account_id: int, attributes: Any, company_id: int | None) -> Record:
    """``company_id`` None: the address is for a company that does not exist yet."""
    taken = {**take(_ADDRESS, attributes), "company_id": company_id}
    check_required(_ADDRESS, taken)
    _check_label(world, account_id, company_id, taken.get("label"), None)
    return taken


def _check_label(world: World, account_id: int, company_id: int | None, label: Any, own_id: int | None) -> None:
    if not label or company_id is None:
        return
    for other in world.records.where("addresses", account_id, company_id=company_id, label=label):
        if other["id"] != own_id and other["status"] == "active":
            raise invalid(label="has already been taken")


def create_address(world: World, caller: Caller, attributes: Any) -> Record:
    company_id = take(_ADDRESS, attributes).get("company_id")
    if world.records.get("companies", caller.account_id, company_id) is None:
        raise invalid(company="can't be blank")
    return insert_address(world, caller.account_id, prepare_address(world, caller.account_id, attributes, company_id))


def insert_address(world: World, account_id: int, prepared: Record) -> Record:
    address = world.records.insert("addresses", account_id, prepared)
    world.deliveries.announce(account_id, "address.create", "addresses", address["id"])
    return address


def update_address(world: World, caller: Caller, address: Record, attributes: Any) -> Record:
    taken = take(_ADDRESS, attributes)
    taken.pop("company_id", None)
    check_required(_ADDRESS, {**address, **taken})
    _check_label(world, caller.account_id, address["company_id"], taken.get("label"), address["id"])
    world.deliveries.announce(caller.account_id, "address.update", "addresses", address["id"])
    return world.records.change("addresses", address["id"], taken)
