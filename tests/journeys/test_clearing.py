"""What people are told clears itself when the world changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cartrover.connections.facts import ask_again
from cartrover.connections.models import Connection
from cartrover.merchants.tenancy import acting_for
from cartrover.sync import lacking
from tests.faults.outcome import drain, problems
from tests.stage import Stage


def without_pounds(stage: Stage) -> str:
    """An order in a currency that the warehouse's account lacked when it was last read. Returns its number."""
    stage.stock("TENT-2P")
    with acting_for(stage.merchant):
        row = Connection.objects.get(integration="tradegecko")
        names = {key: code for key, code in row.facts["currency_ids"].items() if code != "GBP"}
        row.facts = {**row.facts, "currency_ids": names, "currencies": sorted(names.values())}
        row.save(update_fields=["facts"])
    number = stage.sell("TENT-2P", currency="GBP")
    stage.settle()
    assert [(kind, subject) for kind, subject, _whose in problems(stage)] == [("currency", "GBP")]
    return number


def test_a_currency_that_was_added_frees_its_orders_once_the_account_is_read(stage: Stage) -> None:
    number = without_pounds(stage)
    with acting_for(stage.merchant):
        warehouse = Connection.objects.get(integration="tradegecko")
    ask_again(warehouse, actor="alice@example.com")
    drain()
    assert (stage.order(number).status, problems(stage)) == ("at_wms", [])
    assert [order["order_number"] for order in stage.at_warehouse()] == [number]


def test_nobody_has_to_say_that_a_currency_was_added(stage: Stage) -> None:
    number = without_pounds(stage)
    lately = {"lacking_at": datetime.now(UTC).isoformat()}
    assert lacking.ask_now_and_then(stage.merchant.pk, lately) == lately
    assert stage.order(number).status == "error", "it is asked once an hour"
    lacking.ask_now_and_then(stage.merchant.pk, {"lacking_at": (datetime.now(UTC) - timedelta(days=1)).isoformat()})
    drain()
    assert (stage.order(number).status, problems(stage)) == ("at_wms", [])
