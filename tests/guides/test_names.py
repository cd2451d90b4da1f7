"""What a guide calls a button, a page or a field is called so on a page: a new name may not leave the guide behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from itertools import pairwise

import pytest
from django.test import Client
from django.urls import reverse

from cartrover.connections import sharing
from cartrover.connections.holders import new_cart
from cartrover.connections.models import Cart, Warehouse
from cartrover.guides.reading import all_guides
from cartrover.merchants.models import Merchant, User
from cartrover.merchants.tenancy import acting_for
from cartrover.packing.models import PackingOrder
from integrations import registry
from tests.portal.addresses import of_a_merchant
from tests.portal.test_walls import something_of_everything

# What begins a point of a list is in bold as well, and is no name; most of these end with a full stop.
BEGINS = ("A log-in at CartRover", "Pop-up windows allowed", "On this installation:", "An alias", "A kit", "An ignored code")


def _named() -> Iterator[tuple[str, str]]:
    """(guide, name) of all that stands in bold."""
    for guide in all_guides():
        inline = [token for block in guide.tokens for token in block.children or ()]
        for before, token in pairwise(inline):
            if before.type == "strong_open" and not token.content.endswith(".") and token.content not in BEGINS:
                yield guide.slug, token.content


def _texts(client: Client, merchant: Merchant) -> Iterator[str]:
    """What each page says, with the names that only a screen reader says."""
    ids = something_of_everything(merchant)
    with acting_for(merchant):
        new_cart(registry.get("tradegecko"), actor="a test")
        draft = new_cart(registry.get("ebay"), "EBAY_US", actor="a test")
        sharing.share("olivia@seller.example", User.objects.get(email="alice@example.com"), cart=draft)
        holders = [("cart", each) for each in Cart.objects.all()] + [("warehouse", each) for each in Warehouse.objects.all()]
        paths = [reverse(kind, args=[merchant.public_id, each.public_id]) for kind, each in holders]
        paths += [reverse("packing_order", args=[merchant.public_id, each.public_id]) for each in PackingOrder.objects.all()]
    for each in [[path] for path in paths] + [list(address.filled(ids)) for address in of_a_merchant()]:
        answer = next((answer for path in each if (answer := client.get(path)).status_code in (200, 405)), None)
        if answer is not None and "text/html" in answer.get("content-type", ""):
            page = re.sub(r'<[^>]*?(?:aria-label|value|title|alt)="([^"]*)"[^>]*>', r" \1 ", answer.content.decode())
            yield " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_everything_that_a_guide_names_is_on_a_page(
    visit: Callable[[User | None], Client], merchant: Merchant, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = {each.slug: replace(each, trouble="") for each in registry.all_integrations()}
    monkeypatch.setattr(registry, "_integrations", ready)  # as where its applications are registered
    said = "\n".join(_texts(visit(alice), merchant))
    named = list(_named())
    assert len(named) > 50
    assert [(slug, name) for slug, name in named if name not in said] == []
