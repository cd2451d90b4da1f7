"""Making an order as a shopper's checkout would."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.simulation import Document

from .cancelling import NOT_CANCELLED, ask_to_cancel
from .formats import amount, moment, stamp
from .marketplaces import SITES, Site
from .orderbook import Kept
from .world import World

_CENT = Decimal("0.01")
_FEE = Decimal("0.12")
_HUBS = {  # where eBay's forwarders take parcels in
    "EBAY_GB": ("Unit 1 Mercer Way", "Lichfield", "Staffordshire", "WS13 8SS", "GB"),
    "EBAY_US": ("1850 Airport Exchange Pkwy", "Glendale Heights", "IL", "60139", "US"),
}
_COLLECTED = {  # country of delivery: tax eBay collects itself, its rate, the number to print
    "US": ("STATE_SALES_TAX", Decimal("0.0725"), None),
    "AU": ("GST", Decimal("0.10"), ("ABN", "64652016681")),
    "NZ": ("GST", Decimal("0.15"), ("GST", "IRD#126-101-678")),
    "NO": ("VAT", Decimal("0.25"), ("VOEC", "2024926")),
    "GB": ("VAT", Decimal("0.20"), ("IOSS", "GB 365 6085 76 000")),
}
_EU = ("VAT", Decimal("0.20"), ("IOSS", "IM2760000742"))


@dataclass(frozen=True)
class Sold:
    """One line as it was sold."""

    listing_id: str
    sku: str
    title: str
    quantity: int
    price: Decimal
    marketplace: str
    aspects: dict[str, str]
    variation_id: str

    @property
    def cost(self) -> Decimal:
        return self.price * self.quantity


def place(world: World, wanted: Document) -> Kept:
    """Place an order, lower what its listings show, and note it in the ledger.

    ``{seller, marketplace, lines: [{sku, quantity, price, title}], currency, payment, country, service, carrier, note,
    shipping, discount, collect_and_remit, gsp, cancel_requested, created_at, buyer, overrides}``; all but seller and lines
    have defaults. ``buyer`` is ``{username, name, street, city, state, postcode, phone}``; ``overrides`` is laid over the
    finished document, dict by dict.
    """
    world.members.ensure(wanted["seller"])
    with world.store.lock:
        lines = [_sell(world, wanted, line) for line in wanted["lines"]]
        document = laid_over(_Checkout(world, wanted, lines).order(), wanted.get("overrides") or {})
        kept = world.orders.add(document)
        world.ledger.record(
            "order_created",
            kept.id,
            seller=wanted["seller"],
            status=document["orderPaymentStatus"],
            lines=[{"sku": line.sku, "quantity": line.quantity} for line in lines],
        )
    return kept


def laid_over(below: Any, above: Any) -> Any:
    """``above`` over ``below``, dict by dict; a None above takes the key away."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    merged = {**below, **{key: laid_over(below.get(key), value) for key, value in above.items()}}
    return {key: value for key, value in merged.items() if value is not None}


def _sell(world: World, wanted: Document, line: Document) -> Sold:
    marketplace = wanted.get("marketplace", "EBAY_US")
    sku, quantity = line.get("sku") or "", int(line.get("quantity", 1))
    found = world.listings.find(wanted["seller"], sku, marketplace) if sku else None
    if found is None:
        return Sold(
            listing_id=str(256_900_000_000 + world.store.next_id("unlisted")),
            sku=sku,
            title=line.get("title") or f"Item {sku}".strip(),
            quantity=quantity,
            price=Decimal(str(line.get("price", "10.00"))),
            marketplace=marketplace,
            aspects={},
            variation_id="",
        )
    listing, unit = found
    world.listings.sell(listing, unit, quantity)
    return Sold(
        listing_id=listing["item_id"],
        sku=sku,
        title=line.get("title") or listing["title"],
        quantity=quantity,
        price=Decimal(str(line.get("price") or unit["price"])),
        marketplace=listing["marketplace"],
        aspects=unit["aspects"],
        variation_id=unit["variation_id"] if listing["has_variations"] else "",
    )


class _Checkout:
    """The arithmetic and the documents of one order."""

    def __init__(self, world: World, wanted: Document, lines: list[Sold]) -> None:
        self.world, self.wanted, self.lines = world, wanted, lines
        self.marketplace: str = wanted.get("marketplace", "EBAY_US")
        self.site: Site = SITES[self.marketplace]
        self.currency: str = wanted.get("currency") or self.site.currency
        self.country: str = wanted.get("country") or self.site.country
        self.number = world.store.next_id("order_number")
        self.created = _moment(wanted.get("created_at")) or world.clock.now()
        self.paid = wanted.get("payment", "PAID") != "PENDING"
        self.shipping = Decimal(str(wanted.get("shipping", "0")))
        self.discount = Decimal(str(wanted.get("discount", "0")))
        self.subtotal = sum((line.cost for line in lines), Decimal(0))
        self.total = self.subtotal - self.discount + self.shipping
        self.taxes = [self._collected(line) for line in lines]

    def order(self) -> Document:
        order_id = _order_id(self.number)
        person = self._person()
        order: Document = {
            "orderId": order_id,
            "legacyOrderId": order_id,
            "creationDate": stamp(self.created),
            "lastModifiedDate": stamp(self.created),
            "orderFulfillmentStatus": "NOT_STARTED",
            "orderPaymentStatus": self.wanted.get("payment", "PAID"),
            "sellerId": self.wanted["seller"],
            "buyer": self._buyer(person),
            "pricingSummary": self._pricing(),
            "cancelStatus": dict(NOT_CANCELLED),
            "paymentSummary": self._payment(),
            "fulfillmentStartInstructions": [self._instruction(person)],
            "fulfillmentHrefs": [],
            "lineItems": [self._line(at, line) for at, line in enumerate(self.lines)],
            "salesRecordReference": str(1000 + self.number),
            "totalFeeBasisAmount": self._money(self.total),
            "totalMarketplaceFee": self._money(self._fee()),
        }
        if self.wanted.get("note"):
            order["buyerCheckoutNotes"] = self.wanted["note"]
        if any(self.taxes):
            order["ebayCollectAndRemitTax"] = True
        if self.wanted.get("gsp") and self.marketplace == "EBAY_US":
            order["program"] = {"ebayInternationalShipping": {"returnsManagedBy": "EBAY"}}
        if self.wanted.get("cancel_requested"):
            ask_to_cancel(order, str(5_360_000_000 + self.number), stamp(self.created))
        return order

    def _money(self, value: Decimal) -> Document:
        return amount(value, self.currency)

    def _fee(self) -> Decimal:
        return (self.total * _FEE).quantize(_CENT, ROUND_HALF_UP)

    def _person(self) -> Document:
        """Who buys: as told, else somebody who lives where the parcel goes."""
        told = self.wanted.get("buyer") or {}
        home = next((site for site in SITES.values() if site.country == self.country), self.site)
        street, city, state, postcode = home.places[self.number % len(home.places)]
        name = home.names[self.number % len(home.names)]
        return {
            "username": told.get("username", f"buyer_{self.number}"),
            "name": told.get("name", name),
            "phone": told.get("phone", f"+{1_000_000_0000 + self.number}"),
            "email": f"{self.number:08x}@members.ebay.com",
            "address": _address(
                told.get("street", street),
                told.get("city", city),
                told.get("state", state),
                told.get("postcode", postcode),
                self.country,
            ),
        }

    def _buyer(self, person: Document) -> Document:
        address = person["address"]
        tax_address = {part: text for part, text in address.items() if not part.startswith("addressLine")}
        buyer = {
            "username": person["username"],
            "taxAddress": tax_address,
            "buyerRegistrationAddress": {
                "fullName": person["name"],
                "contactAddress": address,
                "primaryPhone": {"phoneNumber": person["phone"]},
                "email": person["email"],
            },
        }
        if self.country in ("IT", "ES", "GT"):
            kind = {"IT": "CODICE_FISCALE", "ES": "DNI", "GT": "NIT"}[self.country]
            buyer["taxIdentifier"] = {
                "taxpayerId": f"X{self.number:08d}",
                "taxIdentifierType": kind,
                "issuingCountry": self.country,
            }
        return buyer

    def _pricing(self) -> Document:
        pricing = {"priceSubtotal": self._money(self.subtotal)}
        if self.discount:
            pricing["priceDiscount"] = self._money(-self.discount)
        pricing["deliveryCost"] = self._money(self.shipping)
        pricing["total"] = self._money(self.total)
        return pricing

    def _payment(self) -> Document:
        """What the seller gets is net of fees, and not what the buyer pays."""
        net = self._money(self.total - self._fee())
        payment = {"paymentMethod": "EBAY", "paymentReferenceId": f"420004_{self.number}", "amount": net}
        if self.paid:
            payment |= {"paymentDate": stamp(self.created), "paymentStatus": "PAID"}
        else:
            payment |= {"paymentStatus": "PENDING"}
        return {"totalDueSeller": net, "refunds": [], "payments": [payment]}

    def _instruction(self, person: Document) -> Document:
        service, carrier, _ = self.site.services[self.number % len(self.site.services)]
        if self.wanted.get("service"):
            service, carrier = self.wanted["service"], ""
        carrier = self.wanted.get("carrier", carrier)
        step: Document = {"shipTo": self._ship_to(person)}
        if carrier:
            step["shippingCarrierCode"] = carrier
        step["shippingServiceCode"] = service
        instruction: Document = {
            "fulfillmentInstructionsType": "SHIP_TO",
            **self._delivery_dates(),
            "ebaySupportedFulfillment": bool(self.wanted.get("gsp")),
            "shippingStep": step,
        }
        if self.wanted.get("gsp"):
            step["shipToReferenceId"] = f"{self.number:016d}"
            instruction["finalDestinationAddress"] = person["address"]
        return instruction

    def _ship_to(self, person: Document) -> Document:
        address = person["address"]
        if self.wanted.get("gsp"):
            address = _address(*_HUBS.get(self.marketplace, _HUBS["EBAY_GB"]))
        return {
            "fullName": person["name"],
            "contactAddress": address,
            "primaryPhone": {"phoneNumber": person["phone"]},
            "email": person["email"],
        }

    def _delivery_dates(self) -> Document:
        return {
            "minEstimatedDeliveryDate": stamp(self.created + timedelta(days=3)),
            "maxEstimatedDeliveryDate": stamp(self.created + timedelta(days=6)),
        }

    def _line(self, at: int, line: Sold) -> Document:
        discount, shipping = self._shares()[at], self.shipping if at == 0 else Decimal(0)
        document: Document = {
            "lineItemId": str(10_000_000_000_000 + self.number * 100 + at),
            "legacyItemId": line.listing_id,
            "title": line.title,
            "lineItemCost": self._money(line.cost),
            "quantity": line.quantity,
            "soldFormat": "FIXED_PRICE",
            "listingMarketplaceId": line.marketplace,
            "purchaseMarketplaceId": self.marketplace,
            "lineItemFulfillmentStatus": "NOT_STARTED",
            "total": self._money(line.cost - discount + shipping),
            "deliveryCost": {"shippingCost": self._money(shipping)},
            "appliedPromotions": [],
            "taxes": [],
            "properties": {"buyerProtection": True},
            "lineItemFulfillmentInstructions": {
                **self._delivery_dates(),
                "shipByDate": stamp(self.created + timedelta(days=2)),
                "guaranteedDelivery": False,
            },
            "itemLocation": {"location": self.site.places[0][1], "countryCode": self.site.country},
        }
        if line.sku:
            document["sku"] = line.sku
        if line.variation_id:
            document["legacyVariationId"] = line.variation_id
            document["variationAspects"] = [{"name": name, "value": text} for name, text in line.aspects.items()]
        if discount:
            document["discountedLineItemCost"] = self._money(line.cost - discount)
            document["appliedPromotions"] = [
                {
                    "discountAmount": self._money(discount),
                    "promotionId": "15327109101",
                    "description": "Save on multiple items",
                }
            ]
        if self.taxes[at]:
            document["ebayCollectAndRemitTaxes"] = self.taxes[at]
        return document

    def _shares(self) -> list[Decimal]:
        """Each line's part of the discount, to the cent; the last takes what is left."""
        shares: list[Decimal] = []
        for line in self.lines[:-1]:
            part = self.discount * line.cost / self.subtotal if self.subtotal else Decimal(0)
            shares.append(part.quantize(_CENT, ROUND_HALF_UP))
        return [*shares, self.discount - sum(shares, Decimal(0))]

    def _collected(self, line: Sold) -> list[Document]:
        if not self.wanted.get("collect_and_remit"):
            return []
        kind, rate, number = _COLLECTED.get(self.country, _EU)
        tax: Document = {
            "taxType": kind,
            "amount": self._money((line.cost * rate).quantize(_CENT, ROUND_HALF_UP)),
            "collectionMethod": "NET",
        }
        if number:
            tax["ebayReference"] = {"name": number[0], "value": number[1]}
        return [tax]


def _address(street: str, city: str, state: str, postcode: str, country: str) -> Document:
    address = {"addressLine1": street, "city": city}
    if state:
        address["stateOrProvince"] = state
    return {**address, "postalCode": postcode, "countryCode": country}


def _moment(text: str | None) -> datetime | None:
    return moment(text) if text else None


def _order_id(number: int) -> str:
    digits = f"{(number * 7_654_321_987 + 123_456_789_012) % 10**12:012d}"  # a step prime to 10 never repeats
    return f"{digits[:2]}-{digits[2:7]}-{digits[7:]}"
