"""Share Setup Link, for members: who is asked, how that stands, and the buttons that send again, copy and withdraw."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cartrover.connections import declared, sharing
from cartrover.connections.models import Cart, Connection, SetupLink, Warehouse
from cartrover.mail import outbox
from cartrover.merchants import audit
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least

Subject = Cart | Warehouse | Connection
MODELS: dict[str, Any] = {"cart": Cart, "warehouse": Warehouse, "connection": Connection}
SHOWN = 5


class RecipientForm(forms.Form):
    recipient = forms.EmailField(max_length=254, error_messages={"required": "Type the e-mail address of the account's owner."})


# --------------------------------------------------------------------------------------------------------------------- showing


@dataclass(frozen=True, slots=True)
class Shown:
    """A link as a member sees it. ``state`` is one of the looks; ``mail`` is what became of its newest mail."""

    link: SetupLink
    state: str
    mail: str

    @property
    def open(self) -> bool:
        return self.state in ("shared", "granted")

    @property
    def by_hand(self) -> bool:
        """It was copied before its mail went out."""
        return outbox.was_withdrawn(self.mail)

    @property
    def undelivered(self) -> str:
        """Why the owner has no mail."""
        return self.mail.removeprefix("failed: ") if self.mail.startswith("failed") and not self.by_hand else ""


def links_of(kind: str, subject: Subject) -> dict[str, Any]:
    """What a page shows of a subject's links. While ``digest`` is the same there is nothing new. Inside the merchant's door."""
    rows = subject.links.select_related("created_by", "cart", "warehouse", "connection").order_by("-pk")[:SHOWN]
    mails = [(link, sharing.mail_state(link)) for link in rows]
    shown = [Shown(link, _state(link, mail), mail) for link, mail in mails]
    told = [(each.link.public_id, each.state, each.mail, each.link.minted) for each in shown]
    return {
        "kind": kind,
        "subject": subject,
        "links": shown,
        "waiting": any(each.open for each in shown),
        "digest": hashlib.sha256(repr(told).encode()).hexdigest()[:16],
    }


def _state(link: SetupLink, mail: str) -> str:
    cause = sharing.refusal(link)
    if cause and not (cause == "expired" and mail == "waiting"):  # its mail gives it a new week as it goes out
        return cause
    return "granted" if sharing.grants_of(link).exists() else "shared"


@at_least(Role.MANAGER)
@require_safe
@never_cache
def links(request: MerchantRequest, kind: str, public_id: str) -> HttpResponse:
    """The list of links alone, for a page that waits for the owner."""
    shown = links_of(kind, get_object_or_404(MODELS[kind], public_id=public_id))
    if shown["digest"] == request.GET.get("seen"):
        return HttpResponse(status=204)
    return render(request, "sharing/links.html", shown)


# --------------------------------------------------------------------------------------------------------------------- buttons


@at_least(Role.MANAGER)
@require_POST
def share(request: MerchantRequest, kind: str, public_id: str) -> HttpResponse:
    """Ask the owner. Saves the link and posts the mail."""
    subject = get_object_or_404(MODELS[kind], public_id=public_id)
    if declared.integration(subject.integration).kept_here:
        raise Http404("Nobody owns it but the merchant.")
    form = RecipientForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["recipient"])))
        return redirect(kind, request.merchant.public_id, public_id)
    try:
        link = _asked(request, subject, form.cleaned_data["recipient"])
    except sharing.Refused as refused:
        messages.error(request, refused.words)
        return redirect(kind, request.merchant.public_id, public_id)
    audit.record(request, "shared a setup link", subject, after={"recipient": link.recipient, "link": link.public_id})
    messages.success(request, f"We send {link.recipient} a link. This page shows how far they are.")
    return redirect(kind, request.merchant.public_id, public_id)


def _asked(request: MerchantRequest, subject: Subject, recipient: str) -> SetupLink:
    if isinstance(subject, Connection):
        return sharing.ask_to_renew(subject, recipient, request.user)
    if isinstance(subject, Cart):
        return sharing.share(recipient, request.user, cart=subject)
    together = Cart.objects.filter(public_id=request.POST.get("cart", ""), integration=subject.integration).first()
    return sharing.share(recipient, request.user, warehouse=subject, cart=together)


@at_least(Role.MANAGER)
@require_POST
def resend(request: MerchantRequest, public_id: str) -> HttpResponse:
    link = _link(public_id)
    try:
        sharing.resend(link, actor=request.user.get_username())
    except sharing.Refused as refused:
        messages.error(request, refused.words)
    else:
        audit.record(request, "sent a setup link again", link)
        messages.success(request, f"We send {link.recipient} a new link. The one of before opens nothing any more.")
    return redirect(*_page_of(request, link))


@at_least(Role.MANAGER)
@require_POST
def revoke(request: MerchantRequest, public_id: str) -> HttpResponse:
    link = _link(public_id)
    try:
        sharing.revoke(link, actor=request.user.get_username())
    except sharing.Refused as refused:
        messages.error(request, refused.words)
    else:
        audit.record(request, "withdrew a setup link", link)
        messages.success(request, f"The link for {link.recipient} opens nothing any more.")
    return redirect(*_page_of(request, link))


@at_least(Role.MANAGER)
@require_POST
@never_cache
def copy(request: MerchantRequest, public_id: str) -> HttpResponse:
    """The link itself, made anew, shown this once."""
    link = _link(public_id)
    try:
        address = sharing.copied(link, actor=request.user.get_username())
    except sharing.Refused as refused:
        messages.error(request, refused.words)
        return redirect(*_page_of(request, link))
    audit.record(request, "copied a setup link", link)
    _kind, _merchant, public_id = page = _page_of(request, link)
    return render(request, "sharing/copy.html", {"link": link, "address": address, "page": page[0], "public_id": public_id})


def _link(public_id: str) -> SetupLink:
    rows = SetupLink.objects.select_related("merchant", "cart", "warehouse", "connection", "created_by")
    link: SetupLink = get_object_or_404(rows, public_id=public_id)
    return link


def _page_of(request: HttpRequest, link: SetupLink) -> tuple[str, str, str]:
    """The page of what it is about, as ``redirect`` and ``{% url %}`` name it."""
    subjects = (("connection", link.connection), ("warehouse", link.warehouse), ("cart", link.cart))
    kind, public_id = next((kind, row.public_id) for kind, row in subjects if row is not None)
    return kind, link.merchant.public_id, public_id
