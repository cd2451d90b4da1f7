"""The stand-in as a process, over real sockets: its faults, its memory, and a public client that knows nothing of us."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.waiting import wait_until

from .conftest import ALICE
from .running import Gecko, running

SECONDS = 60
ORDER = {"order": {"company": {"name": "eBay", "company_type": "consumer"}, "shipping_address": {"address1": "1 High St"}}}


@pytest.fixture
def api(gecko: Gecko) -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {gecko.grant(ALICE)['access_token']}"
    return session


@pytest.fixture
def made(gecko: Gecko) -> Any:
    """How many orders were made since the test began."""
    before = len(gecko.ledger("order_created"))
    return lambda: len(gecko.ledger("order_created")) - before


def place(gecko: Gecko, api: requests.Session) -> requests.Response:
    return api.post(f"{gecko.url}/orders", json=ORDER, timeout=SECONDS)


def test_a_refusal_before_the_effect_leaves_none(gecko: Gecko, api: requests.Session, made: Any) -> None:
    gecko.fault("status", method="POST", path="^/orders$", status=503, headers={"Retry-After": "120"})
    answer = place(gecko, api)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "120")
    assert made() == 0
    assert place(gecko, api).status_code == 201, "a fault is played once"


def test_a_500_may_come_after_the_effect(gecko: Gecko, api: requests.Session, made: Any) -> None:
    gecko.fault("effect_then_status", method="POST", path="^/orders$", status=500)
    assert place(gecko, api).status_code == 500
    assert made() == 1


@pytest.mark.parametrize(("kind", "effects"), [("reset", 0), ("effect_then_reset", 1)])
def test_a_connection_may_be_cut_before_or_after_the_effect(
    gecko: Gecko, api: requests.Session, made: Any, kind: str, effects: int
) -> None:
    gecko.fault(kind, method="POST", path="^/orders$")
    with pytest.raises(requests.ConnectionError):
        place(gecko, api)
    assert made() == effects


def test_an_effect_may_come_late(gecko: Gecko, api: requests.Session, made: Any) -> None:
    gecko.fault("late_effect", method="POST", path="^/orders$", seconds=0.5)
    with pytest.raises(requests.ConnectionError):
        place(gecko, api)
    wait_until(lambda: made() > 0)
    assert made() == 1


def test_an_answer_may_be_cut_short(gecko: Gecko, api: requests.Session) -> None:
    gecko.fault("truncate", path="^/locations$")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        _ = api.get(f"{gecko.url}/locations", timeout=SECONDS).content


@pytest.mark.parametrize("kind", ["html", "malformed"])
def test_an_answer_may_be_no_json(gecko: Gecko, api: requests.Session, kind: str) -> None:
    gecko.fault(kind, path="^/locations$")
    answer = api.get(f"{gecko.url}/locations", timeout=SECONDS)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r".*"):
        answer.json()


def test_a_slow_answer_runs_into_the_client_s_deadline(gecko: Gecko, api: requests.Session, made: Any) -> None:
    gecko.fault("effect_then_delay", method="POST", path="^/orders$", seconds=2)
    with pytest.raises(requests.Timeout):
        api.post(f"{gecko.url}/orders", json=ORDER, timeout=0.5)
    wait_until(lambda: made() > 0)
    assert made() == 1


def test_a_restart_remembers_everything(tmp_path: Path) -> None:
    data = tmp_path / "gecko.sqlite"
    with running({"rate_limit": 1000}, data) as first:
        first.open_account(locations=["Main"], users=[{"email": ALICE}])
        [variant] = first.add_variants({"sku": "S1", "stock": {18: "5"}})
        order = first.control("POST", "orders", {"lines": [{"sku": "S1", "quantity": 2}]})
        granted = first.grant(ALICE)
        summary = first.control("GET", "summary")
        ledger = first.ledger()
    with running(data=data) as second:
        assert second.control("GET", "summary") == summary
        assert second.ledger() == ledger
        headers = {"Authorization": f"Bearer {granted['access_token']}"}
        levels = requests.get(f"{second.url}/stock_levels", headers=headers, timeout=SECONDS).json()["stock_levels"]
        assert [(level["variant_id"], level["available_stock"]) for level in levels] == [(variant["variant_id"], "3")]
        assert second.control("POST", "orders", {"lines": [{"sku": "S1"}]})["id"] > order["id"]


def test_an_unknown_setting_ends_the_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "integrations.tradegecko.simulator", "--set", "nonsense=1"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0
    assert "nonsense" in ended.stderr


# Written for Python 2: its modules name each other as if they stood alone, so its own folder has to be on the path.
PUBLIC_CLIENT = "tradegecko"
STORY = """
import json, sys
from importlib import import_module
endpoints = import_module("endpoints")
base, token, variant = sys.argv[1], sys.argv[2], int(sys.argv[3])
companies, addresses = endpoints.Company(base, token), endpoints.Address(base, token)
orders, variants = endpoints.Order(base, token), endpoints.Variant(base, token)
company = companies.create({"name": "Public", "company_type": "consumer"})
address = addresses.create({"company_id": company, "address1": "1 High St", "label": "Door"})
made = orders.create({"company_id": company, "shipping_address_id": address, "billing_address_id": address,
    "status": "finalized", "issued_at": "21-02-2018", "order_number": "P1",
    "order_line_items": [{"variant_id": variant, "quantity": 2}]})
updated = orders.update(made, {"notes": "from a public client"})
refused = None
try:
    companies.create({"company_type": "consumer"})
except Exception as error:
    refused = type(error).__name__
print(json.dumps({
    "order": orders.get(made)["order"], "found": [one["id"] for one in orders.filter(order_number="P1")["orders"]],
    "pages": variants.page_count(limit=1), "variants": [one["sku"] for one in variants.all()["variants"]], "updated": updated,
    "locations": len(endpoints.Location(base, token).all()["locations"]), "refused": refused,
    "missing": orders.get(1), "deleted": orders.delete(made).status_code,
}))
"""


def test_a_public_client_works_unchanged(gecko: Gecko) -> None:
    found = importlib.util.find_spec(PUBLIC_CLIENT)
    assert found is not None
    assert found.submodule_search_locations
    [variant] = gecko.add_variants({"sku": "PUBLIC", "stock": {18: "5"}, "retail_price": "7"})
    path = os.pathsep.join(found.submodule_search_locations)
    arguments = [f"{gecko.url}/", gecko.grant(ALICE)["access_token"], str(variant["variant_id"])]
    ended = subprocess.run(
        [sys.executable, "-c", STORY, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert (told["order"]["total"], told["order"]["issued_at"]) == ("14.0", "2018-02-21")
    assert told["order"]["notes"] == "from a public client"
    assert told["found"] == [told["order"]["id"]]
    assert told["variants"][0] == "PUBLIC"
    assert told["pages"] == len(told["variants"])
    assert (told["updated"], told["locations"], told["missing"], told["deleted"]) == (True, 1, False, 204)
    assert told["refused"] == "TGUnprocessableEntityFailure"
    assert gecko.control("GET", "summary")["orders"][-1]["status"] == "void"
