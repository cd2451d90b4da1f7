from __future__ import annotations

import pytest

from .conftest import ALICE, Shop


@pytest.fixture
def alice(shop: Shop) -> Shop:
    shop.browser.post("/login", data={"email": ALICE, "password": "secret"})
    return shop


def test_pages_are_for_people_who_are_logged_in(shop: Shop) -> None:
    assert shop.browser.get("/go/variants").location == "/login?return_to=%2Fgo%2Fvariants"


def test_a_location_s_id_is_found_as_the_guide_says(alice: Shop) -> None:
    """Variants, a variant, its Stock Locations tab, the location: its id ends the address."""
    variant = alice.variant("S1")
    assert f'href="/go/variants/{variant}"' in alice.browser.get("/go/variants").text
    assert f'href="/go/variants/{variant}/stock_locations"' in alice.browser.get(f"/go/variants/{variant}").text
    tab = alice.browser.get(f"/go/variants/{variant}/stock_locations").text
    assert f'href="/go/locations/{alice.main}"' in tab
    assert "Main" in alice.browser.get(f"/go/locations/{alice.main}").text


def test_an_order_s_page_shows_its_tracking(alice: Shop) -> None:
    order = alice.order({"variant_id": alice.variant("S1")})
    alice.control("POST", f"orders/{order['id']}/ship", {"tracking_number": "1Z999", "tracking_company": "UPS"})
    assert "1Z999" in alice.browser.get(f"/go/orders/{order['id']}").text


def test_nobody_sees_another_s_pages(alice: Shop, others_shop: Shop) -> None:
    assert alice.browser.get(f"/go/variants/{others_shop.variant('X')}").status_code == 404


def test_the_controls_show_accounts_orders_and_what_happened(shop: Shop) -> None:
    shop.order({"variant_id": shop.variant("S1")}, order_number="1001")
    page = shop.browser.get("/").text
    assert "1001" in page
    assert "order_created" in page
    assert ALICE in page


def test_what_is_typed_into_a_page_stays_text(alice: Shop) -> None:
    alice.variant("S1", name="<script>alert(1)</script>")
    assert "<script>alert" not in alice.browser.get("/go/variants").text
