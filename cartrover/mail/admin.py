"""Mail for an operator: what waits, what was refused and why, and a button that sends it again."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from cartrover.mail import outbox
from cartrover.mail.models import OutboxMail, SealedMail
from cartrover.merchants.audit import Values
from cartrover.merchants.tenancy import acting_for
from cartrover.portal.operators import OperatorAdmin, Told, asks_first
from cartrover.sync import streams


@admin.register(OutboxMail)
class OutboxMailAdmin(OperatorAdmin):
    """Which message about which rows. Its words and its link exist only in the mail itself."""

    list_display = ("created_at", "kind", "to", "merchant", "state", "due_at", "attempts", "sent_at", "last_error")
    list_filter = ("state", "kind")
    search_fields = ("to__exact", "public_id__exact")
    actions = ("send_again",)

    @admin.action(description="Send again")
    @asks_first("Send these mails again? What waits goes out now; what was sent goes out once more, with a new link.")
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutboxMail]) -> Told:
        told: dict[int, Values] = {}
        for mail in queryset.select_related("merchant"):
            with acting_for(mail.merchant_id):
                outbox.post(mail.kind, to=mail.to, merchant=mail.merchant, **mail.ids)
            words = f"{mail} was posted again."
            told[mail.pk] = {"to": mail.to}
            self.log_change(request, mail, words)
            self.message_user(request, words)
        return told


@admin.register(SealedMail)
class SealedMailAdmin(OperatorAdmin):
    """Sign-in mail. What it says is never shown, not even sealed; it is gone once it is sent."""

    list_display = ("created_at", "kind", "to", "state", "due_at", "attempts", "last_error")
    list_filter = ("state", "kind")
    search_fields = ("to__exact", "public_id__exact")
    exclude = ("sealed",)
    actions = ("send_now",)

    @admin.action(description="Send now")
    @asks_first("Send these mails now? Only what waits can be sent: what was refused has lost its text.")
    def send_now(self, request: HttpRequest, queryset: QuerySet[SealedMail]) -> None:
        for mail in queryset.filter(state=SealedMail.State.WAITING):
            SealedMail.objects.filter(pk=mail.pk).update(due_at=timezone.now())
            self.log_change(request, mail, "Sent now.")
        streams.wake_mail(None)
        self.message_user(request, "What waits is being sent.")
