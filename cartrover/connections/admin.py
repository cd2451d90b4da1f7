from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from cartrover.connections import sharing
from cartrover.connections.models import AccountClaim, Cart, Connection, Credential, GrantAttempt, SetupLink, Warehouse
from cartrover.merchants import audit
from cartrover.merchants.tenancy import acting_for
from cartrover.portal.operators import OperatorAdmin, asks_first


@admin.register(Connection)
class ConnectionAdmin(OperatorAdmin):
    list_display = ("__str__", "merchant", "environment", "state", "authorised_at", "consent_ends_at")
    list_filter = ("state", "integration", "environment")
    search_fields = ("=account_id", "=account_name", "=public_id")


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
    def send_again(self, request: HttpRequest, queryset: QuerySet[SetupLink]) -> None:
        self._each(request, queryset, sharing.resend, "was sent again")

    @admin.action(description="Withdraw")
    @asks_first("Withdraw these links? They open nothing any more, also where one is open in a browser now.")
    def withdraw(self, request: HttpRequest, queryset: QuerySet[SetupLink]) -> None:
        self._each(request, queryset, sharing.revoke, "was withdrawn")

    def _each(self, request: HttpRequest, queryset: QuerySet[SetupLink], act: Callable[..., None], what_happened: str) -> None:
        for link in queryset.select_related("merchant", "cart", "warehouse", "connection", "created_by"):
            words = f"{link} {what_happened}."
            try:
                with acting_for(link.merchant_id):
                    act(link, actor="Operator")
                    audit.record(request, f"{what_happened}, by an operator", link)
            except sharing.Refused as refused:
                self.message_user(request, f"{link}: {refused.words}", messages.WARNING)
                continue
            self.log_change(request, link, words)
            self.message_user(request, words)


@admin.register(Cart)
class CartAdmin(OperatorAdmin):
    list_display = ("name", "merchant", "integration", "variant", "state", "connection", "warehouse")
    list_filter = ("state", "integration")
    search_fields = ("=public_id", "=name")


@admin.register(Warehouse)
class WarehouseAdmin(OperatorAdmin):
    list_display = ("name", "merchant", "integration", "state", "connection")
    list_filter = ("state", "integration")
    search_fields = ("=public_id", "=name")


@admin.register(AccountClaim)
class AccountClaimAdmin(OperatorAdmin):
    list_display = ("id", "connection_id", "claimed_at")
    fields = ("connection_id", "claimed_at")
