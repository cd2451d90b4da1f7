"""The mail catcher: what the portal sends is there to be read, as a person and as a test."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests
from pytest_django.fixtures import Settings

from cartrover.embedded.place import held
from cartrover.embedded.supervisor import Supervisor
from cartrover.mail.message import Message, envelope


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """Its SMTP port and the address of its pages."""
    with held(tmp_path) as place, Supervisor(place, {}) as supervisor:
        smtp, http = place.ports.take("smtp"), place.ports.take("http")
        command = ["python", "-m", "cartrover.embedded.mailcatcher", "--smtp-port", str(smtp), "--http-port", str(http)]
        assert supervisor.announced("mail", command) == {"smtp": smtp, "http": http}
        yield smtp, f"http://127.0.0.1:{http}"


def send(port: int) -> None:
    mail = EmailMessage()
    mail["From"] = "CartRover <no-reply@example.com>"
    mail["To"] = "alice@example.com"
    mail["Subject"] = "Your eBay connection ends in 30 days – renew it"
    mail.set_content("Renew: https://portal.example.com/renew/abc\n")
    mail.add_alternative('<p><a href="https://portal.example.com/renew/abc?a=1&amp;b=2">Renew</a></p>', subtype="html")
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.send_message(mail)


def test_a_mail_can_be_read_as_json_with_its_links(catcher: tuple[int, str]) -> None:
    port, pages = catcher
    send(port)
    (mail,) = requests.get(f"{pages}/messages", timeout=60).json()
    assert mail["to"] == ["alice@example.com"]
    assert mail["subject"] == "Your eBay connection ends in 30 days – renew it"
    assert mail["links"] == ["https://portal.example.com/renew/abc", "https://portal.example.com/renew/abc?a=1&b=2"]


def test_a_mail_can_be_read_in_a_browser(catcher: tuple[int, str]) -> None:
    port, pages = catcher
    send(port)
    assert 'href="/messages/1"' in requests.get(pages, timeout=60).text
    page = requests.get(f"{pages}/messages/1", timeout=60).text
    assert "Renew: https://portal.example.com/renew/abc" in page
    assert 'sandbox src="/messages/1/html"' in page
    assert requests.get(f"{pages}/messages/1/html", timeout=60).text.startswith("<p><a href=")
    assert requests.get(f"{pages}/messages/2", timeout=60).status_code == 404


def test_a_mail_of_the_portal_shows_its_words_and_its_link(catcher: tuple[int, str], settings: Settings) -> None:
    port, pages = catcher
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    link = "https://portal.example.com/s/abc"
    words = Message("Connect eBay – now", "Connect eBay", ("Acme asks you.",), "Why you?", button="Set up eBay", url=link)
    envelope(words, to="owner@acme.example", public_id="abc").send()
    (mail,) = requests.get(f"{pages}/messages", timeout=60).json()
    assert (mail["to"], mail["subject"], mail["links"][0]) == (["owner@acme.example"], "Connect eBay – now", link)
    assert "Acme asks you." in mail["text"]
    assert "Acme asks you." in mail["html"]


def test_the_box_can_be_emptied(catcher: tuple[int, str]) -> None:
    port, pages = catcher
    send(port)
    assert requests.delete(f"{pages}/messages", timeout=60).status_code == 204
    assert requests.get(f"{pages}/messages", timeout=60).json() == []
