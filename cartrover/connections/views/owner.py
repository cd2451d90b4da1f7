"""What an account's owner sees behind a link: no log-in, one setup, and nothing else of the merchant."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST, require_safe

from cartrover.connections import checking, grants, holders, sharing
from cartrover.connections.checking.findings import ACCOUNT_CHANGED, UNFILLED
from cartrover.connections.forms import SERVICES, SettingsForm
from cartrover.connections.holders import Holder
from cartrover.connections.models import Connection, GrantAttempt, SetupLink
from cartrover.connections.views import granting
from cartrover.connections.views.opening import COOKIE, COOKIE_PATH, OTHER, behind_a_link, refused_page
from cartrover.connections.views.windows import opens_windows
from cartrover.guides.links import guide_url
from cartrover.merchants import audit
from cartrover.merchants.requests import AnyRequest
from cartrover.merchants.tenancy import acting_for
from integrations import registry
from integrations.outcomes import NeedsOperator

OWNERS_STEPS = frozenset({"access", "orders", "items"})  # of the test: those that read the owner's own account and no other

# ------------------------------------------------------------------------------------------------------------------------ page

WORKS = "Everything works. Press OK to finish."
WORKS_NOT = "Not everything works yet."


@dataclass(slots=True)
class Part:
    """One cart or warehouse that the link sets up: its form, and what a test of it said."""

    holder: Holder
    form: SettingsForm
    lines: list[checking.Line] | None = None

    @property
    def values(self) -> dict[str, Any]:
        return {**self.holder.settings, **self.form.values}


@opens_windows
@behind_a_link
@require_safe
def page(request: AnyRequest, link: SetupLink) -> HttpResponse:
    with acting_for(link.merchant_id):
        return _page(request, link, _parts(link))


def _parts(link: SetupLink, data: Mapping[str, Any] | None = None) -> list[Part]:
    return [Part(holder, _form(holder, data)) for holder in sharing.holders_of(link)]


def _form(holder: Holder, data: Mapping[str, Any] | None) -> SettingsForm:
    facts = holder.connection.facts if holder.connection is not None else {}
    guide = functools.partial(guide_url, holder.integration)
    form = SettingsForm(holders.side_of(holder).fields, facts, holder.settings, data, guide=guide)
    form.prefix = str(holder._meta.model_name)
    return form


def _page(request: AnyRequest, link: SetupLink, parts: list[Part], *, status: int = 200, tested: str = "") -> HttpResponse:
    """Inside the merchant's door: a page shows rows while it is written."""
    integration = registry.get(sharing.slug_of(link))
    granted = sharing.grants_of(link).select_related("connection").order_by("-pk").first()
    services = [service for part in parts for service in holders.side_of(part.holder).services]
    context = {
        "link": link,
        "merchant": link.merchant,
        "asker": sharing.asker(link),
        "contact": sharing.contact(link),
        "integration": integration,
        "account": granted.connection if granted is not None else None,
        "asked": grants.asked(GrantAttempt.objects.filter(link=link)).first(),
        "kept": grants.kept(GrantAttempt.objects.filter(link=link), link),
        "parts": parts,
        "has_settings": any(part.form.fields for part in parts),
        "services": [SERVICES.get(service, service) for service in services],
        "tested": tested,
        "in_test": any(part.lines is not None for part in parts),
    }
    return render(request, "sharing/owner.html", context, status=status)


# --------------------------------------------------------------------------------------------------------------------- granting


@opens_windows
@behind_a_link
@require_POST
def start(request: AnyRequest, link: SetupLink) -> HttpResponse:
    """Grant Us API Access, as for a member; the browser stands for the person."""
    slug = sharing.slug_of(link)
    try:
        with acting_for(link.merchant_id):
            attempt, address = grants.start(
                link.merchant,
                None,
                granting.browser_key(request),
                slug,
                cart=link.cart,
                warehouse=link.warehouse,
                renews=link.connection,
            )
            attempt.link = link
            attempt.save(update_fields=["link"])
    except NeedsOperator as outcome:
        return refused_page(request, "application", outcome.message, 409)
    if granting.wants_json(request):
        asks = reverse("owner_status", args=[attempt.public_id])
        return JsonResponse({"attempt": attempt.public_id, "address": address, "status": asks})
    return render(request, "connections/leave.html", {"address": address, "provider": registry.get(slug).name})


@behind_a_link
@require_GET
def status(request: AnyRequest, link: SetupLink, attempt_id: str) -> HttpResponse:
    with acting_for(link.merchant_id):
        attempt = GrantAttempt.objects.filter(public_id=attempt_id, link=link).first()
        if attempt is None:  # the page asks on with its own link, and the browser's cookie is another's meanwhile
            raise sharing.Refused("other", OTHER)
        return JsonResponse({"attempt": attempt.public_id, **granting.standing(attempt)})


@behind_a_link
@require_POST
def go_on(request: AnyRequest, link: SetupLink, attempt_id: str) -> HttpResponse:
    with acting_for(link.merchant_id):
        attempt = get_object_or_404(GrantAttempt, public_id=attempt_id, link=link)
    attempt = grants.resume(attempt)
    if not granting.wants_json(request):
        granting.tell(request, attempt, attempt.words)
        return redirect("owner")
    with acting_for(link.merchant_id):
        return JsonResponse({"attempt": attempt.public_id, **granting.standing(attempt)})


@behind_a_link
@require_POST
def paste(request: AnyRequest, link: SetupLink) -> HttpResponse:
    """The address of the provider's own last page."""
    granting.tell(request, *granting.pasted(request, sharing.slug_of(link), None))
    return redirect("owner")


# ----------------------------------------------------------------------------------------------------------------- Test and OK


@opens_windows
@behind_a_link
@require_POST
def finish(request: AnyRequest, link: SetupLink) -> HttpResponse:
    """Test, which saves nothing; or OK, which saves, and uses the link up where every check passes."""
    parts = _parts_in_door(link, request.POST)
    if not all([part.form.is_valid() for part in parts]):
        return _again(request, link, parts, "Some of it is not filled in as it has to be.", 400)
    passed = _tested(link, parts)
    if "ok" not in request.POST:
        return _again(request, link, parts, WORKS if passed else WORKS_NOT)
    with acting_for(link.merchant_id):
        same = _save(link, parts)
        if passed and same:
            return _finished(request, link, parts)
        for part in parts:
            holders.unchecked(part.holder, actor=sharing.OWNER)
        return _page(request, link, parts, tested="Saved, and not finished yet: not everything works.")


@behind_a_link
@require_POST
def test(request: AnyRequest, link: SetupLink) -> HttpResponse:
    """One step of the test, and what asks for the next: the page shows each line as it ends. Saves nothing."""
    parts = _parts_in_door(link, request.POST)
    if not all([part.form.is_valid() for part in parts]):
        return _shown(request, link, [UNFILLED], ended="Nothing was tested.")
    steps = [(number, step) for number, part in enumerate(parts) for step in _steps(part)]
    named = {_name(*each): each for each in steps}
    here = named.get(request.GET.get("step", next(iter(named), "")))
    if here is None:
        raise Http404("No such step.")
    number, step = here
    lines = list(checking.run(parts[number].holder, step, settings=parts[number].values))
    good = request.GET.get("good", "yes") == "yes" and checking.passed(lines)
    over = checking.ends(step, lines)
    rest = [each for each in steps[steps.index(here) + 1 :] if not (over and each[0] == number)]
    if rest:
        following = f"{request.path}?step={_name(*rest[0])}&good={'yes' if good else 'no'}"
        return _shown(request, link, lines, following=following)
    return _shown(request, link, lines, ended=WORKS if good else WORKS_NOT)


def _name(number: int, step: str) -> str:
    return f"{number}-{step}"


def _shown(request: AnyRequest, link: SetupLink, lines: list[checking.Line], **more: str) -> HttpResponse:
    with acting_for(link.merchant_id):
        return render(request, "connections/test_lines.html", {"lines": lines, **more})


def _parts_in_door(link: SetupLink, data: Mapping[str, Any]) -> list[Part]:
    with acting_for(link.merchant_id):
        return _parts(link, data)


def _again(request: AnyRequest, link: SetupLink, parts: list[Part], words: str, status: int = 200) -> HttpResponse:
    with acting_for(link.merchant_id):
        return _page(request, link, parts, status=status, tested=words)


def _tested(link: SetupLink, parts: list[Part]) -> bool:
    """Run the checks that concern the owner's own account. Outside every door."""
    for part in parts:
        part.lines = _lines(part)
    renewed = link.connection is None or _renewed(link)
    return renewed and all(checking.passed(part.lines or ()) for part in parts)


def _steps(part: Part) -> list[str]:
    return [step for step in checking.steps(part.holder) if step in OWNERS_STEPS]


def _lines(part: Part) -> list[checking.Line]:
    lines: list[checking.Line] = []
    for step in _steps(part):
        found = list(checking.run(part.holder, step, settings=part.values))
        lines += found
        if checking.ends(step, found):
            break
    return lines


def _renewed(link: SetupLink) -> bool:
    with acting_for(link.merchant_id):
        granted = sharing.grants_of(link).select_related("connection").order_by("-pk").first()
        renewed = granted.connection if granted is not None else None
        return renewed is not None and renewed.state == Connection.State.ACTIVE


def _save(link: SetupLink, parts: list[Part]) -> bool:
    """Keep the settings, in the rows as they are after the test. Raises Refused where a member has ended the link meanwhile.

    Tells whether what was tested is what they stand on: a window that ended during the test may have brought another account.
    """
    sharing.held(link)
    same = True
    for part in parts:
        tested = part.holder.connection_id
        part.holder.refresh_from_db(from_queryset=type(part.holder).objects.select_for_update(no_key=True))
        holders.save_settings(part.holder, actor=sharing.OWNER, settings=part.values)
        if part.holder.connection_id != tested:
            part.lines, same = [ACCOUNT_CHANGED], False
    return same


def _finished(request: AnyRequest, link: SetupLink, parts: list[Part]) -> HttpResponse:
    for part in parts:
        holders.checked(part.holder, actor=sharing.OWNER)
    sharing.complete(link)
    audit.record(sharing.OWNER, "finished a setup behind a link", link)
    response = render(request, "sharing/finished.html", {"merchant": link.merchant, "link": link, "parts": parts})
    response.delete_cookie(COOKIE, path=COOKIE_PATH)
    return response
