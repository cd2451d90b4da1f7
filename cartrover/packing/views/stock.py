"""What there is of each SKU: looked at, counted, made, and by CSV sent in and out. One desk at a time."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from cartrover.connections.models import Warehouse
from cartrover.events.models import Problem
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.packing import files, stock
from cartrover.packing.desks import connection_of, desks
from cartrover.packing.models import Item, StockFile
from cartrover.packing.refusal import Refusal
from cartrover.pages import csv_files
from cartrover.pages.typed import whole_number

SHOWN = 100


class ItemForm(forms.Form):
    sku = forms.CharField(label="SKU", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    name = forms.CharField(label="Name", max_length=400, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    on_hand = forms.IntegerField(
        label="On hand",
        min_value=0,
        max_value=stock.MOST,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )


@at_least(Role.VIEWER)
@require_safe
def stock_page(request: MerchantRequest) -> HttpResponse:
    desk = _desk(request.GET.get("desk", ""))
    return _page(request, desk, ItemForm(initial={"sku": request.GET.get("sku", ""), "on_hand": 0}))


def _page(request: MerchantRequest, desk: Warehouse, form: ItemForm) -> HttpResponse:
    """Items by SKU: those that begin with what was typed, from the one after ``after`` on."""
    typed, after = request.GET.get("q", "").strip(), request.GET.get("after", "")
    rows = Item.objects.filter(connection_id=desk.connection_id, sku__gt=after).order_by("sku")
    if typed:
        rows = rows.filter(sku__gte=typed, sku__lt=typed + "\U0010ffff")
    found = list(rows[: SHOWN + 1])
    items, more = found[:SHOWN], len(found) > SHOWN
    wanted = stock.committed(item.pk for item in items)
    context: dict[str, Any] = {
        "desk": desk,
        "desks": list(desks()),
        "typed": typed,
        "rows": [(item, wanted.get(item.pk, 0), item.on_hand - wanted.get(item.pk, 0)) for item in items],
        "after": items[-1].sku if more else "",
        "begun": after,
        "any": Item.objects.filter(connection_id=desk.connection_id).exists(),
        "missing": _missing(desk),
        "form": form,
    }
    return TemplateResponse(request, "packing/stock.html", context)


def _missing(desk: Warehouse) -> list[str]:
    """SKUs that orders wait for and that the desk does not have."""
    open_ones = Problem.objects.filter(closed_at=None, kind="unknown_sku", about="connection", about_id=desk.connection_id)
    known = Item.objects.filter(connection_id=desk.connection_id).values("sku")
    return list(open_ones.exclude(subject__in=known).order_by("subject").values_list("subject", flat=True)[:SHOWN])


@at_least(Role.STAFF)
@require_POST
def count(request: MerchantRequest, public_id: str) -> HttpResponse:
    """One figure, set in place."""
    desk = _desk(public_id)
    item = get_object_or_404(Item, connection_id=desk.connection_id, sku=request.POST.get("sku", ""))
    typed = request.POST.get("on_hand", "").strip()
    on_hand = whole_number(typed)
    try:
        if on_hand is None:
            raise Refusal(f"What is on hand of {item.sku} is a whole number, and not “{typed[:20]}”.")
        stock.count(item, on_hand, actor=request.user.get_username())
    except Refusal as refusal:
        messages.error(request, refusal.words)
    else:
        messages.success(request, f"{item.sku}: {item.on_hand} on hand.")
    return redirect(_address(request, desk, q=request.POST.get("q", "")))


@at_least(Role.STAFF)
@require_POST
def make(request: MerchantRequest, public_id: str) -> HttpResponse:
    """A new item; orders that waited for its SKU go on."""
    desk, form = _desk(public_id), ItemForm(request.POST)
    if not form.is_valid():
        return _page(request, desk, form)
    try:
        item = stock.make(connection_of(desk), actor=request.user.get_username(), **form.cleaned_data)
    except Refusal as refusal:
        form.add_error("sku", refusal.words)
        return _page(request, desk, form)
    messages.success(request, f"{item.sku} is there now. Orders that waited for it go on by themselves.")
    return redirect(_address(request, desk))


@at_least(Role.VIEWER)
@require_safe
def export(request: MerchantRequest, public_id: str) -> HttpResponse:
    return csv_files.download("stock.csv", files.COLUMNS, files.sent_out(connection_of(_desk(public_id))))


@at_least(Role.STAFF)
@require_POST
def send_in(request: MerchantRequest, public_id: str) -> HttpResponse:
    """Read a file, and show what it would change."""
    desk, sent = _desk(public_id), request.FILES.get("file")
    try:
        text = csv_files.uploaded(sent)
        name = sent.name if sent and sent.name else "stock.csv"
        file = files.send_in(connection_of(desk), name, text, actor=request.user.get_username())
    except csv_files.BadFile as bad:
        messages.error(request, str(bad))
        return redirect(_address(request, desk))
    return redirect("packing_file", request.merchant.public_id, file.public_id)


@at_least(Role.VIEWER)
@require_safe
def file_page(request: MerchantRequest, public_id: str) -> HttpResponse:
    """What a file would change now, or what is wrong with it."""
    file = get_object_or_404(StockFile, public_id=public_id)
    errors = csv_files.Errors([(line, words) for line, words in file.errors])
    changes = [] if file.applied_at or errors else files.changes(file)
    context = {
        "file": file,
        "desk": get_object_or_404(desks(), connection_id=file.connection_id),
        "errors": errors,
        "changes": changes[: csv_files.MOST_ROWS],
        "new": sum(change.item is None for change in changes),
        "same": len(file.rows) - len(changes),
    }
    return TemplateResponse(request, "packing/file.html", context)


@at_least(Role.STAFF)
@require_POST
def apply(request: MerchantRequest, public_id: str) -> HttpResponse:
    file = get_object_or_404(StockFile, public_id=public_id)
    try:
        changed = files.apply(file, actor=request.user.get_username())
    except Refusal as refusal:
        messages.error(request, refusal.words)
        return redirect("packing_file", request.merchant.public_id, public_id)
    messages.success(request, f"{changed:,} item{'' if changed == 1 else 's'} changed. Your carts are told now.")
    return redirect(_address(request, get_object_or_404(desks(), connection_id=file.connection_id)))


def _desk(public_id: str) -> Warehouse:
    """The desk of that id; without one the merchant's first."""
    rows = desks().filter(public_id=public_id) if public_id else desks()
    desk: Warehouse | None = rows.first()
    if desk is None:
        raise Http404("There is no packing desk.")
    return desk


def _address(request: MerchantRequest, desk: Warehouse, **query: str) -> str:
    address = reverse("packing_stock", args=[request.merchant.public_id])
    kept = {"desk": desk.public_id, **{name: value for name, value in query.items() if value}}
    return f"{address}?{urlencode(kept)}"
