"""A real mail server that a test can take down and start again."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.utils import timezone
from pytest_django.fixtures import Settings

from cartrover.connections.models import Cart, Connection
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for


class Post:
    """The mail server. ``answers`` is what it says to a recipient or, where there is none, to the mail itself."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails: list[EmailMessage] = []
        self.answers: dict[str, str] = {}
        self._controller: Controller | None = None

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(message_from_bytes(envelope.original_content or b"", policy=policy.default))
        return "250 OK"

    def up(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def down(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def subjects(self) -> list[str]:
        return [str(mail["subject"]) for mail in self.mails]

    def body(self, kind: str, at: int = -1) -> str:
        part = self.mails[at].get_body((kind,))
        assert part is not None, f"the mail has no {kind} part"
        return str(part.get_content()).replace("\r\n", "\n")


@pytest.fixture
def post(settings: Settings) -> Iterator[Post]:
    """The settings name it; it is down until ``up()``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 5
    server = Post(port)
    yield server
    server.down()


@pytest.fixture
def connection(merchant: Merchant) -> Connection:
    with acting_for(merchant):
        made: Connection = Connection.objects.create(
            integration="ebay",
            environment="simulator",
            account_id="seller-1",
            account_name="acme_outdoor",
            authorised_at=timezone.now(),
            consent_ends_at=timezone.now() + timedelta(days=6, hours=12),
        )
        return made


@pytest.fixture
def cart(merchant: Merchant, connection: Connection) -> Cart:
    with acting_for(merchant):
        made: Cart = Cart.objects.create(integration="ebay", name="eBay Germany", connection=connection)
        return made
