"""What a merchant can set for a TradeGecko cart or warehouse, and the typed form of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.contract import SettingField
from integrations.outcomes import NeedsMerchant

ORDER_STATUSES = ("draft", "active", "finalized", "fulfilled", "void", "deleted")
FULFILLMENT_STATUSES = ("packed", "fulfilled", "void", "deleted")


@dataclass(frozen=True, slots=True)
class StatusFilter:
    """One status of an order that a cart can choose by. ``key`` is TradeGecko's; ``default`` are the values taken."""

    name: str
    key: str
    label: str
    values: tuple[str, ...]
    default: tuple[str, ...]
    help: str

    @property
    def field(self) -> SettingField:
        choices = tuple((value, value.capitalize()) for value in self.values)
        return SettingField(self.name, self.label, "choices", self.default, self.help, choices, step="order-filters")


STATUS_FILTERS = (
    StatusFilter(
        "order_status",
        "status",
        "Order status",
        ORDER_STATUSES[:4],
        ("finalized",),
        "Which orders to download. A finalized order can no longer be edited in TradeGecko.",
    ),
    StatusFilter(
        "payment_status",
        "payment_status",
        "Payment status",
        ("unpaid", "partial", "paid"),
        ("paid",),
        "Choose unpaid as well to ship orders before they are paid. None chosen takes all.",
    ),
    StatusFilter(
        "fulfillment_status",
        "fulfillment_status",
        "Fulfilment status",
        ("unshipped", "partial", "shipped"),
        ("unshipped",),
        "None chosen takes all.",
    ),
    StatusFilter(
        "packed_status",
        "packed_status",
        "Packed status",
        ("unpacked", "partial", "packed"),
        ("unpacked",),
        "Choose packed as well to take orders that were already packed in TradeGecko.",
    ),
    StatusFilter(
        "invoice_status",
        "invoice_status",
        "Invoice status",
        ("uninvoiced", "partial", "invoiced"),
        (),
        "None chosen takes all.",
    ),
)

CART_FIELDS = (
    SettingField(
        "location_id",
        "Location ID",
        "location_id",
        "",
        "Optional: download only the orders of this one location. Open a product variant in TradeGecko, its Stock Locations "
        "tab, then the location: the number at the end of the page's address is its Location ID.",
        step="location-id",
    ),
    *(status.field for status in STATUS_FILTERS),
)

WAREHOUSE_FIELDS = (
    SettingField(
        "status",
        "Create orders as",
        "choice",
        "finalized",
        "Finalized orders can be packed and shipped at once. Active orders can still be edited. Drafts commit no stock.",
        (("finalized", "Finalized"), ("active", "Active"), ("draft", "Draft")),
        step="order-settings",
    ),
    SettingField("ship_from", "Ship from", "location", "", "Empty: the primary location of the account.", step="order-settings"),
    SettingField(
        "stock_locations",
        "Stock locations",
        "locations",
        (),
        "Whose stock may be sold. None chosen counts all locations.",
        step="stock-settings",
    ),
    SettingField(
        "tax_treatment",
        "Prices",
        "choice",
        "inclusive",
        "Either way the order's total in TradeGecko is what the buyer paid.",
        (
            ("inclusive", "Include tax, which TradeGecko works out by its own tax rates"),
            ("exclusive", "Are sent without tax: no tax on their lines"),
        ),
        step="order-settings",
    ),
    SettingField(
        "order_number",
        "Order number",
        "choice",
        "number",
        "The short number is always the order's reference number in TradeGecko.",
        (("number", "The full number that the buyer knows"), ("ref", "The short number")),
        step="order-settings",
    ),
    SettingField("invoice", "Invoice each new order", "flag", False, "Not possible for drafts.", step="order-settings"),
    SettingField("pay", "Record each new order as paid", "flag", False, "This also invoices it.", step="order-settings"),
    SettingField(
        "payment_method",
        "Payment method",
        "text",
        "",
        "The name of the payment method in TradeGecko, for recording payments.",
        step="order-settings",
    ),
)


@dataclass(frozen=True, slots=True)
class CartSettings:
    """``statuses`` is, by TradeGecko's key, which values are taken; an empty choice takes all."""

    location_id: str
    statuses: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> CartSettings:
        chosen = {status.key: _several(settings.get(status.name, status.default)) for status in STATUS_FILTERS}
        return cls(_bare_integer(settings, "location_id", "Location ID"), chosen)


@dataclass(frozen=True, slots=True)
class WarehouseSettings:
    """``ship_from`` is an id as text; empty means the account's own choice."""

    status: str = "finalized"
    ship_from: str = ""
    tax_treatment: str = "inclusive"
    order_number: str = "number"
    invoice: bool = False
    pay: bool = False
    payment_method: str = ""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> WarehouseSettings:
        return cls(
            status=settings.get("status") or "finalized",
            ship_from=_bare_integer(settings, "ship_from", "Ship from"),
            tax_treatment=settings.get("tax_treatment") or "inclusive",
            order_number=settings.get("order_number") or "number",
            invoice=bool(settings.get("invoice")),
            pay=bool(settings.get("pay")),
            payment_method=str(settings.get("payment_method") or ""),
        )


def _several(value: Any) -> tuple[str, ...]:
    if value in (None, ""):
        return ()
    return (value,) if isinstance(value, str) else tuple(str(item) for item in value)


def _bare_integer(settings: Mapping[str, Any], name: str, label: str) -> str:
    value = str(settings.get(name) or "").strip()
    if value and not (value.isascii() and value.isdigit()):
        message = f"The {label} must be the number alone, not {value!r}."
        raise NeedsMerchant(message, fix="settings", subject=name, scope="connection")
    return value
