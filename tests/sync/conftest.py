from __future__ import annotations

import pytest

from cartrover.merchants.models import Merchant
from tests.sync.fake_cart import Shop


@pytest.fixture
def shop(merchant: Merchant) -> Shop:
    """Alice's shop, with a cart that a test can fill."""
    return Shop.open(merchant)
