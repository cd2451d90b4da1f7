"""The engine's rows for an operator: what runs, what was written outside, and what was said on the wire."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from cartrover.events.telling import event, tell
from cartrover.merchants.tenancy import acting_for
from cartrover.portal.operators import OperatorAdmin, asks_first
from cartrover.sync import streams
from cartrover.sync.models import Breaker, Call, Effect, Job, QuotaDay, QuotaShare, Stream


@admin.register(Stream)
class StreamAdmin(OperatorAdmin):
    list_display = (
        "kind",
        "connection",
        "merchant",
        "due_at",
        "failing_since",
        "last_good_at",
        "last_note",
        "last_error",
    )
    list_filter = ("kind", ("failing_since", admin.EmptyFieldListFilter), ("due_at", admin.EmptyFieldListFilter))
    list_select_related = ("merchant", "connection")
    actions = ("run_now", "pause")

    @admin.action(description="Run now")
    @asks_first("Run these streams now?")
    def run_now(self, request: HttpRequest, queryset: QuerySet[Stream]) -> None:
        for stream in _of_merchants(queryset):
            with acting_for(stream.merchant_id or 0):
                Stream.objects.filter(pk=stream.pk).update(due_at=Now())
                streams.wake(stream.connection_id or 0, stream.kind)
            self._told(request, stream, "woken", f"An operator ran {stream.get_kind_display().lower()} now.")

    @admin.action(description="Pause")
    @asks_first("Pause these streams? They do not run until somebody runs them again, or their cart is switched on anew.")
    def pause(self, request: HttpRequest, queryset: QuerySet[Stream]) -> None:
        for stream in _of_merchants(queryset):
            with acting_for(stream.merchant_id or 0):
                Stream.objects.filter(pk=stream.pk).update(due_at=None)
            self._told(request, stream, "paused", f"An operator paused {stream.get_kind_display().lower()}.")

    def _told(self, request: HttpRequest, stream: Stream, kind: str, words: str) -> None:
        """Once for the merchant, on its connection, and once for the operators' own log."""
        with acting_for(stream.merchant_id or 0):
            if stream.connection is not None:
                tell([event(stream.connection, kind, words, actor="Operator", operator=request.user.pk)])
        self.log_change(request, stream, words)
        self.message_user(request, words)


def _of_merchants(chosen: QuerySet[Stream]) -> list[Stream]:
    """The installation's own housekeeping is not for pressing on: it belongs to no merchant who could be told."""
    return list(chosen.filter(merchant__isnull=False, connection__isnull=False).select_related("connection"))


@admin.register(Effect)
class EffectAdmin(OperatorAdmin):
    list_display = ("kind", "subject", "revision", "state", "merchant", "connection", "attempts", "sent_at", "remote_id", "said")
    list_filter = ("state", "kind")
    list_select_related = ("merchant", "connection")
    search_fields = ("subject__exact",)
    exclude = ("digest",)


@admin.register(Call)
class CallAdmin(OperatorAdmin):
    """Secrets are masked before a call is written down."""

    list_display = ("sent_at", "merchant", "connection", "stream_kind", "method", "url", "status", "seconds", "error")
    list_select_related = ("merchant", "connection")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Call]:
        rows: QuerySet[Call] = super().get_queryset(request)
        one = request.resolver_match is not None and "object_id" in request.resolver_match.kwargs
        return rows if one else rows.defer("request_body", "response_body")


@admin.register(Job)
class JobAdmin(OperatorAdmin):
    list_display = ("asked_at", "merchant", "kind", "subject", "cart", "asked_by", "state", "done", "total", "words")
    list_filter = ("state", "kind")
    list_select_related = ("merchant", "cart")


@admin.register(QuotaDay)
class QuotaDayAdmin(OperatorAdmin):
    list_display = ("day", "provider", "resource", "used", "spent_until")


@admin.register(QuotaShare)
class QuotaShareAdmin(OperatorAdmin):
    list_display = ("day", "merchant", "provider", "resource", "used")


@admin.register(Breaker)
class BreakerAdmin(OperatorAdmin):
    list_display = ("provider", "failures", "open_until")
