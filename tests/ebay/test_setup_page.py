"""Adding an eBay cart first asks which marketplace, and shows each as its sellers know it."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings
from django.test import Client
from django.urls import reverse

from cartrover.merchants.models import Merchant, User
from integrations import registry

FLAGS = Path(settings.BASE_DIR) / "static/img/flags.svg"


def test_all_twenty_marketplaces_are_shown_with_flag_currency_and_language(alice: User, merchant: Merchant) -> None:
    client = Client(headers={"host": "localhost:8000"})
    client.force_login(alice)
    page = client.get(reverse("setup", args=[merchant.public_id, "ebay"]), {"for": "cart"}).content.decode()
    side = registry.get("ebay").cart
    assert side is not None
    assert len(side.variants) == 20
    drawn = set(re.findall(r'id="([A-Z]{2})"', FLAGS.read_text()))
    for variant in side.variants:
        (choice,) = re.findall(rf'value="{variant.code}".*?</label>', page, re.DOTALL)
        (flag,) = re.findall(r"flags\.svg#([A-Z]{2})", choice)
        assert flag == variant.country
        assert flag in drawn, f"{flag} has no flag"
        for told in (variant.name, variant.currency, variant.language):
            assert told, variant.code
            assert told in choice, (variant.code, told)
