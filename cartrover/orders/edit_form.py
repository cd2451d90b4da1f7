"""What a person may change of an order before it goes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from cartrover.orders import edits
from cartrover.orders.limits import limits_of
from cartrover.orders.models import Order

_LABELS = {name: words.capitalize() for name, words in edits.FIELDS.items()}
_AS_MAPPED = "Empty: as the cart's is mapped. What stands here the warehouse is told word for word."


class EditForm(forms.Form):
    """Begins with what would go out."""

    name = forms.CharField(label=_LABELS["name"], required=False, max_length=200)
    company = forms.CharField(label=_LABELS["company"], required=False, max_length=200)
    line1 = forms.CharField(label=_LABELS["line1"], max_length=200)
    line2 = forms.CharField(label=_LABELS["line2"], required=False, max_length=200)
    postal_code = forms.CharField(label=_LABELS["postal_code"], required=False, max_length=40)
    city = forms.CharField(label=_LABELS["city"], max_length=120)
    region = forms.CharField(label=_LABELS["region"], required=False, max_length=120)
    country = forms.RegexField("^[A-Za-z]{2}$", label="Country, as two letters")
    phone = forms.CharField(label=_LABELS["phone"], required=False, max_length=40)
    shipping_method = forms.CharField(required=False, max_length=200, help_text=_AS_MAPPED)
    note = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    use_required_attribute = False

    def __init__(self, order: Order, data: Mapping[str, Any] | None = None) -> None:
        address = edits.ship_to(order) or {}
        now = {name: address.get(name, "") for name in edits.FIELDS}
        initial = {**now, "shipping_method": edits.shipping_method(order), "note": edits.note(order)}
        super().__init__(data, initial=initial, auto_id=f"edit-{order.pk}-%s")
        if order.warehouse is not None:
            for name, most in limits_of(order.warehouse).address.items():
                if name in self.fields:
                    self.fields[name].help_text = f"At most {most} characters at {order.warehouse}."

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).upper()

    def clean_note(self) -> str:
        return str(self.cleaned_data["note"]).replace("\r\n", "\n")
