"""What every setup guide keeps to, so that it cannot drift from what is declared, pictured and linked."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as configured
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django import Settings

from cartrover.guides import page, pictures
from cartrover.guides.links import guide_url
from cartrover.guides.reading import Guide, all_guides, fields_of, guide_of, read
from cartrover.merchants.models import Merchant, User
from integrations import registry
from integrations.contract import Integration
from tests.guides import following, taking

SLUGS = ("ebay", "tradegecko", "portal")
TAKEN = {f"{name}.webp" for module in (following, taking) for name in re.findall(r'shoot\("([\w-]+)"', inspect.getsource(module))}
pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": urlsplit(configured.PORTAL_URL).netloc})


@pytest.fixture(params=SLUGS)
def guide(request: pytest.FixtureRequest) -> Guide:
    return guide_of(request.param)


def anchors(guide: Guide) -> list[str]:
    return [heading.anchor for heading in guide.headings]


def declared(slug: str) -> Integration:
    return registry.get(slug)


def test_every_integration_has_a_guide() -> None:
    assert [guide.slug for guide in all_guides()] == [each.slug for each in registry.all_integrations()] == list(SLUGS)


def test_every_setting_names_a_step_that_its_guide_has(guide: Guide) -> None:
    steps = {field.name: field.step for field in fields_of(declared(guide.slug))}
    assert {name: step for name, step in steps.items() if step not in anchors(guide)} == {}


def test_every_setting_is_told_with_its_label_and_help_below_its_step(client: Client, guide: Guide) -> None:
    html = page.body(guide).replace("&quot;", '"')
    for field in fields_of(declared(guide.slug)):
        below = html.partition(f'id="{field.step}"')[2].partition("<h2")[0]
        assert f"<strong>{field.label}</strong>" in below
        assert field.help in below
        assert [label for _value, label in field.choices if label not in below] == []


def test_nothing_is_left_to_be_filled_in(guide: Guide) -> None:
    assert re.findall(r"\[\[|\{#|\{name\}", page.body(guide)) == []


def test_no_two_headings_share_an_anchor(guide: Guide) -> None:
    assert len(set(anchors(guide))) == len(anchors(guide)) > 12


def test_the_pictures_that_are_taken_are_those_that_are_shown() -> None:
    shown = [name for guide in all_guides() for name in guide.pictures]
    assert len(shown) == len(set(shown))
    assert set(shown) == TAKEN == {each.name for each in taking.GUIDES.iterdir()}


def test_every_picture_is_there_light_enough_and_described(guide: Guide) -> None:
    assert len(guide.pictures) >= 4
    for name in guide.pictures:
        file = pictures.path(name)
        with Image.open(file) as image:
            assert image.format == "WEBP"
            assert image.size == tuple(pictures.DENSITY * side + image.size[i] % 2 for i, side in enumerate(pictures.size(name)))
        assert file.stat().st_size < 150_000
    assert re.findall(r'<img [^>]*alt=""', page.body(guide)) == []


def test_all_pictures_together_are_a_light_load() -> None:
    assert sum(each.stat().st_size for each in taking.GUIDES.iterdir()) < 1_500_000


def test_a_picture_that_nobody_took_is_an_error(guide: Guide) -> None:
    with pytest.raises(pictures.MissingPicture):
        pictures.path("nobody-took-this.webp")


def test_every_link_leads_somewhere(client: Client, guide: Guide) -> None:
    inside = [link for link in guide.links if not link.startswith(("https://", "mailto:"))]
    assert inside
    for link in inside:
        address, _, anchor = link.partition("#")
        if address:
            assert client.get(address).status_code in (200, 302), link
        if anchor:
            there = guide_of(address.split("/")[2]) if address else guide
            assert anchor in anchors(there), link


def test_a_field_of_a_form_finds_its_step() -> None:
    assert guide_url("tradegecko", "location-id") == "/guides/tradegecko/#location-id"
    assert guide_url("ebay") == "/guides/ebay/"


def test_anybody_may_read_the_guides(client: Client) -> None:
    centre = client.get(reverse("guides")).content.decode()
    for guide in all_guides():
        assert reverse("guide", args=[guide.slug]) in centre
        assert client.get(reverse("guide", args=[guide.slug])).status_code == 200
    assert client.get("/guides/nobody/").status_code == 404
    assert client.get("/guides/nobody/cartrover-guide.pdf").status_code == 404


def test_a_guide_says_nothing_of_the_merchant_who_reads_it(client: Client, merchant: Merchant, alice: User, guide: Guide) -> None:
    client.force_login(alice)
    client.get(reverse("dashboard", args=[merchant.public_id]))
    text = client.get(reverse("guide", args=[guide.slug])).content.decode()
    for private in (merchant.name, merchant.public_id, alice.email):
        assert private not in text


def test_a_guide_names_this_installations_addresses_and_support(guide: Guide, settings: Settings) -> None:
    settings.OUTBOUND_ADDRESSES = ["203.0.113.7", "203.0.113.8"]
    settings.SUPPORT_EMAIL, settings.SUPPORT_URL = "help@example.com", "https://help.example.com"
    html = page.body(guide_of(guide.slug))
    assert "<code>203.0.113.7</code>" in html
    assert "<code>203.0.113.8</code>" in html
    assert 'href="mailto:help@example.com"' in html
    assert 'href="https://help.example.com"' in html


def test_without_addresses_or_support_a_guide_says_whom_to_ask(guide: Guide, settings: Settings) -> None:
    settings.OUTBOUND_ADDRESSES, settings.SUPPORT_EMAIL, settings.SUPPORT_URL = [], "", ""
    html = page.body(guide_of(guide.slug))
    assert "has not published fixed addresses" in html
    assert "operator answers your questions" in html


def test_all_marketplaces_of_ebay_are_named() -> None:
    cart = declared("ebay").cart
    assert cart is not None
    html = page.body(guide_of("ebay"))
    assert len(cart.variants) == 20
    assert [variant.name for variant in cart.variants if variant.name not in html] == []


def test_tradegeckos_guide_says_that_its_service_has_ended() -> None:
    assert "public service has ended" in page.body(guide_of("tradegecko"))


def test_html_in_a_guide_is_text(tmp_path: Path) -> None:
    file = tmp_path / "guide.md"
    file.write_text("# T\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))\n\n## Words {#words}\n")
    html = page.body(read(replace(declared("ebay"), guide=file)))
    assert "<script" not in html
    assert "href" not in html
    assert '<h2 id="words">Words</h2>' in html


def test_a_word_that_nobody_knows_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "guide.md"
    file.write_text("# T\n\n[[nonsense]]\n")
    with pytest.raises(ValueError, match="nonsense"):
        read(replace(declared("ebay"), guide=file))
