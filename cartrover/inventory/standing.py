"""How each listing stands: in step with the warehouse, to be pushed, not taken by the marketplace, or never told a figure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from cartrover.connections.models import Cart
from cartrover.inventory.models import Listing, SkuRule
from cartrover.inventory.publishing import Figure, figures
from cartrover.inventory.selling import SERVICE, untold
from cartrover.inventory.showing import Sales, in_doubt, must_show, sold_since

IN_STEP, TO_PUSH, NOT_TAKEN, NEVER = STATES = ("in_step", "to_push", "not_taken", "never")
CHANGED = "It changed just now. It is pushed with the next round."


@dataclass(frozen=True, slots=True)
class Standing:
    """A listing as its page shows it: the sum of now, what it shows, how it stands and why, in words."""

    listing: Listing
    figure: Figure
    sales: Sales | None
    state: str
    words: str = ""

    @property
    def shows(self) -> int | None:
        """What the marketplace shows; where a sale came too close to a push to tell, what was set."""
        known = must_show(self.listing, self.sales)
        return known if known is not None else self.listing.pushed

    @property
    def in_doubt(self) -> bool:
        """Whether it is not known what became of the last push."""
        return in_doubt(self.listing)


def standings(listings: Sequence[Listing]) -> list[Standing]:
    """How these listings stand, with their carts and warehouses at hand. A dozen queries for each cart."""
    told = _figures(listings)
    sales = _sales(listings)
    return [_standing(listing, told.get(listing.pk), sales.get(listing.pk)) for listing in listings]


def _figures(listings: Iterable[Listing]) -> Mapping[int, Figure]:
    by_cart: dict[Cart, list[Listing]] = defaultdict(list)
    for listing in listings:
        if listing.cart is not None:
            by_cart[listing.cart].append(listing)
    return {figure.listing.pk: figure for cart, theirs in by_cart.items() for figure in figures(cart, theirs)}


def _sales(listings: Iterable[Listing]) -> dict[int, Sales]:
    by_connection: dict[int, list[Listing]] = defaultdict(list)
    for listing in listings:
        by_connection[listing.connection_id].append(listing)
    found: dict[int, Sales] = {}
    for connection_id, theirs in by_connection.items():
        found |= sold_since(connection_id, theirs)
    return found


def _standing(listing: Listing, figure: Figure | None, sales: Sales | None) -> Standing:
    figure = figure or Figure(listing)
    never = untold(listing) or figure.trouble
    if never:
        return Standing(listing, figure, sales, NEVER, never)
    if listing.refusal:
        return Standing(listing, figure, sales, NOT_TAKEN, listing.refusal)
    if listing.waits or figure.desired != must_show(listing, sales):
        return Standing(listing, figure, sales, TO_PUSH, listing.waits or CHANGED)
    return Standing(listing, figure, sales, IN_STEP)


# ---------------------------------------------------------------------------------------------------------------------- the list


def filters() -> dict[str, Q]:
    """The listings of each state, as the last round of pushes left them: what changed since is told by their rows."""
    selling = [cart.pk for cart in Cart.objects.all() if cart.serves(SERVICE)]
    told = Q(cart__in=selling, trouble="")
    return {
        IN_STEP: told & Q(refusal="", waits=""),
        TO_PUSH: told & Q(refusal="") & ~Q(waits=""),
        NOT_TAKEN: told & ~Q(refusal=""),
        NEVER: ~told,
    }


def counted(rows: QuerySet[Listing]) -> dict[str, int]:
    """How many of these listings are in each state."""
    totals: dict[str, int] = rows.aggregate(**{state: Count("pk", filter=chosen) for state, chosen in filters().items()})
    return totals


def matching(rows: QuerySet[Listing], typed: str) -> QuerySet[Listing]:
    """Listings with this in their SKU or title or of this number, and those whose code stands for such a warehouse SKU."""
    stand_for = SkuRule.objects.filter(parts__sku__icontains=typed).values("sku")
    numbered = Q(external_id=typed) | Q(external_id__startswith=f"{typed}:")
    return rows.filter(Q(sku__icontains=typed) | Q(title__icontains=typed) | numbered | Q(sku__in=stand_for))
