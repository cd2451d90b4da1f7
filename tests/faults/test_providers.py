"""What providers do to us: errors, limits, outages, ended grants, wrong clocks and strange orders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.utils import timezone

from cartrover.connections import attention, credentials, engine
from cartrover.connections.models import Connection
from cartrover.merchants.tenancy import acting_for
from cartrover.sync import durations
from cartrover.sync.models import Breaker, QuotaDay, Stream
from integrations.contract import CartShipment, Delivery, ShipmentUpload
from integrations.ebay.client import EbayCart
from integrations.oauth2 import Tokens
from integrations.tradegecko.warehouse import TradeGeckoWarehouse
from tests.faults.outcome import created, delivered, drain, problems, recover
from tests.stage import Stage, point_at, set_up

NOWHERE = "http://127.0.0.1:9"  # nobody listens on the discard port


@pytest.fixture(autouse=True)
def as_before(stage: Stage) -> Iterator[None]:
    """What a test makes of the stand-ins ends with it."""
    yield
    stage.world.ebay.set(limit_order=100_000)
    stage.world.gecko.set(rate_limit=100_000, rate_seconds=300, refresh_grace_seconds=0, old_access_token="lives")
    point_at(stage.world.environment)


def ebay_calls(stage: Stage) -> int:
    """Calls that eBay has seen, answered or played a fault on."""
    return sum(stage.world.ebay.told("calls").values()) + len(stage.world.ebay.told("faults")["played"])


def gecko_calls(stage: Stage) -> int:
    return sum(stage.world.gecko.control("GET", "calls").values()) + len(stage.world.gecko.control("GET", "faults")["played"])


def connection(stage: Stage, integration: str) -> Connection:
    with acting_for(stage.merchant):
        found: Connection = Connection.objects.get(integration=integration)
        return found


def pull(stage: Stage) -> Stream:
    with acting_for(stage.merchant):
        found: Stream = Stream.objects.get(kind=Stream.Kind.PULL_ORDERS)
        return found


# ------------------------------------------------------------------------------------------------------------ errors and limits


@pytest.mark.parametrize(
    "fault",
    [{"kind": "status"}, {"kind": "reset"}, {"kind": "truncate"}, {"kind": "html"}, {"kind": "malformed"}],
    ids=lambda fault: fault["kind"],
)
def test_a_page_that_cannot_be_read_moves_no_watermark_and_is_read_again(stage: Stage, fault: dict[str, Any]) -> None:
    stage.stock("TENT-2P")
    stage.settle()
    before = pull(stage).cursor["until"]
    number = stage.sell("TENT-2P")
    stage.world.ebay.control("faults", path="/order$", times=2, **fault)
    stage.settle("pull_orders")
    failing = pull(stage)
    assert (failing.cursor["until"], failing.failures) == (before, 1)
    recover(stage, least=3)
    assert stage.world.ebay.told("faults")["waiting"] == []
    assert (created(stage, number), problems(stage)) == (1, [])


@pytest.mark.parametrize("step", ["read", "write"])
def test_a_provider_that_asks_for_a_pause_gets_it_and_nobody_else_waits(stage: Stage, step: str) -> None:
    first = delivered(stage)
    path = "/order$"
    if step == "write":
        stage.ship(first)
        path = "/shipping_fulfillment$"
    told = format_datetime(datetime.now(UTC) + timedelta(seconds=stage.world.ahead[0] + 5), usegmt=True)
    away = {"kind": "status", "status": 503, "headers": {"Retry-After": "120", "Date": told}, "path": path}
    stage.world.ebay.control("faults", **away, **({"method": "POST"} if step == "write" else {}))
    stage.settle("pull_orders", "pull_shipments", "confirm_shipments")
    ebay, gecko = ebay_calls(stage), gecko_calls(stage)
    assert len(stage.world.ebay.told("faults")["played"]) == 1
    for _ in range(3):
        stage.wake()
        drain()
    assert ebay_calls(stage) == ebay
    assert gecko_calls(stage) > gecko
    neighbour = set_up(stage.world, seller=f"{stage.seller}-neighbour")
    neighbour.stock("LAMP")
    number = neighbour.sell("LAMP")
    neighbour.settle()
    assert created(neighbour, number) == 1
    recover(stage)
    assert problems(stage) == []
    assert len(stage.packages_at_ebay()) == (step == "write")


def test_a_spent_budget_is_left_alone_until_it_is_full_again(stage: Stage) -> None:
    delivered(stage)
    stage.world.gecko.set(rate_limit=3, rate_seconds=3600)
    numbers = [stage.sell("TENT-2P") for _ in range(4)]
    stage.settle()
    refused = gecko_calls(stage)
    for _ in range(3):
        stage.wake()
        drain()
    assert gecko_calls(stage) == refused
    stage.world.gecko.set(rate_limit=100_000)
    with acting_for(stage.merchant):
        Connection.objects.update(budget_full_at=None)
    recover(stage)
    assert [created(stage, number) for number in numbers] == [1] * 4
    assert problems(stage) == []


def test_a_spent_daily_quota_stops_that_resource_alone(stage: Stage) -> None:
    delivered(stage)
    stage.world.ebay.control("listings", seller=stage.seller, sku="TENT-2P", quantity=1)
    stage.world.ebay.set(limit_order=0)
    stage.settle("pull_orders")
    told = stage.world.ebay.told("calls")
    number = stage.sell("TENT-2P")
    with acting_for(stage.merchant):
        Stream.objects.filter(kind=Stream.Kind.PUSH_STOCK).update(cursor={})
    for _ in range(2):
        stage.settle()
    now = stage.world.ebay.told("calls")
    assert now["getOrders"] == told["getOrders"]
    assert now["GetMyeBaySelling"] > told.get("GetMyeBaySelling", 0)
    assert problems(stage) == []
    stage.world.ebay.set(limit_order=100_000)
    QuotaDay.objects.update(spent_until=None)
    recover(stage)
    assert created(stage, number) == 1


# --------------------------------------------------------------------------------------------------------------------- outages


def test_an_outage_is_probed_and_when_it_ends_all_moves_at_once(stage: Stage) -> None:
    number = delivered(stage)
    waiting = [stage.sell("TENT-2P") for _ in range(2)]
    stage.settle("pull_orders")
    stage.ship(number)
    point_at({**stage.world.environment, "EBAY_API_URL": NOWHERE})
    with durations.changed(safety=0.0, watermark_lag=5.0, stock_spacing=-3600.0, breaker_first=3600.0, breaker_most=3600.0):
        for _ in range(6):
            stage.pass_time(60)
            drain()
        tried = unanswered(stage)
        for _ in range(4):
            stage.pass_time(3600)
            drain()
        assert unanswered(stage) == tried, "nobody calls while it is known to be away"
        probe(stage)
        assert unanswered(stage) == tried + 1
        assert [created(stage, each) for each in waiting] == [1, 1], "the warehouse is there"
        assert stage.packages_at_ebay() == []
        point_at(stage.world.environment)
        probe(stage)
    assert stage.packages_at_ebay() == [(number, "1Z999AA1")], "what answers the probe wakes whatever waits"
    assert problems(stage) == []


def unanswered(stage: Stage) -> int:
    with acting_for(stage.merchant):
        return int(connection(stage, "ebay").calls.filter(status=None).count())


def probe(stage: Stage) -> None:
    """The pause is over, and one stream has its turn."""
    Breaker.objects.update(open_until=timezone.now())
    stage.wake("pull_orders")
    drain()


# ---------------------------------------------------------------------------------------------------------------------- access


def test_an_access_token_that_ends_in_the_middle_is_renewed_once_and_the_run_goes_on(stage: Stage) -> None:
    delivered(stage)
    number = stage.sell("TENT-2P")
    body = '{"errors": [{"errorId": 1001, "message": "Invalid access token"}]}'
    stage.world.ebay.control("faults", kind="status", status=401, body=body, path="/order$")
    stage.settle()
    renewed = [entry for entry in stage.world.ebay.ledger("token_refreshed") if entry["username"] == stage.seller]
    assert (len(renewed), created(stage, number)) == (1, 1)
    assert pull(stage).failures == 0


def test_a_revoked_grant_stops_the_polls_and_not_what_was_pulled(stage: Stage) -> None:
    stage.stock("KNOWN")
    number = stage.sell("MYSTERY")
    stage.settle()
    assert stage.order(number).status == "error"
    stage.world.ebay.control("revoke", username=stage.seller)
    stage.settle("pull_orders")
    assert connection(stage, "ebay").state == "needs_attention"
    calls = ebay_calls(stage)
    stage.stock("MYSTERY")
    stage.forget_catalogue()
    with durations.changed(safety=0.0, watermark_lag=5.0, stock_spacing=-3600.0, stale_reading=0.0):
        for _ in range(3):
            stage.pass_time()
            stage.wake()
            drain()
    assert ebay_calls(stage) == calls
    assert created(stage, number) == 1
    assert problems(stage) == [("reconnect", "", "merchant")]
    stage.ship(number)
    stage.settle()
    renew(stage, "ebay", stage.world.ebay.grant(stage.seller))
    recover(stage)
    assert stage.packages_at_ebay() == [(number, "1Z999AA1")]
    assert problems(stage) == []


def test_a_warehouse_whose_grant_was_revoked_loses_nothing(stage: Stage) -> None:
    delivered(stage)
    email = f"{stage.seller}@example.com"
    stage.world.gecko.control("POST", "revoke", {"email": email})
    numbers = [stage.sell("TENT-2P") for _ in range(3)]
    for _ in range(2):
        stage.settle()
    assert connection(stage, "tradegecko").state == "needs_attention"
    calls = gecko_calls(stage)
    stage.pass_time()
    stage.wake()
    drain()
    assert gecko_calls(stage) == calls
    assert problems(stage) == [("reconnect", "", "merchant")]
    assert {stage.order(number).status for number in numbers} == {"new"}
    renew(stage, "tradegecko", stage.world.gecko.grant(email))
    recover(stage)
    assert [created(stage, number) for number in numbers] == [1, 1, 1]
    assert problems(stage) == []


def renew(stage: Stage, integration: str, granted: dict[str, Any]) -> None:
    """What the owner's new consent comes to."""
    row = connection(stage, integration)
    with acting_for(stage.merchant):
        expires = datetime.now(UTC) + timedelta(seconds=granted["expires_in"])
        credentials.store(row, Tokens(granted["access_token"], expires, granted.get("refresh_token")))
        row.state = Connection.State.ACTIVE
        row.save(update_fields=["state"])
        attention.mended(row)
        engine.changed(row)


@pytest.mark.parametrize("grace", [60, 0], ids=["within the grace", "without grace"])
def test_a_rotated_token_whose_answer_got_lost(stage: Stage, grace: int) -> None:
    """The old token still works for a while at a provider that has a grace; else the owner has to consent again, once."""
    delivered(stage)
    stage.world.gecko.set(refresh_grace_seconds=grace, old_access_token="dies")
    number = stage.sell("TENT-2P")
    stage.world.gecko.fault("status", method="GET", path="/stock_levels|/fulfillments|/variants", status=401, body="{}")
    stage.world.gecko.fault("effect_then_reset", method="POST", path="/oauth/token")
    stage.settle()
    recover(stage)
    if grace:
        assert (created(stage, number), problems(stage)) == (1, [])
    else:
        assert problems(stage) == [("reconnect", "", "merchant")]
        renew(stage, "tradegecko", stage.world.gecko.grant(f"{stage.seller}@example.com"))
        recover(stage)
        assert (created(stage, number), problems(stage)) == (1, [])


# ---------------------------------------------------------------------------------------------------------------------- clocks


@pytest.mark.parametrize(("at_ebay", "at_tradegecko"), [(600, -600), (-600, 600)])
def test_clocks_that_differ_by_ten_minutes_lose_nothing(stage: Stage, at_ebay: int, at_tradegecko: int) -> None:
    stage.world.set_clocks(at_ebay, at_tradegecko)
    stage.stock("TENT-2P")
    numbers = [stage.sell("TENT-2P")]
    stage.settle()
    stage.ship(numbers[0])
    stage.settle()
    stage.world.set_clocks(0, 0)
    numbers.append(stage.sell("TENT-2P"))
    with durations.changed(safety=0.0, watermark_lag=5.0, hourly=0.0):  # what a clock put back has hidden is found hourly
        stage.settle()
    stage.ship(numbers[1], tracking_number="B2")
    stage.settle()
    recover(stage, least=2)
    assert [created(stage, number) for number in numbers] == [1, 1]
    assert sorted(stage.packages_at_ebay()) == sorted(zip(numbers, ["1Z999AA1", "B2"], strict=True))
    assert problems(stage) == []


# --------------------------------------------------------------------------------------------------------------- strange orders


def test_an_order_that_cannot_be_read_is_held_and_the_others_go_on(stage: Stage) -> None:
    stage.stock("TENT-2P")
    good = [stage.sell("TENT-2P") for _ in range(2)]
    bad = stage.sell("TENT-2P", overrides={"pricingSummary": {"total": {"value": "many"}}})
    good.append(stage.sell("TENT-2P"))
    stage.settle()
    assert [created(stage, number) for number in good] == [1, 1, 1]
    assert (stage.order(bad).status, created(stage, bad)) == ("held", 0)
    assert "pricingSummary" in stage.order(bad).reason
    stage.world.ebay.control(f"orders/{bad}/touch", overrides={"pricingSummary": {"total": {"value": "10.00"}}})
    stage.settle()
    assert created(stage, bad) == 1


def test_names_in_any_script_arrive_whole_and_what_no_table_holds_is_held(stage: Stage) -> None:
    stage.stock("TENT-2P")
    name = "Zoë 🦎 O'Brien-Ødegård محمد"
    street = "Ω" * 10_000
    whole = stage.sell("TENT-2P", buyer={"name": name, "street": street})
    nul = stage.sell("TENT-2P", buyer={"name": "A\x00B"})
    after = stage.sell("TENT-2P")
    stage.settle()
    assert [created(stage, number) for number in (whole, nul, after)] == [1, 0, 1]
    kept = stage.order(whole).ship_to or {}
    assert (kept["name"], kept["line1"]) == (name, street)
    assert stage.order(nul).status == "held"
    assert "shipTo.fullName" in stage.order(nul).reason


def test_what_breaks_our_own_code_stands_in_nobodys_way(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """One order and one package are of a kind that nobody has foreseen. An operator hears of both, and they wait."""
    shipped = [delivered(stage), delivered(stage, "LAMP")]
    odd = stage.sell("TENT-2P")
    good = stage.sell("TENT-2P")
    for number, tracking in zip(shipped, ("ODD", "GOOD"), strict=True):
        stage.ship(number, tracking_number=tracking)
    check, upload = TradeGeckoWarehouse.check, EbayCart.upload_shipment

    def odd_check(client: TradeGeckoWarehouse, delivery: Delivery) -> None:
        if delivery.number == odd:
            raise KeyError("surprise")
        check(client, delivery)

    def odd_upload(client: EbayCart, sent: ShipmentUpload, *, key: str) -> CartShipment:
        if sent.tracking == "ODD":
            raise ZeroDivisionError
        return upload(client, sent, key=key)

    monkeypatch.setattr(TradeGeckoWarehouse, "check", odd_check)
    monkeypatch.setattr(EbayCart, "upload_shipment", odd_upload)
    stage.settle()
    assert (created(stage, good), created(stage, odd)) == (1, 0)
    assert stage.packages_at_ebay() == [(shipped[1], "GOOD")]
    assert problems(stage) == [("engine", "", "operator"), ("engine", "", "operator")]
    monkeypatch.undo()
    recover(stage)
    assert created(stage, odd) == 1
    assert sorted(stage.packages_at_ebay()) == sorted(zip(shipped, ("ODD", "GOOD"), strict=True))
    assert problems(stage) == []
