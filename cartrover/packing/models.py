"""The packing desk: the orders that a merchant's own staff pack, the packages they make, and what there is of each SKU.

To the engine this is a warehouse like any other, and these rows are what that warehouse knows. ``updated_at`` is by the
database's clock, which is the desk's: the windows in which its changes are read end by it.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now

from cartrover.connections.models import Connection
from cartrover.merchants.models import new_public_id
from cartrover.merchants.tenancy import Owned
from cartrover.orders.models import Shipment


class Customer(Owned):
    """A cart, as the customer whose orders are packed. ``key`` is the engine's name of it."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="packing_customers")
    key = models.CharField(max_length=200)
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "connection", "key"], name="a_cart_is_one_customer")]

    def __str__(self) -> str:
        return self.name


class Item(Owned):
    """What there is of a SKU. ``on_hand`` is what lies on the shelf; below zero, more has left than was ever counted."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="packing_items")
    sku = models.CharField(max_length=200, db_collation="C")
    name = models.CharField(max_length=400, blank=True)
    on_hand = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "connection", "sku"], name="a_sku_is_one_item")]

    def __str__(self) -> str:
        return self.sku


class PackingOrder(Owned):
    """An order to pack. ``key`` is the idempotency key it came with; ``ref`` is our cust_ref and ``number`` the shopper's.

    A draft is a test order: it commits no stock and is not packed.
    """

    class State(models.TextChoices):
        TO_PACK = "to_pack", "To pack"
        SHIPPED = "shipped", "Shipped"
        VOID = "void", "Void"
        DRAFT = "draft", "Draft"

    public_id = models.CharField(max_length=12, unique=True, default=new_public_id, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="packing_orders")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="orders")
    key = models.CharField(max_length=300)
    ref = models.CharField(max_length=20)
    number = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.TO_PACK)
    placed_at = models.DateTimeField()
    ship_by = models.DateTimeField(null=True)
    source_url = models.TextField(blank=True)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=18, decimal_places=4)
    shipping_method = models.CharField(max_length=200, blank=True)
    ship_to = models.JSONField()
    email = models.CharField(max_length=254, blank=True)
    note = models.TextField(blank=True)
    references = models.JSONField(default=list)
    arrived_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "connection", "key"], name="a_delivery_is_one_order"),
        ]
        indexes = [
            models.Index(fields=["connection", "state", "ship_by"], name="packing_pick_list"),
            models.Index(fields=["connection", "updated_at"], name="packing_changed"),
            models.Index(fields=["merchant", "ref"], name="packing_ref"),
            models.Index(fields=["merchant", "number"], name="packing_number"),
        ]

    def __str__(self) -> str:
        return self.number


class PackingLine(Owned):
    """Units of an item that an order wants. ``external_id`` is the line's id in the delivery."""

    order = models.ForeignKey(PackingOrder, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    external_id = models.CharField(max_length=200)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="lines")
    sku = models.CharField(max_length=200)
    title = models.TextField(blank=True)
    quantity = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku}"


class Parcel(Owned):
    """A package of one order. Packed, it stands on the desk; shipped, it has left, and its cart is told."""

    class State(models.TextChoices):
        PACKED = "packed", "Packed"
        SHIPPED = "shipped", "Shipped"
        VOID = "void", "Void"

    public_id = models.CharField(max_length=12, unique=True, default=new_public_id, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="parcels")
    order = models.ForeignKey(PackingOrder, on_delete=models.PROTECT, related_name="parcels")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PACKED)
    carrier = models.CharField(max_length=100, blank=True)
    tracking = models.CharField(max_length=200, blank=True)
    packed_by = models.CharField(max_length=254)
    packed_at = models.DateTimeField(db_default=Now())
    shipped_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "order", "tracking"],
                condition=~models.Q(state="void") & ~models.Q(tracking=""),
                name="a_tracking_number_once_an_order",
            )
        ]
        indexes = [
            models.Index(fields=["connection", "updated_at"], name="parcel_changed"),
            models.Index(fields=["merchant", "tracking"], name="parcel_tracking"),
        ]

    def __str__(self) -> str:
        return self.tracking or f"package of {self.order.number}"

    @property
    def shipment(self) -> Shipment | None:
        """What the portal made of it, once it has read it."""
        found: Shipment | None = Shipment.objects.filter(
            warehouse__connection_id=self.connection_id, remote_id=self.public_id
        ).first()
        return found


class ParcelLine(Owned):
    """How many units of a line are in a package."""

    parcel = models.ForeignKey(Parcel, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey(PackingLine, on_delete=models.PROTECT, related_name="parcel_lines")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "parcel", "line"], name="a_packing_line_once_a_parcel")]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.line.sku}"


class StockFile(Owned):
    """A CSV file of stock that somebody has sent in, as it was read. It changes nothing before it is applied, once.

    ``rows`` are ``[line, sku, name or null, units or null]``; ``errors`` are ``[line, words]``.
    """

    public_id = models.CharField(max_length=12, unique=True, default=new_public_id, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="stock_files")
    name = models.CharField(max_length=200)
    sent_by = models.CharField(max_length=254)
    sent_at = models.DateTimeField(auto_now_add=True)
    rows: Any = models.JSONField(default=list)
    errors: Any = models.JSONField(default=list)
    applied_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
