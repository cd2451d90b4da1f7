"""Another account came than was expected: what is asked, who may say yes, what that comes to, and that nothing is lost by it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cartrover.connections import claims, grants, sharing
from cartrover.connections.credentials import access_token
from cartrover.connections.holders import new_cart, new_warehouse
from cartrover.connections.models import Cart, Connection, GrantAttempt, SetupLink, Warehouse
from cartrover.events.models import Problem
from cartrover.mail.models import OutboxMail
from cartrover.merchants.models import Change, Merchant, Role, User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.sync import housekeeping, reconcile, streams
from cartrover.sync.models import Stream
from integrations import registry
from tests.conftest import make_member
from tests.connections.conftest import Connect, use
from tests.connections.provider import Provider
from tests.mail.mailing import send_waiting_mail

HOST = {"host": "localhost:8000"}
JSON = {"accept": "application/json"}
OLIVIA = "olivia@seller.example"


@pytest.fixture
def old(merchant: Merchant, connect: Connect) -> Connection:
    """seller-1's account, on which a cart and another account's warehouse are live."""
    connection, house = connect(merchant, "seller-1"), connect(merchant, "the-3pl")
    with acting_for(merchant):
        warehouse = new_warehouse(registry.get("acme"), actor="a test")
        cart = new_cart(registry.get("acme"), "ACME_DE", actor="a test")
        Warehouse.objects.filter(pk=warehouse.pk).update(connection=house, state="live")
        Cart.objects.filter(pk=cart.pk).update(
            connection=connection, warehouse=warehouse, state="live", pull_from=timezone.now(), settings={"location_id": "7"}
        )
        streams.ensure(connection)
    return connection


@pytest.fixture
def alices(alice: User, provider: Provider) -> Client:
    client = Client(headers=HOST)
    client.force_login(alice)
    return client


def _text(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def _reconnect(client: Client, provider: Provider, connection: Connection, account: str) -> str:
    """Press Reconnect and agree as somebody. Returns the address that the page asks for how it stands."""
    public_id = _merchant_of(connection)
    begun = client.post(reverse("grant_start", args=[public_id]), {"renews": connection.public_id}, headers=JSON).json()
    _agree(client, provider, begun, account)
    status: str = begun["status"]
    return status


def _merchant_of(connection: Connection) -> str:
    with acting_for(connection.merchant_id):
        return Merchant.objects.get().public_id


def _agree(client: Client, provider: Provider, begun: dict[str, str], account: str) -> str:
    state = parse_qs(urlsplit(begun["address"]).query)["state"][0]
    return _text(client.get(reverse("oauth_callback", args=["acme"]), {"state": state, "code": provider.consent_by(account)}))


def _order(connection: Connection, status: str, **more: Any) -> Order:
    now = timezone.now()
    money = dict.fromkeys(("items", "discount", "shipping", "tax", "adjustment", "total"), 0)
    fields = {"external_id": "1", "number": "1", "ref": "1", "content_hash": b"x", "currency": "EUR", "placed_at": now}
    times = {"modified_at": now, "first_pulled_at": now, "pulled_at": now}
    order: Order = Order.objects.create(connection=connection, status=status, **{**fields, **times, **money, **more})
    return order


# ------------------------------------------------------------------------------------------------------------------ for a member


def test_the_page_says_who_came_and_who_was_expected_and_offers_the_one_that_came(
    alices: Client, merchant: Merchant, old: Connection, provider: Provider
) -> None:
    status = alices.get(_reconnect(alices, provider, old, "seller-2")).json()
    assert status["state"] == "asked"
    page = _text(alices.get(reverse("connection", args=[merchant.public_id, old.public_id])))
    words = "You logged in to Acme Market as seller-2 Ltd, but this connection is for seller-1 Ltd. Nothing has changed."
    for told in (status["words"], page):
        assert words in told
    assert "Use this account instead" in page


def test_saying_yes_tells_first_what_it_comes_to(alices: Client, merchant: Merchant, old: Connection, provider: Provider) -> None:
    with acting_for(merchant):
        _order(old, "at_wms")
    question = _reconnect(alices, provider, old, "seller-2").replace("status", "instead")
    asked = _text(alices.get(question))
    assert "Acme Market Germany becomes a draft on seller-2 Ltd." in asked
    assert "1 of them is still under way: tracking goes to seller-1 Ltd" in asked
    with acting_for(merchant):
        assert Cart.objects.get().connection_id == old.pk
        assert not Connection.objects.filter(account_id="seller-2").exists()


def test_saying_yes_moves_what_stands_on_it_and_loses_nothing(
    alices: Client, merchant: Merchant, old: Connection, provider: Provider
) -> None:
    with acting_for(merchant):
        order = _order(old, "at_wms", cart=Cart.objects.get())
        settings = Cart.objects.get().settings
    question = _reconnect(alices, provider, old, "seller-2").replace("status", "instead")
    answer = alices.post(question, follow=True)
    assert "seller-2 Ltd takes the place of seller-1 Ltd." in _text(answer)
    with acting_for(merchant):
        new, cart = Connection.objects.get(account_id="seller-2"), Cart.objects.get()
        assert (cart.connection_id, cart.state, cart.settings, cart.pull_from) == (new.pk, "draft", settings, None)
        assert cart.warehouse is not None
        assert Order.objects.get().connection_id == order.connection_id == old.pk
        assert Connection.objects.get(pk=old.pk).state == "active", "it can be gone back to"
        running = Stream.objects.filter(connection=old, due_at__isnull=False).values_list("kind", flat=True)
        assert list(running) == ["confirm_shipments"], "the order's packages are still told where it was bought"
    assert provider.access_tokens[access_token(new.pk, merchant.pk)] == "seller-2"
    assert provider.minted["grant"] == 3, "nobody was asked to log in twice"


def test_who_said_yes_to_what_is_in_the_audit(alices: Client, merchant: Merchant, old: Connection, provider: Provider) -> None:
    alices.post(_reconnect(alices, provider, old, "seller-2").replace("status", "instead"))
    with acting_for(merchant):
        told = Change.objects.get(what="used another account instead")
        assert (told.actor, told.before, told.after) == (
            "alice@example.com",
            {"account": "seller-1 Ltd"},
            {"account": "seller-2 Ltd"},
        )
        assert Change.objects.filter(what="chose the connection", about="cart").count() == 1


def test_what_came_is_used_once(alices: Client, merchant: Merchant, old: Connection, provider: Provider) -> None:
    question = _reconnect(alices, provider, old, "seller-2").replace("status", "instead")
    alices.post(question)
    assert alices.post(question).status_code == 404
    with acting_for(merchant):
        assert Connection.objects.count() == 3


def test_an_account_that_the_merchant_has_already_takes_the_place_with_its_newest_tokens(
    alices: Client, merchant: Merchant, old: Connection, provider: Provider, connect: Connect
) -> None:
    provider.rotates = True
    use(provider)
    other = connect(merchant, "seller-2")
    question = _reconnect(alices, provider, old, "seller-2").replace("status", "instead")
    access_token(other.pk, merchant.pk, instead_of=access_token(other.pk, merchant.pk))
    alices.post(question)
    with acting_for(merchant):
        assert Cart.objects.get().connection_id == other.pk
        assert GrantAttempt.objects.get().sealed_tokens is None
    token = access_token(other.pk, merchant.pk)
    assert provider.access_tokens[access_token(other.pk, merchant.pk, instead_of=token)] == "seller-2"


def test_an_account_whose_orders_go_elsewhere_is_not_offered(
    alices: Client, merchant: Merchant, other_merchant: Merchant, old: Connection, provider: Provider, connect: Connect
) -> None:
    claims.claim(connect(other_merchant, "seller-2"))
    status_url = _reconnect(alices, provider, old, "seller-2")
    status = alices.get(status_url).json()
    assert status["state"] == "failed"
    assert "already connected elsewhere" in status["words"]
    assert other_merchant.name not in status["words"]
    assert alices.post(status_url.replace("status", "instead")).status_code == 404
    with acting_for(merchant):
        assert GrantAttempt.objects.get().sealed_tokens is None


def test_an_account_that_is_taken_elsewhere_meanwhile_is_refused(
    alices: Client, merchant: Merchant, other_merchant: Merchant, old: Connection, provider: Provider, connect: Connect
) -> None:
    question = _reconnect(alices, provider, old, "seller-2").replace("status", "instead")
    claims.claim(connect(other_merchant, "seller-2"))
    assert "already connected elsewhere" in _text(alices.post(question, follow=True))
    with acting_for(merchant):
        assert (Cart.objects.get().connection_id, Cart.objects.get().state) == (old.pk, "live")
        assert not Connection.objects.filter(account_id="seller-2").exists()


def test_a_warehouse_whose_orders_are_not_shipped_yet_does_not_leave_them(
    alices: Client, merchant: Merchant, old: Connection, provider: Provider
) -> None:
    with acting_for(merchant):
        warehouse = Warehouse.objects.select_related("connection").get()
        _order(old, "at_wms", warehouse=warehouse)
        house = warehouse.connection
    status = alices.get(_reconnect(alices, provider, house, "another-3pl")).json()
    assert status["state"] == "failed"
    assert "1 order is at the-3pl Ltd and not shipped yet." in status["words"]
    start = reverse("grant_start", args=[merchant.public_id])
    begun = alices.post(start, {"warehouse": warehouse.public_id}, headers=JSON).json()
    assert "1 order is at the-3pl Ltd and not shipped yet." in _agree(alices, provider, begun, "another-3pl")
    with acting_for(merchant):
        assert Warehouse.objects.get().connection_id == house.pk
        Order.objects.update(status="confirmed")
    assert alices.get(_reconnect(alices, provider, house, "another-3pl")).json()["state"] == "asked"


def test_a_provider_that_is_away_can_be_asked_again(
    alices: Client, merchant: Merchant, old: Connection, provider: Provider
) -> None:
    question = _reconnect(alices, provider, old, "seller-2").replace("status", "instead")
    provider.account_trouble = (503, {"error": "away"})
    assert "Nothing has changed yet" in _text(alices.post(question, follow=True))
    provider.account_trouble = None
    alices.post(question)
    with acting_for(merchant):
        assert Cart.objects.get().connection is not None
        assert Cart.objects.get().connection.account_id == "seller-2"


def test_an_account_that_needs_nobody_any_more_asks_for_nobody(
    alices: Client, merchant: Merchant, old: Connection, provider: Provider
) -> None:
    with acting_for(merchant):
        Connection.objects.filter(pk=old.pk).update(state="needs_attention")
        Problem.objects.create(kind="reconnect", words="x", about="connection", about_id=old.pk, opened_at=timezone.now())
    alices.post(_reconnect(alices, provider, old, "seller-2").replace("status", "instead"))
    with acting_for(merchant):
        assert Connection.objects.get(pk=old.pk).state == "disconnected"
        assert not Problem.objects.filter(closed_at=None).exists()


@pytest.mark.parametrize("how", ["an hour passes", "another try"])
def test_what_came_and_was_not_used_is_forgotten(
    alices: Client, merchant: Merchant, old: Connection, provider: Provider, how: str
) -> None:
    status = _reconnect(alices, provider, old, "seller-2")
    with acting_for(merchant):
        assert GrantAttempt.objects.get().sealed_tokens is not None
        GrantAttempt.objects.update(ends_at=timezone.now() + timedelta(hours=1 if how == "another try" else -1))
        if how == "an hour passes":
            grants.forget_unanswered()
    if how == "another try":
        _reconnect(alices, provider, old, "seller-1")
    with acting_for(merchant):
        assert not GrantAttempt.objects.filter(sealed_tokens__isnull=False).exists()
    assert alices.get(status).json()["state"] == "failed"
    assert alices.post(status.replace("status", "instead")).status_code == 404


def test_housekeeping_forgets_it(merchant: Merchant, old: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(grants, "forget_unanswered", lambda: asked.append(1))
    monkeypatch.setattr(reconcile, "nightly", lambda *args: {})
    with acting_for(merchant):
        stream = Stream.objects.get(kind="housekeeping")
    housekeeping.run(streams.Claim(stream.pk, 1, merchant.pk, None, "housekeeping", {}, 0, 0))
    assert asked == [1]


def test_only_managers_say_yes(alices: Client, merchant: Merchant, old: Connection, provider: Provider) -> None:
    question = _reconnect(alices, provider, old, "seller-2").replace("status", "instead")
    bob = Client(headers=HOST)
    bob.force_login(make_member(merchant, "bob@example.com", Role.STAFF))
    assert bob.post(question).status_code == 403
    shown = _text(bob.get(reverse("connection", args=[merchant.public_id, old.public_id])))
    assert "Use this account instead" not in shown


# -------------------------------------------------------------------------------------------- for the owner behind a renewal link


@pytest.fixture
def renewal(merchant: Merchant, alice: User, old: Connection) -> SetupLink:
    with acting_for(merchant):
        return sharing.ask_to_renew(old, OLIVIA, alice)


@pytest.fixture
def olivias(renewal: SetupLink) -> Client:
    """The owner's browser, with the link of the mail open."""
    client = Client(headers=HOST)
    with acting_for(renewal.merchant_id):
        address = sharing.mint(renewal.pk)
    client.get(urlsplit(address).path)
    return client


def _grant_behind_the_link(client: Client, provider: Provider, link: SetupLink, account: str) -> str:
    begun = client.post(reverse("owner_start"), {"link": link.public_id}, headers=JSON).json()
    _agree(client, provider, begun, account)
    status: str = begun["status"]
    return status


def test_the_owner_is_asked_as_well_and_told_nothing_else_of_the_merchant(
    olivias: Client, merchant: Merchant, renewal: SetupLink, provider: Provider
) -> None:
    status = _grant_behind_the_link(olivias, provider, renewal, "seller-2")
    assert olivias.get(status).json()["state"] == "asked"
    page = _text(olivias.get(reverse("owner")))
    assert "You logged in to Acme Market as seller-2 Ltd, but this connection is for seller-1 Ltd." in page
    assert "Press Grant Us API Access again and log in as seller-1 Ltd." in page
    assert "Use this account instead" in page
    asked = _text(olivias.get(status.replace("status", "instead")))
    assert "It stops until Acme Outdoor has tested it with seller-2 Ltd and started it again." in asked
    for hidden in ("Acme Market Germany", "the-3pl", merchant.public_id):
        assert hidden not in asked


def test_the_owner_says_yes_and_both_sides_are_told(
    olivias: Client, merchant: Merchant, renewal: SetupLink, old: Connection, provider: Provider, mailoutbox: list[Any]
) -> None:
    question = _grant_behind_the_link(olivias, provider, renewal, "seller-2").replace("status", "instead")
    answer = olivias.post(question, {"link": renewal.public_id}, follow=True)
    assert "seller-2 Ltd takes the place of seller-1 Ltd." in _text(answer)
    assert "Access granted seller-2 Ltd" in _text(answer)
    done = olivias.post(reverse("owner_finish"), {"link": renewal.public_id, "ok": "ok"})
    assert "Connection complete" in _text(done)
    with acting_for(merchant):
        cart = Cart.objects.select_related("connection").get()
        assert cart.connection is not None
        assert (cart.connection.account_id, cart.state) == ("seller-2", "draft")
        assert Change.objects.get(what="used another account instead").actor == sharing.OWNER
        mails = list(OutboxMail.objects.filter(kind="account_replaced").order_by("pk").values_list("to", flat=True))
        assert mails == ["alice@example.com", OLIVIA]
        assert not OutboxMail.objects.filter(kind="access_renewed").exists()
    send_waiting_mail()
    told = {mail.to[0]: mail.subject for mail in mailoutbox if "takes the place" in mail.subject}
    assert told["alice@example.com"] == "seller-2 Ltd takes the place of seller-1 Ltd: test it, then go live"


def test_the_owner_takes_it_back_and_logs_in_as_who_was_expected(
    olivias: Client, merchant: Merchant, renewal: SetupLink, provider: Provider
) -> None:
    _grant_behind_the_link(olivias, provider, renewal, "seller-2")
    _grant_behind_the_link(olivias, provider, renewal, "seller-1")
    page = _text(olivias.get(reverse("owner")))
    assert "Use this account instead" not in page
    assert "Access granted seller-1 Ltd" in page
    with acting_for(merchant):
        assert not Connection.objects.filter(account_id="seller-2").exists()


def test_a_question_of_another_journey_is_not_the_owners(
    olivias: Client, alices: Client, renewal: SetupLink, old: Connection, provider: Provider
) -> None:
    theirs = _reconnect(alices, provider, old, "seller-2").split("/")[-3]
    assert olivias.get(reverse("owner_instead", args=[theirs])).status_code == 404
    assert olivias.post(reverse("owner_instead", args=[theirs]), {"link": renewal.public_id}).status_code == 404
