"""Our own tables against eBay's: sites and carriers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.ebay import carriers
from integrations.ebay.carriers import OTHER, carrier_code
from integrations.ebay.client import normal_tracking
from integrations.ebay.sites import SITES, VARIANTS
from tests.contracts import NEEDS_CONTRACTS
from tests.ebay.samples import EBAY


@NEEDS_CONTRACTS
def test_our_sites_are_ebays() -> None:
    theirs = json.loads((EBAY / "marketplaces.json").read_text())["sites"]
    assert {site["marketplaceId"]: (site["siteIdByLocale"], site["currency"]) for site in theirs} == {
        site.code: (dict(site.site_ids), site.currency) for site in SITES.values()
    }
    assert len(VARIANTS) == 20
    assert SITES["EBAY_BE"].locale == "nl-BE"
    assert all(len(site.country) == 2 and site.name for site in SITES.values())


@NEEDS_CONTRACTS
def test_our_carriers_are_those_that_ebay_supports() -> None:
    theirs = json.loads((EBAY / "trading-enums" / "ShippingCarrierCodeType.json").read_text())
    usable = {each["value"] for each in theirs if not each["doc"].startswith(("n/a", "Reserved"))}
    ours = {carrier_code(code) for code in usable}
    assert ours <= usable
    assert usable - ours <= {OTHER}
    assert set(carriers._ALIASES) <= usable


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("USPS", "USPS"),
        ("usps", "USPS"),
        ("U.S.P.S.", "USPS"),
        ("US Postal Service", "USPS"),
        ("USPS Priority Mail", "USPS"),
        ("UPS Ground", "UPS"),
        ("ups_ground", "UPS"),
        ("United Parcel Service", "UPS"),
        ("FedEx 2Day", "FedEx"),
        ("FEDEX-GROUND", "FedEx"),
        ("FedEx SmartPost", "FedExSmartPost"),
        ("DHL", "DHL"),
        ("DHL Paket International", "DHL"),
        ("DHL Express", "DHLEXPRESS"),
        ("DHL eCommerce", "DHLGlobalMail"),
        ("Evri", "Hermes"),
        ("Evri 48 Tracked", "Hermes"),
        ("Royal Mail 1st Class", "RoyalMail"),
        ("royalmail", "RoyalMail"),
        ("Deutsche Post Brief", "DeutschePost"),
        ("Österreichische Post", "OsterreichischePostAG"),
        ("DPD", "DPD"),
        ("DPD (UK)", "DPD"),
        ("BRT", "Bartolini"),
        ("Australia Post - eParcel", "AustraliaPost"),
        ("OnTrac", "ONTRACK"),
        ("4PX", "FourPX"),
        ("  Post   NL ", "PostNL"),
        ("Canada Post", OTHER),
        ("Purolator", OTHER),
        ("Amazon Logistics", OTHER),
        ("The UPS Store Courier of my cousin", OTHER),
        ("TNT", OTHER),  # eBay calls its own code unsupported
        ("Other", OTHER),
        ("", OTHER),
        ("???", OTHER),
    ],
)
def test_a_warehouses_name_for_a_carrier_becomes_ebays(name: str, code: str) -> None:
    assert carrier_code(name) == code


@given(st.text())
def test_any_name_has_a_code(name: str) -> None:
    code = carrier_code(name)
    assert code
    assert carrier_code(code) == code


@given(st.text())
def test_a_tracking_number_is_normal_once_and_for_all(tracking: str) -> None:
    normal = normal_tracking(tracking)
    assert normal_tracking(normal) == normal
    assert not normal or (normal.isascii() and normal.isalnum())
    assert normal == "".join(letter for letter in tracking if letter in normal)


@given(st.text("ABCabc0189"), st.lists(st.sampled_from(" -./_\t"), min_size=1))
def test_only_what_ebay_refuses_is_taken_out_of_a_tracking_number(number: str, noise: list[str]) -> None:
    noisy = "".join(letter + noise[at % len(noise)] for at, letter in enumerate(number))
    assert normal_tracking(noisy) == number


def test_every_code_that_is_offered_is_told_as_it_is() -> None:
    assert [code for code in carriers.CARRIERS if carrier_code(code) != code] == []
    assert carriers.CARRIERS[-1] == OTHER
