"""An application's calls of a day: what matters most may use the last of them, and nobody eats another's share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import across_merchants
from cartrover.sync import quota
from cartrover.sync.models import QuotaDay, QuotaShare, Stream
from integrations import registry
from integrations.contract import Integration, Quota
from integrations.outcomes import RetryLater
from tests.sync.test_streams import make_streams

LIMIT = 100
Kind = Stream.Kind


@pytest.fixture
def ebay() -> Integration:
    return replace(registry.get("ebay"), quota=Quota({"order": LIMIT}, "America/Los_Angeles"))


@pytest.fixture
def at_hour(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], datetime]:
    """Where eBay lives it is this hour."""

    def set_hour(hour: int) -> datetime:
        now = datetime.fromisoformat(f"2026-07-15T{hour:02d}:30:00-07:00")
        monkeypatch.setattr(timezone, "now", lambda: now)
        return now

    set_hour(6)
    return set_hour


pytestmark = pytest.mark.usefixtures("at_hour")


def allowed(ebay: Integration, merchant: Merchant, kind: str, most: int = 2 * LIMIT) -> int:
    """How many calls a step gets in a row."""
    for count in range(most):
        try:
            quota.reserve(ebay, "order", merchant_id=merchant.pk, kind=kind)
        except RetryLater:
            return count
    return most


def used() -> int:
    return QuotaDay.objects.get().used


def test_what_has_no_quota_is_not_counted(ebay: Integration, merchant: Merchant) -> None:
    for resource, integration in (("identity", ebay), ("order", replace(ebay, quota=None))):
        quota.reserve(integration, resource, merchant_id=merchant.pk, kind=Kind.PULL_ORDERS)
    assert not QuotaDay.objects.exists()


def test_each_step_leaves_calls_for_what_matters_more(ebay: Integration, merchant: Merchant) -> None:
    make_streams(merchant)
    with across_merchants("a test spends a quota"):
        QuotaDay.objects.create(provider=f"ebay:{ebay.environment}", resource="order", day=timezone.now().date(), used=84)
    got = []
    for kind in (Kind.PUSH_STOCK, Kind.PULL_ORDERS, Kind.DELIVER_ORDERS, Kind.CONFIRM_SHIPMENTS):
        got.append(allowed(ebay, merchant, kind))
        with across_merchants("a test takes back the call that was refused"):
            QuotaDay.objects.update(used=used() - 1)
    assert got == [1, 10, 3, 2], "stock stops at 85 of 100, pulling at 95, rereading at 98; tracking uses the last call"


def test_nobody_uses_up_what_is_anothers_share_early_in_the_day(
    ebay: Integration, merchant: Merchant, other_merchant: Merchant, at_hour: Callable[[int], datetime]
) -> None:
    make_streams(merchant)
    make_streams(other_merchant)
    assert allowed(ebay, merchant, Kind.PULL_ORDERS) == LIMIT // 2
    assert allowed(ebay, other_merchant, Kind.PULL_ORDERS, most=20) == 20
    at_hour(20)
    assert allowed(ebay, merchant, Kind.PULL_ORDERS, most=10) == 10, "what the others did not use is lent"


def test_a_new_day_begins_where_the_provider_lives(
    ebay: Integration, merchant: Merchant, at_hour: Callable[[int], datetime]
) -> None:
    at_hour(23)
    allowed(ebay, merchant, Kind.PULL_ORDERS)
    with pytest.raises(RetryLater) as told:
        quota.reserve(ebay, "order", merchant_id=merchant.pk, kind=Kind.PULL_ORDERS)
    assert told.value.after == 30 * 60
    assert told.value.scope == "record"


def test_a_provider_that_says_its_quota_is_spent_is_believed(ebay: Integration, merchant: Merchant) -> None:
    now = timezone.now()
    quota.spent(ebay, "order", until=now + timedelta(hours=2))
    with pytest.raises(RetryLater) as told:
        quota.reserve(ebay, "order", merchant_id=merchant.pk, kind=Kind.CONFIRM_SHIPMENTS)
    assert told.value.after == 2 * 3600
    quota.spent(ebay, "order", until=now - timedelta(seconds=1))
    quota.reserve(ebay, "order", merchant_id=merchant.pk, kind=Kind.CONFIRM_SHIPMENTS)


def test_shares_are_counted_for_each_merchant(ebay: Integration, merchant: Merchant, other_merchant: Merchant) -> None:
    for each, calls in ((merchant, 3), (other_merchant, 2)):
        allowed(ebay, each, Kind.PULL_ORDERS, most=calls)
    with across_merchants("a test looks"):
        shares = dict(QuotaShare.objects.values_list("merchant_id", "used"))
    assert shares == {merchant.pk: 3, other_merchant.pk: 2}
    assert used() == 5
