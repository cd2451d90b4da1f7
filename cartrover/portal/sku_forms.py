"""The form of a rule about a SKU: what becomes of the code, and the SKUs that it is sent as, a row each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict

from cartrover.connections.models import Cart
from cartrover.inventory.models import SkuRule
from cartrover.inventory.sku_rules import LONGEST, MOST_PARTS, Wanted
from cartrover.inventory.skus import SEND, Part
from cartrover.pages.typed import whole_number

_ACTIONS = [
    (SkuRule.Action.SEND, "Send it as these SKUs of the warehouse"),
    (SkuRule.Action.LEAVE_OUT, "Leave the line out, and send the rest of the order"),
    (SkuRule.Action.REFUSE, "Refuse every order that has it"),
]
_ALL = "all"
_PROMOTIONAL = "A promotional code, gift wrapping or the like. What it costs or takes off stays in the order's total."


class RuleForm(forms.Form):
    """A rule in the making. ``rows`` are its parts as they were typed: (SKU, units); ``wanted`` is what a valid form says."""

    code = forms.CharField(label="The cart's SKU or code", max_length=LONGEST)
    action = forms.ChoiceField(label="What becomes of it", choices=_ACTIONS, widget=forms.RadioSelect)
    promotional = forms.BooleanField(label="It is no product", required=False, help_text=_PROMOTIONAL)

    def __init__(self, carts: Iterable[Cart], now: Wanted, data: QueryDict | None = None, *, fixed: bool = False) -> None:
        """``now`` is what the form shows at first. ``fixed`` keeps the code and cart of a rule that is there already."""
        initial = {
            "code": now.code,
            "cart": now.cart.public_id if now.cart else _ALL,
            "action": now.action,
            "promotional": now.promotional,
        }
        super().__init__(data, initial=initial)
        self._carts = {cart.public_id: cart for cart in carts}
        self._now = now
        choices = [(_ALL, "All carts"), *((key, cart.name) for key, cart in self._carts.items())]
        self.fields["cart"] = forms.ChoiceField(label="At which cart", choices=choices)
        if fixed:
            del self.fields["code"], self.fields["cart"]
        self.rows = _typed(data) if data is not None else [(part.sku, str(part.units)) for part in now.parts]
        self.wanted = now

    @property
    def parts(self) -> list[tuple[str, str]]:
        """The rows to show: what was typed, and an empty one where there is none or one more is asked for."""
        return self.rows if self.rows and "more" not in self.data else [*self.rows, ("", "1")][: MOST_PARTS + 1]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        action = cleaned["action"]
        self.wanted = Wanted(
            cleaned.get("code", self._now.code),
            self._carts.get(cleaned["cart"]) if "cart" in cleaned else self._now.cart,
            action,
            cleaned["promotional"],
            tuple(Part(sku, _whole(units)) for sku, units in self.rows) if action == SEND else (),
        )
        for words in self.wanted.wrong():
            self.add_error(None, words)
        return cleaned


def _typed(data: QueryDict) -> list[tuple[str, str]]:
    rows = zip(data.getlist("part_sku"), data.getlist("part_units"), strict=False)
    return [(sku.strip(), units.strip()) for sku, units in rows if sku.strip()]


def _whole(units: str) -> int:
    """0, which no part has, where it is no number."""
    return whole_number(units) or 0
