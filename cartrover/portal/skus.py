"""SKUs: what carts sell beside what warehouses have, and the rules for what does not go by the same SKU on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from cartrover.connections.models import Cart
from cartrover.inventory.models import SkuRule, StockLevel
from cartrover.inventory.sku_map import Entry, Match, SkuMap, wanted
from cartrover.inventory.sku_rules import Wanted, as_wanted, current, rules
from cartrover.inventory.skus import Part
from cartrover.inventory.suggesting import Catalogue, Item
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.pages.paging import page_of
from cartrover.pages.typed import whole_number
from cartrover.portal.sku_forms import RuleForm
from cartrover.portal.sku_words import said
from cartrover.sync import jobs, sku_rules

RULES = "rules"
TABS = {
    Match.UNMATCHED: "Unmatched",
    Match.MATCHED: "Matched",
    Match.DUPLICATE: "Duplicate",
    Match.WITHOUT: "Without SKU",
    Match.UNSOLD: "Only at the warehouse",
    RULES: "Rules",
}


@dataclass(frozen=True, slots=True)
class Tab:
    words: str
    query: str
    here: bool
    count: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of the page: an entry of the map, or a rule. ``suggestions`` are SKUs that an unmatched code may stand for."""

    entry: Entry | None = None
    rule: SkuRule | None = None
    suggestions: list[str] = field(default_factory=list)


@at_least(Role.VIEWER)
@require_safe
def skus(request: MerchantRequest) -> HttpResponse:
    carts = list(_carts())
    sku_map = SkuMap(carts)
    counts = {**sku_map.counts(), RULES: SkuRule.objects.count()}
    tab = _tab(request.GET, counts)
    cart = next((each for each in carts if each.public_id == request.GET.get("cart")), None)
    text = request.GET.get("q", "")
    if tab == RULES:
        shown = page_of(_rules(text, cart), request, lambda rule: (rule.sku, f"{rule.pk:012d}"))
        rows = [Shown(rule=rule) for rule in shown.rows]
    else:
        entries = wanted(sku_map.entries, tab, text, cart.pk if cart else None)
        shown = page_of(entries, request, lambda entry: entry.key)
        rows = _with_suggestions(shown.rows)
    context = {
        "page": shown,
        "rows": rows,
        "tab": tab,
        "tabs": [Tab(words, _query(request.GET, tab=name), name == tab, counts.get(name, 0)) for name, words in TABS.items()],
        "carts": carts,
        "cart": cart,
        "typed": text,
        "here": request.get_full_path(),
        "any": any(counts.values()),
    }
    return TemplateResponse(request, "skus/page.html", context)


@at_least(Role.STAFF)
@require_POST
def read_both_sides(request: MerchantRequest) -> HttpResponse:
    """Read what a cart sells and what its warehouse has, now."""
    cart = get_object_or_404(_carts(), public_id=request.POST.get("cart", ""))
    job = jobs.ask("read_both_sides", by=request.user.email, subject=f"cart-{cart.pk}", cart=cart)
    return redirect("job", request.merchant.public_id, job.public_id)


def _carts() -> QuerySet[Cart]:
    return Cart.objects.select_related("warehouse").order_by("name", "pk")


def _tab(asked: QueryDict, counts: Mapping[str, int]) -> str:
    """What was asked for, else the first that has something to do."""
    chosen = asked.get("tab", "")
    return chosen if chosen in TABS else Match.UNMATCHED if counts.get(Match.UNMATCHED) else Match.MATCHED


def _query(asked: QueryDict, **changes: str) -> str:
    query = QueryDict(mutable=True)
    for name, value in {**{name: asked.get(name, "") for name in ("tab", "cart", "q")}, **changes}.items():
        if value:
            query[name] = value
    return "?" + query.urlencode()


def _rules(text: str, cart: Cart | None) -> list[SkuRule]:
    """In the order of their codes. A cart's are its own and those for all carts."""
    sought = text.strip().casefold()
    return [
        rule
        for rule in sorted(rules(), key=lambda rule: (rule.sku, f"{rule.pk:012d}"))
        if (cart is None or rule.cart_id in (cart.pk, None))
        and sought in " ".join((rule.sku, *(part.sku for part in rule.parts.all()))).casefold()
    ]


def _with_suggestions(entries: Iterable[Entry]) -> list[Shown]:
    catalogues: dict[int, Catalogue] = {}
    rows = []
    for entry in entries:
        at = entry.cart.warehouse.connection_id if entry.cart and entry.cart.warehouse else None
        if entry.match != Match.UNMATCHED or at is None:
            rows.append(Shown(entry))
            continue
        if at not in catalogues:
            catalogues[at] = catalogue_of(at)
        rows.append(Shown(entry, suggestions=catalogues[at].suggest(entry.code, entry.title, most=3)))
    return rows


def catalogue_of(connection_id: int) -> Catalogue:
    rows = StockLevel.objects.filter(connection_id=connection_id, gone=False).values_list("sku", "name")
    return Catalogue(Item(sku, name) for sku, name in rows)


# ----------------------------------------------------------------------------------------------------------------------- rules


@at_least(Role.STAFF)
@require_POST
def match_sku(request: MerchantRequest) -> HttpResponse:
    """A code stands for one SKU of the warehouse, or its line is left out: in one press, for all carts."""
    code = request.POST.get("code", "")
    if "leave_out" in request.POST:
        wish = Wanted(code, action=SkuRule.Action.LEAVE_OUT)
    else:
        wish = Wanted(code, parts=(Part(picked(request.POST), units(request.POST)),))
    save_rule(request, wish)
    return _back(request)


def picked(data: QueryDict) -> str:
    """What was pressed, else what was typed: a suggestion's button adds itself to the field."""
    return next((text.strip() for text in reversed(data.getlist("sku")) if text.strip()), "")


def units(data: QueryDict) -> int:
    """0, which no part has, where it is no number."""
    return whole_number(data.get("units", "1")) or 0


def save_rule(request: MerchantRequest, wish: Wanted) -> bool:
    wrong = wish.wrong()
    for words in wrong:
        messages.error(request, words)
    if wrong:
        return False
    going = sku_rules.save(wish, request)
    messages.success(request, said(wish, going))
    missing = [part.sku for part in wish.parts if not StockLevel.objects.filter(sku=part.sku, gone=False).exists()]
    if missing:
        messages.warning(request, f"No warehouse has {' or '.join(missing)} yet. Orders wait until one does.")
    return True


@at_least(Role.STAFF)
def new_rule(request: MerchantRequest) -> HttpResponse:
    """The whole choice: alias, kit, left out, refused, promotional."""
    asked = request.GET
    cart = Cart.objects.filter(public_id=asked.get("cart", "")).first()
    now = Wanted(asked.get("code", ""), cart, parts=tuple(Part(sku) for sku in asked.getlist("sku") if sku))
    form = RuleForm(_carts(), now, request.POST if request.method == "POST" else None)
    if request.method == "POST" and "more" not in request.POST and form.is_valid():
        if current(form.wanted) is None:
            save_rule(request, form.wanted)
            return _back(request)
        form.add_error(None, f"There is a rule for {form.wanted.code} already. Open it to change it.")
    return _rule_page(request, form)


@at_least(Role.STAFF)
def rule(request: MerchantRequest, rule_id: int) -> HttpResponse:
    row = get_object_or_404(rules(), pk=rule_id)
    form = RuleForm(_carts(), as_wanted(row), request.POST if request.method == "POST" else None, fixed=True)
    if request.method == "POST" and "more" not in request.POST and form.is_valid():
        save_rule(request, form.wanted)
        return _back(request)
    return _rule_page(request, form, row)


def _rule_page(request: MerchantRequest, form: RuleForm, row: SkuRule | None = None) -> HttpResponse:
    context = {"form": form, "rule": row, "next": _next(request), "asked_for_more": "more" in request.POST}
    return TemplateResponse(request, "skus/rule.html", context)


@at_least(Role.STAFF)
@require_POST
def delete_rule(request: MerchantRequest, rule_id: int) -> HttpResponse:
    row = get_object_or_404(rules(), pk=rule_id)
    code = row.sku
    sku_rules.delete(row, request)
    messages.success(request, f"{code} goes by its own SKU again.")
    return _back(request)


def _next(request: MerchantRequest) -> str:
    """The page to go back to: one of ours that was named, else the map."""
    named = str(request.POST.get("next") or request.GET.get("next") or "")
    ours = url_has_allowed_host_and_scheme(named, allowed_hosts=None)
    return named if named.startswith("/") and ours else reverse("skus", args=[request.merchant.public_id])


def _back(request: MerchantRequest) -> HttpResponse:
    return redirect(_next(request))
