"""Orders as the cart tells them, what became of them, and the packages that left the warehouse."""

from __future__ import annotations

from django.db import models
from django.db.models import Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Floor, Left

from cartrover.connections.models import Cart, Connection, Warehouse
from cartrover.events.models import Problem
from cartrover.merchants.models import Member
from cartrover.merchants.tenancy import Owned

GONE_THERE = ("void", "deleted")  # an order's states at a warehouse that keeps it no more


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

    ``waived`` names the gates that a person let it pass, ``held_by`` who holds it back. ``edits`` is what a person changed of
    what the cart told, by column; ``sent`` is the delivery as it was last sent, by which later changes are told. The lines of an
    order that is at the warehouse are those that were sent; ``lines_now`` is how the cart tells them where it tells others by
    now. ``errand`` is what is to be done at the warehouse with an order that is there already. ``refunds`` is what the cart says
    went back.

    ``country`` (of the address it goes to) and ``worth`` (the total in whole units) are made by PostgreSQL for the filters:
    under row-level security no index answers a question about a JSON value or a NUMERIC.
    """

    class Errand(models.TextChoices):
        VOID = "void", "To be voided"
        CHANGE = "change", "To be changed"

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
    waived = models.JSONField(default=list)
    held_by = models.CharField(max_length=254, blank=True)
    edits = models.JSONField(default=dict)
    sent = models.JSONField(null=True)
    lines_now = models.JSONField(null=True)
    errand = models.CharField(max_length=10, choices=Errand.choices, blank=True)
    refunds = models.JSONField(default=list)

    country = models.GeneratedField(
        expression=Left(Coalesce(KT("edits__ship_to__country"), KT("ship_to__country"), Value("")), 60),
        output_field=models.CharField(max_length=60),
        db_persist=True,
    )
    worth = models.GeneratedField(
        expression=Cast(Floor("total"), models.BigIntegerField()), output_field=models.BigIntegerField(), db_persist=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "connection", "external_id"], name="an_order_is_stored_once"),
            models.UniqueConstraint(fields=["merchant", "ref"], name="a_cust_ref_names_one_order"),
        ]
        indexes = [
            models.Index(fields=["merchant", "status", "-placed_at", "-id"], name="order_by_status"),
            models.Index(fields=["merchant", "-placed_at", "-id"], name="order_newest"),
            models.Index(fields=["merchant", "country", "-placed_at", "-id"], name="order_by_country"),
            models.Index(fields=["merchant", "marketplace", "-placed_at", "-id"], name="order_by_marketplace"),
            models.Index(fields=["merchant", "worth"], name="order_by_worth"),
            models.Index(fields=["merchant", "warehouse", "remote_id"], name="order_at_warehouse"),
            models.Index(fields=["warehouse", "due_at"], condition=models.Q(due_at__isnull=False), name="order_due"),
            models.Index(fields=["problem"], condition=models.Q(problem__isnull=False), name="order_problem"),
            models.Index(
                fields=["merchant", "ship_by"],
                condition=models.Q(status__in=["new", "at_wms", "held", "error"], ship_by__isnull=False),
                name="order_ship_by",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(Owned):
    """One line as it was sold. What it is sent as are its parts.

    ``shipped_before`` is how many units had left before we first saw the order. ``left_out`` says that a rule of the merchant's
    kept the line away from the warehouse when the order was sent: as a product, or as a code that is none.
    """

    class LeftOut(models.TextChoices):
        IGNORED = "ignored", "Left out"
        PROMOTIONAL = "promotional", "No product"

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
    left_out = models.CharField(max_length=12, choices=LeftOut.choices, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "order", "external_id"], name="a_line_is_stored_once")]
        indexes = [models.Index(fields=["merchant", "sku"], name="line_sku")]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku or self.title}"


class LinePart(Owned):
    """What a line is sent as: a warehouse's SKU, ``each`` units of it for one unit of the line. A kit has several.

    ``item_id`` and ``remote_id`` are the warehouse's item and line. Written when the order is made ready for the warehouse.
    ``added`` units came to it when the order was there already, the last of them at ``added_at``. ``each`` is 0 where a
    package tells of a SKU that the line is no longer.
    """

    line = models.ForeignKey(OrderLine, on_delete=models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField(default=0)
    sku = models.CharField(max_length=200)
    each = models.PositiveIntegerField(default=1)
    item_id = models.CharField(max_length=200, blank=True)
    remote_id = models.CharField(max_length=200, blank=True)
    added = models.PositiveIntegerField(default=0)
    added_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "line", "sku"], name="a_part_once_a_line")]
        indexes = [models.Index(fields=["merchant", "sku"], name="line_part_sku")]

    def __str__(self) -> str:
        return f"{self.each} x {self.sku}"


class SearchTerm(Owned):
    """A word an order is found by. Under row-level security LIKE finds no index; equality and ranges in the C collation do."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="terms")
    term = models.CharField(max_length=200, db_collation="C")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "term", "order"], name="a_term_once_an_order")]

    def __str__(self) -> str:
        return self.term


class Shipment(Owned):
    """One package that left the warehouse. ``due_at`` is when the engine looks at it next (upload, then confirmation).

    ``told`` is what was sent to the cart of it: carrier, tracking, and lines as (the cart's line, units); null before the first
    attempt. ``told_with`` is the package whose entry at the cart stands for this one as well. ``as_read`` is what the warehouse
    says of carrier and tracking, where a person has put in something else. ``others`` are what is in it that nobody is known to
    have ordered, as (the warehouse's line, SKU, units).
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting to be sent"
        UPLOADED = "uploaded", "Sent to the cart"
        CONFIRMED = "confirmed", "The cart shows it"
        REFUSED = "refused", "The cart refuses it"
        KEPT = "kept", "Not for the cart"
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
    told = models.JSONField(null=True)
    told_with = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="told_for")
    as_read = models.JSONField(null=True)
    others = models.JSONField(default=list)
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


class ShipmentPart(Owned):
    """How many units of a warehouse's SKU are in a package, which tells when a kit has left as a whole."""

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="parts")
    part = models.ForeignKey(LinePart, on_delete=models.PROTECT, related_name="shipped")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "shipment", "part"], name="a_line_part_once_a_package")]

    def __str__(self) -> str:
        return f"{self.quantity} of part {self.part_id}"


class ShippingMethod(Owned):
    """A shipping method of a cart, learned from its orders, and what the warehouse is told for it.

    An empty ``sent_as`` passes the cart's own word on, unless ``hold`` says that such orders wait for a person.
    """

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="shipping_methods")
    code = models.CharField(max_length=200)
    sent_as = models.CharField(max_length=200, blank=True)
    hold = models.BooleanField(default=False)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "cart", "code"], name="a_method_once_a_cart")]

    def __str__(self) -> str:
        return self.code


class Carrier(Owned):
    """A carrier by the warehouse's name for it, learned from its packages, and the code that a cart is told for it.

    An empty ``code`` leaves the choice to the integration, which knows most carriers by name.
    """

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="carriers")
    name = models.CharField(max_length=200)
    code = models.CharField(max_length=200, blank=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "cart", "name"], name="a_carrier_once_a_cart")]

    def __str__(self) -> str:
        return self.name


class OrderRule(Owned):
    """A merchant's own gate: orders of which ``field`` passes ``test`` with ``values`` are skipped or held.

    Of one cart, or of all where ``cart`` is null. ``orders/rules.py`` has the fields and tests, with their words.
    """

    class Action(models.TextChoices):
        SKIP = "skip", "Do not send"
        HOLD = "hold", "Hold for a person"

    cart = models.ForeignKey(Cart, null=True, on_delete=models.CASCADE, related_name="order_rules")
    field = models.CharField(max_length=30)
    test = models.CharField(max_length=20)
    values = models.JSONField(default=list)
    action = models.CharField(max_length=10, choices=Action.choices)
    on = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["merchant", "cart"], name="order_rule_cart")]

    def __str__(self) -> str:
        return f"{self.field} {self.test} ({self.action})"


class SavedView(Owned):
    """A search of the orders list that a member keeps under a name. ``query`` is its address's query."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=80)
    query = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "member", "name"], name="a_view_once_a_member")]

    def __str__(self) -> str:
        return self.name
