"""What a member reads and does on the pages of what each cart is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cartrover.connections.models import Cart
from cartrover.inventory.models import Listing, StockLevel
from cartrover.merchants.models import Change, Merchant, User
from cartrover.merchants.tenancy import acting_for
from cartrover.sync.models import Stream
from tests.portal.shelf import Shelf, stocked

Visit = Callable[[User | None], Client]
RULES = {"buffer": "0", "percentage": "100", "minimum": "0", "maximum": "", "stale_hours": "", "excluded": ""}


@pytest.fixture
def shelf(merchant: Merchant) -> Shelf:
    return stocked(merchant)


def words(html: str) -> str:
    """A page as it is read."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def rows(client: Client, merchant: Merchant, **asked: str) -> list[str]:
    """The SKUs of the list."""
    answer = client.get(reverse("stock", args=[merchant.public_id]), asked)
    return [each.listing.sku for each in answer.context["standings"]]


def test_every_listing_is_there_by_its_sku_with_what_it_shows_and_ought_to_show(
    visit: Visit, alice: User, merchant: Merchant, shelf: Shelf
) -> None:
    answer = visit(alice).get(reverse("stock", args=[merchant.public_id]))
    told = [(each.listing.sku, each.shows, each.figure.desired, each.state) for each in answer.context["standings"]]
    assert told == [
        ("CAMP-SET", 9, 9, "to_push"),
        ("GIFT-WRAP", 3, None, "never"),
        ("HAT", 3, None, "never"),
        ("LAMP-300", 7, 42, "not_taken"),
        ("TENT-2P", 12, 12, "in_step"),
    ]
    text = words(answer.content.decode())
    assert "This listing has ended." in text
    assert "HAT is not at TradeGecko Main." in text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"state": "in_step"}, ["TENT-2P"]),
        ({"state": "to_push"}, ["CAMP-SET"]),
        ({"state": "not_taken"}, ["LAMP-300"]),
        ({"state": "never"}, ["GIFT-WRAP", "HAT"]),
        ({"q": "camp"}, ["CAMP-SET"]),
        ({"q": "peg"}, ["CAMP-SET"]),
        ({"q": "tent"}, ["CAMP-SET", "TENT-2P"]),
        ({"q": "140000000002"}, ["LAMP-300"]),
        ({"q": "no such thing"}, []),
        ({"cart": "EBAY_DE"}, ["CAMP-SET", "HAT"]),
        ({"cart": "EBAY_DE", "state": "never"}, ["HAT"]),
        ({"cart": "unknown"}, []),
    ],
)
def test_the_list_is_narrowed_by_state_by_cart_and_by_what_is_typed(
    visit: Visit, alice: User, merchant: Merchant, shelf: Shelf, asked: dict[str, str], found: list[str]
) -> None:
    if asked.get("cart") in shelf.setup.carts:
        asked = {**asked, "cart": shelf.setup.carts[asked["cart"]].public_id}
    assert rows(visit(alice), merchant, **asked) == found


def test_the_tabs_count_what_they_hold(visit: Visit, alice: User, merchant: Merchant, shelf: Shelf) -> None:
    answer = visit(alice).get(reverse("stock", args=[merchant.public_id]))
    assert {tab.state: tab.count for tab in answer.context["tabs"]} == {
        "": 5,
        "in_step": 1,
        "to_push": 1,
        "not_taken": 1,
        "never": 2,
    }


def test_listings_of_a_cart_that_tells_nothing_are_never_told(
    visit: Visit, alice: User, merchant: Merchant, shelf: Shelf
) -> None:
    with acting_for(merchant):
        Cart.objects.filter(variant="EBAY_DE").update(services={"inventory_upload": {"on": False}})
        Cart.objects.filter(variant="EBAY_US").update(state="paused")
    client = visit(alice)
    assert len(rows(client, merchant, state="never")) == 5
    text = words(client.get(reverse("stock", args=[merchant.public_id])).content.decode())
    assert "The inventory upload of eBay Germany is off." in text
    assert "eBay United States is not live." in text


def test_a_long_list_is_read_page_by_page_and_back(visit: Visit, alice: User, merchant: Merchant, shelf: Shelf) -> None:
    with acting_for(merchant):
        cart = shelf.setup.carts["EBAY_US"]
        Listing.objects.bulk_create(
            Listing(connection=shelf.setup.ebay, cart=cart, external_id=f"L{n}", sku=f"A-{n // 2:03}") for n in range(120)
        )
    client, seen, query = visit(alice), [], ""
    address = reverse("stock", args=[merchant.public_id])
    pages = 0
    while pages == 0 or query:
        page = client.get(address + query).context["page"]
        seen += [row.external_id for row in page.rows]
        query, pages = page.older, pages + 1
    assert (len(seen), len(set(seen)), pages) == (125, 125, 3)
    last = page
    before = client.get(address + last.newer).context["page"]
    assert [row.external_id for row in before.rows] == seen[50:100]


def test_a_listings_page_shows_the_sum_that_was_made(visit: Visit, alice: User, merchant: Merchant, shelf: Shelf) -> None:
    with acting_for(merchant):
        Cart.objects.filter(variant="EBAY_DE").update(stock_rules={"buffer": 1, "maximum": 5})
    listing = shelf.listings["CAMP-SET"]
    answer = visit(alice).get(reverse("listing", args=[merchant.public_id, listing.pk]))
    told = [(s.title, [(line.words, line.change, line.after) for line in s.lines]) for s in answer.context["sections"]]
    assert told == [
        (
            "TENT-2P",
            [
                ("Available at Hamburg", "+ 12", "12"),
                ("Available at Reno", "+ 2.5", "14.5"),
                ("Whole units only", "− 0.5", "14"),
                ("Sold, and not yet committed at the warehouse", "− 2", "12"),
            ],
        ),
        (
            "8 × PEG",
            [
                ("Available at Hamburg", "+ 90", "90"),
                ("Available at Reno", "+ 2.5", "92.5"),
                ("Whole units only", "− 0.5", "92"),
                ("Sold, and not yet committed at the warehouse", "− 16", "76"),
                ("8 units of it make one", "÷ 8", "9"),
            ],
        ),
        (
            "The listing",
            [
                ("As many as the scarcest part makes", "", "9"),
                ("Buffer that is kept back", "− 1", "8"),
                ("Shown at most: 5", "− 3", "5"),
            ],
        ),
    ]
    assert answer.context["standing"].figure.desired == 5
    html = answer.content.decode()
    assert reverse("order", args=[merchant.public_id, shelf.waiting.ref]) in html
    assert "the buyer asked to cancel" in words(html)


def test_a_listing_that_is_never_told_says_why(visit: Visit, alice: User, merchant: Merchant, shelf: Shelf) -> None:
    client = visit(alice)
    for sku, why in (("GIFT-WRAP", "a rule leaves it out of orders"), ("HAT", "HAT is not at TradeGecko Main")):
        text = words(client.get(reverse("listing", args=[merchant.public_id, shelf.listings[sku].pk])).content.decode())
        assert why in text
        assert "Push now" not in text


def test_of_a_push_without_an_answer_the_page_says_that_we_do_not_know_what_is_shown(
    visit: Visit, alice: User, merchant: Merchant, shelf: Shelf
) -> None:
    listing = shelf.listings["TENT-2P"]
    with acting_for(merchant):
        doubt = {"pushed": None, "pushed_at": timezone.now(), "waits": "A push was sent, and what became of it is not known yet."}
        Listing.objects.filter(pk=listing.pk).update(**doubt)
    client = visit(alice)
    text = words(client.get(reverse("listing", args=[merchant.public_id, listing.pk])).content.decode())
    assert "It shows now We do not know yet: what became of the last push is not known, so it is set once more." in text
    assert "We last set a figure to which no answer came" in text
    assert "None" not in text
    told = client.get(reverse("stock", args=[merchant.public_id]), {"q": "TENT-2P"})
    (row,) = [each for each in told.context["standings"] if each.listing == listing]
    assert (row.shows, row.state) == (None, "to_push")
    assert "what became of it is not known yet" in words(told.content.decode())


def test_a_figure_that_is_too_old_is_shown_as_none_with_the_reason(
    visit: Visit, alice: User, merchant: Merchant, shelf: Shelf
) -> None:
    with acting_for(merchant):
        Cart.objects.update(stock_rules={"stale_hours": 4})
        StockLevel.objects.update(read_at=timezone.now() - timedelta(hours=5))
    answer = visit(alice).get(reverse("listing", args=[merchant.public_id, shelf.listings["TENT-2P"].pk]))
    assert answer.context["standing"].figure.desired == 0
    assert "The warehouse was read more than 4 hours ago, so none are shown" in words(answer.content.decode())


def woken(merchant: Merchant, shelf: Shelf) -> bool:
    with acting_for(merchant):
        stream = Stream.objects.get(connection=shelf.setup.ebay, kind=Stream.Kind.PUSH_STOCK)
        return stream.due_at is not None and stream.due_at <= timezone.now()


def test_staff_push_one_listing_now(visit: Visit, bob: User, merchant: Merchant, shelf: Shelf) -> None:
    listing = shelf.listings["TENT-2P"]
    assert not woken(merchant, shelf)
    visit(bob).post(reverse("push_listing", args=[merchant.public_id, listing.pk]))
    with acting_for(merchant):
        assert list(Listing.objects.filter(asked_at__isnull=False)) == [listing]
        assert Change.objects.get().what == "asked for a push of stock"
    assert woken(merchant, shelf)


def test_staff_push_what_differs_at_a_cart(visit: Visit, bob: User, merchant: Merchant, shelf: Shelf) -> None:
    visit(bob).post(reverse("push_cart", args=[merchant.public_id, shelf.setup.carts["EBAY_US"].public_id]))
    with acting_for(merchant):
        assert list(Listing.objects.filter(asked_at__isnull=False)) == [shelf.listings["LAMP-300"]]
    assert woken(merchant, shelf)


def test_what_is_never_told_is_not_pushed_either(visit: Visit, bob: User, merchant: Merchant, shelf: Shelf) -> None:
    with acting_for(merchant):
        Cart.objects.filter(variant="EBAY_DE").update(state="paused")
    client = visit(bob)
    client.post(reverse("push_listing", args=[merchant.public_id, shelf.listings["GIFT-WRAP"].pk]))
    client.post(reverse("push_cart", args=[merchant.public_id, shelf.setup.carts["EBAY_DE"].public_id]))
    with acting_for(merchant):
        assert not Listing.objects.filter(asked_at__isnull=False).exists()
    assert not woken(merchant, shelf)


def test_staff_say_whose_listing_it_is(visit: Visit, bob: User, merchant: Merchant, shelf: Shelf) -> None:
    listing, germany = shelf.listings["TENT-2P"], shelf.setup.carts["EBAY_DE"]
    visit(bob).post(reverse("listing_cart", args=[merchant.public_id, listing.pk]), {"cart": germany.public_id})
    with acting_for(merchant):
        listing.refresh_from_db()
        assert (listing.cart, listing.marketplace) == (germany, "EBAY_DE")
        assert Change.objects.get().what == "chose the cart of a listing"
    assert woken(merchant, shelf)


def test_a_listing_belongs_to_no_cart_of_another_account(visit: Visit, bob: User, merchant: Merchant, shelf: Shelf) -> None:
    with acting_for(merchant):
        Cart.objects.filter(variant="EBAY_DE").update(connection=shelf.setup.tradegecko)
    listing, germany = shelf.listings["TENT-2P"], shelf.setup.carts["EBAY_DE"]
    answer = visit(bob).post(reverse("listing_cart", args=[merchant.public_id, listing.pk]), {"cart": germany.public_id})
    assert answer.status_code == 404
    with acting_for(merchant):
        listing.refresh_from_db()
        assert listing.cart == shelf.setup.carts["EBAY_US"]


def rules_page(merchant: Merchant, shelf: Shelf, variant: str = "EBAY_US") -> str:
    return reverse("stock_rules", args=[merchant.public_id, shelf.setup.carts[variant].public_id])


def kept(merchant: Merchant, variant: str = "EBAY_US") -> dict[str, object]:
    with acting_for(merchant):
        found: dict[str, object] = Cart.objects.get(variant=variant).stock_rules
        return found


def test_a_preview_shows_before_and_after_and_saves_nothing(visit: Visit, alice: User, merchant: Merchant, shelf: Shelf) -> None:
    answer = visit(alice).post(rules_page(merchant, shelf), {**RULES, "percentage": "50", "minimum": "10", "preview": "1"})
    looked = answer.context["preview"]
    assert {each.listing.sku: (each.before, each.after) for each in looked.changes} == {"LAMP-300": (42, 21), "TENT-2P": (12, 0)}
    assert (looked.looked_at, looked.differ, looked.to_zero) == (3, 2, 1)
    assert kept(merchant) == {}


def test_rules_are_saved_with_their_audit_and_the_carts_figures_are_compared(
    visit: Visit, alice: User, merchant: Merchant, shelf: Shelf
) -> None:
    wanted = {**RULES, "locations": ["34"], "buffer": "2", "maximum": "40", "excluded": "HAT\n\n GIFT-WRAP \nHAT"}
    answer = visit(alice).post(rules_page(merchant, shelf), wanted, follow=True)
    assert kept(merchant) == {"locations": ["34"], "buffer": 2, "maximum": 40, "excluded": ["HAT", "GIFT-WRAP"]}
    assert "Saved." in words(answer.content.decode())
    with acting_for(merchant):
        change = Change.objects.get()
        assert (change.actor, change.what, change.after["stock_rules.buffer"]) == ("alice@example.com", "changed settings", 2)
    assert woken(merchant, shelf)
    assert kept(merchant, "EBAY_DE") == {}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"buffer": "-1"}, "buffer"),
        ({"percentage": "101"}, "percentage"),
        ({"minimum": "5", "maximum": "4"}, "maximum"),
        ({"stale_hours": "0"}, "stale_hours"),
        ({"locations": ["99"]}, "locations"),
        ({"minimum": ""}, "minimum"),
    ],
)
@pytest.mark.parametrize("button", [{}, {"preview": "1"}], ids=["save", "preview"])
def test_rules_that_make_no_sense_are_told_at_their_field(
    visit: Visit,
    alice: User,
    merchant: Merchant,
    shelf: Shelf,
    wrong: dict[str, str],
    field: str,
    button: dict[str, str],
) -> None:
    answer = visit(alice).post(rules_page(merchant, shelf), {**RULES, **wrong, **button})
    assert list(answer.context["form"].errors) == [field]
    assert kept(merchant) == {}


def test_staff_see_the_rules_and_change_none(visit: Visit, bob: User, merchant: Merchant, shelf: Shelf) -> None:
    client = visit(bob)
    assert "Buffer" in words(client.get(rules_page(merchant, shelf)).content.decode())
    assert client.post(rules_page(merchant, shelf), RULES).status_code == 403
