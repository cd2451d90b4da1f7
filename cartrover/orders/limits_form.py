"""The form of what a warehouse takes of an order, beyond what its integration declares."""

from __future__ import annotations

from typing import Any

from django import forms

from cartrover.connections.models import Warehouse
from cartrover.orders.limits import CHARACTERS, FIELDS


def _length(label: str) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"inputmode": "numeric", "placeholder": "no limit"})
    return forms.IntegerField(label=label, required=False, min_value=1, max_value=255, widget=widget)


class LimitsForm(forms.Form):
    number_length = _length("Longest order number")
    number_characters = forms.ChoiceField(
        label="Order numbers may hold",
        required=False,
        choices=[("", "anything"), *((name, words) for name, (_, words) in CHARACTERS.items())],
    )
    countries = forms.CharField(
        label="Ships to",
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={"placeholder": "every country"}),
        help_text="Two letters each, with commas between them. Orders to other countries are held.",
    )
    holds_po_boxes = forms.BooleanField(label="Hold orders to PO boxes", required=False)

    def __init__(self, warehouse: Warehouse, data: Any = None) -> None:
        told = warehouse.limits
        initial = {**told, "countries": ", ".join(told.get("countries", ()))}
        initial |= {f"address_{name}": most for name, most in told.get("address", {}).items()}
        super().__init__(data, initial=initial, prefix="limits")
        for name, label in FIELDS.items():
            self.fields[f"address_{name}"] = _length(f"Longest {label[:1].lower()}{label[1:]}")

    @property
    def address_fields(self) -> list[forms.BoundField]:
        return [self[f"address_{name}"] for name in FIELDS]

    def clean_countries(self) -> list[str]:
        typed = str(self.cleaned_data["countries"]).replace(",", " ").upper().split()
        wrong = [code for code in typed if len(code) != 2 or not code.isalpha()]
        if wrong:
            raise forms.ValidationError(f"{wrong[0]} is no country. Write two letters: DE, AT, CH.")
        return sorted(set(typed))

    @property
    def limits(self) -> dict[str, Any]:
        """As ``Warehouse.limits`` keeps them: only what limits something."""
        cleaned = self.cleaned_data
        address = {name: cleaned[f"address_{name}"] for name in FIELDS if cleaned[f"address_{name}"]}
        plain = {name: cleaned[name] for name in ("number_length", "number_characters", "countries", "holds_po_boxes")}
        return {name: value for name, value in {**plain, "address": address}.items() if value}
