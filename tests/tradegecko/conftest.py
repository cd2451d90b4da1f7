from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.tradegecko.scene import Scene
from tests.tradegecko.simulator.running import Gecko, running

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def shared_gecko() -> Iterator[Gecko]:
    with running() as gecko:
        yield gecko


@pytest.fixture
def gecko(shared_gecko: Gecko) -> Iterator[Gecko]:
    """A stand-in with its usual settings and no fault waiting; accounts of other tests may be in it."""
    usual = shared_gecko.control("GET", "settings")
    yield shared_gecko
    shared_gecko.set(**usual)
    shared_gecko.skew_clock(0)
    shared_gecko.control("DELETE", "faults")


@pytest.fixture
def scene(gecko: Gecko) -> Scene:
    return Scene.set_up(gecko, f"alice{next(_numbers)}@example.com")
