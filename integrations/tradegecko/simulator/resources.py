"""What each resource takes, requires and filters by. What it does beyond that stands in the module of its idea."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import formats
from .errors import ApiError, invalid, missing_parameter
from .records import Record
from .world import Caller, World


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@dataclass(frozen=True)
class Resource:
    """``parent`` names the attribute that must hold the id of a record of ``parent_plural``."""

    plural: str
    singular: str
    writable: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    permission: str = "write_settings"
    methods: frozenset[str] = frozenset({"GET", "POST", "PUT", "DELETE"})
    children: str | None = None
    parent: str | None = None
    positioned: bool = False
    meta: bool = False
    answers_put: bool = False


_READ = frozenset({"GET"})

_ALL = (
    Resource("accounts", "account", methods=_READ),
    Resource("users", "user", _words("first_name last_name mobile phone_number position"), methods=frozenset({"GET", "PUT"})),
    Resource(
        "locations",
        "location",
        _words("address1 address2 city country holds_stock label state suburb zip_code"),
        _words("label address1 country"),
    ),
    Resource(
        "currencies",
        "currency",
        _words("delimiter format iso name precision rate separator symbol"),
        _words("iso"),
    ),
    Resource(
        "companies",
        "company",
        _words(
            """status assignee_id default_ledger_account_id default_payment_method_id default_payment_term_id
            default_stock_location_id default_tax_type_id company_code company_type default_discount_rate default_price_list_id
            default_document_theme_id description email fax name phone_number tax_number website tags default_price_type_id"""
        ),
        _words("name company_type"),
        _words(
            """assignee_id company_code company_type default_ledger_account_id default_payment_method_id
            default_payment_term_id default_stock_location_id default_tax_type_id default_price_list_id email status name"""
        ),
        _words("name company_code email"),
        permission="write_companies",
        meta=True,
    ),
    Resource(
        "addresses",
        "address",
        _words(
            """company_id address1 address2 city company_name country country_code email first_name last_name label
            phone_number state suburb zip_code"""
        ),
        _words("address1"),
        _words("company_id status"),
        permission="write_companies",
        parent="company_id",
        answers_put=True,
    ),
    Resource(
        "contacts",
        "contact",
        _words("company_id email fax first_name last_name location mobile notes phone_number position online_ordering"),
        _words("first_name"),
        _words("company_id online_ordering status"),
        permission="write_companies",
        parent="company_id",
    ),
    Resource(
        "notes",
        "note",
        _words("company_id body"),
        (),
        _words("company_id user_id"),
        permission="write_companies",
        parent="company_id",
    ),
    Resource(
        "products",
        "product",
        _words("brand description name opt1 opt2 opt3 product_type supplier tags vendor status"),
        _words("name"),
        _words("brand product_type status tags"),
        _words("name search_cache"),
        permission="write_products",
        meta=True,
    ),
    Resource(
        "variants",
        "variant",
        _words(
            """product_id default_ledger_account_id buy_price composite description hs_code country_of_origin keep_selling
            manage_stock max_online name online_ordering opt1 opt2 opt3 position purchasable retail_price sellable sku
            supplier_code taxable upc weight weight_unit wholesale_price"""
        ),
        (),
        _words("sku product_id status composite online_ordering product_type default_ledger_account_id sellable"),
        _words("sku name product_name upc"),
        permission="write_products",
        parent="product_id",
        meta=True,
    ),
    Resource(
        "orders",
        "order",
        _words(
            """assignee_id issued_at ship_at billing_address_id company_id contact_id shipping_address_id stock_location_id
            default_price_list_id email notes order_number phone_number reference_number source_url tags tax_treatment status"""
        ),
        (),
        _words(
            """status payment_status invoice_status packed_status fulfillment_status return_status returning_status
            shippability_status backordering_status company_id contact_id currency_id assignee_id user_id billing_address_id
            shipping_address_id stock_location_id source_id order_number reference_number tags"""
        ),
        _words("order_number reference_number email"),
        permission="write_orders",
        meta=True,
    ),
    Resource(
        "order_line_items",
        "order_line_item",
        _words(
            """order_id variant_id tax_type_id discount freeform image_url label line_type position price quantity
            tax_rate_override discount_amount"""
        ),
        (),
        _words("order_id variant_id tax_type_id order_status"),
        permission="write_orders",
        parent="order_id",
        positioned=True,
    ),
    Resource(
        "fulfillments",
        "fulfillment",
        _words(
            """shipping_address_id billing_address_id stock_location_id delivery_type exchange_rate notes packed_at receipt
            received_at service shipped_at status tracking_company tracking_number tracking_url"""
        ),
        (),
        _words("status order_id company_id stock_location_id shipping_address_id billing_address_id"),
        permission="write_orders",
        children="fulfillment_line_items",
        parent="order_id",
        meta=True,
    ),
    Resource(
        "fulfillment_line_items",
        "fulfillment_line_item",
        _words("fulfillment_id order_line_item_id position quantity"),
        _words("order_line_item_id quantity"),
        _words("fulfillment_id order_line_item_id"),
        permission="write_orders",
        parent="fulfillment_id",
        positioned=True,
    ),
    Resource(
        "fulfillment_returns",
        "fulfillment_return",
        filters=_words("order_id location_id company_id"),
        methods=_READ,
        children="fulfillment_return_line_items",
    ),
    Resource(
        "fulfillment_return_line_items",
        "fulfillment_return_line_item",
        filters=_words("fulfillment_return_id order_line_item_id ledger_account_id"),
        methods=_READ,
        positioned=True,
    ),
    Resource(
        "invoices",
        "invoice",
        _words("shipping_address_id billing_address_id payment_term_id due_at exchange_rate invoice_number invoiced_at notes"),
        (),
        _words("order_id company_id payment_status invoice_number shipping_address_id billing_address_id payment_term_id"),
        permission="write_orders",
        children="invoice_line_items",
        parent="order_id",
    ),
    Resource(
        "invoice_line_items",
        "invoice_line_item",
        filters=_words("invoice_id order_line_item_id"),
        methods=_READ,
        positioned=True,
    ),
    Resource(
        "payments",
        "payment",
        _words("invoice_id amount reference paid_at status exchange_rate payment_method_name"),
        _words("amount"),
        _words("invoice_id status"),
        permission="write_orders",
        methods=frozenset({"GET", "POST"}),
        parent="invoice_id",
    ),
    Resource("payment_methods", "payment_method", _words("name"), _words("name"), _words("name")),
    Resource("payment_terms", "payment_term", _words("name due_in_days from"), _words("name"), _words("name")),
    Resource("price_lists", "price_list", filters=_words("currency_id"), methods=_READ),
    Resource("tax_types", "tax_type", children="tax_components", methods=_READ),
    Resource("tax_components", "tax_component", filters=_words("tax_type_id"), methods=_READ, positioned=True),
    Resource("stock_levels", "stock_level", filters=_words("sku product_id"), methods=_READ),
    Resource("composition", "composition", filters=_words("bundle_id bundle_sku component_id"), methods=_READ),
    Resource(
        "stock_adjustments",
        "stock_adjustment",
        _words("adjustment_number notes reason stock_location_id"),
        (),
        _words("adjustment_number stock_location_id stock_adjustment_reason_id"),
        permission="write_stocks",
        methods=frozenset({"GET", "POST", "DELETE"}),
    ),
    Resource(
        "stock_adjustment_line_items",
        "stock_adjustment_line_item",
        filters=_words("stock_adjustment_id variant_id"),
        methods=_READ,
        positioned=True,
    ),
    Resource(
        "stock_adjustment_reasons",
        "stock_adjustment_reason",
        filters=_words("name reason_code default_quantity is_system"),
        methods=_READ,
    ),
    Resource("webhooks", "webhook", _words("event address"), _words("event address"), _words("event")),
)

RESOURCES = {resource.plural: resource for resource in _ALL}
BY_SINGULAR = {resource.singular: resource for resource in _ALL}

# Lists that exist and that nothing here ever fills.
EMPTY = _words(
    """channels channel_references document_themes email_templates filter_tabs images procurements purchase_orders
    purchase_order_line_items refunds stock_transfers stock_transfer_line_items"""
)

# Belongs-to attributes whose name is not the singular of the resource.
_BELONGS_TO = {
    "assignee_id": "users",
    "billing_address_id": "addresses",
    "destination_location_id": "locations",
    "shipping_address_id": "addresses",
    "stock_location_id": "locations",
}


def target_of(attribute: str) -> str | None:
    """The plural of the resource whose id the attribute holds; None if it is no such attribute."""
    if attribute in _BELONGS_TO:
        return _BELONGS_TO[attribute]
    found = BY_SINGULAR.get(attribute.removesuffix("_id")) if attribute.endswith("_id") else None
    return found.plural if found else None


def take(resource: Resource, attributes: Any) -> Record:
    """What a request may set, in the types of the API. Anything else is ignored in silence, as the real one does."""
    if not isinstance(attributes, dict):
        raise missing_parameter(resource.singular)
    taken: Record = {}
    for name in resource.writable:
        if name in attributes:
            try:
                taken[name] = formats.coerce(name, attributes[name])
            except ValueError as reason:
                raise invalid(**{name: str(reason)}) from None
    return taken


def check_references(world: World, account_id: int, attributes: Record, ignored: tuple[str, ...] = ()) -> None:
    """Every id must be that of a record of this account, or 422."""
    for name, value in attributes.items():
        target = target_of(name)
        if target is None or target not in world.records.kinds or value is None or name in ignored:
            continue
        if world.records.get(target, account_id, value) is None:
            raise invalid(**{name: "is invalid"})


def check_required(resource: Resource, attributes: Record) -> None:
    blank = [name for name in resource.required if attributes.get(name) in (None, "")]
    if blank:
        raise ApiError(422, {"errors": {name: ["can't be blank"] for name in blank}})


def create_plain(world: World, caller: Caller, resource: Resource, attributes: Any) -> Record:
    """Create what has no rules of its own."""
    taken = take(resource, attributes)
    if resource.parent is not None and taken.get(resource.parent) is None:
        raise invalid(**{resource.parent: "can't be blank"})
    check_required(resource, taken)
    check_references(world, caller.account_id, taken)
    return world.records.insert(resource.plural, caller.account_id, taken)


def update_plain(world: World, caller: Caller, resource: Resource, record: Record, attributes: Any) -> Record:
    taken = take(resource, attributes)
    check_required(resource, {**record, **taken})
    check_references(world, caller.account_id, taken)
    return world.records.change(resource.plural, record["id"], taken)
