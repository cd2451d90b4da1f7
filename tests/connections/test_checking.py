"""Test and OK against both stand-ins, with everything that may be wrong. Their ledgers say that a test changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from pytest_django import Settings

from cartrover.connections import checking, holders
from cartrover.connections.approval import approve
from cartrover.connections.checking import check, open_orders
from cartrover.connections.checking.findings import Line
from cartrover.connections.facts import ask_again
from cartrover.connections.holders import Holder
from cartrover.connections.models import Cart, Connection, Credential, Warehouse
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.sync.models import Call
from integrations import registry
from tests.raw_server import answer, closed_port, raw_server, says
from tests.stage import Stage, World, set_up, world

HTML = "<!DOCTYPE html><html><body>Blocked by policy</body></html>"
TRAIL = {"call", "quotaday", "quotashare", "breaker", "credential", "session"}  # what every call leaves behind


@pytest.fixture(scope="module")
def outside() -> Iterator[World]:
    with world() as found:
        yield found


@pytest.fixture
def stage(outside: World, live: None) -> Iterator[Stage]:
    before = dict(registry._integrations)
    number = outside.__dict__.setdefault("sellers", [])
    number.append(1)
    yield set_up(outside, seller=f"seller{len(number)}")
    registry._integrations.clear()
    registry._integrations.update(before)


@contextmanager
def pointed(stage: Stage, **environment: str) -> Iterator[None]:
    """The integrations of this process, pointed elsewhere for a while."""
    from django.conf import settings

    registry.configure(settings.INTEGRATIONS, {**stage.world.environment, **environment})
    yield
    registry.configure(settings.INTEGRATIONS, stage.world.environment)


def cart_of(stage: Stage) -> Cart:
    with acting_for(stage.merchant):
        return Cart.objects.select_related("connection").get()


def warehouse_of(stage: Stage) -> Warehouse:
    with acting_for(stage.merchant):
        return Warehouse.objects.select_related("connection").get()


def found(holder: Holder, **settings: Any) -> dict[str, Line]:
    """The lines by name."""
    return {line.name: line for line in check(holder, settings={**holder.settings, **settings})}


def failing(lines: dict[str, Line]) -> set[str]:
    return {name for name, line in lines.items() if line.state == "fail"}


# ------------------------------------------------------------------------------------------------------------------ all is well


def test_a_cart_that_works_says_so_line_by_line(stage: Stage) -> None:
    stage.stock("MUG")
    stage.world.ebay.control("listings", seller=stage.seller, sku="MUG", quantity=3)
    stage.world.ebay.control("listings", seller=stage.seller, sku="HAT", quantity=3)
    stage.sell("MUG")
    time.sleep(1.1)  # the provider's clock tells whole seconds, and a window ends there
    lines = found(cart_of(stage))
    assert failing(lines) == set()
    assert list(lines)[:4] == ["reachable", "authorised", "account", "rights"]
    assert "127.0.0.1" in lines["reachable"].detail
    assert lines["account"].words == f"Access granted by {stage.seller}"
    assert lines["orders"].detail.startswith("1 open order would load, of 1 that changed in the last 30 days")
    assert (lines["warehouse"].state, lines["currency"].words) == ("ok", "TradeGecko knows USD")
    assert lines["skus"].words == "SKUs: 1 of 2 are not at the warehouse"
    assert "HAT" in lines["skus"].detail
    assert lines["clock"].state == "ok"


def test_a_warehouse_that_works_says_so(stage: Stage) -> None:
    stage.stock("MUG", "HAT")
    lines = found(warehouse_of(stage), ship_from=str(stage.locations[0]))
    assert failing(lines) == set()
    assert {"reachable", "authorised", "account", "rights", "location", "orders", "shipments", "items"} <= set(lines)
    assert lines["items"].detail == "2 items"


def test_a_test_changes_nothing_here_or_there(stage: Stage) -> None:
    stage.stock("MUG")
    stage.sell("MUG")
    cart, warehouse = cart_of(stage), warehouse_of(stage)

    def everything() -> tuple[Any, Any, Any]:
        with across_merchants("a test looks at every row"):
            models = [model for model in apps.get_models() if model._meta.model_name not in TRAIL]
            rows = {model._meta.label: [_kept(row) for row in model._base_manager.order_by("pk").values()] for model in models}
        return rows, stage.world.ebay.ledger(), stage.world.gecko.ledger()

    before = everything()
    for holder in (cart, warehouse):
        assert failing(found(holder)) == set()
    after = everything()
    assert after[0] == before[0]
    writes = ("order", "company", "fulfillment", "shipping_fulfillment", "stock", "price_quantity")
    for entries_before, entries_after in zip(before[1:], after[1:], strict=True):
        made = [entry for entry in entries_after[len(entries_before) :] if entry.get("kind") in writes]
        assert made == []
    with acting_for(stage.merchant):
        assert set(Call.objects.values_list("method", flat=True)) <= {"GET", "POST"}
        posted = Call.objects.filter(method="POST").values_list("resource", flat=True)
        assert set(posted) <= {"trading"}, "listings are asked for by POST; nothing else may be"


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what the provider's headers say of its budget."""
    return {name: value for name, value in row.items() if not name.startswith("budget_")}


# -------------------------------------------------------------------------------------------------------------- all that is not


def test_a_draft_without_access_is_told_to_grant_it(stage: Stage) -> None:
    with acting_for(stage.merchant):
        cart = holders.new_cart(registry.get("ebay"), "EBAY_DE", actor="a test")
    (line,) = check(cart)
    assert (line.state, line.fix) == ("fail", "Press Grant Us API Access.")


def test_a_revoked_grant_is_named(stage: Stage) -> None:
    with acting_for(stage.merchant):
        Credential.objects.update(expires_at="2020-01-01T00:00:00Z")
    stage.world.gecko.control("POST", "revoke", {"email": f"{stage.seller}@example.com"})
    lines = found(warehouse_of(stage))
    assert failing(lines) == {"authorised"}
    assert "Reconnect" in lines["authorised"].words
    again = found(warehouse_of(stage))
    assert "Reconnect" in again["authorised"].words


def test_a_right_that_was_not_granted_is_named(stage: Stage) -> None:
    base = "https://api.ebay.com/oauth/api_scope"
    some = [base, f"{base}/sell.fulfillment", f"{base}/commerce.identity.readonly"]
    token = stage.world.ebay.grant(stage.seller, some)["access_token"]
    _use_token(stage, "ebay", token)
    lines = found(cart_of(stage))
    assert failing(lines) == {"rights"}
    assert "Stock levels" in lines["rights"].words


def _use_token(stage: Stage, slug: str, token: str) -> None:
    from datetime import UTC, datetime, timedelta

    from cartrover.connections import credentials
    from integrations.oauth2 import Tokens

    with acting_for(stage.merchant):
        connection = Connection.objects.get(integration=slug)
        credentials.store(connection, Tokens(token, datetime.now(UTC) + timedelta(hours=1), "unused"))


def test_a_location_that_is_gone_is_named_with_those_that_exist(stage: Stage) -> None:
    lines = found(warehouse_of(stage), ship_from="999999")
    assert failing(lines) == {"location"}
    assert lines["location"].words == "Ship from: TradeGecko has no location 999999."
    assert str(stage.locations[0]) in lines["location"].detail


def test_a_provider_that_is_away_is_not_the_merchants_fault(stage: Stage) -> None:
    with pointed(stage, EBAY_IDENTITY_URL=f"http://127.0.0.1:{closed_port()}"):
        lines = found(cart_of(stage))
    assert failing(lines) == {"reachable"}
    assert lines["reachable"].words == "eBay could not be reached"


@pytest.mark.parametrize("slug", ["ebay", "tradegecko"])
def test_a_password_before_the_api_is_recognised_and_named(stage: Stage, slug: str, settings: Settings) -> None:
    settings.OUTBOUND_ADDRESSES = ["203.0.113.10", "203.0.113.11"]
    challenge = answer(HTML, "401 Unauthorized", "text/html", 'WWW-Authenticate: Basic realm="shop"')
    lines = _answered_by(stage, slug, challenge)
    assert failing(lines) == {"reachable"}
    assert "Basic authentication" in lines["reachable"].words
    assert "203.0.113.10 and 203.0.113.11" in lines["reachable"].fix
    with acting_for(stage.merchant):
        assert set(Connection.objects.values_list("state", flat=True)) == {"active"}, "the grant has nothing to do with it"


@pytest.mark.parametrize("slug", ["ebay", "tradegecko"])
def test_a_blocked_address_is_recognised_and_named(stage: Stage, slug: str, settings: Settings) -> None:
    settings.OUTBOUND_ADDRESSES = ["203.0.113.10"]
    lines = _answered_by(stage, slug, answer(HTML, "403 Forbidden", "text/html"))
    assert failing(lines) == {"reachable"}
    assert "turned us away" in lines["reachable"].words
    assert "allow 203.0.113.10" in lines["reachable"].fix


def _answered_by(stage: Stage, slug: str, said: bytes) -> dict[str, Line]:
    with raw_server(says(said)) as server:
        name = "EBAY_IDENTITY_URL" if slug == "ebay" else "TRADEGECKO_API_URL"
        with pointed(stage, **{name: server.url}):
            return found(cart_of(stage) if slug == "ebay" else warehouse_of(stage))


def test_clocks_that_differ_are_a_note_and_no_fault(stage: Stage) -> None:
    stage.world.gecko.skew_clock(90)
    try:
        lines = found(warehouse_of(stage))
    finally:
        stage.world.gecko.skew_clock(0)
    assert lines["clock"].state == "warn"
    assert "ahead of ours" in lines["clock"].words
    assert failing(lines) == set()


def test_a_cart_without_a_warehouse_passes_with_a_note(stage: Stage) -> None:
    with acting_for(stage.merchant):
        Cart.objects.update(warehouse=None)
    lines = found(cart_of(stage))
    assert (lines["warehouse"].state, failing(lines)) == ("warn", set())


def test_a_warehouse_that_is_away_keeps_no_cart_from_being_saved(stage: Stage) -> None:
    with pointed(stage, TRADEGECKO_API_URL=f"http://127.0.0.1:{closed_port()}"):
        lines = found(cart_of(stage))
    assert (lines["warehouse_reads"].state, failing(lines)) == ("warn", set())


def test_a_currency_that_the_warehouse_lacks_is_named(stage: Stage) -> None:
    with acting_for(stage.merchant):
        Cart.objects.update(variant="EBAY_PL")
    lines = found(cart_of(stage))
    assert (lines["currency"].state, lines["currency"].words) == ("warn", "TradeGecko has no currency PLN")


def test_a_fault_of_our_own_is_a_line_and_not_a_crash(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_here: object) -> Iterator[Line]:
        raise ZeroDivisionError

    monkeypatch.setattr(checking, "_CART_STEPS", {"access": broken})
    (line,) = check(cart_of(stage))
    assert (line.state, line.words) == ("fail", "Something went wrong on our side.")


# ---------------------------------------------------------------------------------------------------------------- OK and Go live


def test_ok_saves_what_passes_as_checked_and_what_does_not_as_a_draft(stage: Stage) -> None:
    warehouse = warehouse_of(stage)
    with acting_for(stage.merchant):
        Warehouse.objects.update(state="draft")
    good = {**warehouse.settings, "ship_from": str(stage.locations[0])}
    approve(warehouse_of(stage), actor="Alice", settings=good)
    assert (warehouse_of(stage).state, warehouse_of(stage).settings) == ("checked", good)
    wrong = {**good, "ship_from": "999999"}
    lines = approve(warehouse_of(stage), actor="Alice", settings=wrong)
    assert not checking.passed(lines)
    assert (warehouse_of(stage).state, warehouse_of(stage).settings) == ("draft", wrong)


def test_what_is_live_goes_on_with_its_tested_settings_until_others_pass(stage: Stage) -> None:
    before = warehouse_of(stage).settings
    services = {**warehouse_of(stage).services, "inventory_pickup": {"on": False, "every": None}}
    approve(warehouse_of(stage), actor="Alice", settings={**before, "ship_from": "999999"}, services=services)
    row = warehouse_of(stage)
    assert (row.state, row.settings, row.services) == ("live", before, services)
    better = {**before, "ship_from": str(stage.locations[0])}
    approve(row, actor="Alice", settings=better)
    assert (warehouse_of(stage).state, warehouse_of(stage).settings) == ("live", better)


def test_nothing_goes_live_that_was_not_tested(stage: Stage) -> None:
    with acting_for(stage.merchant):
        Warehouse.objects.update(state="draft")
        with pytest.raises(holders.Obstacle, match="Press OK"):
            holders.go_live(Warehouse.objects.get(), actor="Alice")


def test_a_draft_is_not_paused_and_so_does_not_go_live_untested(stage: Stage) -> None:
    with acting_for(stage.merchant):
        Warehouse.objects.update(state="draft")
        with pytest.raises(holders.Obstacle, match="is not live"):
            holders.pause(Warehouse.objects.get(), actor="Alice")
        assert Warehouse.objects.get().state == "draft"


def test_another_account_makes_a_draft_of_what_was_live(stage: Stage) -> None:
    with acting_for(stage.merchant):
        cart = Cart.objects.get()
        other = Connection.objects.create(
            integration="ebay", environment="simulator", account_id="x", account_name="x", authorised_at=cart.went_live_at
        )
        holders.join(cart, other)
    assert (cart_of(stage).state, cart_of(stage).pull_from) == ("draft", None)


def test_go_live_tells_how_many_orders_it_would_send(stage: Stage) -> None:
    for _ in range(3):
        stage.sell("MUG")
    stage.sell("MUG", payment="PENDING")
    time.sleep(1.1)  # the provider's clock tells whole seconds, and a window ends there
    counted = open_orders(cart_of(stage))
    assert (counted.since(30), counted.since(1), counted.since(0)) == ("3", "3", "0")
    assert counted.changed == 4


def test_a_location_that_was_added_is_known_after_asking_again(stage: Stage) -> None:
    warehouse = warehouse_of(stage)
    with acting_for(stage.merchant):
        Connection.objects.filter(pk=warehouse.connection_id).update(facts={"locations": [], "remembered": 1})
    assert warehouse.connection is not None
    ask_again(warehouse.connection, actor="Alice")
    with acting_for(stage.merchant):
        facts = Connection.objects.get(pk=warehouse.connection_id).facts
    assert [each["id"] for each in facts["locations"]] == [str(each) for each in stage.locations]
    assert facts["remembered"] == 1
