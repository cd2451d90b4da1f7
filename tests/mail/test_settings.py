"""EMAIL_URL names a mail server or a provider, and a wrong one stops the start."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from pytest_django.fixtures import Settings

from cartrover.environment import MAIL_PATIENCE, read_mail
from cartrover.mail.checks import mail_goes_somewhere


def apply(settings: Settings, address: str) -> None:
    for name, value in read_mail({"EMAIL_URL": address}, "EMAIL_URL").items():
        setattr(settings, name, value)


def test_a_mail_server_has_its_address_its_login_and_a_deadline(settings: Settings) -> None:
    apply(settings, "smtp+tls://portal%40acme.example:s%2Fcret@mail.example.com:587")
    backend: Any = get_connection()
    assert (backend.host, backend.port, backend.username, backend.password) == (
        "mail.example.com",
        587,
        "portal@acme.example",
        "s/cret",
    )
    assert backend.use_tls
    assert backend.timeout == MAIL_PATIENCE


def test_a_provider_gets_its_own_settings(settings: Settings) -> None:
    apply(settings, "anymail+mailgun://?api_key=key%2F1&sender_domain=mg.acme.example")
    backend: Any = get_connection()
    assert type(backend).__module__ == "anymail.backends.mailgun"
    assert (backend.api_key, backend.sender_domain, backend.timeout) == ("key/1", "mg.acme.example", MAIL_PATIENCE)
    assert mail_goes_somewhere() == []


def test_a_provider_without_its_settings_is_an_error_at_start(settings: Settings) -> None:
    apply(settings, "anymail+postmark://")
    (error,) = mail_goes_somewhere()
    assert "POSTMARK_SERVER_TOKEN" in error.msg


@pytest.mark.parametrize(
    "address", ["anymail+pigeon://?api_key=1", "http://mail.example.com", "mail.example.com", "anymail+os://"]
)
def test_an_address_that_names_no_mail_server_stops_the_start_and_shows_no_secret(address: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read_mail({"EMAIL_URL": address}, "EMAIL_URL")
    assert "EMAIL_URL" in str(refused.value)
    assert "api_key=1" not in str(refused.value)


def test_without_one_mail_is_printed() -> None:
    assert read_mail({}, "EMAIL_URL") == {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
