"""The form of a rule: what it does, with the orders of which cart, and what it asks of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from cartrover.connections.models import Cart
from cartrover.orders.models import OrderRule
from cartrover.orders.rules import FIELDS, NUMERIC, TESTS, number

MOST_VALUES = 500
ALL = "all"
_PAYMENTS = ("paid", "partially_refunded")


def _questions() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every field with each of its tests, grouped by field: one list to choose from, which needs no script."""
    return [
        (field.label, [(f"{name}:{test}", f"{field.label} {TESTS[test]}") for test in field.tests])
        for name, field in FIELDS.items()
    ]


class RuleForm(forms.Form):
    action = forms.ChoiceField(
        label="What happens",
        choices=[("hold", "Hold the order until somebody releases it"), ("skip", "Leave the order out: do not send it")],
        widget=forms.RadioSelect,
        initial="hold",
    )
    cart = forms.ChoiceField(label="Orders of")
    about = forms.ChoiceField(label="When", choices=_questions)
    values = forms.CharField(
        label="Values",
        max_length=5000,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Several with commas between them: DE, AT, CH. An amount stands alone: 500. Capitals make no difference.",
    )

    def __init__(self, carts: Iterable[Cart], data: Any = None) -> None:
        super().__init__(data, use_required_attribute=False)
        self.fields["values"].required = not str((data or {}).get("about", "")).endswith(":filled")
        self._carts = {cart.public_id: cart for cart in carts}
        cart_field = self.fields["cart"]
        if isinstance(cart_field, forms.ChoiceField):
            cart_field.choices = [(ALL, "All carts"), *((key, cart.name) for key, cart in self._carts.items())]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "about" in cleaned:
            field, _, test = cleaned["about"].partition(":")
            cleaned["listed"] = self._listed(field, test, str(cleaned.get("values", "")))
        return cleaned

    def _listed(self, field: str, test: str, typed: str) -> list[str]:
        values = [part for part in (each.strip() for each in typed.split(",")) if part]
        if test == "filled":
            return []
        if not values:
            self.add_error("values", f"Say which. For example: {FIELDS[field].example}.")
        elif test in NUMERIC and (len(values) > 1 or number(values[0]) is None):
            self.add_error("values", "Type one number, with a point for its decimals: 499.90.")
        elif len(values) > MOST_VALUES:
            self.add_error("values", f"At most {MOST_VALUES} values fit one rule.")
        elif field == "country" and not all(len(value) == 2 and value.isalpha() for value in values):
            self.add_error("values", "Countries are written with two letters: DE, AT, CH.")
        elif field == "payment" and not {value.casefold() for value in values} <= set(_PAYMENTS):
            self.add_error("values", f"A payment is {' or '.join(_PAYMENTS)}. What is not paid yet is held anyway.")
        return [value.upper() for value in values] if field == "country" else values

    def rule(self) -> OrderRule:
        """The rule that was filled in, not saved yet."""
        cleaned = self.cleaned_data
        field, _, test = cleaned["about"].partition(":")
        return OrderRule(
            cart=self._carts.get(cleaned["cart"]), field=field, test=test, values=cleaned["listed"], action=cleaned["action"]
        )
