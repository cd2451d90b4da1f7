"""The map of SKUs: what carts sell beside what their warehouse has, and how well the two go together. Inside the merchant's door.

It is read as a whole, a few columns of each row, and sorted out here: so the rules are applied by the same code as in the gates.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cartrover.connections.models import Cart
from cartrover.inventory.models import Listing, StockLevel
from cartrover.inventory.skus import SEND, Part, Rulebook, Translation, code_of, code_of_listing
from cartrover.orders.models import OrderLine, Status

_NOTHING = Translation(())
WAITING_FOR_A_SKU = ("unknown_sku", "duplicate_sku", "no_sku", "refused_sku")


class Match(StrEnum):
    """How a code and the warehouse go together. ``UNSOLD`` is at a warehouse, and nothing sells it."""

    UNMATCHED = "unmatched"
    DUPLICATE = "duplicate"
    WITHOUT = "without"
    MATCHED = "matched"
    UNSOLD = "unsold"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the map: a cart's code with what it is sent as, or an item of a warehouse that nothing leads to.

    ``ident`` tells it from others of the same code. ``waiting`` is how many orders stand still for the code, ``missing`` are the
    SKUs that it is sent as and that the warehouse does not have.
    """

    code: str
    ident: str
    match: Match
    cart: Cart | None = None
    title: str = ""
    sent_as: Translation = _NOTHING
    waiting: int = 0
    missing: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return (self.code, self.ident)

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.sent_as.parts


def match_of(code: str, sent_as: Translation, there: Mapping[str, int]) -> Match:
    """How a code's translation goes together with how many items have each SKU."""
    if not code:
        return Match.WITHOUT
    if sent_as.action != SEND:
        return Match.MATCHED
    counts = [there.get(part.sku, 0) for part in sent_as.parts]
    if 0 in counts:
        return Match.UNMATCHED
    return Match.DUPLICATE if max(counts) > 1 else Match.MATCHED


class SkuMap:
    """All entries, in the order of their codes."""

    def __init__(self, carts: Iterable[Cart]) -> None:
        self._carts = {cart.pk: cart for cart in carts}
        self._rules = Rulebook.of()
        self._there: dict[int, Counter[str]] = defaultdict(Counter)
        items = list(StockLevel.objects.filter(gone=False).values_list("pk", "connection_id", "sku", "name"))
        for _, connection_id, sku, _ in items:
            self._there[connection_id][sku] += 1
        self._waiting = self._orders_that_wait()
        listed = list(self._listings())
        sold = [*listed, *self._only_in_orders(listed)]
        self.entries = sorted([*sold, *self._unsold(items, sold)], key=lambda entry: entry.key)

    def _listings(self) -> Iterator[Entry]:
        columns = ("pk", "cart_id", "connection_id", "external_id", "sku", "title")
        for listing in Listing.objects.filter(gone=False).values_list(*columns, named=True):
            cart = self._cart(listing.cart_id, listing.connection_id)
            code = code_of_listing(cart, listing) if cart else listing.sku
            yield self._entry(cart, code, f"L{listing.pk:012d}", listing.title)

    def _cart(self, cart_id: int | None, connection_id: int) -> Cart | None:
        """The listing's own, or while nobody has said whose it is the first one of its account."""
        if cart_id in self._carts:
            return self._carts[cart_id]
        return next((cart for cart in self._carts.values() if cart.connection_id == connection_id), None)

    def _orders_that_wait(self) -> dict[tuple[int, str], dict[int, str]]:
        """By cart and code: the orders that stand still for want of a SKU, with the line's title."""
        lines = OrderLine.objects.filter(order__status=Status.ERROR, order__reason_code__in=WAITING_FOR_A_SKU)
        found: dict[tuple[int, str], dict[int, str]] = defaultdict(dict)
        for line in lines.select_related("order").only(
            "merchant_id", "sku", "listing_id", "variation_id", "title", "order__cart_id", "order__merchant_id"
        ):
            cart = self._carts.get(line.order.cart_id)
            if cart is not None:
                found[(cart.pk, code_of(cart, line))][line.order_id] = line.title
        return found

    def _only_in_orders(self, listings: Iterable[Entry]) -> Iterator[Entry]:
        """Codes that orders wait for and that no listing has: a listing that has ended, or a cart that lists nothing."""
        listed = {(entry.cart.pk, entry.code) for entry in listings if entry.cart}
        for (cart_id, code), orders in self._waiting.items():
            entry = self._entry(self._carts[cart_id], code, f"O{cart_id:012d}", next(iter(orders.values())))
            if (cart_id, code) not in listed and entry.match not in (Match.MATCHED, Match.WITHOUT):
                yield entry

    def _entry(self, cart: Cart | None, code: str, ident: str, title: str) -> Entry:
        at = cart.warehouse.connection_id if cart and cart.warehouse else None
        sent_as = self._rules.translate(cart.pk if cart else None, code)
        there = self._there[at] if at else Counter()
        match = match_of(code, sent_as, there)
        waiting = len(self._waiting.get((cart.pk, code), ())) if cart and match != Match.MATCHED else 0
        return Entry(code, ident, match, cart, title, sent_as, waiting, tuple(p.sku for p in sent_as.parts if not there[p.sku]))

    def _unsold(self, items: Iterable[tuple[int, int, str, str]], sold: Iterable[Entry]) -> Iterator[Entry]:
        """What a warehouse has and no code leads to."""
        reached = {
            (entry.cart.warehouse.connection_id, part.sku)
            for entry in sold
            if entry.cart and entry.cart.warehouse
            for part in entry.parts
        }
        for pk, connection_id, sku, name in items:
            if sku and (connection_id, sku) in reached:
                continue
            count = self._there[connection_id][sku]
            match = Match.WITHOUT if not sku else Match.DUPLICATE if count > 1 else Match.UNSOLD
            yield Entry(sku, f"W{pk:012d}", match, title=name, sent_as=Translation((Part(sku),)))

    def counts(self) -> Counter[str]:
        return Counter(entry.match.value for entry in self.entries)


def wanted(entries: Iterable[Entry], match: str, text: str, cart_id: int | None) -> list[Entry]:
    """Those of a tab, narrowed by a search in codes, SKUs and titles, and by cart."""
    sought = text.strip().casefold()
    return [
        entry
        for entry in entries
        if entry.match == match
        and (cart_id is None or (entry.cart is not None and entry.cart.pk == cart_id))
        and (not sought or sought in _text(entry))
    ]


def _text(entry: Entry) -> str:
    return " ".join((entry.code, entry.title, *(part.sku for part in entry.parts))).casefold()
