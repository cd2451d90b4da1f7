"""Where a cart's orders go: is it ready, does it know the currency, and does it have what the cart sells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cartrover.connections import engine
from cartrover.connections.checking.findings import OK, WARN, Ear, Line, told
from cartrover.connections.checking.here import Here, house_of
from cartrover.connections.holders import Holder
from cartrover.connections.models import Cart, Warehouse
from cartrover.inventory.skus import Rulebook, code_of_listing
from cartrover.merchants.tenancy import acting_for
from integrations import registry
from integrations.contract import Integration, ListingRecord
from integrations.contract import Warehouse as WarehouseClient
from integrations.outcomes import Outcome

CATALOGUE_PAGES = 4  # of the warehouse, for comparing SKUs; what they do not hold is asked one by one
ASKED_ONE_BY_ONE = 10
NAMED = 5  # SKUs that a line names


def destination(here: Here) -> Iterator[Line]:
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
        facts = warehouse.connection.facts if integration.kept_here else integration.account_of(there).facts
        yield from _currency(here, integration, facts)
        yield from _skus(
            _sent_as(here.holder, listings.records), house_of(warehouse.connection, there, warehouse.settings, facts)
        )
    except Outcome as outcome:
        yield replace(told(there, integration, outcome, "warehouse_reads"), state=WARN)


def _currency(here: Here, there: Integration, facts: Mapping[str, Any]) -> Iterator[Line]:
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
