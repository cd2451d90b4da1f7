from collections.abc import Iterator

import pytest

from cartrover.sync import durations
from tests.journeys.middle import Middle, set_up_middle
from tests.stage import Stage, World, set_up, world


@pytest.fixture(scope="session")
def outside() -> Iterator[World]:
    """Both stand-ins; each test has a seller and an account of its own there."""
    with world() as started:
        yield started


@pytest.fixture
def stage(outside: World, live: None, request: pytest.FixtureRequest) -> Iterator[Stage]:
    outside.ebay.session.delete(f"{outside.ebay.api}/_control/faults", timeout=60)
    outside.set_clocks(0, 0)
    outside.gecko.control("DELETE", "faults")
    with durations.changed(safety=0.0, watermark_lag=5.0, stock_spacing=-3600.0):
        yield set_up(outside, seller=f"seller-{abs(hash(request.node.nodeid)) % 10**8}")


@pytest.fixture
def middle(stage: Stage) -> Middle:
    return set_up_middle(stage)
