"""The demo says how to log in; no other installation does."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from cartrover.embedded import people


@pytest.mark.parametrize("demo", [True, False])
def test_only_the_demo_shows_its_log_in(db: None, client: Client, demo: bool) -> None:
    with override_settings(DEMO=demo):
        page = client.get(reverse("account_login"), headers={"host": "localhost:8000"}).content.decode()
    assert (people.PASSWORD in page) is demo
