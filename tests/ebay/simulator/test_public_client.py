"""A public client, written by others against eBay itself, talks to the stand-in unchanged."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from bidkit.client import EbayClient
from bidkit.config import EbayConfig
from bidkit.errors import EbayAPIError, EbayAuthError
from bidkit.generated.models.sell_fulfillment import ShippingFulfillmentDetails
from bidkit.generated.models.sell_inventory import BulkPriceQuantity
from bidkit.notifications import NotificationVerifier
from bidkit.pagination import paginate

from integrations.ebay.simulator.settings import DEFAULTS
from tests.ebay.simulator.conftest import SCOPE
from tests.ebay.simulator.receiver import Receiver
from tests.ebay.simulator.running import EbayStandIn

SELLER = "alice_sells"
SCOPES = (SCOPE, f"{SCOPE}/sell.fulfillment", f"{SCOPE}/sell.inventory", f"{SCOPE}/commerce.identity.readonly")


def client(address: str, refresh_token: str | None = None) -> EbayClient:
    return EbayClient(
        EbayConfig(
            app_id=DEFAULTS["client_id"],
            cert_id=DEFAULTS["client_secret"],
            ru_name=DEFAULTS["runame"],
            refresh_token=refresh_token,
            scopes=SCOPES,
            base_url_override=address,
            max_retries=0,
        )
    )


def consent(ebay: EbayStandIn, asked: str) -> str:
    """What Alice does in her browser; the code in the address she is sent back to."""
    browser = requests.Session()
    page = browser.get(f"{ebay.api}/oauth2/authorize?{urlsplit(asked).query}", timeout=60)
    form = {"request": _hidden(page.text), "username": SELLER, "password": "pw"}
    page = browser.post(f"{ebay.api}/signin", data=form, timeout=60)
    form = {"request": _hidden(page.text), "decision": "accept"}
    answer = browser.post(f"{ebay.api}/oauth2/consents", data=form, timeout=60, allow_redirects=False)
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def _hidden(page: str) -> str:
    found = re.search(r'name="request" value="([^"]+)"', page)
    assert found is not None
    return found[1]


@pytest.fixture
def alice(ebay: EbayStandIn) -> EbayClient:
    return client(ebay.api, ebay.grant(SELLER, list(SCOPES))["refresh_token"])


def test_it_signs_alice_in_and_learns_who_she_is(ebay: EbayStandIn) -> None:
    ebay.control("sellers", username=SELLER, password="pw")
    fresh = client(ebay.api)
    tokens = fresh.exchange_code(consent(ebay, fresh.authorization_url(state="s", prompt="login")))
    assert tokens.token_type == "User Access Token"
    assert fresh.sell.fulfillment.get_orders().total == 0
    member = client(ebay.api, tokens.refresh_token)
    token = member.auth.access_token(member.http)
    identity = EbayClient(EbayConfig(access_token=token, base_url_override=ebay.apiz))
    assert identity.commerce.identity.get_user().username == SELLER


def test_it_pages_through_every_order_once(ebay: EbayStandIn, alice: EbayClient) -> None:
    ebay.control("orders/generate", seller=SELLER, count=130, marketplaces=["EBAY_US", "EBAY_DE"])
    seen = [order.order_id for order in paginate(alice.sell.fulfillment.get_orders, limit="50")]
    assert sorted(seen) == sorted(order["orderId"] for order in ebay.told("orders"))
    assert ebay.told("calls")["getOrders"] == 3


def test_it_ships_and_reads_what_was_shipped(ebay: EbayStandIn, alice: EbayClient) -> None:
    order = ebay.control("orders", seller=SELLER, lines=[{"sku": "RED-01", "quantity": 2}])
    package = {
        "lineItems": [{"lineItemId": order["lineItems"][0]["lineItemId"], "quantity": 2}],
        "trackingNumber": "1Z999",
        "shippingCarrierCode": "UPS",
    }
    details = ShippingFulfillmentDetails.model_validate(package)
    alice.sell.fulfillment.create_shipping_fulfillment(order["orderId"], body=details)
    read = alice.sell.fulfillment.get_shipping_fulfillments(order["orderId"])
    assert read.fulfillments is not None
    assert read.fulfillments[0].shipment_tracking_number == "1Z999"
    assert alice.sell.fulfillment.get_order(order["orderId"]).order_fulfillment_status == "FULFILLED"
    details.tracking_number = "1Z 999"
    with pytest.raises(EbayAPIError) as refused:
        alice.sell.fulfillment.create_shipping_fulfillment(order["orderId"], body=details)
    assert refused.value.status_code == 400


def test_it_changes_stock(ebay: EbayStandIn, alice: EbayClient) -> None:
    ebay.control("listings", seller=SELLER, sku="RED-01", quantity=10, managed_by="inventory")
    entry = {"sku": "RED-01", "shipToLocationAvailability": {"quantity": 4}}
    body = BulkPriceQuantity.model_validate({"requests": [entry]})
    done = alice.sell.inventory.bulk_update_price_quantity(body=body)
    assert done.responses is not None
    assert [response.status_code for response in done.responses] == [200]
    assert ebay.told("summary")["listings"][0]["units"][0]["available"] == 4


def test_it_is_told_when_the_grant_has_ended(ebay: EbayStandIn, alice: EbayClient) -> None:
    ebay.control("revoke", username=SELLER, reason="REVOKED_BY_USER")
    with pytest.raises(EbayAuthError):
        alice.sell.fulfillment.get_orders()


def test_it_verifies_our_notifications(ebay: EbayStandIn, receiver: Receiver) -> None:
    ebay.control("notify", topic="MARKETPLACE_ACCOUNT_DELETION", username=SELLER, endpoint=receiver.address)
    signature, body = receiver.got.get(timeout=60)
    verifier = NotificationVerifier(client(ebay.api))
    assert verifier.verify(body, signature)
    assert not verifier.verify(body + b" ", signature)
