"""Setting up, click by click: what each page offers, to whom, and what its buttons do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from cartrover.connections import approval, checking
from cartrover.connections.checking import Line
from cartrover.connections.models import AccountClaim, Cart, Connection, Credential, GrantAttempt, Warehouse
from cartrover.connections.urls import urlpatterns
from cartrover.merchants.models import Merchant, Role, User
from cartrover.merchants.tenancy import acting_for
from cartrover.sync.models import Stream
from tests.conftest import make_member
from tests.connections.conftest import Connect
from tests.connections.provider import Provider

HOST = {"host": "localhost:8000"}  # the portal's own; another would be redirected there


def _browser(user: User) -> Client:
    client = Client(headers=HOST)
    client.force_login(user)
    return client


@pytest.fixture
def browser(alice: User, provider: Provider) -> Client:
    """Alice's."""
    return _browser(alice)


def _set_up(browser: Client, merchant: Merchant, purpose: str, variant: str = "ACME_DE") -> str:
    """New Acme Market Setup. Returns the address of the page that it leads to."""
    answer = browser.post(reverse("setup", args=[merchant.public_id, "acme"]), {"purpose": purpose, "variant": variant})
    assert answer.status_code == 302
    return answer.headers["Location"]


def _subject(page: str) -> dict[str, str]:
    kind, public_id = re.findall(r"/(cart|warehouse)s/(\w+)/", page)[0]
    return {kind: public_id, **({"cart": page.split("with=")[1]} if "with=" in page else {})}


def _press_grant(browser: Client, merchant: Merchant, **subject: str) -> dict[str, str]:
    answer = browser.post(reverse("grant_start", args=[merchant.public_id]), subject, headers={"accept": "application/json"})
    assert answer.status_code == 200, answer.content
    begun: dict[str, str] = answer.json()
    return begun


def _agree(browser: Client, provider: Provider, begun: dict[str, str], account: str = "seller-1") -> str:
    """The owner agrees; the window comes back with the provider's answer. Returns the page."""
    state = parse_qs(urlsplit(begun["address"]).query)["state"][0]
    answer = browser.get(reverse("oauth_callback", args=["acme"]), {"state": state, "code": provider.consent_by(account)})
    assert answer.status_code == 200
    return answer.content.decode()


def _words(browser: Client, address: str) -> str:
    """A page's text, with its spaces in order."""
    answer = browser.get(address)
    assert answer.status_code == 200, address
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def _connected(browser: Client, provider: Provider, merchant: Merchant, purpose: str, account: str = "seller-1") -> str:
    page = _set_up(browser, merchant, purpose)
    _agree(browser, provider, _press_grant(browser, merchant, **_subject(page)), account)
    return page


# ------------------------------------------------------------------------------------------------------------------ the journey


def test_a_warehouse_and_a_cart_are_set_up_and_taken_live(browser: Client, merchant: Merchant, provider: Provider) -> None:
    warehouse = _connected(browser, provider, merchant, "warehouse", "the 3PL")
    assert "Press OK, which tests it." in _words(browser, warehouse)
    on = {f"services-{name}_on": "on" for name in ("order_delivery", "shipment_pickup", "inventory_pickup")}
    ok = browser.post(warehouse, {"name": "The 3PL", "settings-label": "L", **on})
    assert ok.headers["Location"] == f"{warehouse}live/"
    assert "You're done" in _words(browser, f"{warehouse}live/")
    assert "is live." in " ".join(str(m) for m in browser.post(f"{warehouse}live/", follow=True).context["messages"])

    cart = _set_up(browser, merchant, "cart")
    assert "Press Grant Us API Access." in _words(browser, cart)
    page = _agree(browser, provider, _press_grant(browser, merchant, **_subject(cart)))
    assert "Access granted" in page
    assert "seller-1 Ltd is connected." in page
    assert "Choose where its orders go." in _words(browser, cart)

    target = re.findall(r"/warehouses/(\w+)/", warehouse)[0]
    form = {"name": "My shop", "orders_go_to": target, "settings-location_id": "", "settings-status": ["paid", "open"]}
    switches = {"services-order_download_on": "on", "services-order_download_every": "900"}
    assert browser.post(cart, {**form, **switches}).status_code == 302
    browser.post(f"{cart}live/", {"days_back": "7"})

    with acting_for(merchant):
        row = Cart.objects.get()
        assert (row.name, row.state, row.settings) == ("My shop", "live", {"location_id": "", "status": ["paid", "open"]})
        assert row.services["order_download"] == {"on": True, "every": 900}
        assert row.services["shipment_upload"]["on"] is False
        assert row.went_live_at is not None
        assert row.pull_from is not None
        assert (row.went_live_at - row.pull_from).days == 7
        running = Stream.objects.filter(due_at__isnull=False, connection__isnull=False).values_list(
            "connection__account_id", "kind"
        )
        assert set(running) == {
            ("seller-1", "pull_orders"),
            ("the 3PL", "deliver_orders"),
            ("the 3PL", "pull_changes"),
            ("the 3PL", "pull_shipments"),
            ("the 3PL", "pull_stock"),
        }

    browser.post(f"{cart}pause/")
    with acting_for(merchant):
        assert not Stream.objects.filter(connection__account_id="seller-1", due_at__isnull=False).exists()
        assert Cart.objects.get().pull_from == row.pull_from
    browser.post(f"{cart}live/", {"days_back": "0"})
    with acting_for(merchant):
        assert Cart.objects.get().pull_from == row.pull_from, "a pause loses no orders"


def test_both_on_one_grant(browser: Client, merchant: Merchant, provider: Provider) -> None:
    _connected(browser, provider, merchant, "both")
    with acting_for(merchant):
        assert Cart.objects.get().connection_id == Warehouse.objects.get().connection_id == Connection.objects.get().pk
    assert provider.minted["grant"] == 1


def test_every_service_has_its_switch_and_its_frequency_and_begins_on_and_automatic(
    browser: Client, merchant: Merchant, provider: Provider
) -> None:
    page = _set_up(browser, merchant, "warehouse")
    form = browser.get(page).context["services_form"]
    assert [switch.label for switch, _ in form.rows] == ["Order delivery", "Shipment pickup", "Inventory pickup"]
    assert [(switch.initial, dict(every.field.choices)[every.initial]) for switch, every in form.rows] == [
        (True, "Automatic")
    ] * 3


def test_the_setup_page_names_the_addresses_to_allow_and_what_to_do_when_the_provider_says_signed_out(
    browser: Client, merchant: Merchant, provider: Provider, settings: Settings
) -> None:
    settings.OUTBOUND_ADDRESSES = ["192.0.2.14", "192.0.2.15"]
    shown = _words(browser, _set_up(browser, merchant, "cart"))
    assert "If you limit incoming traffic, allow 192.0.2.14 and 192.0.2.15 ." in shown
    assert "Acme Market says that I have signed out" in shown
    assert "close that window and press the button again; if it stays so, close the browser and begin anew" in shown


def test_a_connection_is_offered_again_instead_of_a_second_grant(browser: Client, merchant: Merchant, provider: Provider) -> None:
    _connected(browser, provider, merchant, "cart")
    second = _set_up(browser, merchant, "cart", "ACME_US")
    assert "Use seller-1 Ltd, which is connected already" in _words(browser, second)
    with acting_for(merchant):
        connection = Connection.objects.get()
    browser.post(f"{second}use/", {"connection": connection.public_id})
    with acting_for(merchant):
        assert set(Cart.objects.values_list("connection_id", flat=True)) == {connection.pk}
    assert provider.minted["grant"] == 1


def test_the_page_hears_of_each_step_from_the_server(browser: Client, merchant: Merchant, provider: Provider) -> None:
    provider.account_trouble = (503, {"error": "away"})
    begun = _press_grant(browser, merchant, **_subject(_set_up(browser, merchant, "cart")))
    assert browser.get(begun["status"]).json()["words"] == "Waiting for Acme Market."
    assert "Not connected" in _agree(browser, provider, begun)
    assert browser.get(begun["status"]).json()["state"] == "kept"
    provider.account_trouble = None
    go_on = browser.post(begun["status"].replace("status", "go-on"), headers={"accept": "application/json"})
    assert go_on.json()["state"] == "done"
    assert browser.get(begun["status"]).json()["words"] == "seller-1 Ltd is connected."


def _go_on(browser: Client, page: str) -> str:
    """The address behind the page's button Go on; empty where the page has none."""
    found = re.search(r'action="([^"]+/go-on/)"', browser.get(page).content.decode())
    return found.group(1) if found else ""


@pytest.mark.parametrize("purpose", ["cart", "warehouse", "renewal"])
def test_access_that_is_kept_is_gone_on_with_on_the_page_that_the_window_leads_back_to(
    browser: Client, merchant: Merchant, provider: Provider, purpose: str
) -> None:
    renewal = purpose == "renewal"
    holder = _connected(browser, provider, merchant, "cart") if renewal else _set_up(browser, merchant, purpose)
    page, subject = holder, _subject(holder)
    if renewal:
        with acting_for(merchant):
            public_id = Connection.objects.get().public_id
        page, subject = reverse("connection", args=[merchant.public_id, public_id]), {"renews": public_id}
    assert _go_on(browser, page) == ""
    provider.account_trouble = (503, {"error": "away"})
    came_back = _agree(browser, provider, _press_grant(browser, merchant, **subject))
    assert "Not connected yet" in came_back
    assert f'href="{page}"' in came_back

    go_on = _go_on(browser, page)
    assert _go_on(browser, holder) == go_on, "where Reconnect was pressed, too"
    away = browser.post(go_on, follow=True)
    assert away.redirect_chain == [(page, 302)]
    assert "Your access is kept: press Go on" in str(*away.context["messages"])
    assert _go_on(browser, page) == go_on
    provider.account_trouble = None
    for _ in range(2):
        done = browser.post(go_on, follow=True)
        assert (done.redirect_chain, str(*done.context["messages"])) == ([(page, 302)], "seller-1 Ltd is connected.")
        assert _go_on(browser, page) == ""


def test_what_a_later_grant_or_its_time_has_overtaken_is_not_offered(
    browser: Client, merchant: Merchant, provider: Provider
) -> None:
    page = _set_up(browser, merchant, "cart")
    provider.account_trouble = (503, {"error": "away"})
    _agree(browser, provider, _press_grant(browser, merchant, **_subject(page)))
    with acting_for(merchant):
        attempt = GrantAttempt.objects.get()
        assert timedelta(minutes=59) < attempt.ends_at - timezone.now() < timedelta(minutes=61), "as long as an outage may last"
        GrantAttempt.objects.update(ends_at=timezone.now())
    assert _go_on(browser, page) == ""
    with acting_for(merchant):
        GrantAttempt.objects.update(ends_at=attempt.ends_at)
    assert _go_on(browser, page) != ""
    assert _go_on(_browser(make_member(merchant, "bob@example.com", Role.STAFF)), page) == "", "a manager's to press"
    provider.account_trouble = None
    _agree(browser, provider, _press_grant(browser, merchant, **_subject(page)))
    assert _go_on(browser, page) == ""


def test_an_owner_who_declines_is_told_and_can_try_again(browser: Client, merchant: Merchant) -> None:
    begun = _press_grant(browser, merchant, **_subject(_set_up(browser, merchant, "cart")))
    answer = browser.get(reverse("oauth_declined", args=["acme"]))
    assert "Access was declined at Acme Market" in answer.content.decode()
    assert browser.get(begun["status"]).json()["state"] == "failed"


def test_the_address_of_the_providers_own_last_page_can_be_pasted(
    browser: Client, merchant: Merchant, provider: Provider
) -> None:
    page = _set_up(browser, merchant, "cart")
    begun = _press_grant(browser, merchant, **_subject(page))
    state = parse_qs(urlsplit(begun["address"]).query)["state"][0]
    code = provider.consent_by("seller-1").replace("#", "%23").replace("+", "%2B").replace("^", "%5E")
    paste = reverse("grant_paste", args=[merchant.public_id])
    stranger = f"https://auth.acme.example/ThirdPartyAuthSucessFailure?isAuthSuccessful=true&state=guessed&code={code}"
    refused = browser.post(paste, {"integration": "acme", "address": stranger, **_subject(page)}, follow=True)
    assert "belongs to nothing" in str(*refused.context["messages"])
    assert refused.redirect_chain == [(page, 302)], "it can be tried again where it was tried"
    for nonsense in ("https://acme.example/", "https://[nowhere", "I closed it"):
        told = browser.post(paste, {"integration": "acme", "address": nonsense, **_subject(page)}, follow=True)
        assert "This address holds no answer from Acme Market." in str(*told.context["messages"])
    ours = stranger.replace("guessed", state)
    answer = browser.post(paste, {"integration": "acme", "address": ours})
    assert answer.headers["Location"] == page
    with acting_for(merchant):
        assert Cart.objects.get().connection is not None


def test_without_a_script_the_button_leads_to_a_page_with_the_link(
    browser: Client, merchant: Merchant, provider: Provider
) -> None:
    subject = _subject(_set_up(browser, merchant, "cart"))
    answer = browser.post(reverse("grant_start", args=[merchant.public_id]), subject)
    assert f'href="{provider.url}/authorize?' in answer.content.decode()


def test_a_cart_does_not_deliver_to_the_account_it_pulls_from(browser: Client, merchant: Merchant, provider: Provider) -> None:
    _connected(browser, provider, merchant, "both")
    with acting_for(merchant):
        cart, warehouse = Cart.objects.get(), Warehouse.objects.get()
        Cart.objects.update(warehouse=warehouse)
        Warehouse.objects.update(state="live")
    browser.post(reverse("cart_live", args=[merchant.public_id, cart.public_id]))
    assert "Choose another warehouse" in _words(browser, reverse("cart", args=[merchant.public_id, cart.public_id]))
    with acting_for(merchant):
        assert Cart.objects.get().state == "draft"


def test_two_carts_do_not_take_the_same_orders(browser: Client, merchant: Merchant, provider: Provider) -> None:
    _connected(browser, provider, merchant, "cart")
    second = _connected(browser, provider, merchant, "cart")
    with acting_for(merchant):
        first = Cart.objects.order_by("pk")[0]
        Cart.objects.filter(pk=first.pk).update(state="live")
    told = "Acme Market Germany already takes the orders of seller-1 Ltd, by its own settings"
    assert told in _words(browser, second)
    with acting_for(merchant):
        Cart.objects.filter(pk=first.pk).update(settings={"location_id": "7"})
        Cart.objects.exclude(pk=first.pk).update(settings={"location_id": "9"}, state="checked")
    assert told in _words(browser, second), "the second one's location would not be heeded"
    assert told in browser.post(f"{second}live/", follow=True).content.decode()
    with acting_for(merchant):
        assert Cart.objects.exclude(pk=first.pk).get().state == "checked"
        Cart.objects.filter(pk=first.pk).update(state="paused")
    assert "already takes" not in _words(browser, second)


def test_another_marketplace_of_the_same_account_is_a_cart_of_its_own(
    browser: Client, merchant: Merchant, provider: Provider
) -> None:
    _connected(browser, provider, merchant, "cart")
    second = _set_up(browser, merchant, "cart", "ACME_US")
    with acting_for(merchant):
        Cart.objects.filter(variant="ACME_DE").update(state="live")
        Cart.objects.filter(variant="ACME_US").update(connection=Connection.objects.get())
    assert "already takes" not in _words(browser, second)


def test_disconnecting_stops_everything_and_forgets_the_access(browser: Client, merchant: Merchant, provider: Provider) -> None:
    _connected(browser, provider, merchant, "cart")
    with acting_for(merchant):
        connection = Connection.objects.get()
    address = reverse("connection", args=[merchant.public_id, connection.public_id])
    assert browser.get(f"{address}disconnect/").status_code == 405
    browser.post(f"{address}disconnect/")
    assert "Disconnected" in _words(browser, address)
    with acting_for(merchant):
        assert Connection.objects.get().state == "disconnected"
        assert (Credential.objects.count(), AccountClaim.objects.count()) == (0, 0)
        assert Cart.objects.get().connection_id == connection.pk


def test_a_wrong_setting_keeps_the_form_open(browser: Client, merchant: Merchant, provider: Provider) -> None:
    page = _connected(browser, provider, merchant, "warehouse")
    answer = browser.post(page, {"name": "x", "settings-label": "", "settings-ship_from": "a place that is not theirs"})
    assert answer.status_code == 200
    assert "is not one of the available choices" in answer.content.decode()
    with acting_for(merchant):
        assert Warehouse.objects.get().name == "Acme Market"


def test_an_account_that_changed_while_it_was_tested_is_not_saved_as_checked(
    browser: Client, merchant: Merchant, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = _connected(browser, provider, merchant, "warehouse")
    opened_before = _press_grant(browser, merchant, **_subject(page))

    def meanwhile(*args: Any, **settings: Any) -> Iterator[Line]:
        yield from checking.check(*args, **settings)
        _agree(browser, provider, opened_before, "seller-2")

    with monkeypatch.context() as during_the_test:
        during_the_test.setattr(approval, "check", meanwhile)
        answer = browser.post(page, {"name": "The 3PL", "settings-label": "L"})
    assert "The account changed while it was tested. Press OK again." in answer.content.decode()
    assert "passed the test" not in answer.content.decode()
    with acting_for(merchant):
        row = Warehouse.objects.select_related("connection").get()
        assert (row.state, row.connection and row.connection.account_id) == ("draft", "seller-2")
    assert browser.post(page, {"name": "The 3PL", "settings-label": "L"}).status_code == 302
    with acting_for(merchant):
        assert Warehouse.objects.get().state == "checked"


def test_locations_are_picked_once_the_account_is_known(browser: Client, merchant: Merchant, provider: Provider) -> None:
    page = _connected(browser, provider, merchant, "warehouse")
    assert "Hamburg" in _words(browser, page)
    browser.post(page, {"name": "x", "settings-label": "L", "settings-ship_from": "9", "settings-stock_locations": ["7", "9"]})
    with acting_for(merchant):
        assert Warehouse.objects.get().settings == {
            "ship_from": "9",
            "stock_locations": ["7", "9"],
            "invoice": False,
            "label": "L",
        }


# ------------------------------------------------------------------------------------------------------------- the browser's part


def test_windows_may_know_of_each_other_only_round_the_pop_up(browser: Client, merchant: Merchant, provider: Provider) -> None:
    page = _connected(browser, provider, merchant, "cart")
    coop = "Cross-Origin-Opener-Policy"
    assert browser.get(page).headers[coop] == "same-origin-allow-popups"
    assert browser.get(reverse("carts", args=[merchant.public_id])).headers[coop] == "same-origin"
    back = browser.get(reverse("oauth_callback", args=["acme"]), {"state": "x", "code": "y"})
    assert back.headers[coop] == "unsafe-none"
    assert back.headers["Referrer-Policy"] == "no-referrer"
    assert back.headers["Cache-Control"] == "no-store"


def test_no_page_holds_a_token_a_secret_or_the_code(browser: Client, merchant: Merchant, provider: Provider) -> None:
    page = _connected(browser, provider, merchant, "both")
    with acting_for(merchant):
        connection = Connection.objects.get()
        attempt = GrantAttempt.objects.get()
    pages = [
        page,
        *(reverse(name, args=[merchant.public_id]) for name in ("carts", "warehouses", "connections", "new_cart")),
        reverse("connection", args=[merchant.public_id, connection.public_id]),
        reverse("grant_status", args=[merchant.public_id, attempt.public_id]),
        reverse("setup", args=[merchant.public_id, "acme"]),
    ]
    for address in pages:
        html = browser.get(address).content.decode()
        for secret in [*provider.secrets, "acme-secret-of-ours"]:
            assert secret not in html, address


# ------------------------------------------------------------------------------------------------------------------ who may do it


def _every_address(merchant: Merchant, public_id: str) -> list[tuple[str, str]]:
    """(name, address) of every page and button of a merchant, with one id put in where an address wants one."""
    found = []
    for pattern in urlpatterns:
        arguments: list[str] = [merchant.public_id]
        if "<slug:" in str(pattern.pattern):
            arguments.append("acme" if pattern.name == "setup" else public_id)
        found.append((str(pattern.name), reverse(str(pattern.name), args=arguments)))
    return found


def test_a_stranger_finds_nothing_of_a_merchant(browser: Client, merchant: Merchant, charlie: User, provider: Provider) -> None:
    _connected(browser, provider, merchant, "cart")
    with acting_for(merchant):
        public_id = Cart.objects.get().public_id
    stranger = _browser(charlie)
    for name, address in _every_address(merchant, public_id):
        assert stranger.get(address).status_code == 404, name
        assert stranger.post(address).status_code == 404, name


def test_one_merchants_ids_lead_nowhere_at_another(
    browser: Client, merchant: Merchant, other_merchant: Merchant, charlie: User, provider: Provider, connect: Connect
) -> None:
    _connected(browser, provider, merchant, "both")
    with acting_for(merchant):
        rows = {
            "cart": Cart.objects.get().public_id,
            "warehouse": Warehouse.objects.get().public_id,
            "connection": Connection.objects.get().public_id,
            "grant": GrantAttempt.objects.get().public_id,
        }
    connect(other_merchant, "their own")
    stranger = _browser(charlie)
    start = reverse("grant_start", args=[other_merchant.public_id])
    for name, key in (("cart", "cart"), ("warehouse", "warehouse"), ("renews", "connection")):
        assert stranger.post(start, {name: rows[key]}).status_code == 404, name
    for name in ("cart", "cart_use", "cart_live", "cart_pause", "warehouse", "warehouse_use", "warehouse_live"):
        address = reverse(name, args=[other_merchant.public_id, rows[name.split("_")[0]]])
        assert stranger.post(address, {"name": "mine"}).status_code == 404, name
    for name, key in (("connection", "connection"), ("grant_status", "grant")):
        assert stranger.get(reverse(name, args=[other_merchant.public_id, rows[key]])).status_code == 404, name
    for name, key in (("disconnect", "connection"), ("grant_go_on", "grant")):
        assert stranger.post(reverse(name, args=[other_merchant.public_id, rows[key]])).status_code == 404, name
    with acting_for(merchant):
        assert Connection.objects.get().state == "active"
        assert Cart.objects.get().name != "mine"


MAY = {
    Role.VIEWER: {"carts", "cart", "warehouses", "warehouse", "connections", "connection", "grant_status"},
    Role.STAFF: {"cart_pause", "warehouse_pause"},
}


def test_each_button_wants_the_role_that_its_view_declares(merchant: Merchant, alice: User, provider: Provider) -> None:
    for pattern in urlpatterns:
        declared = getattr(pattern.callback, "needs", None)
        expected = next((role for role, names in MAY.items() if pattern.name in names), Role.MANAGER)
        assert declared == expected, pattern.name


@pytest.mark.parametrize("role", [Role.VIEWER, Role.STAFF])
def test_who_may_only_look_changes_nothing(browser: Client, merchant: Merchant, provider: Provider, role: Role) -> None:
    page = _connected(browser, provider, merchant, "cart")
    bob = _browser(make_member(merchant, "bob@example.com", role))
    with acting_for(merchant):
        cart, connection = Cart.objects.get(), Connection.objects.get()
    assert "Disconnect" not in _words(bob, reverse("connection", args=[merchant.public_id, connection.public_id]))
    for address, form in (
        (page, {"name": "mine"}),
        (f"{page}live/", {}),
        (f"{page}use/", {"connection": connection.public_id}),
        (reverse("disconnect", args=[merchant.public_id, connection.public_id]), {}),
        (reverse("grant_start", args=[merchant.public_id]), {"cart": cart.public_id}),
        (reverse("setup", args=[merchant.public_id, "acme"]), {"purpose": "cart", "variant": "ACME_US"}),
    ):
        assert bob.post(address, form).status_code == 403, address
    with acting_for(merchant):
        assert (Cart.objects.count(), Cart.objects.get().name, Connection.objects.get().state) == (1, cart.name, "active")


def test_nothing_changes_without_the_forms_own_token(alice: User, merchant: Merchant, provider: Provider) -> None:
    browser = Client(enforce_csrf_checks=True, headers=HOST)
    browser.force_login(alice)
    for name, address in _every_address(merchant, "x"):
        assert browser.post(address).status_code in (403, 405), name


def test_the_callback_asks_nobody_to_log_in_and_connects_nobody(merchant: Merchant, alice: User, provider: Provider) -> None:
    begun = _press_grant(_browser(alice), merchant, **_subject(_set_up(_browser(alice), merchant, "cart")))
    state = parse_qs(urlsplit(begun["address"]).query)["state"][0]
    answer = Client(headers=HOST).get(
        reverse("oauth_callback", args=["acme"]), {"state": state, "code": provider.consent_by("evil")}
    )
    assert answer.status_code == 400
    assert "started in another browser" in answer.content.decode()
    assert Client(headers=HOST).get(reverse("oauth_callback", args=["nonesuch"])).status_code == 404
    assert provider.minted["grant"] == 0


def test_an_integration_that_is_not_set_up_says_so(browser: Client, merchant: Merchant) -> None:
    from dataclasses import replace

    from integrations import registry

    subject = _subject(_set_up(browser, merchant, "cart"))
    dead = replace(registry.get("acme"), trouble="Acme Market has closed. Set ACME_URL to a service that speaks its language.")
    registry._integrations["acme"] = dead  # the provider fixture puts back what was there
    answer = browser.post(reverse("grant_start", args=[merchant.public_id]), subject, headers={"accept": "application/json"})
    assert answer.status_code == 409
    assert json.loads(answer.content)["words"] == dead.trouble
    assert "has closed" in _words(browser, reverse("new_cart", args=[merchant.public_id]))
