"""Pull again: a cart's orders by their numbers, those that we never had as well, or all that changed there on some days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from cartrover.connections.models import Cart
from cartrover.merchants import audit
from cartrover.merchants.days import midnight
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.sync.jobs import pull_again
from cartrover.sync.models import Job

MOST_NUMBERS = 50
MOST_DAYS = 92


class _OfACart(forms.Form):
    """Of which cart. The one that the list was narrowed to is chosen already."""

    use_required_attribute = False
    field_order = ("cart",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.carts = Cart.objects.filter(connection__isnull=False).exclude(state=Cart.State.DRAFT).order_by("name")
        self.fields["cart"] = forms.ModelChoiceField(self.carts, to_field_name="public_id", empty_label=None)
        self.order_fields(self.field_order)


class NumbersForm(_OfACart):
    numbers = forms.CharField(
        label="Order numbers",
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "12-12910-88211"}),
        help_text=f"As the shopper knows them, one a line or with commas between them; at most {MOST_NUMBERS}.",
    )

    def clean_numbers(self) -> list[str]:
        numbers = list(dict.fromkeys(filter(None, map(str.strip, self.cleaned_data["numbers"].replace(",", "\n").split("\n")))))
        if not numbers:
            raise forms.ValidationError("Name at least one order.")
        if len(numbers) > MOST_NUMBERS:
            raise forms.ValidationError(f"These are {len(numbers)} numbers; {MOST_NUMBERS} go at once.")
        return numbers


class DaysForm(_OfACart):
    first = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(
        label="To",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="All that was placed or changed at the cart on these days is read once more.",
    )

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        first, last = told.get("first"), told.get("last")
        if first and last and first > last:
            self.add_error("last", "It ends before it begins.")
        elif first and last and (last - first).days >= MOST_DAYS:
            self.add_error("last", f"At most {MOST_DAYS} days go at once.")
        elif first and not 2000 <= first.year <= 9000:
            self.add_error("first", "No order is that old.")
        return told


@at_least(Role.STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def pull_orders_again(request: MerchantRequest) -> HttpResponse:
    by_days = request.method == "POST" and "first" in request.POST
    posted = request.POST if request.method == "POST" else None
    initial = {"cart": request.GET.get("cart", "")}
    numbers = NumbersForm(None if by_days else posted, initial=initial, auto_id="numbers-%s")
    days = DaysForm(posted if by_days else None, initial=initial, auto_id="days-%s")
    form = days if by_days else numbers
    if form.is_valid():
        job = _ask(request, form.cleaned_data)
        audit.record(request, "asked to pull again", job)
        return redirect("job", request.merchant.public_id, job.public_id)
    context = {"numbers": numbers, "days": days, "carts": form.carts.exists()}
    return TemplateResponse(request, "orders/pull.html", context, status=400 if form.is_bound else 200)


def _ask(request: MerchantRequest, told: dict[str, Any]) -> Job:
    if "numbers" in told:
        return pull_again.by_number(told["cart"], told["numbers"], by=request.user.email)
    zone = ZoneInfo(request.merchant.time_zone)
    start, end = midnight(told["first"], zone), midnight(told["last"], zone) + timedelta(days=1)
    return pull_again.between(told["cart"], start, end, by=request.user.email)
