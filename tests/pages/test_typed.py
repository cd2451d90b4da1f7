"""What somebody types where a number belongs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from cartrover.merchants.models import Merchant, User
from cartrover.merchants.tenancy import acting_for
from cartrover.pages.typed import whole_number
from cartrover.sync.models import Job
from tests.portal.story import set_up


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("7", 7),
        (" 07 ", 7),
        ("999999999", 999_999_999),
        ("1000000000", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
    ],
)
def test_a_whole_number_has_nine_digits_at_most_and_nothing_else(typed: str, read: int | None) -> None:
    assert whole_number(typed) == read


@pytest.mark.parametrize("page", ["check_now", "rehearse"])
@pytest.mark.parametrize("days", ["", "5", "many", "9" * 5_000])
def test_days_that_are_no_choice_ask_for_nothing(
    visit: Callable[[User | None], Client], alice: User, merchant: Merchant, page: str, days: str
) -> None:
    cart = set_up(merchant).carts["EBAY_US"]
    answer = visit(alice).post(reverse(page, args=[merchant.public_id, cart.public_id]), {"days": days}, follow=True)
    assert "Choose how far back" in answer.content.decode()
    with acting_for(merchant):
        assert not Job.objects.exists()
