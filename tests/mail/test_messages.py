"""What the mails say, to whom, and that each cause is one mail."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from cartrover.connections import attention, sharing
from cartrover.connections.holders import new_cart
from cartrover.connections.models import Cart, Connection, SetupLink
from cartrover.events.models import Problem
from cartrover.events.telling import open_problem
from cartrover.mail import noticing, outbox
from cartrover.mail.accounts import WORDS
from cartrover.mail.message import MESSAGES
from cartrover.mail.models import OutboxMail
from cartrover.merchants import invitations
from cartrover.merchants.models import Invitation, Member, Merchant, Role, User
from cartrover.merchants.notices import ACCESS, ORDERS, Often
from cartrover.merchants.roles import RANKS
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.sync import housekeeping
from integrations import registry
from integrations.outcomes import NeedsMerchant
from tests.conftest import make_member
from tests.mail.conftest import Post
from tests.mail.mailing import send_waiting_mail
from tests.portal.story import busy_day

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


@pytest.mark.parametrize(("days", "told"), [(1, "1 day."), (14, "14 days.")])
def test_every_link_in_a_mail_lasts_as_long_as_the_mail_says(
    merchant: Merchant, connection: Connection, alice: User, post: Post, settings: Settings, days: int, told: str
) -> None:
    settings.SETUP_LINK_DAYS = days
    with acting_for(merchant):
        draft = new_cart(registry.get("ebay"), "EBAY_DE", actor="a test")
        sharing.share("owner@acme.example", alice, cart=draft)
        sharing.ask_to_renew(connection, "owner@acme.example", alice)
        invitations.invite("erin@example.com", Role.STAFF, None, alice.email, RANKS)
    post.up()
    send_waiting_mail()
    assert len(post.mails) == 3
    for at in range(3):
        assert f"ends after {told}" in " ".join(post.body("plain", at).split())
    with acting_for(merchant):
        ends = [*SetupLink.objects.values_list("expires_at", flat=True), Invitation.objects.get().ends_at]
    assert {(end - timezone.now() + timedelta(hours=1)).days for end in ends} == {days}


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
    pages = list(previews.glob("*.html"))
    assert pages
    for page in pages:
        html, text = page.read_text(), page.with_suffix(".txt").read_text()
        assert text.count("https://portal.example.com/s/") == (html.count("https://portal.example.com/s/") + 2) // 3
        for word in ("src=", "<script", "<link", "url(", "@import"):
            assert word not in html, f"{page.name} loads something"
        assert "{{" not in text
        assert "None" not in text


def open_card(merchant: Merchant, sku: str, *, minutes: float = 5) -> None:
    with acting_for(merchant):
        problem = open_problem("unknown_sku", f"The warehouse does not know {sku}.", subject=sku)
        Problem.objects.filter(pk=problem.pk).update(opened_at=timezone.now() - timedelta(minutes=minutes))


def choose(merchant: Merchant, user: User, how_often: Often) -> None:
    with acting_for(merchant):
        Member.objects.filter(user=user).update(notices={ORDERS: how_often})


def rounds(merchant: Merchant, count: int = 1) -> None:
    for _ in range(count):
        with acting_for(merchant):
            noticing.notice(Merchant.objects.get(pk=merchant.pk))
        send_waiting_mail()


def test_new_cards_are_one_mail_to_whoever_wants_them_at_once(merchant: Merchant, alice: User, bob: User, post: Post) -> None:
    post.up()
    choose(merchant, bob, Often.NEVER)
    open_card(merchant, "TENT-2P")
    open_card(merchant, "LAMP")
    rounds(merchant, 3)
    assert post.subjects == ["Acme Outdoor: 2 things wait for you"]
    assert post.mails[0]["to"] == alice.email
    assert "The warehouse does not know TENT-2P." in post.body("plain")
    assert "The warehouse does not know LAMP." in post.body("html")
    open_card(merchant, "ROPE")
    rounds(merchant, 2)
    assert post.subjects[1:] == ["Acme Outdoor: one thing waits for you"]
    assert "TENT-2P" not in post.body("plain")


def test_what_solves_itself_within_a_minute_is_no_news(merchant: Merchant, alice: User, post: Post) -> None:
    post.up()
    open_card(merchant, "TENT-2P", minutes=0.2)
    rounds(merchant)
    assert post.mails == []


def test_whoever_wants_it_once_a_day_gets_one_mail_in_the_morning(
    merchant: Merchant, alice: User, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.up()
    choose(merchant, alice, Often.DAILY)
    open_card(merchant, "TENT-2P")
    monkeypatch.setattr(noticing, "MORNING", 24)
    rounds(merchant)
    assert post.mails == [], "it is night"
    monkeypatch.setattr(noticing, "MORNING", 0)
    rounds(merchant, 2)
    open_card(merchant, "LAMP")
    rounds(merchant, 2)
    assert post.subjects == ["Acme Outdoor: one thing waits for you"]


def test_whoever_wants_nothing_gets_nothing(merchant: Merchant, alice: User, post: Post) -> None:
    post.up()
    choose(merchant, alice, Often.NEVER)
    open_card(merchant, "TENT-2P")
    rounds(merchant)
    assert post.mails == []


def test_whoever_wants_it_hourly_gets_what_came_meanwhile_in_one_mail_an_hour(
    merchant: Merchant, alice: User, post: Post
) -> None:
    post.up()
    choose(merchant, alice, Often.HOURLY)
    open_card(merchant, "TENT-2P")
    rounds(merchant, 2)
    open_card(merchant, "LAMP")
    open_card(merchant, "ROPE")
    rounds(merchant, 2)
    assert post.subjects == ["Acme Outdoor: one thing waits for you"]
    with acting_for(merchant):
        OutboxMail.objects.update(created_at=timezone.now() - noticing.HOUR)
    rounds(merchant, 2)
    assert post.subjects[1:] == ["Acme Outdoor: 2 things wait for you"]
    assert "TENT-2P" not in post.body("plain"), "it was told before"


@pytest.mark.parametrize("how_often", [Often.AT_ONCE, Often.HOURLY, Often.DAILY])
def test_a_mail_carries_the_card_with_what_waits_and_the_link_to_it(
    merchant: Merchant, alice: User, post: Post, how_often: Often, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noticing, "MORNING", 0)
    day = busy_day(merchant, 0)
    choose(merchant, alice, how_often)
    with acting_for(merchant):
        Problem.objects.update(opened_at=timezone.now() - timedelta(minutes=5))
    post.up()
    rounds(merchant)
    for kind in ("plain", "html"):
        assert "TENT-2P-GRN is not in TradeGecko." in post.body(kind)
        assert "3 orders wait, €258.90, the oldest placed" in post.body(kind)
        assert "Your move" in post.body(kind)
        assert f"/m/{merchant.public_id}/problems/{day.unknown_sku.pk}/" in post.body(kind)
