"""What eBay's integration declares, its grant, and whose account a grant opens."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integrations import oauth2
from integrations.ebay import integration as module
from integrations.ebay.application import Application
from integrations.ebay.auth import WhoseAccount
from integrations.ebay.integration import integration
from integrations.oauth2 import authorize_address
from integrations.outcomes import NeedsMerchant, NeedsOperator, RetryLater
from tests.ebay.scene import ALICE, CHARLIE, Scene, installed
from tests.ebay.simulator.running import EbayStandIn
from tests.raw_server import answer, raw_server, says
from tests.wire import RecordingWire

KEYS = {"EBAY_CLIENT_ID": "id", "EBAY_CLIENT_SECRET": "secret", "EBAY_RUNAME": "Acme-RuName"}
SCOPE = "https://api.ebay.com/oauth/api_scope"


def test_the_table_of_contents_stays_short() -> None:
    assert len(Path(str(module.__file__)).read_text().splitlines()) < 60


def test_keys_alone_make_a_production_installation() -> None:
    made = integration(KEYS)
    assert (made.slug, made.environment, made.trouble) == ("ebay", "production", "")
    assert made.granted().authorize_url == "https://auth.ebay.com/oauth2/authorize"
    assert made.granted().token_url == "https://api.ebay.com/identity/v1/oauth2/token"
    assert made.granted().origin == "https://auth.ebay.com"
    assert made.cart is not None
    assert made.cart.order_url("12-34567-89012").startswith("https://www.ebay.com/")


def test_the_sandbox_has_hosts_of_its_own() -> None:
    made = integration({**KEYS, "EBAY_ENVIRONMENT": "sandbox"})
    assert made.environment == "sandbox"
    assert made.granted().token_url == "https://api.sandbox.ebay.com/identity/v1/oauth2/token"
    assert made.cart is not None
    assert "sandbox" in made.cart.order_url("1")


@pytest.mark.parametrize("missing", list(KEYS))
def test_what_is_missing_is_named(missing: str) -> None:
    variables = {name: value for name, value in KEYS.items() if name != missing}
    assert missing in integration(variables).trouble


def test_a_simulator_never_falls_back_on_the_real_ebay() -> None:
    made = integration({**KEYS, "EBAY_ENVIRONMENT": "simulator"})
    assert "EBAY_API_URL" in made.trouble
    assert "ebay.com" not in made.granted().token_url + made.granted().authorize_url


def test_an_environment_that_is_none_stops_the_start() -> None:
    with pytest.raises(ValueError, match="EBAY_ENVIRONMENT"):
        integration({**KEYS, "EBAY_ENVIRONMENT": "prodction"})


def test_quotas_are_ebays_defaults_unless_it_has_raised_them() -> None:
    quota = integration(KEYS).quota
    assert quota is not None
    assert quota.reset_zone == "America/Los_Angeles"
    assert quota.per_day["trading"] == 5_000
    raised = integration({**KEYS, "EBAY_CALLS_PER_DAY": "trading=50000, order=200000"}).quota
    assert raised is not None
    assert (raised.per_day["trading"], raised.per_day["order"], raised.per_day["identity"]) == (50_000, 200_000, 5_000)


@pytest.mark.parametrize("wrong", ["trading", "trading=many", "lunch=5", "trading=-1"])
def test_quotas_that_make_no_sense_stop_the_start(wrong: str) -> None:
    with pytest.raises(ValueError, match="EBAY_CALLS_PER_DAY"):
        integration({**KEYS, "EBAY_CALLS_PER_DAY": wrong})


def test_the_consent_page_is_asked_for_log_in_by_runame_with_all_scopes() -> None:
    query = parse_qs(urlsplit(authorize_address(integration(KEYS).granted(), "the-state")).query)
    assert query["redirect_uri"] == ["Acme-RuName"]
    assert query["prompt"] == ["login"]
    assert query["scope"][0].split() == [
        SCOPE,
        f"{SCOPE}/sell.fulfillment",
        f"{SCOPE}/sell.inventory",
        f"{SCOPE}/commerce.identity.readonly",
        f"{SCOPE}/commerce.notification.subscription",
    ]


# ------------------------------------------------------------------------------------------------------------------- the grant


def test_a_member_who_consents_becomes_a_connection(running_ebay: EbayStandIn) -> None:
    """The whole journey: consent page, code, tokens, whose account it is, and a call with the token."""
    running_ebay.control("reset")
    running_ebay.control("sellers", username=ALICE, password="pw")
    made = installed(running_ebay)
    code = consent(running_ebay, authorize_address(made.granted(), "the-state"))
    tokens = oauth2.exchange(made.granted(), code)
    assert tokens.refresh is not None
    assert tokens.consent_ends_at is not None
    wire = RecordingWire(tokens.access)
    account = made.account_of(wire)
    member = next(each for each in running_ebay.told("sellers") if each["username"] == ALICE)
    assert (account.external_id, account.user_id, account.name) == (member["userId"], member["userId"], ALICE)
    assert account.facts["registration_marketplace"] == member["marketplace"]
    assert wire.calls() == {"identity": 1}
    assert made.cart is not None
    assert made.cart.open(wire, {}, {}).listings().total == 0
    with pytest.raises(NeedsMerchant):
        oauth2.exchange(made.granted(), code)  # a code is good once


def consent(ebay: EbayStandIn, address: str) -> str:
    """Log in as Alice and accept, as a browser does; the code that comes back, decoded once."""
    browser = requests.Session()
    page = browser.get(address, timeout=60)
    fields = {"request": request_in(page), "username": ALICE, "password": "pw", "sign-in": "1"}
    page = browser.post(f"{ebay.api}/signin", data=fields, timeout=60)
    accepted = {"request": request_in(page), "decision": "accept"}
    back = browser.post(f"{ebay.api}/oauth2/consents", data=accepted, allow_redirects=False, timeout=60)
    query = parse_qs(urlsplit(back.headers["Location"]).query)
    assert query["state"] == ["the-state"]
    return query["code"][0]


def request_in(page: requests.Response) -> str:
    found = re.search(r'name="request" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def test_a_refresh_keeps_the_consent_and_its_end(scene: Scene) -> None:
    tokens = scene.ebay.grant(ALICE)
    renewed = oauth2.refresh(scene.made.granted(), tokens["refresh_token"])
    assert renewed.access != tokens["access_token"]
    assert renewed.refresh in (None, tokens["refresh_token"])
    assert renewed.consent_ends_at is None
    again = oauth2.refresh(scene.made.granted(), tokens["refresh_token"])
    assert again.access != renewed.access


def test_a_revoked_grant_is_the_merchants_to_renew(scene: Scene) -> None:
    tokens = scene.ebay.grant(ALICE)
    scene.ebay.control("revoke", username=ALICE)
    with pytest.raises(NeedsMerchant) as caught:
        oauth2.refresh(scene.made.granted(), tokens["refresh_token"])
    assert caught.value.fix == "reconnect"


def test_wrong_keys_are_the_operators_to_mend(scene: Scene) -> None:
    tokens = scene.ebay.grant(ALICE)
    with pytest.raises(NeedsOperator):
        oauth2.refresh(installed(scene.ebay, EBAY_CLIENT_SECRET="wrong").granted(), tokens["refresh_token"])


def test_a_grant_without_a_scope_has_to_be_given_again(scene: Scene) -> None:
    narrow = Scene.set_up(scene.ebay, CHARLIE, [SCOPE, f"{SCOPE}/sell.fulfillment"])
    with pytest.raises(NeedsMerchant) as caught:
        narrow.made.account_of(narrow.wire)
    assert (caught.value.fix, caught.value.scope) == ("reconnect", "connection")


@pytest.mark.parametrize("body", ["{}", '{"userId": 7}', "[]", "null", ""])
def test_an_account_that_is_none_is_asked_for_again(body: str) -> None:
    with raw_server(says(answer(body))) as server:
        application = Application.of({**KEYS, "EBAY_IDENTITY_URL": server.url})
        with pytest.raises(RetryLater):
            WhoseAccount(application)(RecordingWire())
        assert b"GET /commerce/identity/v1/user/ " in server.requests[0]
