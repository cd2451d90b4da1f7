"""A merchant's listings, as the Stock page finds them: in step, to be pushed, not taken, and never told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from cartrover.connections.models import Cart, Connection
from cartrover.inventory.models import Listing, SkuPart, SkuRule, StockLevel
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from tests.portal.story import Setup, make_order, set_up

GOODS = {"TENT-2P": ("Two-person tent, green", 12), "PEG": ("Steel peg", 90), "LAMP-300": ("Head lamp, 300 lm", 40)}


@dataclass
class Shelf:
    setup: Setup
    listings: dict[str, Listing]
    waiting: Order


def stocked(merchant: Merchant) -> Shelf:
    """Three goods at two locations, a kit of them, and an order that has not gone yet."""
    setup = set_up(merchant)
    now = timezone.now()
    with acting_for(merchant):
        facts = {"locations": [{"id": "18", "label": "Hamburg"}, {"id": "34", "label": "Reno"}]}
        Connection.objects.filter(pk=setup.tradegecko.pk).update(facts=facts)
        Cart.objects.update(services={"inventory_upload": {"on": True, "every": None}})
        for number, (sku, (name, units)) in enumerate(GOODS.items()):
            available = {"18": str(units), "34": "2.5"}
            read = {"available": available, "read_at": now - timedelta(minutes=2)}
            StockLevel.objects.create(connection=setup.tradegecko, item_id=str(number), sku=sku, name=name, **read)
        kit = SkuRule.objects.create(sku="CAMP-SET")
        for position, (sku, units) in enumerate({"TENT-2P": 1, "PEG": 8}.items()):
            SkuPart.objects.create(rule=kit, position=position, sku=sku, units=units)
        SkuRule.objects.create(sku="GIFT-WRAP", action="leave_out")
        waiting = make_order(
            setup,
            status="held",
            reason="the buyer asked to cancel",
            lines=(("CAMP-SET", "Camping set", 2, "99.00"),),
            placed=timedelta(hours=3),
        )
        listings = {
            "TENT-2P": _listing(setup, "EBAY_US", "TENT-2P", pushed=12),
            "CAMP-SET": _listing(setup, "EBAY_DE", "CAMP-SET", pushed=9, waits="It is being pushed."),
            "LAMP-300": _listing(setup, "EBAY_US", "LAMP-300", pushed=7, refusal="This listing has ended.", refused_at=now),
            "GIFT-WRAP": _listing(setup, "EBAY_US", "GIFT-WRAP", trouble="GIFT-WRAP is ignored: a rule leaves it out of orders."),
            "HAT": _listing(setup, "EBAY_DE", "HAT", trouble="HAT is not at TradeGecko Main."),
        }
    return Shelf(setup, listings, waiting)


def _listing(setup: Setup, variant: str, sku: str, pushed: int | None = None, **more: object) -> Listing:
    now = timezone.now()
    serial = 140_000_000_000 + Listing.objects.count()
    made: Listing = Listing.objects.create(
        connection=setup.ebay,
        cart=setup.carts[variant],
        external_id=str(serial),
        sku=sku,
        title=f"{sku.title()} on {variant}",
        marketplace=variant,
        shown=3,
        shown_at=now - timedelta(hours=9),
        pushed=pushed,
        pushed_at=now - timedelta(minutes=30) if pushed is not None else None,
        **more,
    )
    return made
