from __future__ import annotations

from collections.abc import Callable, Iterable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from cartrover.connections import holders, sharing
from cartrover.connections.models import (
    AccountClaim,
    Cart,
    Connection,
    Credential,
    GrantAttempt,
    SetupLink,
    Warehouse,
)
from cartrover.events.telling import event, tell
from cartrover.merchants.audit import Values
from cartrover.merchants.tenancy import acting_for
from cartrover.portal.operators import OperatorAdmin, Told, asks_first
from cartrover.sync.jobs import pull_again


@admin.register(Connection)
class ConnectionAdmin(OperatorAdmin):
    list_display = ("__str__", "merchant", "environment", "state", "authorised_at", "consent_ends_at")
    list_filter = ("state", "integration", "environment")
    search_fields = ("=account_id", "=account_name", "=public_id")
    actions = ("pull_again",)

    @admin.action(description="Pull again: the orders of the last day")
    @asks_first("Read all orders of these accounts that changed in the last 24 hours again? What is as it was writes nothing.")
    def pull_again(self, request: HttpRequest, queryset: QuerySet[Connection]) -> Told:
        told: dict[int, Values] = {}
        for row in queryset:
            with acting_for(row.merchant_id):
                carts = list(row.carts.filter(state=Cart.State.LIVE).order_by("pk")[:1])
            if not carts:
                self.message_user(request, f"{row} has no live cart, so nothing is downloaded.", messages.WARNING)
            for asked in _asked_again(self, request, carts).values():
                told[row.pk] = asked
        return told


@admin.register(Credential)
class CredentialAdmin(OperatorAdmin):
    """When it was minted and when it ends. The sealed columns are never shown, not even sealed."""

    list_display = ("connection", "merchant", "version", "expires_at", "last_refused_at")
    fields = ("merchant", "connection", "version", "minted_at", "expires_at", "last_refused_at")


@admin.register(GrantAttempt)
class GrantAttemptAdmin(OperatorAdmin):
    list_display = ("public_id", "merchant", "integration", "state", "failure", "started_by", "started_at")
    list_filter = ("state", "integration")
    search_fields = ("=public_id",)
    exclude = ("sealed_tokens", "state_hash", "browser_hash")


@admin.register(SetupLink)
class SetupLinkAdmin(OperatorAdmin):
    """Whom an owner's link went to and how far it is. Its token exists only in the mail."""

    list_display = ("recipient", "purpose", "merchant", "created_by", "minted_at", "expires_at", "used_at", "revoked_at")
    list_filter = ("purpose",)
    search_fields = ("=recipient", "=public_id")
    exclude = ("token_hash",)
    actions = ("send_again", "withdraw")

    @admin.action(description="Send again")
    @asks_first("Send these links again? Each mail carries a new link, and the one of before opens nothing any more.")
    def send_again(self, request: HttpRequest, queryset: QuerySet[SetupLink]) -> Told:
        return self._each(request, queryset, sharing.resend, "was sent again")

    @admin.action(description="Withdraw")
    @asks_first("Withdraw these links? They open nothing any more, also where one is open in a browser now.")
    def withdraw(self, request: HttpRequest, queryset: QuerySet[SetupLink]) -> Told:
        return self._each(request, queryset, sharing.revoke, "was withdrawn")

    def _each(self, request: HttpRequest, queryset: QuerySet[SetupLink], act: Callable[..., None], what_happened: str) -> Told:
        told: dict[int, Values] = {}
        for link in queryset.select_related("merchant", "cart", "warehouse", "connection", "created_by"):
            words = f"{link} {what_happened}."
            try:
                with acting_for(link.merchant_id):
                    act(link, actor="Operator")
            except sharing.Refused as refused:
                self.message_user(request, f"{link}: {refused.words}", messages.WARNING)
                continue
            told[link.pk] = {"recipient": link.recipient}
            self.log_change(request, link, words)
            self.message_user(request, words)
        return told


@admin.register(Cart)
class CartAdmin(OperatorAdmin):
    list_display = ("name", "merchant", "integration", "variant", "state", "connection", "warehouse")
    list_filter = ("state", "integration")
    search_fields = ("=public_id", "=name")
    actions = ("pull_again", "pause")

    @admin.action(description="Pull again: the orders of the last day")
    @asks_first("Read all orders of these carts that changed in the last 24 hours again? What is as it was writes nothing.")
    def pull_again(self, request: HttpRequest, queryset: QuerySet[Cart]) -> Told:
        return _asked_again(self, request, queryset)

    @admin.action(description="Pause")
    @asks_first("Pause these carts? Nothing is downloaded or uploaded for them until the merchant takes them live again.")
    def pause(self, request: HttpRequest, queryset: QuerySet[Cart]) -> None:
        _paused(self, request, queryset)


@admin.register(Warehouse)
class WarehouseAdmin(OperatorAdmin):
    list_display = ("name", "merchant", "integration", "state", "connection")
    list_filter = ("state", "integration")
    search_fields = ("=public_id", "=name")
    actions = ("pause",)

    @admin.action(description="Pause")
    @asks_first("Pause these warehouses? Nothing is sent there or fetched until the merchant takes them live again.")
    def pause(self, request: HttpRequest, queryset: QuerySet[Warehouse]) -> None:
        _paused(self, request, queryset)


def _asked_again(its_admin: OperatorAdmin, request: HttpRequest, carts: Iterable[Cart]) -> Told:
    """Ask for the last day of each live cart's orders. Returns what the audit is to say, by the cart."""
    told: dict[int, Values] = {}
    for cart in carts:
        if cart.connection is None or cart.state != Cart.State.LIVE:
            its_admin.message_user(request, f"{cart} is not live, so it downloads nothing.", messages.WARNING)
            continue
        with acting_for(cart.merchant_id):
            job = pull_again.last_day(cart, by="Operator")
            words = f"An operator has the orders of the last day read again for {cart}."
            tell([event(cart.connection, "pull_again", words, actor="Operator", operator=request.user.pk)])
        told[cart.pk] = {"orders read again from": job.args["start"]}
        its_admin.log_change(request, cart, words)
        its_admin.message_user(request, words)
    return told


def _paused(its_admin: OperatorAdmin, request: HttpRequest, rows: Iterable[Cart | Warehouse]) -> None:
    for row in rows:
        try:
            with acting_for(row.merchant_id):
                holders.pause(row, actor="Operator")
        except holders.Obstacle as obstacle:
            its_admin.message_user(request, str(obstacle), messages.WARNING)
            continue
        its_admin.log_change(request, row, "Paused.")
        its_admin.message_user(request, f"{row} is paused.")


@admin.register(AccountClaim)
class AccountClaimAdmin(OperatorAdmin):
    list_display = ("id", "connection_id", "claimed_at")
    fields = ("connection_id", "claimed_at")
