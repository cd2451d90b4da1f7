"""A merchant's access to outside systems, and the carts and warehouses that stand on it."""

from __future__ import annotations

from typing import Any

from django.db import models

from cartrover.merchants.models import User, new_public_id
from cartrover.merchants.tenancy import Owned


class Connection(Owned):
    """Authorised access to ONE account at one integration. Never deleted, so that order and effect keys survive.

    No call is made before ``quiet_until`` (the provider asked for a pause). ``budget_left`` calls remain until
    ``budget_full_at``, as the provider's headers last told.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        NEEDS_ATTENTION = "needs_attention", "Needs attention"
        DISCONNECTED = "disconnected", "Disconnected"

    public_id = models.CharField(max_length=12, unique=True, default=new_public_id, editable=False)
    integration = models.CharField(max_length=30)
    environment = models.CharField(max_length=20)
    account_id = models.CharField(max_length=200)
    account_name = models.CharField(max_length=200)
    authorised_by = models.CharField(max_length=200, blank=True)
    authorised_at = models.DateTimeField()
    consent_ends_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.ACTIVE)
    facts = models.JSONField(default=dict)
    quiet_until = models.DateTimeField(null=True)
    budget_left = models.IntegerField(null=True)
    budget_full_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "integration", "environment", "account_id"], name="one_connection_an_account"
            )
        ]

    def __str__(self) -> str:
        return f"{self.integration}: {self.account_name}"


class Credential(Owned):
    """The sealed tokens of a connection, in a row of their own: it is locked while a token is refreshed.

    Only ``credentials.py`` reads the sealed columns. ``version`` counts what was minted; ``minted_at`` and ``expires_at`` are
    the life of the access token. ``last_refused_at`` is when the provider last refused what is here.
    """

    connection = models.OneToOneField(Connection, on_delete=models.PROTECT, related_name="credential")
    sealed_access = models.BinaryField()
    sealed_refresh = models.BinaryField(null=True)
    minted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    version = models.PositiveBigIntegerField(default=1)
    last_refused_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"credential of connection {self.connection_id}"


class AccountClaim(models.Model):
    """Whose carts pull an outside account, over all merchants. Holds a keyed hash, so it can be asked without naming anybody."""

    account_hash = models.BinaryField(unique=True)
    connection_id = models.BigIntegerField()
    claimed_at = models.DateTimeField(auto_now_add=True)


class ServiceHolder(Owned):
    """What a cart and a warehouse have in common: an account, settings, and services that are switched on and off."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        CHECKED = "checked", "Checked"
        LIVE = "live", "Live"
        PAUSED = "paused", "Paused"

    public_id = models.CharField(max_length=12, unique=True, default=new_public_id, editable=False)
    integration = models.CharField(max_length=30)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    settings = models.JSONField(default=dict)
    services = models.JSONField(default=dict)
    went_live_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    def serves(self, service: str) -> bool:
        """Whether a service is switched on. ``services`` is ``{name: {"on": bool, "every": seconds or None}}``."""
        wanted: dict[str, Any] = self.services.get(service, {})
        return self.state == self.State.LIVE and bool(wanted.get("on", True))


class Warehouse(ServiceHolder):
    """An order destination and stock source on a connection (the WMS).

    ``limits`` is what it takes of an order beyond what its integration declares: ``{name: value}``, empty for no further limit.
    """

    connection = models.ForeignKey(Connection, null=True, on_delete=models.PROTECT, related_name="warehouses")
    limits = models.JSONField(default=dict)


class Cart(ServiceHolder):
    """An order source on a connection. ``variant`` is what was chosen of the integration: at eBay the marketplace.

    ``identifier`` is which number of a line names the product, empty for its SKU. ``stock_rules`` is how its figures are made
    from the warehouse's (see ``inventory/rules.py``). ``holds_unmapped``: a shipping method that nobody has mapped yet makes its
    orders wait, instead of going to the warehouse as the cart calls it.
    """

    connection = models.ForeignKey(Connection, null=True, on_delete=models.PROTECT, related_name="carts")
    warehouse = models.ForeignKey(Warehouse, null=True, on_delete=models.PROTECT, related_name="carts")
    variant = models.CharField(max_length=40, blank=True)
    pull_from = models.DateTimeField(null=True)
    identifier = models.CharField(max_length=20, blank=True)
    stock_rules = models.JSONField(default=dict)
    holds_unmapped = models.BooleanField(default=False)


class SetupLink(Owned):
    """Leave for an account's owner, who has no log-in here: to set up one cart or warehouse, or to renew one connection.

    Of the token only the SHA-256 is kept. Each minting makes another and so ends the one before; ``expires_at`` counts from the
    last one. It is used up when its setup is complete, and by nothing before.
    """

    class Purpose(models.TextChoices):
        SETUP = "setup", "Setup"
        RENEWAL = "renewal", "Renewal"

    public_id = models.CharField(max_length=12, unique=True, default=new_public_id, editable=False)
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    recipient = models.EmailField(max_length=254)
    token_hash = models.BinaryField(unique=True, null=True)
    cart = models.ForeignKey(Cart, null=True, on_delete=models.CASCADE, related_name="links")
    warehouse = models.ForeignKey(Warehouse, null=True, on_delete=models.CASCADE, related_name="links")
    connection = models.ForeignKey(Connection, null=True, on_delete=models.PROTECT, related_name="links")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    minted = models.PositiveIntegerField(default=0)
    minted_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.purpose} link for {self.recipient}"


class GrantAttempt(Owned):
    """One run of the OAuth journey. Holds the tokens from the moment they are exchanged until they are a Connection's.

    ``answered``: the provider's answer came, which happens once. ``asked``: another account came than was expected, of the name
    ``account_name``, and a person is asked whether it is meant. ``failure`` names the cause, ``words`` tell it to a person.
    """

    class State(models.TextChoices):
        STARTED = "started", "Started"
        ANSWERED = "answered", "Answered"
        EXCHANGED = "exchanged", "Exchanged"
        ASKED = "asked", "Asked"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    public_id = models.CharField(max_length=12, unique=True, default=new_public_id, editable=False)
    integration = models.CharField(max_length=30)
    state_hash = models.BinaryField(unique=True)
    browser_hash = models.BinaryField()
    started_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField(auto_now_add=True)
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.STARTED)
    failure = models.CharField(max_length=40, blank=True)
    words = models.TextField(blank=True)
    account_name = models.CharField(max_length=200, blank=True)
    sealed_tokens = models.BinaryField(null=True)
    link = models.ForeignKey(SetupLink, null=True, on_delete=models.SET_NULL, related_name="attempts")
    renews = models.ForeignKey(Connection, null=True, on_delete=models.PROTECT, related_name="+")
    cart = models.ForeignKey(Cart, null=True, on_delete=models.CASCADE, related_name="+")
    warehouse = models.ForeignKey(Warehouse, null=True, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, null=True, on_delete=models.PROTECT, related_name="attempts")

    def __str__(self) -> str:
        return f"{self.integration} grant {self.public_id} ({self.state})"
