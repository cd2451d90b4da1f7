"""Orders as the cart tells them, what became of them, and the packages that left the warehouse."""

from __future__ import annotations

from django.db import models

from cartrover.connections.models import Cart, Connection, Warehouse
from cartrover.events.models import Problem
from cartrover.merchants.tenancy import Owned


class Status(models.TextChoices):
    NEW = "new", "New"
    AT_WMS = "at_wms", "At the warehouse"
    SHIPPED = "shipped", "Shipped"
    CONFIRMED = "confirmed", "Confirmed"
    ERROR = "error", "Error"
    HELD = "held", "Held"
    SKIPPED = "skipped", "Skipped"
    CANCELED = "canceled", "Canceled"


class Order(Owned):
    """One order of a cart.

    ``number`` is the shopper's (cust_po_no), ``ref`` ours (cust_ref). ``content_hash`` is of the newest reading, so that what is
    read twice writes nothing. ``reason`` says in words why it is held, skipped or in error, ``reason_code`` says it to the code.
    ``due_at`` is when the engine looks at it next; null when nothing is to be done. Money is in ``currency``.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="orders")
    cart = models.ForeignKey(Cart, null=True, on_delete=models.PROTECT, related_name="orders")
    warehouse = models.ForeignKey(Warehouse, null=True, on_delete=models.PROTECT, related_name="orders")
    external_id = models.CharField(max_length=200)
    number = models.CharField(max_length=200)
    ref = models.CharField(max_length=20)

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.NEW)
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    problem = models.ForeignKey(Problem, null=True, on_delete=models.PROTECT, related_name="orders")
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)

    placed_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    first_pulled_at = models.DateTimeField()
    pulled_at = models.DateTimeField()
    ship_by = models.DateTimeField(null=True)
    content_hash = models.BinaryField(max_length=32)
    payment = models.CharField(max_length=20)
    cancel = models.CharField(max_length=10)
    fulfilment = models.CharField(max_length=10)
    unshippable = models.CharField(max_length=200, blank=True)
    filtered = models.CharField(max_length=200, blank=True)
    marketplace = models.CharField(max_length=40, blank=True)
    location = models.CharField(max_length=40, blank=True)

    currency = models.CharField(max_length=3)
    items = models.DecimalField(max_digits=18, decimal_places=4)
    discount = models.DecimalField(max_digits=18, decimal_places=4)
    shipping = models.DecimalField(max_digits=18, decimal_places=4)
    tax = models.DecimalField(max_digits=18, decimal_places=4)
    adjustment = models.DecimalField(max_digits=18, decimal_places=4)
    total = models.DecimalField(max_digits=18, decimal_places=4)

    buyer_id = models.CharField(max_length=200, blank=True)
    buyer_name = models.CharField(max_length=200, blank=True)
    buyer_email = models.CharField(max_length=254, blank=True)
    ship_to = models.JSONField(null=True)
    bill_to = models.JSONField(null=True)
    shipping_method = models.CharField(max_length=200, blank=True)
    shipping_carrier = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    references = models.JSONField(default=list)
    marks = models.JSONField(default=dict)
    raw = models.JSONField(default=dict)

    remote_id = models.CharField(max_length=200, blank=True)
    remote_status = models.CharField(max_length=40, blank=True)
    delivered_at = models.DateTimeField(null=True)
    stock_committed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "connection", "external_id"], name="an_order_is_stored_once"),
            models.UniqueConstraint(fields=["merchant", "ref"], name="a_cust_ref_names_one_order"),
        ]
        indexes = [
            models.Index(fields=["merchant", "status", "-placed_at", "-id"], name="order_by_status"),
            models.Index(fields=["merchant", "-placed_at", "-id"], name="order_newest"),
            models.Index(fields=["merchant", "warehouse", "remote_id"], name="order_at_warehouse"),
            models.Index(fields=["warehouse", "due_at"], condition=models.Q(due_at__isnull=False), name="order_due"),
            models.Index(fields=["problem"], condition=models.Q(problem__isnull=False), name="order_problem"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(Owned):
    """One line as it was sold. ``item_id`` and ``remote_id`` are the warehouse's item and line, once known.

    ``shipped_before`` is how many units had left before we first saw the order.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    external_id = models.CharField(max_length=200)
    sku = models.CharField(max_length=200, blank=True)
    title = models.TextField(blank=True)
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=18, decimal_places=6)
    total = models.DecimalField(max_digits=18, decimal_places=4)
    tax = models.DecimalField(max_digits=18, decimal_places=4)
    listing_id = models.CharField(max_length=200, blank=True)
    variation_id = models.CharField(max_length=200, blank=True)
    marketplace = models.CharField(max_length=40, blank=True)
    fulfilled = models.BooleanField(default=False)
    shipped_before = models.PositiveIntegerField(default=0)
    item_id = models.CharField(max_length=200, blank=True)
    remote_id = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "order", "external_id"], name="a_line_is_stored_once")]
        indexes = [models.Index(fields=["merchant", "sku"], name="line_sku")]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku or self.title}"


class SearchTerm(Owned):
    """A word an order is found by. Under row-level security LIKE finds no index; equality and ranges in the C collation do."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="terms")
    term = models.CharField(max_length=200, db_collation="C")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "term", "order"], name="a_term_once_an_order")]

    def __str__(self) -> str:
        return self.term


class Shipment(Owned):
    """One package that left the warehouse. ``due_at`` is when the engine looks at it next (upload, then confirmation)."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting to be sent"
        UPLOADED = "uploaded", "Sent to the cart"
        CONFIRMED = "confirmed", "The cart shows it"
        REFUSED = "refused", "The cart refuses it"
        VOID = "void", "Void"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="shipments")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="shipments")
    cart_connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="shipments")
    remote_id = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.TextField(blank=True)
    carrier = models.CharField(max_length=200, blank=True)
    service = models.CharField(max_length=200, blank=True)
    tracking = models.CharField(max_length=200, blank=True)
    tracking_url = models.TextField(blank=True)
    shipped_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    uploaded_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    cart_shipment_id = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "warehouse", "remote_id"], name="a_package_is_stored_once")]
        indexes = [
            models.Index(fields=["cart_connection", "due_at"], condition=models.Q(due_at__isnull=False), name="shipment_due")
        ]

    def __str__(self) -> str:
        return self.tracking or self.remote_id


class ShipmentLine(Owned):
    """How many units of a line are in a package."""

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="shipment_lines")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "shipment", "line"], name="a_line_once_a_package")]

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.line_id}"
