from __future__ import annotations

from django.contrib import admin

from cartrover.connections.models import AccountClaim, Cart, Connection, Credential, GrantAttempt, Warehouse
from cartrover.portal.operators import OperatorAdmin


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
