"""The form of a cart's stock rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from cartrover.connections.models import Cart
from cartrover.inventory.rules import MOST_HOURS, MOST_UNITS, StockRules


def _whole(label: str, help_text: str, least: int = 0, most: int = MOST_UNITS, *, required: bool = True) -> forms.IntegerField:
    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    return forms.IntegerField(label=label, help_text=help_text, min_value=least, max_value=most, required=required, widget=widget)


class StockRulesForm(forms.Form):
    """In the order in which the rules are applied."""

    locations = forms.MultipleChoiceField(
        label="Locations that count",
        help_text="None chosen leaves it to the settings of the warehouse.",
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    buffer = _whole("Buffer", "Units that are kept back and never shown.")
    percentage = _whole("Percentage", "How much is shown of what is left then.", most=100)
    minimum = _whole("Minimum level", "With fewer units than this, none are shown.")
    maximum = _whole("Maximum", "The most that is shown. Empty: no limit.", required=False)
    stale_hours = _whole(
        "Show none when the warehouse was last read more than this many hours ago",
        "Empty: the last reading holds, however old it is.",
        least=1,
        most=MOST_HOURS,
        required=False,
    )
    excluded = forms.CharField(
        label="SKUs that are never told",
        help_text="The cart's own codes, one a line. What their listings show is yours to set.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        required=False,
    )

    def __init__(self, cart: Cart, data: Mapping[str, Any] | None = None) -> None:
        stored = StockRules.of(cart.stock_rules)
        initial = {name: getattr(stored, name) for name in self.base_fields}
        super().__init__(data, initial={**initial, "excluded": "\n".join(stored.excluded)})
        chosen = self.fields["locations"]
        if isinstance(chosen, forms.MultipleChoiceField):
            chosen.choices = _locations(cart, stored)
        if not _locations(cart, stored):
            del self.fields["locations"]

    def clean_excluded(self) -> tuple[str, ...]:
        lines = (line.strip() for line in str(self.cleaned_data["excluded"]).splitlines())
        return tuple(dict.fromkeys(line for line in lines if line))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        least, most = cleaned.get("minimum"), cleaned.get("maximum")
        if least is not None and most is not None and most < least:
            self.add_error("maximum", "It is below the minimum level, so nothing would ever be shown.")
        return cleaned

    @property
    def rules(self) -> StockRules:
        """What a valid form says."""
        return StockRules(**{**self.cleaned_data, "locations": tuple(self.cleaned_data.get("locations", ()))})


def _locations(cart: Cart, stored: StockRules) -> list[tuple[str, str]]:
    """Those of the warehouse's account. One that it no longer has stays until a person takes it out."""
    connection = cart.warehouse.connection if cart.warehouse is not None else None
    facts = connection.facts if connection is not None else {}
    known = {str(each["id"]): str(each["label"]) for each in facts.get("locations", ())}
    return [*known.items(), *((each, f"{each} (not found)") for each in stored.locations if each not in known)]
