from __future__ import annotations

from zoneinfo import available_timezones

from django import forms
from django.utils.functional import lazy

from cartrover.merchants.models import Merchant

_ELSEWHERE = ("Etc/", "SystemV/", "posix/", "right/", "US/")


def zones() -> list[tuple[str, str]]:
    """The time zones to choose from: places, by their names; the zone database's aliases without a place are left away."""
    places = sorted(name for name in available_timezones() if "/" in name and not name.startswith(_ELSEWHERE))
    return [(name, name.replace("_", " ")) for name in ["UTC", *places]]


class MerchantForm(forms.ModelForm):
    """What a new merchant is asked."""

    time_zone = forms.ChoiceField(
        choices=lazy(zones, list)(),
        initial="UTC",
        help_text="All times are shown in it, and a day begins at its midnight.",
    )

    class Meta:
        model = Merchant
        fields = ["name", "time_zone"]
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "organization", "autofocus": True})}
        help_texts = {"name": "As your team and your warehouse know it."}
