"""What an operator sees of mail: kinds and states, never words; sending again asks first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cartrover.connections.models import Cart
from cartrover.mail import outbox
from cartrover.mail.accounts import post_sealed
from cartrover.mail.message import Message
from cartrover.mail.models import OutboxMail, SealedMail
from cartrover.merchants.models import Merchant, User
from cartrover.merchants.tenancy import acting_for
from tests.mail.conftest import Post
from tests.mail.mailing import send_waiting_mail


@pytest.fixture
def operator(db: None) -> Client:
    user = User.objects.create_superuser("olga@example.com", "correct horse battery")
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "TOTPSECRET"})
    client = Client(HTTP_HOST="localhost:8000")
    client.force_login(user)
    return client


def test_a_refused_mail_goes_out_again_after_the_operator_is_sure(
    operator: Client, merchant: Merchant, cart: Cart, post: Post
) -> None:
    post.up()
    post.answers["owner@acme.example"] = "550 no such user"
    with acting_for(merchant):
        outbox.post("connection_complete", to="owner@acme.example", cart=cart.pk, side="owner")
    send_waiting_mail()
    post.answers.clear()
    with acting_for(merchant):
        mail = OutboxMail.objects.get()
    action = {"action": "send_again", "_selected_action": str(mail.pk)}
    lists = reverse("admin:mail_outboxmail_changelist")
    asked = operator.post(lists, action)
    assert "Send these mails again?" in asked.content.decode()
    send_waiting_mail()
    assert post.mails == []
    operator.post(lists, {**action, "sure": "yes"})
    send_waiting_mail()
    assert len(post.mails) == 1
    assert LogEntry.objects.filter(object_id=str(mail.pk)).exists()


def test_a_sealed_mail_is_listed_without_its_words(operator: Client, merchant: Merchant) -> None:
    post_sealed("login_code", "alice@example.com", Message("Your code", "Log in", (), "", code="K7M-4QX"))
    mail = SealedMail.objects.get()
    for page in (reverse("admin:mail_sealedmail_changelist"), reverse("admin:mail_sealedmail_change", args=[mail.pk])):
        shown = operator.get(page)
        assert shown.status_code == 200
        assert "alice@example.com" in shown.content.decode()
        assert "K7M-4QX" not in shown.content.decode()
        assert 'sealed"' not in shown.content.decode()
    action = {"action": "send_now", "_selected_action": str(mail.pk), "sure": "yes"}
    assert operator.post(reverse("admin:mail_sealedmail_changelist"), action).status_code == 302


@pytest.mark.parametrize(("minutes", "mail"), [(50, "ok"), (70, "waiting")])
def test_sign_in_mail_that_waits_for_an_hour_is_said_to_operators_and_to_whoever_asks_for_our_health(
    operator: Client, minutes: int, mail: str
) -> None:
    post_sealed("login_code", "alice@example.com", Message("Your code", "Log in", (), "", code="K7M-4QX"))
    SealedMail.objects.update(created_at=timezone.now() - timedelta(minutes=minutes))
    health = operator.get(reverse("health"))
    assert (health.status_code, health.json()["mail"]) == (200, mail)
    said = "Sign-in mail has waited since" in operator.get(reverse("admin:index")).content.decode()
    assert said == (mail == "waiting")


def test_mail_that_was_refused_is_no_outage(operator: Client) -> None:
    post_sealed("login_code", "nobody@example.com", Message("Your code", "Log in", (), "", code="K7M-4QX"))
    SealedMail.objects.update(created_at=timezone.now() - timedelta(days=1), state=SealedMail.State.FAILED)
    assert operator.get(reverse("health")).json()["mail"] == "ok"
