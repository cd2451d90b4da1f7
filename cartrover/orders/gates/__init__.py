"""The gates between pulled and ready, in order. Each looks at a case and says what stops it, or nothing.

What decides for good comes before what only makes an order wait, so that nothing is held that would be skipped in the end.
"""

from __future__ import annotations

from collections.abc import Callable

from cartrover.connections.models import Cart
from cartrover.orders.gates.address import address_complete, address_fits, country_served, no_po_box
from cartrover.orders.gates.context import Context
from cartrover.orders.gates.held import by_person
from cartrover.orders.gates.method import method_mapped
from cartrover.orders.gates.number import number_fits
from cartrover.orders.gates.ruled import filtered, held
from cartrover.orders.gates.skus import not_refused, skus_known, something_sent
from cartrover.orders.gates.wanted import no_warehouse, nothing_to_ship, over, too_early, waiting
from cartrover.orders.routing import Case
from cartrover.orders.verdicts import Verdict

Gate = Callable[[Case, Cart, Context], Verdict | None]

GATES: tuple[Gate, ...] = (
    too_early,
    over,
    nothing_to_ship,
    something_sent,
    filtered,
    by_person,
    waiting,
    no_warehouse,
    not_refused,
    skus_known,
    method_mapped,
    address_complete,
    country_served,
    no_po_box,
    address_fits,
    number_fits,
    held,
)
