"""What warehouses have, and what carts are told."""

from __future__ import annotations

from django.db import models

from cartrover.connections.models import Cart, Connection
from cartrover.merchants.tenancy import Owned


class StockLevel(Owned):
    """One item of a warehouse's account: its SKU, and what is available by location (``{location id: "12"}``, as text).

    ``read_at`` is when the reading began that told the figures, by our clock (as ``Order.delivered_at`` is); an older reading
    never replaces a newer.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="stock_levels")
    item_id = models.CharField(max_length=200)
    sku = models.CharField(max_length=200, blank=True)
    name = models.TextField(blank=True)
    available = models.JSONField(default=dict)
    tracked = models.BooleanField(default=True)
    max_online = models.IntegerField(null=True)
    read_at = models.DateTimeField()
    gone = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "connection", "item_id"], name="an_item_is_stored_once")]
        indexes = [models.Index(fields=["merchant", "connection", "sku"], name="stock_sku")]

    def __str__(self) -> str:
        return self.sku or self.item_id


class Listing(Owned):
    """One thing a cart sells, and the figure it shows.

    ``desired`` is what it ought to show and ``desired_read_at`` the warehouse reading that says so; ``pushed`` is what we last
    set at ``pushed_at`` (by the clock of the marketplace), from the reading of ``pushed_read_at``. Where it is not known what
    became of the last push, ``pushed`` is null and ``pushed_at`` until when that may still arrive. ``shown`` is what the listing
    itself told at ``shown_at``. A push that may still be under way holds ``in_flight_until``. ``revisions`` counts the pushes of
    ``revisions_day``.

    ``cart`` is whose rules make its figure. ``trouble`` is why it gets none. ``waits`` is why it does not show its figure yet,
    empty where it does; ``refusal`` is what the marketplace said at ``refused_at`` to the last push, where it did not take it.
    ``asked_at`` is when a person asked for it to be pushed whatever is known of it.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="listings")
    cart = models.ForeignKey(Cart, null=True, on_delete=models.SET_NULL, related_name="listings")
    external_id = models.CharField(max_length=200)
    sku = models.CharField(max_length=200, blank=True)
    title = models.TextField(blank=True)
    marketplace = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    managed_by = models.CharField(max_length=40, blank=True)
    shown = models.IntegerField(null=True)
    shown_at = models.DateTimeField(null=True)
    desired = models.IntegerField(null=True)
    desired_read_at = models.DateTimeField(null=True)
    pushed = models.IntegerField(null=True)
    pushed_at = models.DateTimeField(null=True)
    pushed_read_at = models.DateTimeField(null=True)
    in_flight_until = models.DateTimeField(null=True)
    revisions = models.PositiveIntegerField(default=0)
    revisions_day = models.DateField(null=True)
    trouble = models.TextField(blank=True)
    waits = models.TextField(blank=True)
    refusal = models.TextField(blank=True)
    refused_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    gone = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "connection", "external_id"], name="a_listing_is_stored_once")]
        indexes = [
            models.Index(fields=["merchant", "connection", "sku"], name="listing_sku"),
            models.Index(fields=["merchant", "sku", "id"], name="listing_by_sku"),
        ]

    def __str__(self) -> str:
        return self.sku or self.external_id


class SkuRule(Owned):
    """What a cart's code stands for, where it is not the warehouse's SKU itself. Of one cart, or of all where ``cart`` is null.

    An alias, a kit and most promotional codes are sent as their ``parts``; what is no product (``promotional``) never gets a
    stock figure.
    """

    class Action(models.TextChoices):
        SEND = "send", "Send as"
        LEAVE_OUT = "leave_out", "Leave the line out"
        REFUSE = "refuse", "Refuse the order"

    cart = models.ForeignKey(Cart, null=True, on_delete=models.CASCADE, related_name="sku_rules")
    sku = models.CharField(max_length=200, db_collation="C")
    action = models.CharField(max_length=10, choices=Action.choices, default=Action.SEND)
    promotional = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "cart", "sku"], nulls_distinct=False, name="one_rule_a_code")]

    def __str__(self) -> str:
        return self.sku


class SkuPart(Owned):
    """One warehouse SKU that a cart's code stands for, and how many units of it one unit of the code is."""

    rule = models.ForeignKey(SkuRule, on_delete=models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField(default=0)
    sku = models.CharField(max_length=200, db_collation="C")
    units = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "rule", "sku"], name="a_part_once_a_rule"),
            models.CheckConstraint(condition=models.Q(units__gte=1), name="a_part_has_units"),
        ]
        indexes = [models.Index(fields=["merchant", "sku"], name="part_sku")]

    def __str__(self) -> str:
        return f"{self.units} x {self.sku}"
