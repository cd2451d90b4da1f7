"""What the mails say, to whom, and that each cause is one mail."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from cartrover.connections import attention
from cartrover.connections.models import Cart, Connection
from cartrover.mail import outbox
from cartrover.mail.accounts import WORDS
from cartrover.mail.message import MESSAGES
from cartrover.mail.models import OutboxMail
from cartrover.merchants.models import Member, Merchant, Role, User
from cartrover.merchants.notices import ACCESS, Often
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.sync import housekeeping
from integrations.outcomes import NeedsMerchant
from tests.conftest import make_member
from tests.mail.conftest import Post
from tests.mail.mailing import send_waiting_mail

ENDED = NeedsMerchant("eBay has withdrawn our access.", fix="reconnect", scope="connection")


def posted(merchant: Merchant, kind: str) -> list[str]:
    """To whom, of that kind."""
    with acting_for(merchant):
        return list(OutboxMail.objects.filter(kind=kind).order_by("to").values_list("to", flat=True))


def test_a_grant_that_ends_is_one_mail_to_each_who_chose_to_hear_of_it(
    merchant: Merchant, connection: Connection, alice: User, bob: User, post: Post
) -> None:
    quiet = make_member(merchant, "quiet@example.com", Role.MANAGER)
    make_member(merchant, "viewer@example.com", Role.VIEWER)
    with acting_for(merchant):
        Member.objects.filter(user=quiet).update(notices={ACCESS: Often.NEVER})
        for _ in range(3):
            attention.needed(Connection.objects.get(), ENDED)
    assert posted(merchant, "needs_attention") == ["alice@example.com", "bob@example.com"]
    post.up()
    send_waiting_mail()
    assert post.subjects == ["acme_outdoor needs you: reconnect it"] * 2
    for kind in ("plain", "html"):
        assert "eBay has withdrawn our access." in post.body(kind)
        assert "Your move" in post.body(kind)
        assert f"/m/{merchant.public_id}/connections/{connection.public_id}/" in post.body(kind)


def test_what_was_solved_before_the_mail_went_out_is_not_told(
    merchant: Merchant, connection: Connection, alice: User, post: Post
) -> None:
    with acting_for(merchant):
        attention.needed(Connection.objects.get(), ENDED)
        attention.mended(Connection.objects.get())
    post.up()
    send_waiting_mail()
    assert post.mails == []


def test_a_consent_that_ends_is_told_once_a_stage(merchant: Merchant, connection: Connection, alice: User, post: Post) -> None:
    post.up()
    for days in (40, 29, 28, 6, 5, 0.5):
        with acting_for(merchant):
            Connection.objects.update(consent_ends_at=timezone.now() + timedelta(days=days))
            housekeeping.warn_of_consent(Connection.objects.get())
        send_waiting_mail()
    told = [subject for subject in post.subjects if subject.startswith("Access to")]
    assert told == [f"Access to acme_outdoor ends {when}" for when in ("in 30 days", "in 7 days", "tomorrow")]


def test_a_finished_setup_is_told_to_its_owner_without_a_button_and_to_members_with_one(
    merchant: Merchant, cart: Cart, alice: User, bob: User, post: Post
) -> None:
    with acting_for(merchant):
        outbox.post("connection_complete", to="owner@acme.example", cart=cart.pk, side="owner")
        outbox.notify("connection_complete", cart=cart.pk, side="member")
    post.up()
    send_waiting_mail()
    by_address = {str(mail["to"]): at for at, mail in enumerate(post.mails)}
    assert set(by_address) == {"owner@acme.example", "alice@example.com"}
    page = f"/m/{merchant.public_id}/carts/{cart.public_id}/"
    assert page in post.body("html", by_address["alice@example.com"])
    assert "<a " not in post.body("html", by_address["owner@acme.example"])


@pytest.fixture
def previews(tmp_path: Path, db: None) -> Path:
    call_command("preview_mail", tmp_path, verbosity=0)
    return tmp_path


def test_every_message_can_be_looked_at_and_leaves_no_row(previews: Path) -> None:
    shown = {page.stem.rpartition("-")[0] or page.stem for page in previews.glob("*.html")}
    assert shown == set(MESSAGES) | set(WORDS)
    with across_merchants("a test counts"):
        assert not Merchant.objects.exists()


def test_html_and_text_say_the_same_and_load_nothing(previews: Path) -> None:
    for page in previews.glob("*.html"):
        html, text = page.read_text(), page.with_suffix(".txt").read_text()
        assert text.count("https://portal.example.com/s/") == (html.count("https://portal.example.com/s/") + 2) // 3
        for word in ("src=", "<script", "<link", "url(", "@import"):
            assert word not in html, f"{page.name} loads something"
        assert "{{" not in text
        assert "None" not in text
