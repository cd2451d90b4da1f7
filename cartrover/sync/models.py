"""The engine's own rows: what runs when, what was written outside, and what was said on the wire."""

from __future__ import annotations

from django.db import models

from cartrover.connections.models import Cart, Connection
from cartrover.merchants.models import Merchant, new_public_id
from cartrover.merchants.tenancy import Owned
from cartrover.orders.models import Order, Shipment, Status


class Stream(Owned):
    """One repeating step of one connection.

    ``due_at`` null means that it does not run (paused, or its connection needs attention). A lease is ``lease_token`` until
    ``lease_until``, by the database's clock. ``wakes`` counts early calls, so that one which comes during a run is not lost.
    ``failures`` counts runs that failed in a row, ``crashes`` those that ended without a word. A null merchant is the
    installation itself.
    """

    class Kind(models.TextChoices):
        PULL_ORDERS = "pull_orders", "Order download"
        DELIVER_ORDERS = "deliver_orders", "Order delivery"
        PULL_SHIPMENTS = "pull_shipments", "Shipment pickup"
        CONFIRM_SHIPMENTS = "confirm_shipments", "Shipment upload"
        PULL_STOCK = "pull_stock", "Inventory pickup"
        PUSH_STOCK = "push_stock", "Inventory upload"
        PULL_CHANGES = "pull_changes", "Changes at the warehouse"
        HOUSEKEEPING = "housekeeping", "Housekeeping"
        MAIL = "mail", "Mail"
        JOBS = "jobs", "What people asked for"

    merchant = models.ForeignKey(  # type: ignore[assignment]
        Merchant, null=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    connection = models.ForeignKey(Connection, null=True, on_delete=models.PROTECT, related_name="streams")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    cursor = models.JSONField(default=dict)
    due_at = models.DateTimeField(null=True)
    lease_token = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    running = models.BooleanField(default=False)
    wakes = models.BigIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    crashes = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    last_good_at = models.DateTimeField(null=True)
    last_note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "connection", "kind"], nulls_distinct=False, name="one_stream_a_step")
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="stream_due"),
            models.Index(fields=["lease_until"], condition=models.Q(lease_until__isnull=False), name="stream_leased"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of connection {self.connection_id}"


class Effect(Owned):
    """One write to an outside system that must not happen twice. Recorded before it is sent, settled after.

    ``digest`` is of what was sent; ``looks`` counts look-ups after an ambiguous attempt; ``key_spent``
    says that the provider takes the idempotency key no more. ``lease_token`` fences a late writer.
    """

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        INTENT = "intent", "About to be sent"
        AMBIGUOUS = "ambiguous", "Sent, answer unknown"
        CONFIRMED = "confirmed", "Confirmed"
        REJECTED = "rejected", "Rejected"
        HELD = "held", "Held for a person"

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="effects")
    kind = models.CharField(max_length=30)
    subject = models.CharField(max_length=200)
    revision = models.PositiveIntegerField(default=1)
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="effects")
    shipment = models.ForeignKey(Shipment, null=True, on_delete=models.PROTECT, related_name="effects")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    digest = models.BinaryField(max_length=32)
    lease_token = models.BigIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    looks = models.PositiveIntegerField(default=0)
    key_spent = models.BooleanField(default=False)
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    remote_id = models.CharField(max_length=200, blank=True)
    said = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "connection", "kind", "subject", "revision"], name="an_effect_once")
        ]
        indexes = [models.Index(fields=["merchant", "order"], name="effect_order")]

    @property
    def key(self) -> str:
        """The idempotency key: the same on every attempt, another after a rejection. Names no merchant."""
        return f"cr-{self.connection_id}-{self.kind}-{self.subject}-{self.revision}"

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} ({self.state})"


class Call(Owned):
    """One line of the request trail: a call to an outside system and its answer, secrets masked."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="calls")
    stream_kind = models.CharField(max_length=20)
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="calls")
    method = models.CharField(max_length=8)
    url = models.TextField()
    resource = models.CharField(max_length=40)
    status = models.PositiveSmallIntegerField(null=True)
    request_id = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField()
    seconds = models.FloatField()
    request_body = models.TextField(blank=True)
    response_body = models.TextField(blank=True)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["merchant", "order", "id"], name="call_order"),
            models.Index(fields=["merchant", "connection", "-id"], name="call_connection"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


class Job(Owned):
    """A long piece of work that a person asked for, and how far it is. It goes on when nobody looks, and after a crash.

    ``kind`` names its function in ``jobs/kinds.py``, ``args`` is what it was asked. Of one kind and subject one is open at
    a time. ``cursor`` is where it goes on, ``result`` what its page shows. ``due_at`` is when it goes on; null when it has ended.
    """

    class State(models.TextChoices):
        OPEN = "open", "Under way"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        STOPPED = "stopped", "Stopped"

    public_id = models.CharField(max_length=12, unique=True, default=new_public_id, editable=False)
    kind = models.CharField(max_length=30)
    subject = models.CharField(max_length=80, blank=True)
    cart = models.ForeignKey(Cart, null=True, on_delete=models.CASCADE, related_name="jobs")
    args = models.JSONField(default=dict)
    asked_by = models.CharField(max_length=254)
    asked_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True)
    words = models.TextField(blank=True)
    cursor = models.JSONField(default=dict)
    result = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "kind", "subject"], condition=models.Q(state="open"), name="one_open_job_a_subject"
            )
        ]
        indexes = [
            models.Index(fields=["merchant", "due_at"], condition=models.Q(state="open"), name="job_due"),
            models.Index(fields=["merchant", "kind", "-id"], name="job_kind"),
        ]

    @property
    def title(self) -> str:
        return self.kind.replace("_", " ").capitalize()

    def __str__(self) -> str:
        return self.title


class Rehearsed(Owned):
    """One order of a rehearsal, and what would become of it. Nothing personal stands in it."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="rehearsed")
    external_id = models.CharField(max_length=200)
    number = models.CharField(max_length=200)
    placed_at = models.DateTimeField()
    total = models.DecimalField(max_digits=18, decimal_places=4)
    currency = models.CharField(max_length=3, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices)
    code = models.CharField(max_length=40, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "job", "external_id"], name="an_order_once_a_rehearsal")]
        indexes = [models.Index(fields=["merchant", "job", "status", "-placed_at", "-id"], name="rehearsed_newest")]

    def __str__(self) -> str:
        return self.number


class QuotaDay(models.Model):
    """What one application has called of one resource on one day, over all merchants."""

    provider = models.CharField(max_length=60)
    resource = models.CharField(max_length=40)
    day = models.DateField()
    used = models.PositiveBigIntegerField(default=0)
    spent_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "resource", "day"], name="one_count_a_day")]


class QuotaShare(Owned):
    """What one merchant has used of it."""

    provider = models.CharField(max_length=60)
    resource = models.CharField(max_length=40)
    day = models.DateField()
    used = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "provider", "resource", "day"], name="one_share_a_day")]


class Breaker(models.Model):
    """Whether an outside system is away: while ``open_until`` lies ahead no call goes there, then one probe does."""

    provider = models.CharField(max_length=60, unique=True)
    failures = models.PositiveIntegerField(default=0)
    opened = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True)
