"""The demo's outside world, and what `make up` asks for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from cartrover.embedded import demo, up
from cartrover.embedded.errors import EmbeddedError
from cartrover.embedded.place import Place, held
from cartrover.embedded.supervisor import Supervisor
from cartrover.environment import ENVIRONMENT

PORTAL = "http://localhost:8000"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with held(tmp_path) as place:
        yield place


@pytest.fixture
def supervisor(place: Place) -> Iterator[Supervisor]:
    with Supervisor(place, os.environ) as supervisor:
        yield supervisor


@pytest.mark.parametrize(
    ("name", "address"), [("ebay", "EBAY_API_URL"), ("ebay", "EBAY_IDENTITY_URL"), ("tradegecko", "TRADEGECKO_API_URL")]
)
def test_a_stand_in_answers_where_its_variables_say(supervisor: Supervisor, place: Place, name: str, address: str) -> None:
    variables = {"ebay": demo.ebay, "tradegecko": demo.tradegecko}[name](supervisor, place, PORTAL)
    assert set(variables) <= set(ENVIRONMENT)
    assert requests.get(f"{variables[address]}/_control/health", timeout=10).ok


def test_a_stand_in_is_at_the_same_address_after_a_restart(place: Place) -> None:
    addresses = []
    for _ in range(2):
        with Supervisor(place, os.environ) as supervisor:
            addresses.append(demo.ebay(supervisor, place, PORTAL)["EBAY_API_URL"])
    assert addresses[0] == addresses[1]


def test_up_names_all_that_is_missing_and_what_ebay_asks_for_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in up.APPLICATIONS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EBAY_CLIENT_ID", "ours")
    monkeypatch.setenv("PORTAL_URL", "http://portal.example.com")
    with pytest.raises(EmbeddedError) as refusal:
        up.up()
    assert [line.split(":")[0].strip() for line in str(refusal.value).splitlines()[1:]] == [
        *up.APPLICATIONS[1:],
        "PORTAL_URL",
    ]
    assert "account deletion" in capsys.readouterr().out
