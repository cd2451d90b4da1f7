"""Rules about SKUs out of a file and into one. A file is shown as what it would change before anything is."""

from __future__ import annotations

import hashlib

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from cartrover.connections.models import Cart
from cartrover.inventory.sku_files import COLUMNS, NEEDED, Plan, plan, rows
from cartrover.inventory.sku_map import Match, SkuMap
from cartrover.inventory.sku_rules import rules
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.pages import csv_files
from cartrover.pages.csv_files import BadFile, Errors
from cartrover.portal.skus import catalogue_of
from cartrover.sync import sku_rules

SHOWN = 100  # of each kind of change


@at_least(Role.VIEWER)
@require_safe
def export_skus(request: MerchantRequest) -> HttpResponse:
    """All rules; or what is unmatched, with a suggestion each, to be completed and imported."""
    if request.GET.get("tab") == Match.UNMATCHED:
        return csv_files.download("unmatched-skus.csv", COLUMNS, _unmatched())
    return csv_files.download("sku-rules.csv", COLUMNS, rows(rules().order_by("sku", "pk")))


def _unmatched() -> list[tuple[str | int, ...]]:
    carts = list(Cart.objects.select_related("warehouse"))
    found = [entry for entry in SkuMap(carts).entries if entry.match == Match.UNMATCHED and entry.sent_as.rule_id is None]
    places = {entry.cart.warehouse.connection_id for entry in found if entry.cart and entry.cart.warehouse}
    catalogues = {at: catalogue_of(at) for at in places if at}
    lines: dict[str, tuple[str | int, ...]] = {}
    for entry in found:
        at = entry.cart.warehouse.connection_id if entry.cart and entry.cart.warehouse else None
        likely = catalogues[at].suggest(entry.code, entry.title, most=1) if at else []
        lines.setdefault(entry.code, (entry.code, "", "send", "no", likely[0] if likely else "", 1))
    return list(lines.values())


@at_least(Role.STAFF)
def import_skus(request: MerchantRequest) -> HttpResponse:
    """Upload, look at what changes, apply. Between the two the file's text travels with the form; nothing is kept."""
    if request.method != "POST":
        return _page(request)
    try:
        text = request.POST["text"] if "text" in request.POST else csv_files.uploaded(request.FILES.get("file"))
        made = _plan(text)
    except BadFile as bad:
        return _page(request, refused=str(bad))
    if "apply" in request.POST and not made.errors:
        if request.POST.get("seen") == _seen(made):
            return _apply(request, made)
        messages.warning(request, "The rules have changed since you looked. This is what the file would change now.")
    return _page(request, made=made, text=text)


def _plan(text: str) -> Plan:
    errors = Errors()
    lines = csv_files.read(text, COLUMNS, NEEDED, errors)
    return plan(lines, errors, Cart.objects.order_by("pk"), rules())


def _seen(made: Plan) -> str:
    """What a person was shown: other changes than these are not applied unseen."""
    told = repr((made.added, made.changed, [rule.pk for rule in made.deleted]))
    return hashlib.sha256(told.encode(errors="replace")).hexdigest()


def _apply(request: MerchantRequest, made: Plan) -> HttpResponse:
    wanted = [*made.added, *(after for _, after in made.changed)]
    going = sku_rules.apply(wanted, made.deleted, request)
    words = f"{len(made.added):,} rules added, {len(made.changed):,} changed, {len(made.deleted):,} deleted."
    messages.success(request, f"{words} {going:,} orders go on." if going else words)
    return redirect("skus", request.merchant.public_id)


def _page(request: MerchantRequest, made: Plan | None = None, text: str = "", refused: str = "") -> HttpResponse:
    context = {
        "made": made,
        "added": made.added[:SHOWN] if made else [],
        "changed": made.changed[:SHOWN] if made else [],
        "deleted": made.deleted[:SHOWN] if made else [],
        "seen": _seen(made) if made else "",
        "text": text,
        "refused": refused,
        "columns": COLUMNS,
        "most": f"{csv_files.MOST_ROWS:,}",
    }
    return TemplateResponse(request, "skus/import.html", context)
