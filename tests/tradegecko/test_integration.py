"""What TradeGecko declares, from an installation's environment."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.outcomes import NeedsMerchant
from integrations.tradegecko.facts import Facts
from integrations.tradegecko.integration import integration
from integrations.tradegecko.settings import CART_FIELDS, WAREHOUSE_FIELDS, CartSettings, WarehouseSettings

ENVIRONMENT = {
    "PORTAL_URL": "https://portal.example",
    "TRADEGECKO_API_URL": "https://api.gecko.example/",
    "TRADEGECKO_AUTHORIZE_URL": "https://go.gecko.example/oauth/authorize",
    "TRADEGECKO_WEB_URL": "https://go.gecko.example",
    "TRADEGECKO_CLIENT_ID": "id",
    "TRADEGECKO_CLIENT_SECRET": "secret",
}


def test_without_a_host_it_says_that_the_service_has_ended() -> None:
    made = integration({"PORTAL_URL": "https://portal.example"})
    assert "ended" in made.trouble
    assert "TRADEGECKO_API_URL" in made.trouble


def test_without_an_application_it_says_what_to_set() -> None:
    made = integration({**ENVIRONMENT, "TRADEGECKO_CLIENT_SECRET": ""})
    assert "TRADEGECKO_CLIENT_SECRET" in made.trouble


def test_a_whole_environment_has_no_trouble() -> None:
    made = integration(ENVIRONMENT)
    assert (made.trouble, made.environment) == ("", "production")
    assert made.cart is not None
    assert made.warehouse is not None
    assert made.warehouse.order_url("5") == made.cart.order_url("5") == "https://go.gecko.example/orders/5"


def test_a_stand_in_is_an_environment_of_its_own_wherever_it_is() -> None:
    assert integration(ENVIRONMENT).environment == "production"
    assert integration({**ENVIRONMENT, "TRADEGECKO_ENVIRONMENT": "simulator"}).environment == "simulator"
    with pytest.raises(ValueError, match="TRADEGECKO_ENVIRONMENT is 'sandbox'"):
        integration({**ENVIRONMENT, "TRADEGECKO_ENVIRONMENT": "sandbox"})


def test_the_grant_sends_the_redirect_address_on_refresh_too() -> None:
    grant = integration(ENVIRONMENT).granted()
    assert grant.redirect_uri == "https://portal.example/oauth/callback/tradegecko/"
    assert grant.refresh_extra == {"redirect_uri": grant.redirect_uri}
    assert grant.token_url == "https://api.gecko.example/oauth/token"
    assert (grant.basic_auth, grant.scopes) == (False, ())
    assert grant.dead == {"invalid_request", "invalid_grant"}


def test_a_cart_uploads_no_stock() -> None:
    cart = integration(ENVIRONMENT).cart
    assert cart is not None
    assert cart.stock_batch == 0
    assert cart.services == ("order_download", "shipment_upload")


def test_the_defaults_of_the_fields_are_the_settings_of_an_untouched_form() -> None:
    assert CartSettings.of({field.name: field.default for field in CART_FIELDS}) == CartSettings.of({})
    assert WarehouseSettings.of({field.name: field.default for field in WAREHOUSE_FIELDS}) == WarehouseSettings()


def test_the_guides_defaults_are_finalized_paid_unshipped_unpacked() -> None:
    assert CartSettings.of({}).statuses == {
        "status": ("finalized",),
        "payment_status": ("paid",),
        "fulfillment_status": ("unshipped",),
        "packed_status": ("unpacked",),
        "invoice_status": (),
    }


@pytest.mark.parametrize("given", ["https://go.gecko.example/stock_locations/18", "18a", "-1", "1.5", "１８"])
def test_a_location_id_is_the_bare_number(given: str) -> None:
    with pytest.raises(NeedsMerchant) as trouble:
        CartSettings.of({"location_id": given})
    assert (trouble.value.fix, trouble.value.subject) == ("settings", "location_id")


@pytest.mark.parametrize(("given", "read"), [(18, "18"), (" 18 ", "18"), ("", ""), (None, "")])
def test_a_location_id_may_be_left_out(given: Any, read: str) -> None:
    assert CartSettings.of({"location_id": given}).location_id == read


@pytest.mark.parametrize("name", ["", "Nowhere/Atlantis", "Pacific Time (US & Canada)"])
def test_an_account_in_an_unknown_zone_counts_as_utc(name: str) -> None:
    assert Facts.of({"time_zone": name}).zone.key == "UTC"
