from __future__ import annotations

import pytest

from cartrover.merchants.models import Merchant
from tests.sync.fake_cart import Shop


@pytest.fixture
def shop(merchant: Merchant) -> Shop:
    """Alice's shop: an eBay cart for Germany and the warehouse where its orders go."""
    return Shop.open(merchant)
