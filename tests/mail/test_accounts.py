"""What allauth writes to people is sealed until it is sent, and gone afterwards."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.db import connection as database
from django.test import Client
from django.urls import reverse

from cartrover.mail.models import SealedMail
from cartrover.merchants.models import User
from cartrover.merchants.tenancy import across_merchants
from cartrover.sync import streams
from cartrover.sync.models import Stream
from tests.mail.conftest import Post
from tests.mail.mailing import send_waiting_mail
from tests.mail.test_sending import make_due

PASSWORD = "correct horse battery"
NEW = {"email": "dora@example.com", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture
def browser() -> Client:
    return Client(HTTP_HOST="localhost:8000")


def whole_database() -> str:
    """Every row of every table, as text."""
    rows: list[str] = []
    with across_merchants("a test reads every table"), database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


def test_signing_up_mails_a_link_that_confirms_the_address(browser: Client, db: None, post: Post) -> None:
    post.up()
    browser.post(reverse("account_signup"), NEW)
    assert post.mails == [], "a request never waits for a mail server"
    send_waiting_mail()
    assert post.subjects == ["Confirm your e-mail address"]
    link = re.search(r"http\S+confirm-email/\S+", post.body("plain"))
    assert link is not None
    assert link.group() in post.body("html")
    browser.post(re.sub(r"^https?://[^/]+", "", link.group()))
    assert EmailAddress.objects.get(email="dora@example.com").verified


def test_a_sealed_mail_can_be_read_by_nobody_and_is_gone_once_it_is_sent(browser: Client, db: None, post: Post) -> None:
    browser.post(reverse("account_signup"), NEW)
    assert SealedMail.objects.count() == 1
    before = whole_database()
    (row,) = send_waiting_mail()
    assert row.failures == 1
    post.up()
    make_due()
    send_waiting_mail()
    key = re.search(r"confirm-email/([^/\s]+)", post.body("plain"))
    assert key is not None
    assert key.group(1) not in before
    assert not SealedMail.objects.exists()
    assert send_waiting_mail() == []


def test_the_installations_mail_wakes_its_own_stream_and_backs_off_as_any_other(browser: Client, db: None, post: Post) -> None:
    browser.post(reverse("account_signup"), NEW)
    (claimed,) = streams.claim(10)
    assert (claimed.merchant_id, claimed.kind) == (None, Stream.Kind.MAIL)
    with across_merchants("a test lets the lease end"):
        Stream.objects.update(lease_until=None, running=False)
    for failures in (1, 2, 3):
        make_due()
        (row,) = send_waiting_mail()
        assert row.failures == failures


def test_a_refused_address_leaves_no_text_behind(browser: Client, db: None, post: Post) -> None:
    post.up()
    post.answers["dora@example.com"] = "550 no such user"
    browser.post(reverse("account_signup"), NEW)
    send_waiting_mail()
    mail = SealedMail.objects.get()
    assert (mail.state, mail.sealed, mail.last_error) == ("failed", None, "550 no such user")


def test_a_forgotten_password_is_set_anew_by_the_link(browser: Client, alice: User, post: Post) -> None:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    post.up()
    browser.post(reverse("account_reset_password"), {"email": alice.email})
    send_waiting_mail()
    assert post.subjects == ["Set a new password"]
    assert re.search(r"http\S+/password/reset/key/\S+", post.body("plain"))


def test_whoever_signs_up_twice_or_asks_for_an_unknown_account_is_told_by_mail_only(
    browser: Client, alice: User, post: Post
) -> None:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    post.up()
    browser.post(reverse("account_signup"), {**NEW, "email": alice.email})
    browser.post(reverse("account_reset_password"), {"email": "nobody@example.com"})
    send_waiting_mail()
    assert sorted(post.subjects) == ["You have an account already", "You have no account with this address"]


def test_a_code_to_log_in_is_large_and_alone(browser: Client, alice: User, post: Post) -> None:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    post.up()
    browser.post(reverse("account_request_login_code"), {"email": alice.email})
    send_waiting_mail()
    assert post.subjects == ["Your code to log in"]
    assert re.search(r"^[A-Z0-9-]{6,}$", post.body("plain"), re.MULTILINE)


def test_a_change_of_password_is_told_with_where_it_came_from(browser: Client, alice: User, post: Post) -> None:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    post.up()
    browser.force_login(alice)
    change = {"oldpassword": PASSWORD, "password1": "battery horse correct", "password2": "battery horse correct"}
    browser.post(reverse("account_change_password"), change)
    send_waiting_mail()
    assert post.subjects == ["Password Changed"]
    assert "127.0.0.1" in post.body("plain")
