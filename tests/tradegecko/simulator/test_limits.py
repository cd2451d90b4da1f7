from __future__ import annotations

import pytest

from .conftest import Shop


def remaining(shop: Shop) -> int:
    return int(shop.call("GET", "/locations").headers["X-Rate-Limit-Remaining"])


def at_window_start(shop: Shop) -> None:
    """Set the clock to just after the beginning of a window."""
    now = shop.world.clock.now().timestamp()
    shop.control("POST", "clock", {"skew": 300 - now % 300 + 1})


def test_300_calls_fit_in_300_seconds_and_the_headers_count_them(shop: Shop) -> None:
    at_window_start(shop)
    assert remaining(shop) == 299
    for _ in range(298):
        shop.call("GET", "/locations")
    assert remaining(shop) == 0
    refused = shop.call("GET", "/locations")
    assert refused.status_code == 429
    assert refused.json == {"error": "You have exceeded the API rate limit. Please retry later."}
    assert refused.headers["X-Rate-Limit-Remaining"] == "0"
    assert "Retry-After" not in refused.headers
    skew = shop.world.clock.skew
    shop.control("POST", "clock", {"skew": skew + 300})
    assert remaining(shop) == 299


def test_reset_is_the_end_of_the_window(shop: Shop) -> None:
    at_window_start(shop)
    reset = int(shop.call("GET", "/locations").headers["X-Rate-Limit-Reset"])
    assert reset % 300 == 0
    assert 0 < reset - shop.world.clock.now().timestamp() <= 300


def test_each_account_has_a_budget_of_its_own(shop: Shop, others_shop: Shop) -> None:
    shop.control("PATCH", "settings", {"rate_limit": 1, "retry_after": True})
    at_window_start(shop)
    shop.call("GET", "/locations")
    refused = shop.call("GET", "/locations")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert others_shop.call("GET", "/locations").status_code == 200


def test_a_refused_call_is_not_counted_as_carried_out(shop: Shop) -> None:
    shop.control("PATCH", "settings", {"rate_limit": 1})
    at_window_start(shop)
    shop.call("GET", "/locations")
    shop.call("POST", "/orders", shop.draft())
    assert shop.ledger("order_created") == []
    assert shop.control("GET", "calls") == {"GET locations": 1}


@pytest.mark.parametrize("status", [409, 400])
def test_a_repeated_key_fails_and_is_not_replayed(shop: Shop, status: int) -> None:
    shop.control("PATCH", "settings", {"idempotency_status": status})
    assert shop.call("POST", "/orders", shop.draft(), Idempotency_Key="k").status_code == 201
    again = shop.call("POST", "/orders", shop.draft(), Idempotency_Key="k")
    assert again.status_code == status
    assert again.json is not None
    assert again.json["message"].startswith("Duplicate Idempotency")
    assert len(shop.ledger("order_created")) == 1


def test_a_key_is_kept_for_24_hours_and_for_one_account(shop: Shop, others_shop: Shop) -> None:
    shop.call("POST", "/orders", shop.draft(), Idempotency_Key="k")
    assert others_shop.call("POST", "/orders", others_shop.draft(), Idempotency_Key="k").status_code == 201
    shop.control("POST", "grant", {"email": "alice@example.com"})
    shop.control("PATCH", "settings", {"access_token_seconds": 200000})
    shop.token = shop.control("POST", "grant", {"email": "alice@example.com"})["access_token"]
    shop.control("POST", "clock", {"skew": 86399})
    assert shop.call("POST", "/orders", shop.draft(), Idempotency_Key="k").status_code == 409
    shop.control("POST", "clock", {"skew": 86401})
    assert shop.call("POST", "/orders", shop.draft(), Idempotency_Key="k").status_code == 201


@pytest.mark.parametrize(("spent_by", "status"), [("any", 409), ("success", 201)])
def test_whether_a_refused_request_spends_its_key_is_a_setting(shop: Shop, spent_by: str, status: int) -> None:
    shop.control("PATCH", "settings", {"idempotency_spent_by": spent_by})
    assert shop.call("POST", "/orders", shop.draft(status="nonsense"), Idempotency_Key="k").status_code == 422
    assert shop.call("POST", "/orders", shop.draft(), Idempotency_Key="k").status_code == status


def test_a_put_has_keys_too(shop: Shop) -> None:
    order = shop.order()
    change = {"order": {"notes": "a"}}
    assert shop.call("PUT", f"/orders/{order['id']}", change, Idempotency_Key="k").status_code == 204
    assert shop.call("PUT", f"/orders/{order['id']}", change, Idempotency_Key="k").status_code == 409
