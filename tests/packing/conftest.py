import pytest

from cartrover.merchants.models import Merchant
from tests.packing.house import Desk


@pytest.fixture
def desk(merchant: Merchant, other_merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Alice's packing desk, with ten mugs and four hats; Charlie has one of his own."""
    return Desk.open(merchant, other_merchant, monkeypatch)
