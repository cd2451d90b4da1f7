"""What the pages link to is there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from html import unescape
from urllib.parse import urldefrag, urljoin

from django.test import Client
from django.urls import reverse

from cartrover.merchants.models import Merchant, User
from tests.portal.test_walls import something_of_everything

ALIKE = 3  # addresses that differ in their numbers alone are followed as often


def test_every_link_of_the_portal_leads_somewhere(
    visit: Callable[[User | None], Client], merchant: Merchant, alice: User
) -> None:
    something_of_everything(merchant)
    client = visit(alice)
    waiting, found, alike = [reverse("dashboard", args=[merchant.public_id])], dict[str, int](), Counter[str]()
    while waiting:
        address = waiting.pop()
        answer = client.get(address)
        found[address] = answer.status_code
        if answer.streaming or "text/html" not in answer.get("content-type", ""):
            continue
        for link in re.findall(r'href="([^"]*)"', answer.content.decode()):
            there = urldefrag(urljoin(address, unescape(link))).url
            if there.startswith("/") and there not in found and there not in waiting and alike[_kind(there)] < ALIKE:
                alike[_kind(there)] += 1
                waiting.append(there)
    assert {address: status for address, status in found.items() if status >= 400} == {}
    assert len(found) > 100


def test_what_no_row_can_hold_is_refused(visit: Callable[[User | None], Client], merchant: Merchant, alice: User) -> None:
    for name in ("stock", "orders", "packing"):
        assert visit(alice).get(f"{reverse(name, args=[merchant.public_id])}?q=%00&cart=a%00b").status_code == 400
    for name in ("new_cart", "invite", "pull_orders_again"):
        assert visit(alice).post(reverse(name, args=[merchant.public_id]), {"variant": "a\0b"}).status_code == 400


def _kind(address: str) -> str:
    """Those of one page are alike, and those of one page with the same questions."""
    return re.sub(r"=[^&]*", "=", re.sub(r"/[a-z0-9]*\d[^/?]*|/[a-z0-9]{12}(?=/)", "/N", address))
