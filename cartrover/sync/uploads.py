"""What a cart is told of a package: with which lines, under which number, or together with which other.

A package is told once, with the units of lines that it made whole. Three things make that less than simple, for the reasons in
docs/adr/0014-packages.md. A package may hold parts of a kit and make no unit whole. Several packages may travel under one number.
And what a cart was told stays as it was told, unless the cart lets us change it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from cartrover.events.telling import event, tell
from cartrover.orders.carriers import code_for
from cartrover.orders.contents import TOLD
from cartrover.orders.models import Order, Shipment
from cartrover.orders.shipped import settle_confirmed
from cartrover.sync.models import Effect
from integrations.contract import CartSide, ShipmentLine, ShipmentUpload
from integrations.outcomes import RetryLater

State = Shipment.State
PART_OF_A_KIT = "Part of a kit: told together with the package that makes it whole."
NOTHING_ORDERED = "Nothing that was ordered is in it."
TOLD_BEFORE = "The cart has the package that made it whole, and takes no other number for it."
NO_NUMBER = "It makes nothing whole and has no tracking number, so there is nothing to tell."


def in_doubt(shipments: Iterable[Shipment]) -> set[int]:
    """Those whose sending has begun and not ended. What was sent of them must stay what it was, until it is known."""
    open_now = begun().filter(shipment__in=[each.pk for each in shipments])
    return set(open_now.values_list("shipment_id", flat=True))


def begun() -> QuerySet[Effect]:
    """Packages that the cart has, or may have, and whose rows do not say so yet: a worker may die between the two."""
    confirmed = Q(state=Effect.State.CONFIRMED, shipment__told__isnull=False, shipment__cart_shipment_id="")
    doubtful = Q(state__in=(Effect.State.INTENT, Effect.State.AMBIGUOUS))
    return Effect.objects.filter(doubtful | confirmed, kind="shipment")


def upload_of(shipment: Shipment) -> ShipmentUpload:
    """What was written down to be told of a package."""
    told = shipment.told or {}
    return ShipmentUpload(
        order_id=shipment.order.external_id,
        order_placed_at=shipment.order.placed_at,
        lines=tuple(ShipmentLine(line, units, sku) for line, units, sku in told.get("lines", ())),
        carrier=told.get("carrier", ""),
        tracking=told.get("tracking", ""),
        shipped_at=shipment.shipped_at,
        tracking_url=shipment.tracking_url,
    )


def numbers(shipments: Iterable[Shipment]) -> str:
    """Their tracking numbers, each once."""
    return ", ".join(dict.fromkeys(each.tracking for each in shipments if each.tracking))


def prepare(shipment_id: int, side: CartSide) -> Shipment | None:
    """Decide what the cart is told of a package that waits, and write it down. None: not now, or not by itself.

    Call inside the merchant's door. Raises RetryLater where another package of the order has to go first.
    """
    order_id = Shipment.objects.values_list("order_id", flat=True).get(pk=shipment_id)
    order = Order.objects.select_for_update(no_key=True).get(pk=order_id)
    return _Packages(order, side).prepare(shipment_id)


@dataclass
class _Packages:
    """The packages of one order, which is locked."""

    order: Order
    side: CartSide
    all: list[Shipment] = field(init=False)
    doubtful: set[int] = field(init=False)

    def __post_init__(self) -> None:
        rows = Shipment.objects.filter(order=self.order).order_by("id")
        self.all = list(rows.prefetch_related("lines__line", "parts__part__line"))
        for each in self.all:
            each.order = self.order
        self.doubtful = in_doubt(self.all)

    def prepare(self, shipment_id: int) -> Shipment | None:
        (mine,) = (each for each in self.all if each.pk == shipment_id)
        if mine.state != State.WAITING or mine.told_with_id is not None:
            return None
        if mine.pk in self.doubtful:
            return mine
        self._let_others_go_first()
        together = [mine, *self._of_the_same_number(mine)]
        shown = self._shown_number(mine)
        if shown is not None and self._is_the_same(mine, shown):
            self._stands_for(shown, mine)
            return None
        lines = self._lines(together)
        if not any(each.lines.all() for each in together):
            if self._tell_nothing(mine, lines):
                return None
        elif self.side.counts_units:
            together += self._parts_that_wait(mine)
        self._write(mine, together, lines, numbered=shown is None)
        return mine

    def _tell_nothing(self, mine: Shipment, lines: Sequence[Any]) -> bool:
        """Of a package that makes nothing whole. False where the cart is to be told of it all the same, for its number."""
        if self.side.counts_units:
            self._wait_for_the_rest(mine)
        elif not lines or not mine.tracking:
            self._keep(mine, NO_NUMBER if lines else NOTHING_ORDERED)
        else:
            return False
        return True

    # ----------------------------------------------------------------------------------------------- packages that go together

    def _let_others_go_first(self) -> None:
        """What the warehouse took back has to be taken back at the cart before its units can be told again."""
        if self.side.amends and any(each.state == State.VOID and each.due_at for each in self.all):
            raise RetryLater("Another package of the order is taken back first.", after=1.0, scope="record")

    def _of_the_same_number(self, mine: Shipment) -> list[Shipment]:
        """Others that wait and travel under the same number, where a cart keeps one package of a number."""
        if not self.side.number_names_package or not mine.tracking:
            return []
        others = [each for each in self.all if each.pk != mine.pk and self._same_number(each.tracking, mine.tracking)]
        if any(each.pk in self.doubtful for each in others):
            raise RetryLater("Another package with this number is being told first.", after=1.0, scope="record")
        return [each for each in others if each.state == State.WAITING and each.told_with_id in (None, mine.pk)]

    def _shown_number(self, mine: Shipment) -> Shipment | None:
        """A package under the same number that the cart has, where it keeps one package of a number."""
        if not self.side.number_names_package or not mine.tracking:
            return None
        told = [each for each in self.all if each.pk != mine.pk and each.cart_shipment_id]
        same = [each for each in told if self._same_number((each.told or {}).get("tracking", each.tracking), mine.tracking)]
        return same[-1] if same else None

    def _same_number(self, one: str, other: str) -> bool:
        return bool(one) and self.side.normal_tracking(one) == self.side.normal_tracking(other)

    def _is_the_same(self, mine: Shipment, shown: Shipment) -> bool:
        """Nothing is left to tell: the cart has the number, and the units under it, or there are none."""
        units = {part.line.external_id: part.quantity for part in mine.lines.all()}
        told = {line: count for line, count, _ in (shown.told or {}).get("lines", ())}
        return not units or (shown.state == State.VOID and units == told)

    def _stands_for(self, shown: Shipment, mine: Shipment) -> None:
        mine.told, mine.cart_shipment_id = shown.told, shown.cart_shipment_id
        mine.uploaded_at, mine.confirmed_at = shown.uploaded_at, shown.confirmed_at
        mine.state = State.CONFIRMED if shown.confirmed_at else State.UPLOADED
        mine.told_with = shown if shown.state != State.VOID else None
        mine.due_at = None if mine.confirmed_at or mine.told_with else timezone.now()
        mine.save(update_fields=["told", "cart_shipment_id", "uploaded_at", "confirmed_at", "state", "told_with", "due_at"])
        tell([event(self.order, "tracking_sent", f"The cart has tracking {mine} already.")])
        tell(settle_confirmed(self.order))

    def _parts_that_wait(self, mine: Shipment) -> list[Shipment]:
        """Packages with other parts of the kits that this one makes whole: a cart that counts units hears of them with it."""
        held = _lines_held(mine)
        waiting = [each for each in self.all if each.state == State.WAITING and each.pk not in (mine.pk, *self.doubtful)]
        free = [each for each in waiting if each.told_with_id in (None, mine.pk) and not each.lines.all()]
        return [each for each in free if _lines_held(each) & held]

    def _wait_for_the_rest(self, mine: Shipment) -> None:
        """Nothing is whole by it. Its number is added to the package that is told of the same kit, now or once there is one."""
        held = _lines_held(mine)
        whole = [each for each in self.all if each.lines.all() and _lines_held(each) & held]
        live = [each for each in whole if each.state in (State.WAITING, *TOLD) and each.told_with_id is None]
        if not held or (live and not self.side.amends):
            self._keep(mine, TOLD_BEFORE if held else NOTHING_ORDERED)
            return
        if live:
            mine.told_with = live[-1]
            Shipment.objects.filter(pk=live[-1].pk).update(due_at=timezone.now())
        mine.due_at, mine.reason = None, PART_OF_A_KIT
        mine.save(update_fields=["told_with", "due_at", "reason"])

    def _keep(self, mine: Shipment, why: str) -> None:
        mine.state, mine.reason, mine.due_at = State.KEPT, why, None
        mine.save(update_fields=["state", "reason", "due_at"])
        tell([event(self.order, "shipment_kept", f"The cart is not told of package {mine}. {why}")])
        tell(settle_confirmed(self.order))

    # ------------------------------------------------------------------------------------------------------------ what is told

    def _lines(self, together: Sequence[Shipment]) -> list[list[Any]]:
        """(the cart's line, units, SKU) of what the packages made whole; where that is nothing, one unit of what they are of.

        A cart that does not count may have been told of a kit's unit when the first of its parts left: not again.
        """
        units, skus = _credited(together)
        if not units and not self.side.counts_units:
            held = {part.part.line for each in together for part in each.parts.all()}
            return [[line.external_id, 1, line.sku] for line in sorted(held, key=lambda line: line.position)]
        told = [each for each in self.all if each.state in TOLD or each.pk in self.doubtful]
        ahead = _told_units(told)
        ahead.subtract(_credited(told)[0])
        return [[line, max(1, count - max(0, ahead[line])), skus[line]] for line, count in units.items()]

    def _write(self, mine: Shipment, together: Sequence[Shipment], lines: list[list[Any]], *, numbered: bool) -> None:
        tracking = numbers(together) if self.side.counts_units else mine.tracking
        mine.told = {"carrier": code_for(self.order.cart_id, mine.carrier), "tracking": tracking, "lines": lines}
        if not numbered:
            mine.told |= {"carrier": "", "tracking": "", "elsewhere": True}
        mine.save(update_fields=["told"])
        others = [each.pk for each in together if each.pk != mine.pk]
        Shipment.objects.filter(pk__in=others).update(told_with=mine, due_at=None)


def _lines_held(shipment: Shipment) -> set[int]:
    return {*(part.part.line_id for part in shipment.parts.all()), *(part.line_id for part in shipment.lines.all())}


def _credited(shipments: Iterable[Shipment]) -> tuple[Counter[str], dict[str, str]]:
    """Units by the cart's line, and the lines' SKUs."""
    parts = [part for each in shipments for part in each.lines.all()]
    units: Counter[str] = Counter()
    for part in parts:
        units[part.line.external_id] += part.quantity
    return units, {part.line.external_id: part.line.sku for part in parts}


def _told_units(shipments: Iterable[Shipment]) -> Counter[str]:
    """Units by the cart's line, as the cart was told of them."""
    units: Counter[str] = Counter()
    for each in shipments:
        if each.told is None:
            units.update(_credited([each])[0])
        elif each.told_with_id is None:
            units.update({line: count for line, count, _ in each.told["lines"]})
    return units
