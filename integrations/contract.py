"""What an integration is: its declarations, the neutral records it speaks in, and the two roles it can play.

Nothing here knows the portal. The engine reads an :class:`Integration`, opens its :class:`Cart` or :class:`Warehouse` on a
:class:`Wire`, and exchanges frozen records. Money is ``Decimal`` in the record's currency, time is UTC with a zone, countries
are ISO 3166 alpha-2, quantities are whole units.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from integrations.oauth2 import Grant

T = TypeVar("T")

# ---------------------------------------------------------------------------------------------------- what an order looks like


class Payment(StrEnum):
    PAID = "paid"
    PENDING = "pending"
    FAILED = "failed"
    REFUNDED = "refunded"
    PARTIALLY_REFUNDED = "partially_refunded"


class Cancel(StrEnum):
    NONE = "none"
    ASKED = "asked"
    CANCELED = "canceled"


class Fulfilment(StrEnum):
    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class AddressRecord:
    """Where to ship. ``reference`` must stand above the street (eBay's Global Shipping Program)."""

    name: str
    line1: str
    city: str
    country: str
    company: str = ""
    line2: str = ""
    county: str = ""
    region: str = ""
    postal_code: str = ""
    phone: str = ""
    email: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class LineRecord:
    """One line as it was sold. ``total`` is quantity times unit price minus the line's own discount, without shipping and tax.

    ``fulfilled`` means that at least one unit has left (eBay calls a line FULFILLED then).
    """

    external_id: str
    sku: str
    title: str
    quantity: int
    unit_price: Decimal
    total: Decimal
    tax: Decimal = Decimal(0)
    listing_id: str = ""
    variation_id: str = ""
    marketplace: str = ""
    fulfilled: bool = False


@dataclass(frozen=True, slots=True)
class RefundRecord:
    """What went back after a sale: money to the buyer, or ``goods`` to the seller. ``external_id`` is unique within the order.

    ``amount`` is in the order's currency, and as the cart tells it: eBay's is what the seller gave back, and the buyer may have
    got more. None where the cart tells none. ``done`` False: it was begun, and nothing has come back yet.
    """

    external_id: str
    amount: Decimal | None = None
    at: datetime | None = None
    reason: str = ""
    goods: bool = False
    done: bool = True


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One order of a cart, as its newest reading tells it.

    ``total`` is what the seller's price comes to: ``items - discount + shipping + tax + adjustment``; taxes that the marketplace
    collects and remits are not in it. ``discount`` is positive. ``unshippable`` is a reason when there is nothing for a
    warehouse to ship ("digital", "picked up in person", "fulfilled by eBay"). ``references`` are the numbers that customs or tax
    offices want, as (name, value). ``shipments`` are the cart's ids of the packages it shows, where its listing tells.
    ``refunds`` is what went back since. ``marks`` are what tells an order that we made ourselves: the application that created
    it, its reference, source URL and tags.
    """

    external_id: str
    number: str
    placed_at: datetime
    modified_at: datetime
    payment: Payment
    cancel: Cancel
    fulfilment: Fulfilment
    currency: str
    items: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    total: Decimal
    lines: tuple[LineRecord, ...]
    ship_to: AddressRecord | None
    adjustment: Decimal = Decimal(0)
    marketplace: str = ""
    location: str = ""
    unshippable: str = ""
    filtered: str = ""
    buyer_id: str = ""
    buyer_name: str = ""
    buyer_email: str = ""
    bill_to: AddressRecord | None = None
    shipping_method: str = ""
    shipping_carrier: str = ""
    note: str = ""
    ship_by: datetime | None = None
    references: tuple[tuple[str, str], ...] = ()
    shipments: tuple[str, ...] = ()
    refunds: tuple[RefundRecord, ...] = ()
    marks: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class MalformedRecord:
    """A record that could not be read: it is held with the path of the field, and the others of its page load."""

    external_id: str
    path: str
    why: str
    raw: Mapping[str, Any] = field(default_factory=dict)
    digest: bytes = b""


# ------------------------------------------------------------------------------------------------------------ windows and pages


@dataclass(frozen=True, slots=True)
class Window:
    """A closed span of modification times, both ends included."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing. ``total`` counts what the whole listing holds; ``limit`` is how many fit one page.

    ``seen`` counts what stood on the page and is not among the records, because it was read before exactly so.
    """

    records: tuple[T, ...]
    total: int
    limit: int
    seen: int = 0

    @property
    def length(self) -> int:
        """How many stood on the page."""
        return len(self.records) + self.seen

    @property
    def complete(self) -> bool:
        return self.total <= self.limit and self.length >= min(self.total, self.limit)


class Seen(Protocol):
    """Asked before a page is looked into: which of these orders, by id with a digest of all it tells, are known exactly so."""

    def __call__(self, page: Mapping[str, bytes]) -> Collection[str]: ...


def nothing_seen(page: Mapping[str, bytes]) -> Collection[str]:
    """Every order is to be read."""
    return ()


# ---------------------------------------------------------------------------------------------------- what goes to a warehouse


@dataclass(frozen=True, slots=True)
class CartIdentity:
    """The cart an order comes from, as the warehouse's customer. ``key`` is stable and unique."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One line to deliver: ``item_id`` is the warehouse's own id of the SKU. ``external_id`` is unique in the delivery; a line of
    the cart may be several here, one for each SKU that it is sent as. ``line_id`` is the warehouse's own id of the line, where it
    is there already and that is known."""

    external_id: str
    sku: str
    item_id: str
    title: str
    quantity: int
    unit_price: Decimal
    total: Decimal
    line_id: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An order made ready for a warehouse. ``total`` must be what the warehouse will show, or it is not sent, unless
    ``total_may_differ``: a person has compared the two.

    ``customer_id`` is what :meth:`Warehouse.find_customer` or :meth:`Warehouse.make_customer` answered. A ``test`` order is made
    as a draft that commits and ships nothing, and is marked where a person looks. ``void_before`` counts the orders of the same
    reference that are void there.
    """

    ref: str
    number: str
    placed_at: datetime
    customer_id: str
    source_url: str
    currency: str
    lines: tuple[DeliveryLine, ...]
    shipping: Decimal
    shipping_method: str
    discount: Decimal
    tax: Decimal
    adjustment: Decimal
    total: Decimal
    ship_to: AddressRecord
    note: str = ""
    email: str = ""
    references: tuple[tuple[str, str], ...] = ()
    total_may_differ: bool = False
    test: bool = False
    ship_by: datetime | None = None
    void_before: int = 0


@dataclass(frozen=True, slots=True)
class RemoteOrder:
    """An order as the warehouse holds it. ``lines`` is (item id, quantity) of product lines; ``ours`` says that number, source
    URL and application mark it as made by us; ``line_ids`` maps our line's external id to the warehouse's line id where known.
    ``remark`` tells a person what did not go as asked although the order is there (another total, no invoice).
    """

    remote_id: str
    ref: str
    number: str
    customer_id: str
    status: str
    total: Decimal
    lines: tuple[tuple[str, int], ...]
    ours: bool
    updated_at: datetime
    line_ids: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""


# --------------------------------------------------------------------------------------------------------- shipments and stock


@dataclass(frozen=True, slots=True)
class ShipmentLine:
    """``order_line`` is the warehouse's line id (pick-up) or the cart's (upload)."""

    order_line: str
    quantity: int
    sku: str = ""


@dataclass(frozen=True, slots=True)
class ShipmentRecord:
    """One package as the warehouse tells it. ``shipped`` False means packed or void: nothing left the house yet."""

    remote_id: str
    order_id: str
    shipped: bool
    void: bool
    lines: tuple[ShipmentLine, ...]
    updated_at: datetime
    carrier: str = ""
    tracking: str = ""
    tracking_url: str = ""
    service: str = ""
    shipped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ShipmentUpload:
    """One package to tell a cart. ``order_placed_at`` bounds the ship date from below."""

    order_id: str
    order_placed_at: datetime
    lines: tuple[ShipmentLine, ...]
    carrier: str
    tracking: str
    shipped_at: datetime
    tracking_url: str = ""


@dataclass(frozen=True, slots=True)
class CartShipment:
    """One package as the cart shows it. ``tracking`` is as the cart keeps it (eBay: letters and digits only)."""

    remote_id: str
    lines: tuple[ShipmentLine, ...]
    carrier: str = ""
    tracking: str = ""


@dataclass(frozen=True, slots=True)
class StockRecord:
    """What a warehouse has of one item. ``available`` is by location id, already less what is committed.

    ``tracked`` False: the warehouse does not count it, so nobody is told a figure. ``max_online`` caps what may be published.
    """

    item_id: str
    sku: str
    available: Mapping[str, Decimal]
    tracked: bool = True
    max_online: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class ListingRecord:
    """One thing a cart sells. ``external_id`` is unique in the account: the listing's id, and after a colon what tells its
    variation from the others, if it is one. ``managed_by`` is the integration's own word for how its stock is written.
    ``marketplace`` is the variant it is sold on, empty where the cart does not tell; ``currency`` is what it is priced in, which
    leaves few variants."""

    external_id: str
    sku: str
    quantity: int
    title: str = ""
    marketplace: str = ""
    managed_by: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class StockUpdate:
    """Set this listing's figure. Absolute, so sending it twice does no harm."""

    external_id: str
    sku: str
    quantity: int
    managed_by: str = ""


@dataclass(frozen=True, slots=True)
class StockResult:
    """``managed_by`` is what the listing turned out to be (it may have flipped); ``problem`` is empty on success.

    ``retry``: what became of it is not known, or asking again may help. ``unsure``: it was refused, yet a part of it was taken.
    """

    external_id: str
    done: bool
    managed_by: str = ""
    problem: str = ""
    retry: bool = False
    unsure: bool = False


# --------------------------------------------------------------------------------------------------------------------- the wire


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call and its answer, for the trail. Secrets are masked before it is made.

    ``challenge`` is the answer's WWW-Authenticate, by which a password in front of the API is told from a refused token.
    """

    method: str
    url: str
    resource: str
    status: int | None
    request_id: str
    sent_at: datetime
    seconds: float
    request_body: str = ""
    response_body: str = ""
    error: str = ""
    server_time: datetime | None = None
    budget: tuple[int, datetime] | None = None
    challenge: str = ""


class Wire(Protocol):
    """What the engine gives a client: a token, permission for each call, and an ear for what came of it."""

    def token(self, *, instead_of: str = "") -> str:
        """A valid access token; ``instead_of`` names one that the provider has just refused. Raises an Outcome."""

    def before_call(self, resource: str, *, write: bool) -> None:
        """Called immediately before the socket is written. Raises RetryLater where quota, breaker or lease forbid the call."""

    def after_call(self, exchange: Exchange) -> None:
        """Called once for each answer, or lack of one."""


# ---------------------------------------------------------------------------------------------------------------- the two roles

TOO_LATE = "too_late"  # the code of a refusal: the warehouse has begun what cannot be called back


class Cart(Protocol):
    """An order source on one account. Every method may raise an Outcome; a write raises Ambiguous when its result is unknown."""

    def orders_in(self, window: Window, *, offset: int = 0, seen: Seen = nothing_seen) -> Page[OrderRecord | MalformedRecord]:
        """Orders modified in the window, from ``offset``; one page. The engine splits windows until each fits one page.

        A cart whose listing tells all of an order asks ``seen`` and leaves out what is known; one whose orders are pieced
        together from several calls need not ask.
        """

    def order(self, external_id: str) -> OrderRecord | MalformedRecord:
        """One order with all that only its own call tells. Raises Rejected(code="not_found")."""

    def find(self, number: str) -> tuple[str, ...]:
        """The ids of the orders with exactly this number, as the shopper knows it. Where the number is the id nobody is asked, so
        that id may be of no order."""

    def shipments_of(self, external_id: str) -> tuple[CartShipment, ...]:
        """Every package the cart shows for the order."""

    def upload_shipment(self, upload: ShipmentUpload, *, key: str) -> CartShipment:
        """Tell the cart about one package. Returns it as the cart keeps it: its id, and the carrier it stands under."""

    def change_shipment(self, shipment_id: str, upload: ShipmentUpload, *, key: str) -> CartShipment:
        """Let a package that the cart has say another carrier or tracking. Asked only where ``CartSide.amends``."""

    def withdraw_shipment(self, shipment_id: str, *, key: str) -> None:
        """Take a package back; one that is gone already is fine. Asked only where ``CartSide.amends``."""

    def listings(self, *, page: int = 1) -> Page[ListingRecord]:
        """What the account sells, for the SKU map."""

    def set_stock(self, updates: Sequence[StockUpdate]) -> tuple[StockResult, ...]:
        """Set figures, one result each, in order. At most ``CartSide.stock_batch`` at once."""


class Warehouse(Protocol):
    """An order destination and stock source on one account."""

    def find_customer(self, cart: CartIdentity) -> str | None:
        """The id of the customer that stands for the cart, if it was made."""

    def make_customer(self, cart: CartIdentity, *, key: str) -> str:
        """Make that customer. ``key`` is an idempotency key."""

    def find_orders(self, ref: str) -> tuple[RemoteOrder, ...]:
        """Every order there with exactly this reference, void ones too."""

    def check(self, delivery: Delivery) -> None:
        """Raise Rejected or NeedsMerchant where the order could not be sent as it is. Calls nobody."""

    def send_order(self, delivery: Delivery, *, key: str) -> RemoteOrder:
        """Create the order. ``key`` is an idempotency key."""

    def finish_order(self, remote_id: str, delivery: Delivery, *, key: str) -> str:
        """Do what the settings ask beyond creating the order (invoice, payment), for one that was found after a doubt. Returns
        what went wrong in words, or nothing. Never does anything twice under the same key."""

    def void_order(self, remote_id: str, *, key: str) -> None:
        """Void it there; one that is void already is fine. Raises Rejected(code=TOO_LATE) where it is packed or has left."""

    def change_order(self, remote_id: str, delivery: Delivery, *, key: str) -> RemoteOrder:
        """Make the order there be as the delivery says: address, shipping method, note and lines. Returns how it is then, with
        ``line_ids`` where they can be told.

        Says how it is to be, and does nothing where it is so already, so that it may be called again after any answer: what is
        there is read before a line is added. Where a part is packed or has left, lines may still come, go and change as far as
        no packed unit is taken out, and nothing else may. Raises Rejected where the warehouse no longer takes it (code=TOO_LATE
        where that is because of packages) or cannot do it.
        """

    def orders_changed_in(self, window: Window, *, offset: int = 0) -> Page[RemoteOrder]:
        """Orders there that changed in the window (ours and others')."""

    def shipments_in(self, window: Window, *, offset: int = 0) -> Page[ShipmentRecord]:
        """Packages that changed in the window."""

    def item(self, sku: str) -> tuple[StockRecord, ...]:
        """Every item there with exactly this SKU: none, one, or more (which is a Problem)."""

    def items(self, *, page: int = 1) -> Page[StockRecord]:
        """The catalogue, with SKUs."""

    def stock(self, *, page: int = 1) -> Page[StockRecord]:
        """The levels only; ``sku`` may be empty."""


# ------------------------------------------------------------------------------------------------------------------ declarations


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting of a cart or warehouse.

    ``kind`` is text, integer, flag, choice, choices, location (picked), location_id (typed or picked) or locations.
    ``step`` names the step of the guide that explains it. ``choices`` are (value, label).
    """

    name: str
    label: str
    kind: str
    default: Any = ""
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    required: bool = False
    step: str = ""


# For a cart that tells when a buyer only asks.
VOID_WHEN_ASKED = SettingField(
    "void_when_asked",
    "Void at the warehouse as soon as a buyer asks to cancel",
    "flag",
    False,
    "Otherwise an order that is at the warehouse stays there until you have answered the buyer.",
    step="cancels",
)


@dataclass(frozen=True, slots=True)
class Quota:
    """What one application may call in a day, over all merchants, by resource; ``reset_zone`` is whose midnight counts."""

    per_day: Mapping[str, int]
    reset_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Variant:
    """What a cart can be chosen from, such as eBay's marketplaces. ``language`` is as its people call it."""

    code: str
    name: str
    country: str = ""
    currency: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number of a line or listing that may name the product, which a merchant chooses for each cart.

    ``of(sku, listing_id, variation_id)`` is that number, empty where there is none. ``value`` is kept, empty for the SKU.
    """

    value: str
    label: str
    of: Callable[[str, str, str], str]
    help: str = ""


SKU = Identifier("", "SKU", lambda sku, listing_id, variation_id: sku)


@dataclass(frozen=True, slots=True)
class CartSide:
    """What an integration can do as a cart. ``open(wire, settings, facts)`` makes the client.

    ``variants`` are what a cart is chosen from (eBay's marketplaces); empty where there is nothing to choose. ``identifiers`` are
    what may name a product; the first one does unless another is chosen.
    ``order_url(external_id)`` is the address of an order for a person. ``normal_tracking`` is how the cart will show a tracking
    number. ``stock_batch`` 0 means no stock upload; ``stock_changes`` is how often a day one listing may be told its stock.
    ``carriers`` are the codes of the carriers that it knows, empty where it takes any name; ``carrier_code`` finds the one that a
    warehouse's name means, or the word for a stranger.

    What a cart does with packages: ``amends``, one that it has can be changed and taken back; ``counts_units``, those of an order
    may not name more units of a line than were ordered; ``number_names_package``, it keeps one package of a tracking number.
    """

    open: Callable[[Wire, Mapping[str, Any], Mapping[str, Any]], Cart]
    fields: tuple[SettingField, ...]
    services: tuple[str, ...]
    order_url: Callable[[str], str]
    variants: tuple[Variant, ...] = ()
    stock_batch: int = 1
    stock_changes: int = 250
    normal_tracking: Callable[[str], str] = str
    carriers: tuple[str, ...] = ()
    carrier_code: Callable[[str], str] = str
    amends: bool = False
    counts_units: bool = True
    number_names_package: bool = False
    identifiers: tuple[Identifier, ...] = (SKU,)

    def identifier(self, value: str) -> Identifier:
        return next((each for each in self.identifiers if each.value == value), self.identifiers[0])

    def variant(self, code: str) -> Variant | None:
        return next((each for each in self.variants if each.code == code), None)


@dataclass(frozen=True, slots=True)
class WarehouseSide:
    """What an integration can do as a warehouse.

    ``number_limit`` is the longest order number it takes, ``address_limits`` the longest that the fields of an address may be.
    ``open`` None: the portal keeps this warehouse itself, in rows of its own. ``tells``: it says by itself that something has
    changed, and its lists hold at once what was written; so it need not be asked often, nor be given time to show a change.
    """

    open: Callable[[Wire, Mapping[str, Any], Mapping[str, Any]], Warehouse] | None
    fields: tuple[SettingField, ...]
    services: tuple[str, ...]
    order_url: Callable[[str], str]
    number_limit: int = 255
    address_limits: Mapping[str, int] = field(default_factory=dict)
    stock_page_seconds: float = 0.0
    tells: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """Whose account a grant opened.

    ``facts`` are what the integration wants to remember of it; ``locations`` (dicts with id and label), ``currencies`` (ISO
    codes) and ``default_currency`` mean the same everywhere. ``lacks`` names, for a person, what the access does not allow of
    what we need.
    """

    external_id: str
    name: str
    user_id: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Integration:
    """One outside system, as this installation is set up for it.

    Each integration's folder has ``integration.py`` with ``integration(environment: Mapping[str, str]) -> Integration``.

    Args:
        environment: ``production``, ``sandbox`` or ``simulator``: accounts of one are unknown in another.
        grant: how access is granted; None where nobody is called, so that there is nothing to grant.
        account: asks whose account a token opens, and the facts about it; None where there is no grant.
        processing_seconds: the longest that a write may take to show.
        rights: reads that cost nothing and fail where the access does not allow what we need, each by what it stands for.
        trouble: a sentence when this installation cannot use the integration (no application registered), else empty.
        guide: the setup guide, in Markdown, with a heading ``{#step}`` for each step that a settings field names.
    """

    slug: str
    name: str
    environment: str
    grant: Grant | None
    account: Callable[[Wire], Account] | None
    processing_seconds: float = 60.0
    rights: tuple[tuple[str, Callable[[Wire], None]], ...] = ()
    trouble: str = ""
    cart: CartSide | None = None
    warehouse: WarehouseSide | None = None
    quota: Quota | None = None
    guide: Path | None = None

    @property
    def kept_here(self) -> bool:
        """Nobody is called: it only declares, and its rows and pages are the portal's own."""
        return self.grant is None

    def granted(self) -> Grant:
        """How access is granted. LookupError where nobody is called."""
        if self.grant is None:
            raise LookupError(f"nothing is granted at {self.slug}")
        return self.grant

    def account_of(self, wire: Wire) -> Account:
        """Whose account the wire's token opens. Raises an Outcome, and LookupError where nobody is called."""
        if self.account is None:
            raise LookupError(f"{self.slug} has no accounts")
        return self.account(wire)
