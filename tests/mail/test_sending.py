"""What is posted goes out once, whatever the mail server does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from cartrover.connections.models import Cart, Connection
from cartrover.events.models import Problem
from cartrover.mail import minting, outbox
from cartrover.mail.models import OutboxMail
from cartrover.mail.piles import MerchantPile
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.sync import streams
from cartrover.sync.models import Breaker, Stream
from tests.mail.conftest import Post
from tests.mail.mailing import send_waiting_mail

TOKEN = "t0ken-that-nobody-may-find"
OWNER = "owner@acme.example"


@pytest.fixture(autouse=True)
def minted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows for which a link was made, in order."""
    ids: list[int] = []

    def mint(kind: str, row_id: int) -> str:
        ids.append(row_id)
        return f"https://portal.example.com/s/{TOKEN}-{len(ids)}"

    monkeypatch.setattr(minting, "mint", mint)
    return ids


def post_link(merchant: Merchant, cart: Cart, *, to: str = OWNER, link: int = 7) -> None:
    with acting_for(merchant):
        outbox.post("setup_link", to=to, link=link, cart=cart.pk)


def state(merchant: Merchant, link: int = 7) -> str:
    with acting_for(merchant):
        return outbox.state("setup_link", link=link)


def make_due() -> None:
    """What backs off is due now."""
    with across_merchants("a test passes time"):
        Stream.objects.filter(kind=Stream.Kind.MAIL).update(due_at=Now())
        OutboxMail.objects.update(due_at=timezone.now())
    Breaker.objects.update(open_until=timezone.now())


def test_a_posted_mail_goes_out_once_as_text_and_html(merchant: Merchant, cart: Cart, post: Post) -> None:
    post.up()
    post_link(merchant, cart)
    assert state(merchant) == "waiting"
    send_waiting_mail()
    make_due()
    send_waiting_mail()
    assert post.subjects == ["Acme Outdoor asks you to connect eBay Germany"]
    assert (post.mails[0]["to"], state(merchant)) == (OWNER, "sent")
    for kind in ("plain", "html"):
        assert f"https://portal.example.com/s/{TOKEN}-1" in post.body(kind)
        assert "Acme Outdoor" in post.body(kind)
        assert "eBay Germany" in post.body(kind)


def test_posting_makes_the_stream_that_sends_due_at_once_and_only_if_the_caller_commits(merchant: Merchant, cart: Cart) -> None:
    with acting_for(merchant):
        outbox.post("connection_complete", to=OWNER, cart=cart.pk, side="owner")
    (claimed,) = streams.claim(10)
    assert (claimed.kind, claimed.merchant_id) == (Stream.Kind.MAIL, merchant.pk)
    with acting_for(merchant):
        outbox.post("connection_complete", to="other@acme.example", cart=cart.pk, side="owner")
        transaction.set_rollback(True)
    with acting_for(merchant):
        assert list(OutboxMail.objects.values_list("to", flat=True)) == [OWNER]


def test_a_mail_server_that_is_away_loses_nothing_and_costs_no_link(
    merchant: Merchant, cart: Cart, post: Post, minted: list[int]
) -> None:
    post_link(merchant, cart)
    (row,) = send_waiting_mail()
    assert (row.failures, state(merchant), minted) == (1, "waiting", [])
    assert row.due_at is not None
    make_due()
    (row,) = send_waiting_mail()
    assert row.failures == 2
    post.up()
    make_due()
    (row,) = send_waiting_mail()
    assert (row.failures, row.failing_since, state(merchant)) == (0, None, "sent")
    assert len(post.mails) == 1


def test_an_outage_in_the_middle_sends_the_rest_afterwards_and_nothing_twice(merchant: Merchant, cart: Cart, post: Post) -> None:
    post.up()
    post.answers["c@acme.example"] = "421 closing down"
    for name in "abcd":
        post_link(merchant, cart, to=f"{name}@acme.example", link=ord(name))
    send_waiting_mail()
    post.answers.clear()
    make_due()
    send_waiting_mail()
    assert sorted(str(mail["to"]) for mail in post.mails) == [f"{name}@acme.example" for name in "abcd"]


def test_an_hour_without_a_mail_server_is_the_operators_and_is_closed_when_it_is_back(
    merchant: Merchant, cart: Cart, post: Post
) -> None:
    post_link(merchant, cart)
    send_waiting_mail()
    with across_merchants("a test passes time"):
        Stream.objects.update(failing_since=timezone.now() - timedelta(hours=2))
    make_due()
    send_waiting_mail()
    with acting_for(merchant):
        (problem,) = Problem.objects.filter(closed_at__isnull=True)
    assert problem.whose == Problem.Whose.OPERATOR
    assert problem.words.startswith("The mail server does not answer, so mail waits.")
    post.up()
    make_due()
    send_waiting_mail()
    with acting_for(merchant):
        assert not Problem.objects.filter(closed_at__isnull=True).exists()


def test_when_the_server_is_back_everybodys_mail_moves(
    merchant: Merchant, other_merchant: Merchant, cart: Cart, post: Post
) -> None:
    post_link(merchant, cart)
    with acting_for(other_merchant):
        theirs = Cart.objects.create(integration="ebay", name="Globex on eBay")
        outbox.post("connection_complete", to="owner@globex.example", cart=theirs.pk, side="owner")
    for _ in range(5):
        send_waiting_mail()
        make_due()
    assert Breaker.objects.get(provider="mail").opened
    with across_merchants("a test lets one merchant's stream wait longer"):
        Stream.objects.filter(merchant=other_merchant).update(due_at=timezone.now() + timedelta(minutes=15))
    post.up()
    send_waiting_mail()
    send_waiting_mail()
    assert {str(mail["to"]) for mail in post.mails} == {OWNER, "owner@globex.example"}


def test_a_refused_address_is_said_and_stops_no_other_mail(merchant: Merchant, cart: Cart, post: Post) -> None:
    post.up()
    post.answers["nobody@acme.example"] = "550 no such user"
    post_link(merchant, cart, to="nobody@acme.example", link=1)
    post_link(merchant, cart, link=2)
    send_waiting_mail()
    assert state(merchant, 1) == "failed: 550 no such user"
    assert state(merchant, 2) == "sent"


def test_a_server_that_asks_to_come_again_is_asked_again_later(merchant: Merchant, cart: Cart, post: Post) -> None:
    post.up()
    post.answers[OWNER] = "450 greylisted, come again"
    post_link(merchant, cart)
    (row,) = send_waiting_mail()
    assert (state(merchant), row.failures) == ("waiting", 0)
    assert row.due_at is not None
    assert row.due_at > timezone.now() + timedelta(seconds=15)
    post.answers.clear()
    make_due()
    send_waiting_mail()
    assert state(merchant) == "sent"


def test_the_same_mail_that_still_waits_is_not_posted_again(merchant: Merchant, cart: Cart, post: Post) -> None:
    for _ in range(3):
        post_link(merchant, cart)
    post.up()
    send_waiting_mail()
    assert len(post.mails) == 1
    post_link(merchant, cart)
    send_waiting_mail()
    assert len(post.mails) == 2, "sending it again is a mail of its own"
    assert post.mails[0]["message-id"] != post.mails[1]["message-id"]


def test_what_was_withdrawn_is_not_sent(merchant: Merchant, cart: Cart, post: Post, minted: list[int]) -> None:
    post.up()
    post_link(merchant, cart)
    with acting_for(merchant):
        outbox.withdraw("setup_link", link=7)
    send_waiting_mail()
    assert (post.mails, minted) == ([], [])
    assert state(merchant).startswith("failed: Withdrawn")


def test_what_is_withdrawn_while_a_worker_is_about_to_send_it_mints_no_link(
    merchant: Merchant, cart: Cart, minted: list[int]
) -> None:
    post_link(merchant, cart)
    pile = MerchantPile(merchant.pk)
    (row_id,) = pile.due()
    with acting_for(merchant):
        outbox.withdraw("setup_link", link=7)
    assert pile.written(row_id) is None
    assert minted == []


def test_a_worker_that_dies_after_sending_sends_the_same_mail_again_and_it_can_be_told(
    merchant: Merchant, cart: Cart, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.up()
    post_link(merchant, cart)
    with monkeypatch.context() as dying:
        dying.setattr("cartrover.mail.piles.MerchantPile.sent", lambda pile, row_id: None)
        send_waiting_mail()
    make_due()
    send_waiting_mail()
    first, second = post.mails
    assert first["message-id"] == second["message-id"]


def test_no_token_is_in_any_row_after_sending(merchant: Merchant, cart: Cart, post: Post) -> None:
    post.up()
    post_link(merchant, cart)
    send_waiting_mail()
    assert TOKEN in post.body("plain")
    with across_merchants("a test reads every table"), database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}" AS t WHERE t::text LIKE %s', [f"%{TOKEN}%"])
            assert cursor.fetchone() == (0,), f"{table} holds a link's token"


def test_a_message_that_cannot_be_written_is_the_operators_and_stops_no_other(merchant: Merchant, cart: Cart, post: Post) -> None:
    post.up()
    with acting_for(merchant):
        outbox.post("needs_attention", to="alice@example.com", connection=999_999, problem=1)
    post_link(merchant, cart)
    send_waiting_mail()
    assert state(merchant) == "sent"
    with acting_for(merchant):
        assert [problem.kind for problem in Problem.objects.all()] == ["mail"]


def test_another_merchants_ids_reach_nothing(merchant: Merchant, other_merchant: Merchant, cart: Cart, post: Post) -> None:
    post.up()
    with acting_for(other_merchant):
        outbox.post("connection_complete", to="charlie@example.com", cart=cart.pk, side="owner")
    send_waiting_mail()
    assert post.mails == []


def test_a_cart_named_like_a_script_is_only_text(merchant: Merchant, connection: Connection, post: Post) -> None:
    post.up()
    with acting_for(merchant):
        cart = Cart.objects.create(integration="ebay", name="<script>alert(1)</script>\nBcc: x@y.z", connection=connection)
    post_link(merchant, cart)
    send_waiting_mail()
    assert "<script>" not in post.body("html")
    assert post.mails[0]["bcc"] is None
