"""Test: real reads that show whether a cart or warehouse would work, told line by line as each ends. Nothing is saved by it.

Every step asks on a wire of its own, outside every door. What goes wrong becomes a line in words, never an exception: a page, a
share link and OK all show the same lines.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cartrover.connections import attention, engine
from cartrover.connections.findings import FAIL, OK, WARN, Ear, Line, in_front, told
from cartrover.connections.holders import FIRST_PULL_DAYS, Holder, side_of
from cartrover.connections.models import Cart, Connection, Warehouse
from cartrover.inventory.skus import Rulebook, code_of_listing
from cartrover.merchants.tenancy import acting_for
from cartrover.packing.opening import open_warehouse
from integrations import registry
from integrations.contract import (
    Account,
    Integration,
    ListingRecord,
    OrderRecord,
    Window,
    Wire,
)
from integrations.contract import Cart as CartClient
from integrations.contract import Warehouse as WarehouseClient
from integrations.outcomes import NeedsMerchant, Outcome, RetryLater

__all__ = ["Counted", "Line", "check", "ends", "open_orders", "passed", "run", "steps"]

log = logging.getLogger(__name__)

CLOCKS_AGREE = 5.0  # seconds: what a Date header of whole seconds and a slow answer may come to
CATALOGUE_PAGES = 4  # of the warehouse, for comparing SKUs; what they do not hold is asked one by one
ASKED_ONE_BY_ONE = 10
LOCATION = "location_id"  # the setting that picks one location, where an integration has them
NAMED = 5  # SKUs that a line names
ORDER_PAGES = 5  # read to count what Go live would send


def check(holder: Holder, *, settings: Mapping[str, Any] | None = None) -> Iterator[Line]:
    """Test a cart or warehouse with these settings (else its own). Outside every door; yields each line as it ends."""
    for step in steps(holder):
        lines = list(run(holder, step, settings=settings))
        yield from lines
        if ends(step, lines):
            return


def steps(holder: Holder) -> tuple[str, ...]:
    """The names of its steps, in order, for whoever runs them one request at a time."""
    return tuple(_CART_STEPS if isinstance(holder, Cart) else _WAREHOUSE_STEPS)


def run(holder: Holder, step: str, *, settings: Mapping[str, Any] | None = None) -> Iterator[Line]:
    """One step's lines. KeyError for a step that it does not have."""
    todo = (_CART_STEPS if isinstance(holder, Cart) else _WAREHOUSE_STEPS)[step]
    here = _opened(holder, holder.settings if settings is None else settings)
    try:
        yield from todo(here)
    except Outcome as outcome:
        yield here.told(outcome, step)
    except Exception:
        log.exception("the test of %s %s failed at %s", holder._meta.model_name, holder.pk, step)
        yield Line(step, FAIL, "Something went wrong on our side.", fix="We are looking into it. Press Test again in a while.")


def ends(step: str, lines: Iterable[Line]) -> bool:
    """Whether nothing after this step can be tested."""
    return step == "access" and any(line.state == FAIL and line.name in _NEEDED for line in lines)


def passed(lines: Iterable[Line]) -> bool:
    return all(line.state != FAIL for line in lines)


_NEEDED = frozenset({"access", "reachable", "authorised"})


@dataclass(frozen=True, slots=True)
class Counted:
    """Orders of a window: how many changed in it, when those were placed that would be sent, and whether all were read."""

    changed: int
    placed: tuple[datetime, ...]
    complete: bool

    def since(self, days: int) -> str:
        """How many would be sent of those placed in the last ``days``."""
        start = datetime.now(UTC) - timedelta(days=days)
        count = sum(each >= start for each in self.placed)
        return f"{count}" if self.complete or not days else f"at least {count}"


def open_orders(cart: Cart, *, days: int = FIRST_PULL_DAYS, pages: int = ORDER_PAGES) -> Counted:
    """How many open orders a first download would find. Outside every door; raises an Outcome."""
    here = _opened(cart, cart.settings)
    if here.connection is None:
        raise NeedsMerchant("There is no access yet.", fix="grant")
    return _counted(here, days, pages)


# ------------------------------------------------------------------------------------------------------------------ what it needs


@dataclass(frozen=True, slots=True)
class _Here:
    """What one step works with. ``warehouse`` is where a cart's orders go; both rows have their connection loaded."""

    holder: Holder
    settings: Mapping[str, Any]
    integration: Integration
    connection: Connection | None
    warehouse: Warehouse | None
    ear: Ear | None

    @property
    def name(self) -> str:
        return self.integration.name

    @property
    def wire(self) -> Wire:
        if self.ear is None:
            raise NeedsMerchant("There is no access yet.", fix="grant")
        return self.ear

    @property
    def facts(self) -> Mapping[str, Any]:
        return self.connection.facts if self.connection else {}

    def cart(self) -> CartClient:
        if self.integration.cart is None:
            raise LookupError(f"{self.name} is no cart")
        return self.integration.cart.open(self.wire, self.settings, self.facts)

    def house(self) -> WarehouseClient:
        if self.connection is None:
            raise NeedsMerchant("There is no access yet.", fix="grant")
        return _house(self.connection, self.wire, self.settings, self.facts)

    def told(self, outcome: Outcome, name: str) -> Line:
        return told(self.ear, self.integration, outcome, name)


def _opened(holder: Holder, settings: Mapping[str, Any]) -> _Here:
    with acting_for(holder.merchant_id):
        connection = Connection.objects.filter(pk=holder.connection_id).first()
        warehouse = None
        if isinstance(holder, Cart):
            warehouse = Warehouse.objects.select_related("connection").filter(pk=holder.warehouse_id).first()
    ear = Ear(engine.wire(connection)) if connection is not None else None
    return _Here(holder, settings, registry.get(holder.integration), connection, warehouse, ear)


def _house(connection: Connection, wire: Wire, settings: Mapping[str, Any], facts: Mapping[str, Any]) -> WarehouseClient:
    ids = {"merchant_id": connection.merchant_id, "connection_id": connection.pk}
    return open_warehouse(registry.get(connection.integration), wire, settings, facts, **ids)


# ------------------------------------------------------------------------------------------------------------------- the access


def _access(here: _Here) -> Iterator[Line]:
    """Does it answer and know us, whose account is it, is everything allowed, do the locations exist, do the clocks agree."""
    connection = here.connection
    if here.integration.trouble:
        yield Line("access", FAIL, here.integration.trouble)
        return
    if connection is None or here.ear is None:
        yield Line("access", FAIL, "We have no access yet.", fix="Press Grant Us API Access.")
        return
    if connection.state != Connection.State.ACTIVE:
        yield Line("authorised", FAIL, attention.reason(connection).message)
        return
    if here.integration.calling:
        yield Line("access", OK, "It is kept here: nothing has to be granted")
        return
    try:
        account = here.integration.account_of(here.wire)
    except Outcome as outcome:
        yield from _no_access(here, here.ear, outcome)
        return
    yield _answered(here, here.ear)
    yield _authorised(here, connection)
    yield _same_account(connection, account)
    yield from _rights(here, account)
    yield from _locations(here, account.facts)
    yield from _clock(here, here.ear)


def _no_access(here: _Here, ear: Ear, outcome: Outcome) -> Iterator[Line]:
    answered = ear.last is not None and ear.last.status is not None and not in_front(ear.last)
    if answered and not isinstance(outcome, RetryLater):
        yield _answered(here, ear)
        yield here.told(outcome, "authorised")
    else:
        yield here.told(outcome, "reachable" if ear.heard else "authorised")


def _answered(here: _Here, ear: Ear) -> Line:
    first = ear.heard[0]
    return Line("reachable", OK, f"{here.name} answers", f"{urlsplit(first.url).hostname}, {first.seconds * 1000:.0f} ms")


def _authorised(here: _Here, connection: Connection) -> Line:
    ends_at = connection.consent_ends_at
    if ends_at is None:
        return Line("authorised", OK, "Our access is accepted")
    left = (ends_at - datetime.now(UTC)).days
    until = f"until {ends_at:%-d %B %Y}"
    if left <= 30:
        return Line("authorised", WARN, f"Our access ends in {left} days", until, "Press Reconnect to renew it.")
    return Line("authorised", OK, "Our access is accepted", until)


def _same_account(connection: Connection, account: Account) -> Line:
    if account.external_id == connection.account_id:
        return Line("account", OK, f"Access granted by {account.name}", f"account {account.external_id}")
    words = f"The access opens {account.name}, not {connection.account_name}."
    return Line("account", FAIL, words, fix=f"Press Reconnect and log in as {connection.account_name}.")


def _rights(here: _Here, account: Account) -> Iterator[Line]:
    lacks = list(account.lacks)
    for words, read in here.integration.rights:
        try:
            read(here.wire)
        except NeedsMerchant:
            lacks.append(words)
        except Outcome as outcome:
            yield here.told(outcome, "rights")
            return
    if lacks:
        words = f"The access does not cover: {', '.join(lacks)}."
        fix = f"Press Reconnect and allow everything that {here.name} asks about, as a user who may do it."
        yield Line("rights", FAIL, words, fix=fix)
    else:
        yield Line("rights", OK, "Everything that we need is allowed")


def _locations(here: _Here, facts: Mapping[str, Any]) -> Iterator[Line]:
    if "locations" not in facts:
        return
    labels = {str(each["id"]): str(each["label"]) for each in facts["locations"]}
    for setting in side_of(here.holder).fields:
        if not setting.kind.startswith("location"):
            continue
        value = here.settings.get(setting.name)
        chosen = [str(each) for each in (value if isinstance(value, list | tuple) else [value]) if each not in (None, "")]
        for each in chosen:
            if each in labels:
                yield Line("location", OK, f"{setting.label}: {labels[each]}", f"location {each}")
            else:
                known = ", ".join(f"{label} ({one})" for one, label in labels.items())
                words = f"{setting.label}: {here.name} has no location {each}."
                yield Line("location", FAIL, words, f"It has {known}." if known else "", "Choose one that exists.")


def _clock(here: _Here, ear: Ear) -> Iterator[Line]:
    """The provider's clock counts, so that a difference does no harm; a large one is told all the same."""
    told = next((each for each in reversed(ear.heard) if each.server_time is not None), None)
    if told is None or told.server_time is None:
        return
    ours = told.sent_at + timedelta(seconds=told.seconds)
    apart = (told.server_time + timedelta(seconds=0.5) - ours).total_seconds()  # a Date header leaves the fraction away
    if abs(apart) <= CLOCKS_AGREE:
        yield Line("clock", OK, "Clocks agree", f"{abs(apart):.1f} s apart")
        return
    which = "ahead of" if apart > 0 else "behind"
    words = f"{here.name}'s clock is {abs(apart):.0f} s {which} ours"
    yield Line("clock", WARN, words, f"We go by {here.name}'s, so no order is lost by it.")


# ---------------------------------------------------------------------------------------------------------------------- a cart


def _orders(here: _Here) -> Iterator[Line]:
    found = _counted(here, FIRST_PULL_DAYS, pages=1)
    location = here.settings.get(LOCATION)
    where = f" of location {location}" if location else ""
    changed = f"{found.changed} that changed in the last {FIRST_PULL_DAYS} days"
    count = found.since(FIRST_PULL_DAYS)
    detail = f"{count} open order{'' if count == '1' else 's'}{where} would load, of {changed}"
    yield Line("orders", OK, "Orders can be read", detail)


def _counted(here: _Here, days: int, pages: int) -> Counted:
    client = here.cart()
    end = _now(here)
    start = end - timedelta(days=days)
    seen, total = 0, 0
    placed: list[datetime] = []
    for _ in range(pages):
        page = client.orders_in(Window(start, end), offset=seen)
        seen += len(page.records)
        total = page.total
        placed += [each.placed_at for each in page.records if isinstance(each, OrderRecord) and _would_load(each, here)]
        if not page.records or seen >= total:
            return Counted(total, tuple(placed), complete=True)
    return Counted(total, tuple(placed), complete=False)


def _now(here: _Here) -> datetime:
    """The provider's clock counts: a window that ends in its future is refused."""
    if here.ear is not None and not here.ear.heard and not here.integration.calling:
        here.integration.account_of(here.wire)
    last = here.ear.last if here.ear else None
    return (last.server_time if last else None) or datetime.now(UTC)


def _would_load(record: OrderRecord, here: _Here) -> bool:
    """About what the gates will say; they have the last word."""
    variant = here.holder.variant if isinstance(here.holder, Cart) else ""
    markets = {line.marketplace for line in record.lines} | {record.marketplace}
    return (
        record.payment == "paid"
        and record.cancel == "none"
        and record.fulfilment != "full"
        and not record.unshippable
        and not record.filtered
        and (not variant or variant in markets)
    )


def _destination(here: _Here) -> Iterator[Line]:
    """Where its orders go. Nothing here keeps the settings from being saved: Go live asks for it."""
    warehouse = here.warehouse
    if warehouse is None:
        yield Line("warehouse", WARN, "No warehouse is chosen", fix='Choose one under "Orders go to" before you go live.')
        return
    if warehouse.connection_id is None or warehouse.connection is None:
        yield Line("warehouse", WARN, f"{warehouse.name} has no access yet", fix=f"Finish the setup of {warehouse.name}.")
        return
    if warehouse.connection_id == here.holder.connection_id:
        words = f"{warehouse.name} delivers to the account that the orders come from"
        yield Line("warehouse", WARN, words, fix="Choose another warehouse.")
        return
    if warehouse.state != Warehouse.State.LIVE:
        words = f"Orders go to {warehouse.name}, which is not live"
        yield Line("warehouse", WARN, words, fix=f"Take {warehouse.name} live first.")
    else:
        yield Line("warehouse", OK, f"Orders go to {warehouse.name}", warehouse.connection.account_name)
    listings = here.cart().listings()
    integration, there = registry.get(warehouse.integration), Ear(engine.wire(warehouse.connection))
    try:
        facts = warehouse.connection.facts if integration.calling else integration.account_of(there).facts
        yield from _currency(here, integration, facts)
        yield from _skus(_sent_as(here.holder, listings.records), _house(warehouse.connection, there, warehouse.settings, facts))
    except Outcome as outcome:
        yield replace(told(there, integration, outcome, "warehouse_reads"), state=WARN)


def _currency(here: _Here, there: Integration, facts: Mapping[str, Any]) -> Iterator[Line]:
    side = here.integration.cart
    variant = side.variant(here.holder.variant) if side and isinstance(here.holder, Cart) else None
    currency = variant.currency if variant else str(here.facts.get("default_currency") or "")
    known, name = facts.get("currencies"), there.name
    if not currency or known is None:
        return
    if currency in known:
        yield Line("currency", OK, f"{name} knows {currency}")
    else:
        words = f"{name} has no currency {currency}"
        yield Line("currency", WARN, words, "Orders in it would wait.", f"Add {currency} there.")


def _sent_as(cart: Holder, listings: Sequence[ListingRecord]) -> list[tuple[str, ...]]:
    """What each listing's product is sent as: nothing where it is left out, an empty SKU where it has no code."""
    if not isinstance(cart, Cart):
        raise LookupError(f"{cart} sells nothing")
    with acting_for(cart.merchant_id):
        rules = Rulebook.of()
    codes = [code_of_listing(cart, each) for each in listings]
    return [tuple(part.sku for part in rules.translate(cart.pk, code).parts) for code in codes]


def _skus(sent_as: Sequence[tuple[str, ...]], client: WarehouseClient) -> Iterator[Line]:
    """What the cart's first page of listings is sent as, against the warehouse's catalogue."""
    skus = {sku for each in sent_as for sku in each if sku}
    without = sum("" in each for each in sent_as)
    if without:
        yield Line("no_sku", WARN, f"{without} listings have no SKU", "Their orders would wait.", "Give each a SKU.")
    if not skus:
        yield Line("skus", WARN, "Nothing is listed yet, so no SKU can be compared")
        return
    unknown = _unknown(skus, client)
    if not unknown:
        yield Line("skus", OK, "SKUs match", f"{len(skus)} compared, and the warehouse has each")
        return
    some = ", ".join(sorted(unknown)[:NAMED]) + (", …" if len(unknown) > NAMED else "")
    words = f"SKUs: {len(unknown)} of {len(skus)} are not at the warehouse"
    yield Line("skus", WARN, words, f"Orders of {some} would wait.", "Use one SKU on both sides, or match them under SKUs.")


def _unknown(skus: set[str], client: WarehouseClient) -> set[str]:
    unknown, seen = set(skus), 0
    for number in range(1, CATALOGUE_PAGES + 1):
        page = client.items(page=number)
        unknown -= {each.sku for each in page.records}
        seen += len(page.records)
        if not unknown or not page.records or seen >= page.total:
            return unknown
    asked = sorted(unknown)[:ASKED_ONE_BY_ONE]
    return {sku for sku in asked if not client.item(sku)}


# ----------------------------------------------------------------------------------------------------------------- a warehouse


def _readable(here: _Here) -> Iterator[Line]:
    client = here.house()
    lately = Window(_now(here) - timedelta(days=1), _now(here))
    client.orders_changed_in(lately)
    yield Line("orders", OK, "Orders can be read")
    client.shipments_in(lately)
    yield Line("shipments", OK, "Shipments can be read")


def _catalogue(here: _Here) -> Iterator[Line]:
    total = here.house().items().total
    if total:
        yield Line("items", OK, "Items and stock can be read", f"{total:,} item{'' if total == 1 else 's'}")
    else:
        yield Line("items", WARN, f"{here.name} holds no items yet", fix="Make the items there, with the SKUs of your cart.")


Step = Callable[[_Here], Iterator[Line]]
_CART_STEPS: Mapping[str, Step] = {"access": _access, "orders": _orders, "warehouse": _destination}
_WAREHOUSE_STEPS: Mapping[str, Step] = {"access": _access, "orders": _readable, "items": _catalogue}
