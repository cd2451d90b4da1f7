"""Orders as eBay tells them, against everything that was recorded and much that was not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.contract import Cancel, Fulfilment, MalformedRecord, OrderRecord, Payment
from integrations.ebay import mapping
from integrations.ebay.reading import Malformed
from tests.contracts import NEEDS_CONTRACTS
from tests.ebay.samples import a_line, an_order, eur, instruction, recorded, recorded_orders, sample

ZERO = Decimal(0)


def read(payload: Any) -> OrderRecord:
    record = mapping.order(payload)
    assert isinstance(record, OrderRecord), record
    return record


def malformed(payload: Any) -> MalformedRecord:
    record = mapping.order(payload)
    assert isinstance(record, MalformedRecord)
    return record


def adds_up(order: OrderRecord) -> bool:
    return order.items - order.discount + order.shipping + order.tax + order.adjustment == order.total


# ----------------------------------------------------------------------------------------------------------------- as recorded


@NEEDS_CONTRACTS
def test_every_recorded_order_is_read_and_its_figures_add_up() -> None:
    orders = [read(payload) for payload in recorded_orders()]
    assert len(orders) >= 8
    assert [order.number for order in orders if not adds_up(order)] == []
    assert [order.number for order in orders if sum(line.total for line in order.lines) != order.items - order.discount] == []
    assert all(order.placed_at.tzinfo is UTC and order.modified_at >= order.placed_at for order in orders)
    assert all(order.raw["orderId"] == order.external_id == order.number for order in orders)


@NEEDS_CONTRACTS
def test_a_discount_is_taken_off_once() -> None:
    order = read(recorded("12-15199-57289"))
    assert (order.items, order.discount, order.shipping) == (Decimal("264.8"), Decimal("13.24"), Decimal("4.95"))
    assert (order.tax, order.total, order.currency) == (ZERO, Decimal("256.51"), "EUR")
    assert [(line.quantity, line.unit_price, line.total) for line in order.lines] == [
        (4, Decimal("30.55"), Decimal("116.12")),
        (4, Decimal("35.65"), Decimal("135.44")),
    ]
    assert order.fulfilment is Fulfilment.FULL
    assert all(line.fulfilled for line in order.lines)
    assert order.shipments == ("0100000000035", "0100000000034")


@NEEDS_CONTRACTS
def test_what_the_seller_is_paid_is_not_what_the_order_costs() -> None:
    order = read(recorded("06-15211-22068"))
    assert order.total == Decimal("75.28")  # totalDueSeller and the payment say 63.09
    assert (order.marketplace, order.lines[0].marketplace) == ("EBAY_DE", "EBAY_DE")
    assert (order.lines[0].listing_id, order.lines[0].variation_id) == ("406355941732", "676681368422")
    assert (order.shipping_carrier, order.shipping_method) == ("DPD", "DE_DPDClassic")
    assert order.ship_by == datetime(2026, 9, 24, 21, 59, 59, tzinfo=UTC)


@NEEDS_CONTRACTS
def test_tax_that_ebay_collects_is_not_in_the_total_unless_ebay_put_it_there() -> None:
    now = read(recorded("03-14798-73169"))
    assert (now.total, now.tax, now.lines[0].tax) == (Decimal("120.0"), ZERO, ZERO)
    then = read(recorded("08-06107-09621"))
    assert (then.total, then.tax, then.lines[0].tax) == (Decimal("41.8"), Decimal("2.8"), Decimal("2.8"))


@NEEDS_CONTRACTS
def test_an_old_order_has_a_place_but_no_person() -> None:
    order = read(recorded("23-11818-70220"))
    assert order.ship_to is not None
    assert (order.ship_to.name, order.ship_to.line1, order.ship_to.city) == ("", "", "North Brunswick")
    assert order.unshippable == ""
    assert order.note.startswith("Item Id: 355590382026\nBuyer's Vehicle: ")
    assert order.lines[0].marketplace == "EBAY_MOTORS_US"
    assert order.marketplace == "EBAY_US"
    assert order.shipping_carrier == ""


@NEEDS_CONTRACTS
def test_a_line_without_a_sku_is_read_all_the_same() -> None:
    assert read(recorded("04-12087-72462")).lines[0].sku == ""


@NEEDS_CONTRACTS
def test_a_refund_changes_the_payment_and_neither_the_total_nor_the_cancellation() -> None:
    order = read(recorded("12-11784-92982"))
    assert (order.payment, order.cancel) == (Payment.REFUNDED, Cancel.NONE)
    assert order.total == Decimal("143.98")


@NEEDS_CONTRACTS
def test_a_refund_that_stands_at_the_order_and_at_its_line_is_one() -> None:
    (refund,) = read(recorded("12-11784-92982")).refunds
    at = datetime(2024, 7, 31, 1, 30, 32, tzinfo=UTC)
    assert (refund.external_id, refund.amount, refund.at, refund.done) == ("5341241417", Decimal("122.31"), at, True)


def test_a_refund_of_two_lines_is_one_with_what_both_come_to() -> None:
    refunded = {"refundId": "R1", "refundDate": "2026-11-21T10:00:00.000Z"}
    lines = [a_line(lineItemId=str(at), refunds=[{**refunded, "amount": eur("4.5")}]) for at in (1, 2)]
    (refund,) = read(an_order(lineItems=lines)).refunds
    assert (refund.external_id, refund.amount, refund.done) == ("R1", Decimal("9.0"), True)


@pytest.mark.parametrize(
    ("told", "amount", "done", "reason"),
    [
        ({"amount": eur("3.0"), "refundStatus": "PENDING"}, Decimal("3.0"), False, ""),
        ({"amount": eur("3.0"), "refundStatus": "FAILED"}, Decimal("3.0"), False, "failed at eBay"),
        ({"amount": {"value": "3.0", "currency": "GBP"}, "refundStatus": "REFUNDED"}, None, True, ""),
        ({"refundStatus": "REFUNDED"}, None, True, ""),
    ],
)
def test_a_refund_says_how_far_it_is_and_never_stops_its_order(told: Any, amount: Any, done: bool, reason: str) -> None:
    (refund,) = read(an_order(paymentSummary={"refunds": [{"refundId": "R1", **told}]})).refunds
    assert (refund.amount, refund.done, refund.reason, refund.at) == (amount, done, reason, None)


@NEEDS_CONTRACTS
@pytest.mark.parametrize("name", ["cancelStatus_canceled_getOrder", "cancelStatus_canceled_getOrders"])
def test_a_recorded_cancellation_is_read(name: str) -> None:
    assert read(an_order(cancelStatus=sample("order_fragments.json")[name])).cancel is Cancel.CANCELED


@NEEDS_CONTRACTS
def test_an_international_parcel_goes_to_the_hub_under_its_reference() -> None:
    order = read(
        an_order(fulfillmentStartInstructions=sample("order_fragments.json")["eis_fulfillmentStartInstructions_SYNTHETIC"])
    )
    assert order.ship_to is not None
    assert (order.ship_to.city, order.ship_to.country) == ("Glendale Heights", "US")
    assert order.ship_to.reference == "Reference #1234567890123456"


@NEEDS_CONTRACTS
def test_a_tax_breakdown_adds_up_with_its_fee() -> None:
    fragments = sample("order_fragments.json")
    usd = {"value": "263.0", "currency": "USD"}
    line = a_line(quantity=1, lineItemCost=usd, **fragments["tax_breakdown_lineItem"])
    order = read(an_order(pricingSummary=fragments["tax_breakdown_pricingSummary"], lineItems=[line]))
    assert adds_up(order)
    assert (order.tax, order.adjustment, order.total) == (Decimal("24.33"), Decimal("6.0"), Decimal("294.33"))
    assert order.lines[0].tax == order.tax


# --------------------------------------------------------------------------------------------------------------------- figures


@pytest.mark.parametrize(("told", "counts"), [("1.5", "-1.5"), ("-1.5", "-1.5")])
def test_an_adjustment_has_the_sign_that_adds_up(told: str, counts: str) -> None:
    pricing = {"priceSubtotal": eur("20.0"), "adjustment": eur(told), "total": eur("18.5")}
    order = read(an_order(pricingSummary=pricing))
    assert order.adjustment == Decimal(counts)
    assert adds_up(order)


def test_figures_that_do_not_add_up_stay_as_they_were_told() -> None:
    order = read(an_order(pricingSummary={"priceSubtotal": eur("20.0"), "total": eur("23.0")}))
    assert not adds_up(order)
    assert (order.items, order.adjustment, order.total) == (Decimal(20), ZERO, Decimal(23))


def test_money_that_was_converted_for_the_seller_counts_as_it_was_before() -> None:
    converted = {"value": "21.23", "currency": "GBP", "convertedFromValue": "24.5", "convertedFromCurrency": "EUR"}
    pricing = {**an_order()["pricingSummary"], "total": converted}
    order = read(an_order(pricingSummary=pricing))
    assert (order.currency, order.total) == ("EUR", Decimal("24.5"))
    assert adds_up(order)


def test_money_of_another_currency_is_malformed() -> None:
    line = a_line(lineItemCost={"value": "20.0", "currency": "USD"})
    assert malformed(an_order(lineItems=[line])).path == "$.lineItems[0].lineItemCost.currency"


def test_a_cost_that_does_not_divide_evenly_keeps_six_decimals() -> None:
    line = a_line(quantity=3, lineItemCost=eur("10.0"))
    assert read(an_order(lineItems=[line])).lines[0].unit_price == Decimal("3.333333")


CENTS = st.integers(0, 10_000_000).map(lambda cents: Decimal(cents) / 100)


@given(st.lists(st.tuples(CENTS, st.integers(1, 999), CENTS), min_size=1, max_size=6), CENTS, CENTS, CENTS, CENTS)
def test_whatever_the_figures_are_they_add_up_and_the_lines_agree(
    sold: list[tuple[Decimal, int, Decimal]], delivery: Decimal, off: Decimal, tax: Decimal, adjustment: Decimal
) -> None:
    lines, discounts = [], Decimal(0)
    for number, (cost, quantity, wish) in enumerate(sold):
        discount = min(wish, cost)
        discounts += discount
        line = a_line(lineItemId=str(number), quantity=quantity, lineItemCost=eur(str(cost)))
        lines.append({**line, "discountedLineItemCost": eur(str(cost - discount))} if discount else line)
    off = min(off, delivery)
    subtotal = sum((cost for cost, _quantity, _wish in sold), Decimal(0))
    total = subtotal - discounts + delivery - off + tax - adjustment
    pricing = {
        "priceSubtotal": eur(str(subtotal)),
        "priceDiscount": eur(str(-discounts)),
        "deliveryCost": eur(str(delivery)),
        "deliveryDiscount": eur(str(-off)),
        "tax": eur(str(tax)),
        "adjustment": eur(str(adjustment)),
        "total": eur(str(total)),
    }
    order = read(an_order(pricingSummary=pricing, lineItems=lines))
    assert adds_up(order)
    assert order.total == total
    assert sum(line.total for line in order.lines) == order.items - order.discount
    for read_line, (cost, quantity, _wish) in zip(order.lines, sold, strict=True):
        assert abs(read_line.unit_price * quantity - cost) < Decimal("0.005")


# ---------------------------------------------------------------------------------------------------------------- the rest of it


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("PAID", Payment.PAID),
        ("PENDING", Payment.PENDING),
        ("FAILED", Payment.FAILED),
        ("FULLY_REFUNDED", Payment.REFUNDED),
        ("PARTIALLY_REFUNDED", Payment.PARTIALLY_REFUNDED),
    ],
)
def test_payments(status: str, meaning: Payment) -> None:
    assert read(an_order(orderPaymentStatus=status)).payment is meaning


@pytest.mark.parametrize(
    ("state", "meaning"), [("NONE_REQUESTED", Cancel.NONE), ("IN_PROGRESS", Cancel.ASKED), ("CANCELED", Cancel.CANCELED)]
)
def test_cancellations(state: str, meaning: Cancel) -> None:
    assert read(an_order(cancelStatus={"cancelState": state})).cancel is meaning


@pytest.mark.parametrize(
    ("status", "meaning"),
    [("NOT_STARTED", Fulfilment.NONE), ("IN_PROGRESS", Fulfilment.PARTIAL), ("FULFILLED", Fulfilment.FULL)],
)
def test_fulfilment(status: str, meaning: Fulfilment) -> None:
    assert read(an_order(orderFulfillmentStatus=status)).fulfilment is meaning


@pytest.mark.parametrize(
    ("instructions", "reason"),
    [
        ([instruction()], ""),
        ([instruction(fulfillmentInstructionsType="SELLER_DEFINED")], ""),
        ([instruction(fulfillmentInstructionsType="DIGITAL")], "digital"),
        (
            [{"fulfillmentInstructionsType": "PREPARE_FOR_PICKUP", "pickupStep": {"merchantLocationKey": "s"}}],
            "picked up in person",
        ),
        ([instruction(fulfillmentInstructionsType="PREPARE_FOR_PICKUP", pickupStep={})], "picked up in person"),
        ([instruction(fulfillmentInstructionsType="PREPARE_FOR_PICKUP")], ""),  # Click and Collect: shipped to the store
        ([{"fulfillmentInstructionsType": "FULFILLED_BY_EBAY"}], "fulfilled by eBay"),
        ([{"fulfillmentInstructionsType": "SHIP_TO"}], "no delivery address"),
        ([{"fulfillmentInstructionsType": "SHIP_TO", "shippingStep": {"shippingServiceCode": "X"}}], "no delivery address"),
        ([], "no delivery address"),
        (None, "no delivery address"),
        ([{"fulfillmentInstructionsType": "DIGITAL"}, instruction()], ""),
    ],
)
def test_what_there_is_to_ship(instructions: Any, reason: str) -> None:
    order = read(an_order(fulfillmentStartInstructions=instructions))
    assert order.unshippable == reason
    assert reason or order.ship_to is not None


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ({"fulfillmentProgram": {"fulfilledBy": "EBAY"}}, "fulfilled by eBay"),
        ({"ebayVault": {"fulfillmentType": "VAULT_TO_VAULT"}}, "shipped from the eBay vault"),
        ({"ebayVault": {"fulfillmentType": "Vault to Buyer"}}, "shipped from the eBay vault"),
        ({"ebayVault": {"fulfillmentType": "SELLER_TO_VAULT"}}, ""),
        ({"authenticityVerification": {"status": "PENDING"}}, ""),
        ({"ebayInternationalShipping": {"returnsManagedBy": "EBAY"}}, ""),
    ],
)
def test_who_ships_by_program(program: Any, reason: str) -> None:
    assert read(an_order(program=program)).unshippable == reason


def test_the_address_is_that_of_the_parcel_in_all_its_parts() -> None:
    instructions = [instruction(finalDestinationAddress={"city": "Elsewhere", "countryCode": "US"})]
    order = read(an_order(fulfillmentStartInstructions=instructions))
    address = order.ship_to
    assert address is not None
    assert (address.name, address.company, address.line1, address.line2) == (
        "Ada Lovelace",
        "Analytical Engines",
        "Hauptstr. 1",
        "Hinterhaus",
    )
    assert (address.city, address.county, address.region, address.postal_code) == ("Wien", "Wien", "W", "1010")
    assert (address.country, address.phone, address.email, address.reference) == ("AT", "+43 1 0000", "ada@members.ebay.com", "")


def test_a_buyer_has_an_id_a_name_and_an_address_for_the_bill() -> None:
    registration = {"fullName": "A. Lovelace", "contactAddress": {"city": "Graz", "countryCode": "AT"}, "email": "a@x"}
    order = read(an_order(buyer={"username": "charlie_buys", "buyerRegistrationAddress": registration}))
    assert (order.buyer_id, order.buyer_name, order.buyer_email) == ("charlie_buys", "A. Lovelace", "ada@members.ebay.com")
    assert order.bill_to is not None
    assert (order.bill_to.city, order.bill_to.phone) == ("Graz", "")


def test_a_phone_without_a_number_is_no_phone() -> None:
    where = instruction()
    where["shippingStep"]["shipTo"]["primaryPhone"] = {}
    order = read(an_order(fulfillmentStartInstructions=[where]))
    assert order.ship_to is not None
    assert order.ship_to.phone == ""


def test_numbers_for_customs_are_kept_once_each() -> None:
    tax = {"taxType": "VAT", "amount": eur("4.0"), "ebayReference": {"name": "IOSS", "value": "IM2760000742"}}
    other = {"taxType": "GST", "amount": eur("1.0"), "ebayReference": {"name": "GST", "value": "IRD#126-101-678"}}
    bare = {"taxType": "STATE_SALES_TAX", "amount": eur("1.0")}
    lines = [
        a_line(lineItemId="1", ebayCollectAndRemitTaxes=[tax, bare]),
        a_line(lineItemId="2", ebayCollectAndRemitTaxes=[tax, other]),
    ]
    buyer = {
        "username": "b",
        "taxIdentifier": {"taxpayerId": "X1", "taxIdentifierType": "CODICE_FISCALE", "issuingCountry": "IT"},
    }
    order = read(an_order(lineItems=lines, buyer=buyer))
    assert order.references == (("IOSS", "IM2760000742"), ("GST", "IRD#126-101-678"), ("CODICE_FISCALE", "X1"))


def test_the_earliest_day_to_ship_by_counts() -> None:
    days = ["2026-11-24T22:59:59.000Z", "2026-11-22T22:59:59.000Z", None]
    lines = [
        a_line(lineItemId=str(number), lineItemFulfillmentInstructions={"shipByDate": day} if day else {})
        for number, day in enumerate(days)
    ]
    assert read(an_order(lineItems=lines)).ship_by == datetime(2026, 11, 22, 22, 59, 59, tzinfo=UTC)
    assert read(an_order()).ship_by is None


def test_ids_of_packages_are_decoded() -> None:
    hrefs = ["https://api.ebay.com/x/shipping_fulfillment/1Z%2099", "https://api.ebay.com/x/shipping_fulfillment/999/"]
    assert read(an_order(fulfillmentHrefs=hrefs)).shipments == ("1Z 99", "999")


@pytest.mark.parametrize("marketplace", ["EBAY_TW", "EBAY_SE", "EBAY_ATLANTIS"])
def test_any_marketplace_is_accepted(marketplace: str) -> None:
    line = a_line(purchaseMarketplaceId=marketplace, listingMarketplaceId=marketplace)
    assert read(an_order(lineItems=[line])).marketplace == marketplace


# ----------------------------------------------------------------------------------------------------- what only getOrder tells


@pytest.mark.parametrize(
    ("overrides", "more"),
    [
        ({}, False),
        ({"cancelStatus": {"cancelState": "IN_PROGRESS"}}, True),
        ({"cancelStatus": {"cancelState": "CANCELED"}}, True),
        ({"cancelStatus": {"cancelState": "CANCELED"}, "orderFulfillmentStatus": "FULFILLED"}, False),
        ({"lineItems": [a_line(listingMarketplaceId="EBAY_IT")]}, True),
        ({"lineItems": [a_line(purchaseMarketplaceId="EBAY_ES")]}, True),
        ({"lineItems": [a_line(purchaseMarketplaceId="EBAY_ES")], "orderFulfillmentStatus": "FULFILLED"}, False),
        ({"lineItems": 7}, False),
    ],
)
def test_getorder_is_asked_only_where_it_tells_more(overrides: Any, more: bool) -> None:
    assert mapping.has_more_to_tell(an_order(**overrides)) is more


# --------------------------------------------------------------------------------------------------------------------- malformed


@pytest.mark.parametrize(
    ("overrides", "path"),
    [
        ({"orderId": None}, "$.orderId"),
        ({"orderId": 7}, "$.orderId"),
        ({"creationDate": None}, "$.creationDate"),
        ({"creationDate": "2026-11-20T10:00:00"}, "$.creationDate"),
        ({"lastModifiedDate": "yesterday"}, "$.lastModifiedDate"),
        ({"orderPaymentStatus": "BARTERED"}, "$.orderPaymentStatus"),
        ({"orderFulfillmentStatus": None}, "$.orderFulfillmentStatus"),
        ({"cancelStatus": None}, "$.cancelStatus.cancelState"),
        ({"cancelStatus": {"cancelState": "CANCELLED"}}, "$.cancelStatus.cancelState"),
        ({"pricingSummary": None}, "$.pricingSummary.total"),
        ({"pricingSummary": {"total": eur("1.0")}}, "$.pricingSummary.priceSubtotal"),
        ({"pricingSummary": {"priceSubtotal": eur("NaN"), "total": eur("1.0")}}, "$.pricingSummary.priceSubtotal.value"),
        ({"pricingSummary": {"priceSubtotal": eur("1"), "total": {**eur("1"), "value": 1.5}}}, "$.pricingSummary.total.value"),
        ({"pricingSummary": []}, "$.pricingSummary"),
        ({"lineItems": None}, "$.lineItems"),
        ({"lineItems": []}, "$.lineItems"),
        ({"lineItems": {}}, "$.lineItems"),
        ({"lineItems": ["x"]}, "$.lineItems[0]"),
        ({"lineItems": [a_line(), a_line()]}, "$.lineItems"),
        ({"lineItems": [a_line(quantity=0)]}, "$.lineItems[0].quantity"),
        ({"lineItems": [a_line(quantity="2")]}, "$.lineItems[0].quantity"),
        ({"lineItems": [a_line(quantity=True)]}, "$.lineItems[0].quantity"),
        ({"lineItems": [a_line(lineItemCost=None)]}, "$.lineItems[0].lineItemCost"),
        ({"lineItems": [a_line(sku=5)]}, "$.lineItems[0].sku"),
        ({"lineItems": [a_line(lineItemFulfillmentStatus="LOST")]}, "$.lineItems[0].lineItemFulfillmentStatus"),
        ({"fulfillmentStartInstructions": [7]}, "$.fulfillmentStartInstructions[0]"),
        ({"buyerCheckoutNotes": "NUL \0 here"}, "$.buyerCheckoutNotes"),
        ({"lineItems": [a_line(title="half an emoji \ud83d")]}, "$.lineItems[0].title"),
    ],
)  # fmt: skip
def test_a_surprise_is_named_by_its_path(overrides: Any, path: str) -> None:
    record = malformed(an_order(**overrides))
    assert record.path == path
    assert record.why
    json.dumps(record.raw, ensure_ascii=False).encode()  # a database takes it
    assert "\\u0000" not in json.dumps(record.raw)


@pytest.mark.parametrize("payload", [None, [], "text", 7, {}])
def test_what_is_no_order_at_all_is_malformed(payload: Any) -> None:
    assert malformed(payload).external_id == ""


def test_a_malformed_order_is_known_by_its_number() -> None:
    assert malformed(an_order(lineItems=[])).external_id == "12-34567-89012"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_no_payload_whatever_raises(data: st.DataObject) -> None:
    """One value anywhere in an order becomes something else."""
    payload: Any = an_order()
    place: Any = payload
    while True:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        below = place[key]
        if not isinstance(below, dict | list) or not below or data.draw(st.booleans()):
            place[key] = data.draw(JSON_VALUES)
            break
        place = below
    record = mapping.order(payload)
    assert isinstance(record, OrderRecord | MalformedRecord)
    if isinstance(record, MalformedRecord):
        assert record.path.startswith("$")


# ---------------------------------------------------------------------------------------------------------------------- packages


def test_a_package_without_tracking_is_a_package() -> None:
    package = mapping.package({"fulfillmentId": "999", "lineItems": [{"lineItemId": "1"}, {"lineItemId": "2", "quantity": 3}]})
    assert (package.remote_id, package.carrier, package.tracking) == ("999", "", "")
    assert [(line.order_line, line.quantity) for line in package.lines] == [("1", 1), ("2", 3)]


def test_a_package_without_an_id_is_malformed() -> None:
    with pytest.raises(Malformed):
        mapping.package({"lineItems": []})
