from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ebay.scene import ALICE, Scene
from tests.ebay.simulator.running import EbayStandIn, ebay_stand_in


@pytest.fixture(scope="session")
def running_ebay() -> Iterator[EbayStandIn]:
    with ebay_stand_in() as running:
        yield running


@pytest.fixture
def scene(running_ebay: EbayStandIn) -> Scene:
    """Alice's account at a stand-in that is as new."""
    running_ebay.control("reset")
    return Scene.set_up(running_ebay, ALICE)
