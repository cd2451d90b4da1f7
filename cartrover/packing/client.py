"""The packing desk as a warehouse of ``integrations.contract``: the engine runs against it as against any other."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.db.models.functions import Now

from cartrover.packing import stock, waking
from cartrover.packing.arriving import arrive, change, insist_on_no_package, insist_on_total, there
from cartrover.packing.calls import Call, call
from cartrover.packing.models import Customer, Item, PackingOrder, Parcel
from integrations.contract import (
    CartIdentity,
    Delivery,
    Page,
    RemoteOrder,
    ShipmentLine,
    ShipmentRecord,
    StockRecord,
    Window,
    Wire,
)
from integrations.outcomes import Rejected

PAGE = 250
HERE = "desk"  # the one place whose stock it counts
Row = TypeVar("Row", bound=Model)
State = PackingOrder.State


class PackingDesk:
    """One desk: the rows of one connection. Each call is a transaction of its own, on no rows that are open already."""

    def __init__(self, wire: Wire, merchant_id: int, connection_id: int) -> None:
        self._wire = wire
        self._merchant_id = merchant_id
        self._connection_id = connection_id

    # ------------------------------------------------------------------------------------------------------------- customers

    def find_customer(self, cart: CartIdentity) -> str | None:
        with call(self._wire, self._merchant_id, "customers"):
            found = Customer.objects.filter(connection_id=self._connection_id, key=cart.key).values_list("pk", flat=True)
            return next((str(pk) for pk in found), None)

    def make_customer(self, cart: CartIdentity, *, key: str) -> str:
        """The cart's key keeps it single, so that the idempotency key is not needed."""
        with call(self._wire, self._merchant_id, "customers", write=True, said=cart) as under_way:
            made, _new = Customer.objects.get_or_create(
                connection_id=self._connection_id, key=cart.key, defaults={"name": cart.name}
            )
            under_way.answer = {"id": made.pk}
            return str(made.pk)

    # ---------------------------------------------------------------------------------------------------------------- orders

    def find_orders(self, ref: str) -> tuple[RemoteOrder, ...]:
        with call(self._wire, self._merchant_id, "orders") as under_way:
            found = tuple(map(_remote, self._orders().filter(ref=ref).order_by("pk")))
            under_way.answer = {"found": len(found)}
            return found

    def check(self, delivery: Delivery) -> None:
        insist_on_total(delivery)

    def send_order(self, delivery: Delivery, *, key: str) -> RemoteOrder:
        """The same key answers with the order that it made."""
        self.check(delivery)
        with call(self._wire, self._merchant_id, "orders", write=True, said=delivery) as under_way:
            order = arrive(self._connection_id, delivery, key)
            return self._answered(under_way, order)

    def finish_order(self, remote_id: str, delivery: Delivery, *, key: str) -> str:
        """There is nothing beyond the order."""
        return ""

    def void_order(self, remote_id: str, *, key: str) -> None:
        """It leaves the pick list."""
        with call(self._wire, self._merchant_id, "orders", write=True, said={"void": remote_id}):
            order = self._held(remote_id)
            insist_on_no_package(order)
            if order.state != State.VOID:
                PackingOrder.objects.filter(pk=order.pk).update(state=State.VOID, updated_at=Now())
                waking.stock_changed(self._connection_id)

    def change_order(self, remote_id: str, delivery: Delivery, *, key: str) -> RemoteOrder:
        """Everything about it may change while no package of it is made."""
        self.check(delivery)
        with call(self._wire, self._merchant_id, "orders", write=True, said=delivery) as under_way:
            order = self._held(remote_id)
            if change(order, delivery):
                waking.stock_changed(self._connection_id)
            return self._answered(under_way, order)

    def orders_changed_in(self, window: Window, *, offset: int = 0) -> Page[RemoteOrder]:
        with call(self._wire, self._merchant_id, "orders") as under_way:
            changed = self._orders().filter(updated_at__range=(window.start, window.end)).order_by("updated_at", "pk")
            rows, total = _page(changed, offset)
            under_way.answer = {"total": total}
            return Page(tuple(map(_remote, rows)), total, PAGE)

    # ------------------------------------------------------------------------------------------------------------- shipments

    def shipments_in(self, window: Window, *, offset: int = 0) -> Page[ShipmentRecord]:
        """Packages in every state; packed ones have not left and void ones never will."""
        with call(self._wire, self._merchant_id, "packages") as under_way:
            parcels = Parcel.objects.filter(connection_id=self._connection_id)
            changed = parcels.filter(updated_at__range=(window.start, window.end)).order_by("updated_at", "pk")
            rows, total = _page(changed.select_related("order").prefetch_related("lines__line"), offset)
            under_way.answer = {"total": total}
            return Page(tuple(map(_shipment, rows)), total, PAGE)

    # ----------------------------------------------------------------------------------------------------------------- stock

    def item(self, sku: str) -> tuple[StockRecord, ...]:
        with call(self._wire, self._merchant_id, "items") as under_way:
            found = _levels(list(self._items().filter(sku=sku)))
            under_way.answer = {"found": len(found)}
            return found

    def items(self, *, page: int = 1) -> Page[StockRecord]:
        with call(self._wire, self._merchant_id, "items") as under_way:
            rows, total = _page(self._items().order_by("pk"), (page - 1) * PAGE)
            under_way.answer = {"total": total}
            return Page(_levels(rows), total, PAGE)

    def stock(self, *, page: int = 1) -> Page[StockRecord]:
        return self.items(page=page)

    # --------------------------------------------------------------------------------------------------------------- details

    def _answered(self, under_way: Call, order: PackingOrder) -> RemoteOrder:
        made = _remote(self._orders().get(pk=order.pk))
        under_way.answer = {"id": made.remote_id, "status": made.status}
        return made

    def _held(self, remote_id: str) -> PackingOrder:
        """The order, held against whoever works on it."""
        order = self._orders().filter(public_id=remote_id).select_for_update(no_key=True).first()
        if order is None:
            raise Rejected("The packing desk has no such order.", code="not_found")
        return order

    def _orders(self) -> QuerySet[PackingOrder]:
        rows = PackingOrder.objects.filter(connection_id=self._connection_id)
        found: QuerySet[PackingOrder] = rows.prefetch_related("lines")
        return found

    def _items(self) -> QuerySet[Item]:
        rows: QuerySet[Item] = Item.objects.filter(connection_id=self._connection_id)
        return rows


def _page(rows: QuerySet[Row], offset: int) -> tuple[list[Row], int]:
    return list(rows[offset : offset + PAGE]), rows.count()


def _remote(order: PackingOrder) -> RemoteOrder:
    """``order`` with its lines. All that is here we have made."""
    lines = there(order)
    return RemoteOrder(
        remote_id=order.public_id,
        ref=order.ref,
        number=order.number,
        customer_id=str(order.customer_id),
        status=order.state,
        total=order.total,
        lines=tuple((str(line.item_id), line.quantity) for line in lines),
        ours=True,
        updated_at=order.updated_at,
        line_ids={line.external_id: str(line.pk) for line in lines},
    )


def _shipment(parcel: Parcel) -> ShipmentRecord:
    return ShipmentRecord(
        remote_id=parcel.public_id,
        order_id=parcel.order.public_id,
        shipped=parcel.state == Parcel.State.SHIPPED,
        void=parcel.state == Parcel.State.VOID,
        lines=tuple(ShipmentLine(str(part.line_id), part.quantity, part.line.sku) for part in parcel.lines.all()),
        updated_at=parcel.updated_at,
        carrier=parcel.carrier,
        tracking=parcel.tracking,
        shipped_at=parcel.shipped_at,
    )


def _levels(items: Sequence[Item]) -> tuple[StockRecord, ...]:
    wanted = stock.committed(item.pk for item in items)
    return tuple(
        StockRecord(str(item.pk), item.sku, {HERE: Decimal(item.on_hand - wanted.get(item.pk, 0))}, name=item.name)
        for item in items
    )
