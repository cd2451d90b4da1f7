"""What every integration keeps to on the wire, whatever it plays. Inherit, and give the fixture ``bench``."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

import pytest

from integrations.contract import Integration
from integrations.outcomes import Ambiguous, NeedsMerchant, RetryLater
from tests.wire import RecordingWire


class Bench(Protocol):
    """One account at a stand-in, and what a test does to it behind our back.

    ``read`` makes one cheap call that reads, to a path that the regular expression ``read_path`` finds. ``fault`` takes the
    fields of :class:`integrations.simulation.Fault`. ``heard`` counts the API calls that reached the stand-in. ``now`` is the
    stand-in's clock.
    """

    made: Integration
    wire: RecordingWire
    read_path: str

    def read(self) -> object: ...
    def fault(self, kind: str, **fields: Any) -> None: ...
    def heard(self) -> int: ...
    def now(self) -> datetime: ...


class GrantedBench(Bench, Protocol):
    """One whose account was granted. ``expire`` makes the token in hand one that is refused, ``revoke`` ends the grant."""

    def expire(self) -> None: ...
    def revoke(self) -> None: ...


NO_ANSWER: dict[str, dict[str, Any]] = {
    "500": {"kind": "status", "status": 500},
    "502 with a page": {"kind": "status", "status": 502, "body": "<html>", "headers": {"Content-Type": "text/html"}},
    "503": {"kind": "status", "status": 503},
    "reset": {"kind": "reset"},
    "truncated": {"kind": "truncate"},
    "a page under 200": {"kind": "html"},
    "no JSON": {"kind": "malformed"},
}


class DeclarationContract:
    """The fixture ``made`` is the integration as an installation that lacks nothing sees it."""

    def test_it_says_who_it_is(self, made: Integration) -> None:
        assert made.slug
        assert made.slug == made.slug.lower()
        assert made.name
        assert made.environment in ("production", "sandbox", "simulator")
        assert made.trouble == ""
        assert made.cart or made.warehouse

    def test_its_settings_have_names_of_their_own_and_choices_to_choose_from(self, made: Integration) -> None:
        for fields in (side.fields for side in (made.cart, made.warehouse) if side):
            names = [field.name for field in fields]
            assert len(set(names)) == len(names)
            for field in fields:
                assert field.label
                assert bool(field.choices) is (field.kind in ("choice", "choices"))
                chosen = field.default if field.kind == "choices" else (field.default,)
                assert not field.choices or set(chosen) <= {value for value, _label in field.choices}

    def test_its_services_are_those_of_the_role(self, made: Integration) -> None:
        if made.cart:
            assert set(made.cart.services) <= {"order_download", "shipment_upload", "inventory_upload"}
            assert bool(made.cart.stock_batch) is ("inventory_upload" in made.cart.services)
        if made.warehouse:
            assert set(made.warehouse.services) <= {"order_delivery", "shipment_pickup", "inventory_pickup"}

    def test_its_variants_are_told_apart(self, made: Integration) -> None:
        variants = made.cart.variants if made.cart else ()
        assert len({each.code for each in variants}) == len({each.name for each in variants}) == len(variants)


class GrantContract:
    """Of one that is called; ``made`` as above."""

    def test_it_never_prints_its_secret(self, made: Integration) -> None:
        assert made.granted().client_secret
        assert made.granted().client_secret not in repr(made)


class ConversationContract:
    """How it reads, and what comes of it when it cannot."""

    @pytest.mark.parametrize("fault", NO_ANSWER.values(), ids=NO_ANSWER)
    def test_a_read_without_an_answer_is_tried_later_and_works_then(self, bench: GrantedBench, fault: dict[str, Any]) -> None:
        bench.fault(path=bench.read_path, **fault)
        with pytest.raises(RetryLater) as caught:
            bench.read()
        assert not isinstance(caught.value, Ambiguous)
        bench.read()

    @pytest.mark.parametrize("status", [429, 503])
    def test_it_waits_as_long_as_it_is_told(self, bench: GrantedBench, status: int) -> None:
        bench.fault("status", path=bench.read_path, status=status, headers={"Retry-After": "77"})
        with pytest.raises(RetryLater) as caught:
            bench.read()
        assert caught.value.after is not None
        assert caught.value.after >= 77

    def test_a_redirect_is_not_followed(self, bench: GrantedBench) -> None:
        bench.fault("status", path=bench.read_path, status=302, headers={"Location": "/elsewhere"})
        before = bench.heard()
        with pytest.raises(Exception, match=r"\w"):
            bench.read()
        assert bench.heard() - before <= 1

    def test_an_expired_token_is_renewed_once(self, bench: GrantedBench) -> None:
        bench.expire()
        bench.read()
        assert len(bench.wire.refused) == 1

    def test_a_revoked_grant_is_the_merchants_to_renew(self, bench: GrantedBench) -> None:
        bench.revoke()
        with pytest.raises(NeedsMerchant) as caught:
            bench.read()
        assert (caught.value.fix, caught.value.scope) == ("reconnect", "connection")

    def test_each_call_is_permitted_first_and_told_of_afterwards(self, bench: GrantedBench) -> None:
        before = bench.heard()
        bench.read()
        calls = bench.heard() - before
        assert calls >= 1
        assert len(bench.wire.permitted) == len(bench.wire.exchanges) == calls

    def test_nothing_is_sent_without_permission(self, bench: GrantedBench) -> None:
        bench.wire.forbid = RetryLater("not now", after=60)
        before = bench.heard()
        with pytest.raises(RetryLater) as caught:
            bench.read()
        assert caught.value is bench.wire.forbid
        assert bench.heard() == before

    def test_each_call_is_counted_under_a_resource_that_the_quota_knows(self, bench: GrantedBench) -> None:
        bench.read()
        if bench.made.quota:
            assert set(bench.wire.calls()) <= set(bench.made.quota.per_day)

    def test_the_trail_names_the_call_and_holds_no_token(self, bench: GrantedBench) -> None:
        bench.read()
        for exchange in bench.wire.exchanges:
            assert exchange.status == 200
            assert exchange.server_time is not None
            assert exchange.url.startswith("http")
            assert bench.wire.access not in repr(exchange)
