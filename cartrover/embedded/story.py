"""What happens once to a few orders of the demo, as soon as they are at the warehouse: so that each kind of change can be seen.

An order is known by its buyer, and what has happened to it by what the stand-ins show: a demo that is started again goes on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cartrover.embedded import outside
from cartrover.embedded.catalogue import SELLER

Shown = Mapping[str, Any]
NEW_STREET = "12 New Harbour Road"
ADDED = {"sku": "BOTTLE-STEEL-1L", "title": "Steel bottle, 1 l", "quantity": 1, "price": "24.50"}


@dataclass(frozen=True, slots=True)
class Stage:
    """Both stand-ins as one order sees them: ``order`` is the cart's, ``there`` the warehouse's."""

    order: Shown
    there: Shown
    chance: random.Random

    def at_cart(self, what: str, **body: Any) -> None:
        outside.ebay().post(f"orders/{self.order['orderId']}/{what}", body)

    def at_warehouse(self, **body: Any) -> None:
        outside.tradegecko().post(f"orders/{self.there['id']}/ship", body)

    def ship(self, lines: Sequence[Shown] = ()) -> None:
        """A package with the lines, or with all that is left."""
        tracking = {"tracking_company": "UPS", "tracking_number": f"1Z{self.chance.randrange(10**16):016d}"}
        self.at_warehouse(**tracking, **({"lines": {line["id"]: line["quantity"] for line in lines}} if lines else {}))


@dataclass(frozen=True, slots=True)
class Scene:
    """One buyer's order. ``act`` does the next of what is still to happen to it, and says whether all had happened before.

    So the warehouse's staff leave an order alone until the stand-ins show that everything has happened to it.
    """

    buyer: str
    lines: tuple[tuple[str, int], ...]
    act: Callable[[Stage], bool]


def _cancels(stage: Stage) -> bool:
    if _asks(stage.order):
        return True
    stage.at_cart("cancel")
    return False


def _cancels_too_late(stage: Stage) -> bool:
    if stage.there["packed_status"] == "unpacked" and not _asks(stage.order):
        stage.at_warehouse(pack_only=True)
        return False
    return _cancels(stage)


def _asks_to_cancel(stage: Stage) -> bool:
    if _asks(stage.order):
        return True
    stage.at_cart("request-cancel")
    return False


def _moves(stage: Stage) -> bool:
    if _has_moved(stage.order):
        return True
    stage.at_cart("edit", ship_to={"street": NEW_STREET})
    return False


def _adds_a_bottle(stage: Stage) -> bool:
    """The warehouse waits with the order until it knows of it."""
    if len(stage.order["lineItems"]) > 1:
        return any(line["sku"] == ADDED["sku"] for line in stage.there["lines"])
    stage.at_cart("edit", add=[ADDED])
    return False


def _gets_money_back(stage: Stage) -> bool:
    if stage.order["paymentSummary"]["refunds"]:
        return True
    if stage.there["fulfillments"]:
        stage.at_cart("refund", amount="5.00")
    else:
        stage.ship()
    return False


def _gets_two_packages(stage: Stage) -> bool:
    """The first line of the kit leaves alone, and then the rest."""
    if stage.there["fulfillment_status"] == "shipped":
        return True
    goods = [line for line in stage.there["lines"] if line["sku"]]
    stage.ship(() if stage.there["fulfillments"] else goods[:1])
    return False


SCENES = (
    Scene("buyer_who_regrets", (("BOTTLE-STEEL-1L", 1),), _cancels),
    Scene("buyer_too_late", (("STOVE-GAS-MINI", 1),), _cancels_too_late),
    Scene("buyer_in_two_minds", (("MAT-AIR-R", 1),), _asks_to_cancel),
    Scene("buyer_on_the_move", (("TENT-2P-GRN", 1),), _moves),
    Scene("buyer_who_is_thirsty", (("MAT-AIR-R", 1),), _adds_a_bottle),
    Scene("buyer_with_a_scratch", (("LAMP-HEAD-350", 1),), _gets_money_back),
    Scene("buyer_of_a_set", (("CAMP-SET-2P", 1),), _gets_two_packages),
)

PLACED = len(SCENES) + 1


def place(ebay: outside.Controls) -> None:
    """The orders that all of it happens to, and one more that is canceled before anybody has read it."""
    for scene in SCENES:
        _order(ebay, scene.buyer, scene.lines)
    ebay.post(f"orders/{_order(ebay, 'buyer_who_slipped', (('ROPE-8MM-30M', 1),))}/cancel", {})


def _order(ebay: outside.Controls, buyer: str, lines: Sequence[tuple[str, int]]) -> str:
    bought = [{"sku": sku, "quantity": units} for sku, units in lines]
    wanted = {"seller": SELLER, "marketplace": "EBAY_US", "lines": bought, "buyer": {"username": buyer}}
    return str(ebay.post("orders", wanted)["orderId"])


def go_on(orders: Sequence[Shown], at_warehouse: Sequence[Shown], chance: random.Random) -> list[str]:
    """Do the next of each scene. Returns the numbers of orders with which more is to happen: the staff leave them alone."""
    there = {order["order_number"]: order for order in at_warehouse}
    left = []
    for scene, order in _scenes(orders):
        found = there.get(order["orderId"])
        if found is None or not scene.act(Stage(order, found, chance)):
            left.append(order["orderId"])
    return left


def numbers(orders: Sequence[Shown]) -> list[str]:
    """Of the orders that all of it happens to."""
    return [order["orderId"] for _scene, order in _scenes(orders)]


def to_come(orders: Sequence[Shown]) -> int:
    """Buyers to whom nothing has happened yet."""
    return sum(not _happened(scene, order) for scene, order in _scenes(orders))


def put_aside(orders: Sequence[Shown]) -> list[str]:
    """Orders that a warehouse's staff do not send: their buyers have canceled, or want to."""
    return [order["orderId"] for order in orders if _asks(order)]


def _scenes(orders: Sequence[Shown]) -> list[tuple[Scene, Shown]]:
    by_buyer = {order["buyer"]["username"]: order for order in orders if order.get("buyer")}
    return [(scene, by_buyer[scene.buyer]) for scene in SCENES if scene.buyer in by_buyer]


def _happened(scene: Scene, order: Shown) -> bool:
    """Whether it differs from an order that was placed and never touched."""
    refunded = bool(order["paymentSummary"]["refunds"])
    added = len(order["lineItems"]) > len(scene.lines)
    return _has_moved(order) or added or refunded or _asks(order) or order["orderFulfillmentStatus"] != "NOT_STARTED"


def _has_moved(order: Shown) -> bool:
    step = order["fulfillmentStartInstructions"][0]["shippingStep"]
    return bool(step["shipTo"]["contactAddress"]["addressLine1"] == NEW_STREET)


def _asks(order: Shown) -> bool:
    return bool(order["cancelStatus"]["cancelState"] != "NONE_REQUESTED")
