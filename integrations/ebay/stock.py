"""Setting what a listing shows as available, by whichever of eBay's two ways the listing allows.

A listing made with the Inventory API can be changed only there, any other one only by the Trading API; nothing but a published
offer with its id, or a refusal, tells which it is. Figures are absolute, so a call may be repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from integrations.contract import StockResult, StockUpdate
from integrations.ebay import trading
from integrations.ebay.calls import Calls
from integrations.ebay.errors import errors_in
from integrations.ebay.reading import Malformed, Node
from integrations.outcomes import Rejected

BATCH = 25  # entries of one bulk_update_price_quantity
CHANGES = 250  # of one listing a day
BY_INVENTORY = "inventory"
BY_TRADING = "trading"

_MOVED_CODE = "21919474"
_MOVED_WORDS = "Inventory-based listing management"  # seen without a code, too
_REDUNDANT = frozenset({"21917091", "21917092"})
_GONE = frozenset({"25702", "25710", "25713"})
_ITEM_WORDS = {
    "231": "eBay no longer has this listing.",
    "21916286": "This is an auction: eBay lets nobody set its quantity.",
    "21916750": "This listing has ended.",
    "21916799": "This listing has no variation with this SKU.",
}
_NO_WORD = "eBay did not say what became of this figure."
_ELSEWHERE = "eBay says that another tool manages this listing, but shows no published offer of it."


@dataclass(frozen=True, slots=True)
class Offer:
    """A published offer of a listing. ``capped``: it carries a figure of its own, and the smaller of the two is shown."""

    offer_id: str
    capped: bool


Offers = Mapping[str, tuple[Offer, ...]]  # by the listing's external id; only where there are any


class Stock:
    """The figures of one account."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def set(self, updates: Sequence[StockUpdate]) -> tuple[StockResult, ...]:
        """One result each, in order. Where it is not known how a listing is managed, its offers are looked up first."""
        offers = self._offers(update for update in updates if update.managed_by != BY_TRADING)
        by_trading = [update for update in updates if update.external_id not in offers]
        results = self._revise_in_fours(by_trading)
        moved = [update for update in by_trading if update.external_id not in results]
        offers = {**offers, **self._offers(moved)}
        results |= self._update([update for update in updates if update.external_id in offers], offers)
        return tuple(results.get(update.external_id) or _problem(update, _ELSEWHERE) for update in updates)

    # ------------------------------------------------------------------------------------------------------- Inventory API

    def _offers(self, updates: Iterable[StockUpdate]) -> Offers:
        found = {update.external_id: self._offers_of(update) for update in updates if update.sku}
        return {external_id: offers for external_id, offers in found.items() if offers}

    def _offers_of(self, update: StockUpdate) -> tuple[Offer, ...]:
        try:
            reply = self._calls.get(f"/sell/inventory/v1/offer?sku={quote(update.sku, safe='')}&limit=100", "inventory")
            return tuple(_published(Node(reply.json), trading.item_of(update)[0]))
        except (Rejected, Malformed):  # no offer, or a SKU such as the Inventory API has none
            return ()

    def _update(self, updates: Sequence[StockUpdate], offers: Offers) -> dict[str, StockResult]:
        by_sku: dict[str, list[StockUpdate]] = {}
        for update in updates:
            by_sku.setdefault(update.sku, []).append(update)
        entries = {sku: _entry(sku, group, offers) for sku, group in by_sku.items()}
        problems = self._bulk(entries) if entries else {}
        return {update.external_id: problems[update.sku].of(update) for update in updates}

    def _bulk(self, entries: Mapping[str, Any]) -> dict[str, _Verdict]:
        """By SKU. One bad entry can spoil the whole call: then each is sent alone."""
        try:
            body = {"requests": list(entries.values())}
            reply = self._calls.post("/sell/inventory/v1/bulk_update_price_quantity", "inventory", body, write=False)
        except Rejected as refusal:
            if len(entries) == 1:
                return dict.fromkeys(entries, _Verdict(problem=refusal.message))
            return {sku: self._bulk({sku: entry})[sku] for sku, entry in entries.items()}
        return {sku: _verdict(reply.json, entry) for sku, entry in entries.items()}

    # --------------------------------------------------------------------------------------------------------- Trading API

    def _revise_in_fours(self, updates: Sequence[StockUpdate]) -> dict[str, StockResult]:
        results: dict[str, StockResult] = {}
        for start in range(0, len(updates), trading.ITEMS_AT_ONCE):
            results |= self._revise(updates[start : start + trading.ITEMS_AT_ONCE])
        return results

    def _revise(self, updates: Sequence[StockUpdate]) -> dict[str, StockResult]:
        """By external id, without those that turn out to belong to the Inventory API."""
        answer = self._calls.trade("ReviseInventoryStatus", trading.stock_request(updates))
        if answer.ok:
            return {update.external_id: _done(update, BY_TRADING) for update in updates}
        if len(updates) == 1:
            return _judged(updates[0], answer.errors)
        settled = _attributed(updates, answer)
        results: dict[str, StockResult] = {}
        for external_id, (update, errors) in settled.items():
            results |= _judged(update, errors) if errors else {external_id: _done(update, BY_TRADING)}
        rest = [update for update in updates if update.external_id not in settled]
        for group in [rest] if settled else [[update] for update in rest]:
            results |= self._revise(group) if group else {}
        return results


# ---------------------------------------------------------------------------------------------------------------- Inventory API


@dataclass(frozen=True, slots=True)
class _Verdict:
    problem: str = ""
    retry: bool = False
    managed_by: str = BY_INVENTORY
    unsure: bool = False

    def of(self, update: StockUpdate) -> StockResult:
        return StockResult(update.external_id, not self.problem, self.managed_by, self.problem, self.retry, self.unsure)


def _published(page: Node, item_id: str) -> Iterable[Offer]:
    for offer in page["offers"].each():
        if offer["status"].text() == "PUBLISHED" and offer["listing"]["listingId"].text() == item_id:
            yield Offer(offer["offerId"].needed().text(), bool(offer["availableQuantity"]))


def _entry(sku: str, updates: Sequence[StockUpdate], offers: Offers) -> Any:
    """A SKU has one figure for all its offers, and a SKU may stand in a call only once; so the offers' own figures decide."""
    entry: dict[str, Any] = {"sku": sku, "shipToLocationAvailability": {"quantity": max(update.quantity for update in updates)}}
    capped = [
        {"offerId": offer.offer_id, "availableQuantity": update.quantity}
        for update in updates
        for offer in offers[update.external_id]
        if offer.capped
    ]
    return {**entry, "offers": capped} if capped else entry


def _verdict(answer: Any, entry: Mapping[str, Any]) -> _Verdict:
    """What a 200 or 207 says of one entry: a status each for the SKU and for its offers."""
    ours = {offer["offerId"] for offer in entry.get("offers", ())}
    try:
        responses = [
            response
            for response in Node(answer)["responses"].each()
            if response["sku"].text() == entry["sku"] or response["offerId"].text() in ours
        ]
        failed = [response for response in responses if response["statusCode"].whole(least=100) >= 300]
    except Malformed:
        return _Verdict(_NO_WORD, retry=True)
    if not responses:
        return _Verdict(_NO_WORD, retry=True)
    if not failed:
        return _Verdict()
    return replace(_refused(failed), unsure=len(failed) < len(responses))


def _refused(failed: Sequence[Node]) -> _Verdict:
    told = [error for response in failed for error in errors_in(response.value)]
    words = next((message for _code, message in told if message), "")
    problem = f"eBay refused this figure: {words}" if words else "eBay refused this figure."
    if any(code in _GONE for code, _message in told):
        return _Verdict(problem, retry=True, managed_by=BY_TRADING)
    return _Verdict(problem, retry=any(response["statusCode"].value >= 500 for response in failed))


# ------------------------------------------------------------------------------------------------------------------ Trading API

Errors = Sequence[trading.TradingError]


def _attributed(updates: Sequence[StockUpdate], answer: trading.Answer) -> dict[str, tuple[StockUpdate, Errors]]:
    """What a partial failure says for certain: which updates were made, and which errors can mean only one of the others."""
    revised = trading.revised(answer)
    settled: dict[str, tuple[StockUpdate, Errors]] = {}
    for update in updates:
        item_id, variation = trading.item_of(update)
        if any(item == item_id and variation in ("", sku) for item, sku in revised):
            settled[update.external_id] = (update, ())
    waiting = [update for update in updates if update.external_id not in settled]
    for error in answer.errors:
        meant = [update for update in waiting if error.parameters & {trading.item_of(update)[0], update.sku}]
        if len(meant) == 1 and not error.warning:
            before = settled.get(meant[0].external_id, (meant[0], ()))[1]
            settled[meant[0].external_id] = (meant[0], (*before, error))
    return settled


def _judged(update: StockUpdate, errors: Errors) -> dict[str, StockResult]:
    """Nothing where the listing belongs to the Inventory API."""
    serious = [error for error in errors if not error.warning and error.code not in _REDUNDANT]
    if any(error.code == _MOVED_CODE or _MOVED_WORDS in error.message for error in serious):
        return {}
    if errors and not serious:
        return {update.external_id: _done(update, BY_TRADING)}
    words = next((_ITEM_WORDS[error.code] for error in serious if error.code in _ITEM_WORDS), "")
    said = next((error.message for error in serious if error.message), "")
    problem = words or (f"eBay refused this figure: {said}" if said else _NO_WORD)
    retry = not serious or any(error.system for error in serious)
    return {update.external_id: StockResult(update.external_id, False, BY_TRADING, problem, retry)}


def _done(update: StockUpdate, managed_by: str) -> StockResult:
    return StockResult(update.external_id, True, managed_by)


def _problem(update: StockUpdate, words: str) -> StockResult:
    return StockResult(update.external_id, False, update.managed_by, words)
