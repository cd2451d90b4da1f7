"""The packing desk keeps to what every warehouse keeps to."""

from __future__ import annotations

import pytest

from integrations.contract import Integration
from integrations.portal.integration import integration
from tests.contract.account import DeclarationContract
from tests.contract.warehouse import House, OrderDeliveryContract, ShipmentPickupContract, StockPickupContract
from tests.packing.house import Desk
from tests.wire import RecordingWire


@pytest.fixture
def house(desk: Desk) -> House:
    return desk


class TestDeclarations(DeclarationContract):
    @pytest.fixture
    def made(self) -> Integration:
        return integration({})

    def test_nobody_is_called(self, made: Integration) -> None:
        assert made.kept_here
        for ask in (made.granted, lambda: made.account_of(RecordingWire())):
            with pytest.raises(LookupError):
                ask()


class TestOrderDelivery(OrderDeliveryContract):
    pass


class TestShipmentPickup(ShipmentPickupContract):
    pass


class TestStockPickup(StockPickupContract):
    pass
