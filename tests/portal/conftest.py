"""A browser's session without a browser, at the portal's own address."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from cartrover.merchants.models import User


@pytest.fixture
def visit() -> Callable[[User | None], Client]:
    """A client for a person, or for nobody."""

    def as_person(user: User | None = None) -> Client:
        client = Client(headers={"host": urlsplit(settings.PORTAL_URL).netloc})
        if user is not None:
            client.force_login(user)
        return client

    return as_person
