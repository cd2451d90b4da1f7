"""What the list of orders is asked by. The address is read by ``filters.py``, so that a link and the form mean the same."""

from __future__ import annotations

from typing import Any

from django import forms

from cartrover.connections.declared import marketplaces
from cartrover.connections.models import Cart, Warehouse
from cartrover.orders.models import SavedView


def _names(model: type[Cart] | type[Warehouse]) -> list[tuple[str, str]]:
    return list(model.objects.order_by("name").values_list("public_id", "name"))


def _marketplaces() -> list[tuple[str, str]]:
    return sorted(marketplaces().items(), key=lambda each: each[1])


class FilterForm(forms.Form):
    """Its fields are called as the filters are."""

    country = forms.CharField(label="Ships to", widget=forms.TextInput(attrs={"placeholder": "DE, FR", "autocomplete": "off"}))
    least = forms.DecimalField(label="Total from", widget=forms.NumberInput(attrs={"step": "any"}))
    most = forms.DecimalField(label="Total up to", widget=forms.NumberInput(attrs={"step": "any"}))

    use_required_attribute = False
    field_order = ("cart", "warehouse", "marketplace", "country", "from", "until", "least", "most")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in (("from", "Placed from"), ("until", "Placed until")):
            self.fields[name] = forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        for name, pairs in (("cart", _names(Cart)), ("warehouse", _names(Warehouse)), ("marketplace", _marketplaces())):
            self.fields[name] = forms.ChoiceField(choices=[("", "Any"), *pairs])


class SavedViewForm(forms.ModelForm):
    """A name for what the list shows."""

    class Meta:
        model = SavedView
        fields = ["name"]
