"""Forms made from what an integration declares: its settings, and its services with their switch and frequency."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from integrations.contract import Identifier, SettingField

Choices = list[tuple[str, str]]

_SKU = "sku"  # a choice cannot be empty, as the value of the SKU is

SERVICES = {
    "order_download": "Order download",
    "shipment_upload": "Shipment upload",
    "inventory_upload": "Inventory upload",
    "order_delivery": "Order delivery",
    "shipment_pickup": "Shipment pickup",
    "inventory_pickup": "Inventory pickup",
}
FREQUENCIES = [
    ("", "Automatic"),
    ("300", "Every 5 minutes"),
    ("900", "Every 15 minutes"),
    ("1800", "Every 30 minutes"),
    ("3600", "Every hour"),
    ("86400", "Once a day"),
]


class SettingsForm(forms.Form):
    """The settings of a cart or warehouse. ``facts`` are its account's, where there is one already."""

    def __init__(
        self,
        declared: Iterable[SettingField],
        facts: Mapping[str, Any],
        stored: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        guide: Callable[[str], str] = lambda step: "",
    ) -> None:
        """``guide`` is the address of a step of the setup guide, or nothing where there is none."""
        super().__init__(data, initial=dict(stored), prefix="settings")
        locations = [(str(each["id"]), str(each["label"])) for each in facts.get("locations", ())]
        for field in declared:
            control = _CONTROLS[field.kind](field, locations, stored.get(field.name))
            control.label, control.required = field.label, field.required or field.kind == "choice"
            control.help_text = _help(field, guide(field.step) if field.step else "")
            self.fields[field.name] = control

    @property
    def values(self) -> dict[str, Any]:
        """The cleaned settings, as JSON keeps them; what is empty is empty text."""
        return {name: "" if value is None else value for name, value in self.cleaned_data.items()}


def _help(field: SettingField, address: str) -> str:
    if not address:
        return conditional_escape(field.help)
    link = format_html('<a href="{}" target="_blank">Guide<span class="visually-hidden">: {}</span></a>', address, field.label)
    return format_html("{} {}", field.help, link)


def _text(field: SettingField, locations: Choices, stored: Any) -> forms.Field:
    return forms.CharField(max_length=200)


def _integer(field: SettingField, locations: Choices, stored: Any) -> forms.Field:
    return forms.IntegerField(min_value=0, widget=forms.TextInput(attrs={"inputmode": "numeric"}))


def _flag(field: SettingField, locations: Choices, stored: Any) -> forms.Field:
    return forms.BooleanField()


def _choice(field: SettingField, locations: Choices, stored: Any) -> forms.Field:
    return forms.ChoiceField(choices=field.choices)


def _choices(field: SettingField, locations: Choices, stored: Any) -> forms.Field:
    return forms.MultipleChoiceField(choices=field.choices, widget=forms.CheckboxSelectMultiple)


def _location(field: SettingField, locations: Choices, stored: Any) -> forms.Field:
    """Picked where the account's locations are known, typed before."""
    if not locations:
        return forms.CharField(max_length=40)
    return forms.ChoiceField(choices=[("", "–"), *_with([stored] if stored else [], locations)])


class _Suggesting(forms.TextInput):
    """Typed, or picked from a list of (value, label)."""

    def __init__(self, choices: Choices, attrs: Mapping[str, Any]) -> None:
        super().__init__(dict(attrs))
        self._choices = choices

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        listed = f"{name}-known"
        typed = super().render(name, value, {**(attrs or {}), "list": listed}, renderer)
        options = format_html_join("", '<option value="{}">{}</option>', self._choices)
        return format_html('{}<datalist id="{}">{}</datalist>', typed, listed, options)


def _location_id(field: SettingField, locations: Choices, stored: Any) -> forms.Field:
    """The bare number: the account may have locations that we were not told of."""
    bare = RegexValidator(r"^[0-9]+$", f"The {field.label} is the number alone, as at the end of the page's address.")
    widget = _Suggesting(locations, {"inputmode": "numeric", "autocomplete": "off"})
    return forms.CharField(max_length=40, validators=[bare], widget=widget)


def _locations(field: SettingField, locations: Choices, stored: Any) -> forms.Field:
    return forms.MultipleChoiceField(choices=_with(stored or [], locations), widget=forms.CheckboxSelectMultiple)


def _with(stored: Iterable[Any], locations: Choices) -> Choices:
    """A location that the account no longer has stays chosen until a person chooses otherwise."""
    known = dict(locations)
    return [*locations, *((str(each), f"{each} (not found)") for each in stored if str(each) not in known)]


_CONTROLS: Mapping[str, Callable[[SettingField, Choices, Any], forms.Field]] = {
    "text": _text,
    "integer": _integer,
    "flag": _flag,
    "choice": _choice,
    "choices": _choices,
    "location": _location,
    "location_id": _location_id,
    "locations": _locations,
}


class ServicesForm(forms.Form):
    """Each service's switch and frequency. ``stored`` is ``{service: {"on": bool, "every": seconds or None}}``."""

    def __init__(
        self, services: Iterable[str], stored: Mapping[str, Mapping[str, Any]], data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, prefix="services")
        self.services = tuple(services)
        for service in self.services:
            now = stored.get(service, {})
            name = SERVICES.get(service, service.replace("_", " ").capitalize())
            self.fields[f"{service}_on"] = forms.BooleanField(label=name, required=False, initial=now.get("on", True))
            self.fields[f"{service}_every"] = forms.ChoiceField(
                label=f"How often: {name.lower()}", choices=FREQUENCIES, required=False, initial=str(now.get("every") or "")
            )

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"{service}_on"], self[f"{service}_every"]) for service in self.services]

    @property
    def values(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        return {
            service: {"on": cleaned[f"{service}_on"], "every": int(cleaned[f"{service}_every"] or 0) or None}
            for service in self.services
        }


class NameForm(forms.Form):
    """What a cart or warehouse is called, and by which number a cart's products go where there is a choice."""

    name = forms.CharField(max_length=120)

    def __init__(
        self, initial: Mapping[str, Any], data: Mapping[str, Any] | None = None, identifiers: Sequence[Identifier] = ()
    ) -> None:
        super().__init__(data, initial=dict(initial))
        if len(identifiers) > 1:
            self.fields["identifier"] = forms.ChoiceField(
                label="Products go by",
                choices=[(each.value or _SKU, each.label) for each in identifiers],
                help_text=" ".join(f"{each.label}: {each.help}" for each in identifiers if each.help),
                required=False,
            )
            self.initial["identifier"] = self.initial.get("identifier") or _SKU

    @property
    def values(self) -> dict[str, Any]:
        """The cleaned columns; the identifier only where one was chosen."""
        chosen = self.cleaned_data.get("identifier")
        identifier = {"identifier": "" if chosen == _SKU else chosen} if chosen else {}
        return {"name": self.cleaned_data["name"], **identifier}
