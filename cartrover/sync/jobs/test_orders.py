"""A test order: the codes of a cart on the path that every order takes, delivered as a draft, read back, and voided by us.

``args``: ``method`` of the cart, or the ``ref`` of an earlier one that is only to be voided. Each step is safe to repeat: the
order and its void are effects, named by the job.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from cartrover.connections.models import Cart, Warehouse
from cartrover.events.models import Problem
from cartrover.events.telling import close_problems, event, open_problem, tell
from cartrover.inventory.models import Listing, SkuRule, StockLevel
from cartrover.inventory.selling import cart_of
from cartrover.inventory.skus import LEAVE_OUT, REFUSE, Part, Rulebook, Translation, code_of, code_of_listing
from cartrover.inventory.storing import store_levels
from cartrover.orders.models import GONE_THERE, OrderLine, ShippingMethod
from cartrover.sync.customers import customer_of
from cartrover.sync.effects import Found, Plan, carry_out
from cartrover.sync.jobs import Running, Step, both_sides
from cartrover.sync.models import Job
from cartrover.sync.pull_stock import CLOCK_MARGIN, stock_level
from cartrover.sync.work import Work
from integrations.contract import AddressRecord, Delivery, DeliveryLine, RemoteOrder
from integrations.contract import Warehouse as WarehouseClient
from integrations.outcomes import Outcome, Rejected, RetryLater

KIND = "test_order"
MOST_LINES = 200
MOST_CODES = 500
RECENT_LINES = 2_000
PRICE = Decimal("1.00")
NAMED = 5  # codes that a sentence names
ASKED = 25  # SKUs that are asked for between two steps


@dataclass(frozen=True, slots=True)
class Tried:
    """One code: what it is sent as (``(SKU, units)``), and why it is not, in words. ``back`` is how many of each came back."""

    code: str
    sent: tuple[tuple[str, int], ...] = ()
    trouble: str = ""
    back: tuple[int, ...] = ()


def run(running: Running) -> Iterator[Step]:
    """Raises an Outcome where the warehouse does not take it."""
    cart = running.cart()
    warehouse = cart.warehouse
    if warehouse is None or warehouse.connection is None:
        raise Rejected("Choose where the cart's orders go first.")
    work = running.open_work(warehouse.connection)
    client = work.warehouse(warehouse.settings)
    result = dict(running.job.result)
    if "ref" in running.job.args:
        yield from _looked_again(running, work, client, cart)
        return
    if "ref" not in result:
        for words in both_sides.know(running, cart):
            yield Step(words=words)
        for words in _ask_for_items(running, work, client, cart):
            yield Step(words=words)
        result = {"ref": _ref(running.job), "rows": _rows(running, cart, warehouse), "methods": _methods(running, cart)}
        yield Step(words="Sending the test order.", result=result)
    delivery = _delivery(running, work, client, cart, result)
    result["remote_id"] = _send(work, client, delivery)
    yield Step(words="It is there. Reading it back.", result=result)
    found = [each for each in client.find_orders(delivery.ref) if each.remote_id == result["remote_id"]]
    result["rows"] = _read_back(result["rows"], {line.sku: line.item_id for line in delivery.lines}, found)
    yield from _voided(running, work, client, cart, delivery.ref, result)


def _ref(job: Job) -> str:
    return f"TEST{job.public_id}".upper()


# ---------------------------------------------------------------------------------------------------------------- what it holds


def codes_of(cart: Cart) -> list[str]:
    """What the cart sells by: the codes of its listings, those that it has sold lately, and those that a rule names."""
    beside = list(Cart.objects.filter(connection_id=cart.connection_id))
    told = Listing.objects.filter(connection_id=cart.connection_id, gone=False).order_by("sku", "pk")[: 2 * MOST_CODES]
    listed = [listing for listing in told if cart_of(listing, beside) == cart]
    lines = OrderLine.objects.filter(order__cart=cart).order_by("-pk")[:RECENT_LINES]
    codes = {code_of_listing(cart, listing) for listing in listed} | {code_of(cart, line) for line in lines}
    codes |= set(SkuRule.objects.filter(cart=cart).values_list("sku", flat=True))
    return sorted(codes - {""})[:MOST_CODES]


def _ask_for_items(running: Running, work: Work, client: WarehouseClient, cart: Cart) -> Iterator[str]:
    """What our own list of the warehouse's items lacks is asked for, as for a real order."""
    with running.rows():
        wanted = sorted({part.sku for each in _translated(cart).values() for part in each.parts})
        known = set(
            StockLevel.objects.filter(connection_id=work.connection_id, sku__in=wanted, gone=False).values_list("sku", flat=True)
        )
    missing = [sku for sku in wanted if sku not in known]
    for start in range(0, len(missing), ASKED):
        read_at = timezone.now() - CLOCK_MARGIN
        records = [record for sku in missing[start : start + ASKED] for record in client.item(sku)]
        with running.rows():
            store_levels(work.connection_id, [stock_level(work.connection_id, record, read_at) for record in records])
        yield f"Asked the warehouse for {min(start + ASKED, len(missing))} of {len(missing)} SKUs that it has not told of."


def _translated(cart: Cart) -> dict[str, Translation]:
    codes = codes_of(cart)
    book = Rulebook.of(codes)
    return {code: book.translate(cart.pk, code) for code in codes}


def _rows(running: Running, cart: Cart, warehouse: Warehouse) -> list[dict[str, Any]]:
    """One row a code, as JSON."""
    with running.rows():
        translated = _translated(cart)
        skus = {part.sku for each in translated.values() for part in each.parts}
        levels = StockLevel.objects.filter(connection_id=warehouse.connection_id, sku__in=skus, gone=False)
        there = Counter(levels.values_list("sku", flat=True))
    return [asdict(_tried(code, each, there, warehouse)) for code, each in translated.items()]


_UNSENT: Mapping[str, str] = {
    LEAVE_OUT: "Left out of every order, as your rule says.",
    REFUSE: "Refused with its order, as your rule says.",
}


def _tried(code: str, translation: Translation, there: Mapping[str, int], warehouse: Warehouse) -> Tried:
    if translation.action in _UNSENT:
        return Tried(code, trouble=_UNSENT[translation.action])
    for part in translation.parts:
        if there[part.sku] != 1:
            count = "not" if not there[part.sku] else f"{there[part.sku]} times"
            return Tried(code, _sent(translation.parts), f"{part.sku} is {count} in {warehouse.name}.")
    return Tried(code, _sent(translation.parts))


def _sent(parts: Sequence[Part]) -> tuple[tuple[str, int], ...]:
    return tuple((part.sku, part.units) for part in parts)


def _methods(running: Running, cart: Cart) -> list[dict[str, Any]]:
    with running.rows():
        rows = ShippingMethod.objects.filter(cart=cart).order_by("code")
        return [
            {"code": row.code, "sent_as": row.sent_as or row.code, "holds": bool(row.hold and not row.sent_as)} for row in rows
        ]


# ------------------------------------------------------------------------------------------------------------- there and back


def _delivery(running: Running, work: Work, client: WarehouseClient, cart: Cart, result: Mapping[str, Any]) -> Delivery:
    """What can be sent, as one order of at most MOST_LINES lines at a price of 1 each."""
    good = [row for row in result["rows"] if not row["trouble"]]
    if not result["rows"]:
        raise Rejected("There is no code to try: the cart lists nothing, and has sold nothing yet.")
    if not good:
        raise Rejected("None of these codes can be sent, so no test order was made. The table says why.")
    with running.rows():
        skus = {sku for row in good for sku, _units in row["sent"]}
        items = StockLevel.objects.filter(connection_id=work.connection_id, sku__in=skus, gone=False)
        item_ids = dict(items.values_list("sku", "item_id"))
    lines = [
        DeliveryLine(f"{number}-{sku}", sku, item_ids[sku], f"TEST {row['code']}", units, PRICE, PRICE * units)
        for number, row in enumerate(good)
        for sku, units in row["sent"]
    ][:MOST_LINES]
    return Delivery(
        ref=result["ref"],
        number=f"TEST-{running.job.public_id}".upper(),
        placed_at=running.job.asked_at,
        customer_id=customer_of(work, client, cart),
        source_url=f"{settings.PORTAL_URL}/o/{result['ref']}",
        currency=_currency(running, cart),
        lines=tuple(lines),
        shipping=Decimal(0),
        shipping_method=_sent_method(running, result),
        discount=Decimal(0),
        tax=Decimal(0),
        adjustment=Decimal(0),
        total=sum((line.total for line in lines), Decimal(0)),
        ship_to=AddressRecord("TEST ORDER, DO NOT SHIP", "1 Test Street", "Testtown", "US", postal_code="00000"),
        note="TEST: made by CartRover to check SKUs and shipping methods. It is voided at once.",
        test=True,
    )


def _currency(running: Running, cart: Cart) -> str:
    """That of the cart's newest order, else the warehouse's own."""
    with running.rows():
        newest = cart.orders.exclude(currency="").order_by("-pk").values_list("currency", flat=True).first()
    facts = cart.warehouse.connection.facts if cart.warehouse and cart.warehouse.connection else {}
    return str(newest or facts.get("default_currency") or "USD")


def _sent_method(running: Running, result: Mapping[str, Any]) -> str:
    wanted = str(running.job.args.get("method") or "")
    return next((row["sent_as"] for row in result["methods"] if row["code"] == wanted), wanted)


def _send(work: Work, client: WarehouseClient, delivery: Delivery) -> str:
    client.check(delivery)

    def look(key: str) -> Found | None:
        return next((Found(each.remote_id, ours=each.ours) for each in client.find_orders(delivery.ref)), None)

    def send(key: str) -> str:
        return client.send_order(delivery, key=key).remote_id

    return carry_out(work, Plan(KIND, delivery.ref, delivery, look, send))


def _read_back(rows: Sequence[dict[str, Any]], items: Mapping[str, str], found: Sequence[RemoteOrder]) -> list[dict[str, Any]]:
    """How many units of each SKU the warehouse shows."""
    units: Counter[str] = Counter()
    for remote in found:
        for item_id, quantity in remote.lines:
            units[item_id] += quantity
    return [{**row, "back": [units[items.get(sku, "")] for sku, _units in row["sent"]]} for row in rows]


# ------------------------------------------------------------------------------------------------------------------------- void


def _looked_again(running: Running, work: Work, client: WarehouseClient, cart: Cart) -> Iterator[Step]:
    """Void what an earlier job could not, and tell it in that job's row too: that is the one which the page shows."""
    ref = str(running.job.args["ref"])
    with running.rows():
        earlier = of_ref(cart, ref)
    if earlier is None:  # whatever has this reference at the warehouse is voided, so it may not be a buyer's order
        raise Rejected("This cart has had no test order under that reference.")
    for step in _voided(running, work, client, cart, ref, earlier.result):
        with running.rows():
            Job.objects.filter(pk=earlier.pk).update(words=step.words, result=step.result)
        yield step


def _voided(
    running: Running, work: Work, client: WarehouseClient, cart: Cart, ref: str, result: Mapping[str, Any]
) -> Iterator[Step]:
    """Void it by ourselves; where that fails, a person has to, and hears of it."""
    try:
        left = [each for each in client.find_orders(ref) if each.status not in GONE_THERE]
        for remote in left:
            _void(work, client, ref, remote.remote_id)
    except RetryLater:
        raise
    except Outcome as outcome:
        words = (
            f"Test order {ref} could not be voided: {outcome.message} Void it at the warehouse yourself, so that nobody ships it."
        )
        with running.rows():
            open_problem(KIND, words, subject=ref, about=cart, whose=Problem.Whose.MERCHANT, detail=outcome.detail)
        yield Step(words=words, result={**result, "voided": False})
        return
    with running.rows():
        close_problems(kind=KIND, subject=ref, about="cart", about_id=cart.pk)
        tell([event(cart, KIND, f"Test order {ref} was delivered as a draft, read back and voided.", actor=running.job.asked_by)])
    yield Step(words=_told(result), result={**result, "voided": True})


def _void(work: Work, client: WarehouseClient, ref: str, remote_id: str) -> None:
    def look(key: str) -> Found | None:
        gone = any(each.remote_id == remote_id and each.status in GONE_THERE for each in client.find_orders(ref))
        return Found(remote_id) if gone else None

    def send(key: str) -> str:
        client.void_order(remote_id, key=key)
        return remote_id

    carry_out(work, Plan("void_test", f"{ref}-{remote_id}", remote_id, look, send))


def _told(result: Mapping[str, Any]) -> str:
    """Which codes arrived, and the others by name: what a rule keeps back is as the merchant wants it."""
    rows = result["rows"]
    ruled = [row["code"] for row in rows if row["trouble"] and not row["sent"]]
    unsent = [row["code"] for row in rows if row["trouble"] and row["sent"]]
    sent = [row for row in rows if not row["trouble"]]
    lost = [row["code"] for row in sent if not all(row["back"])]
    words = [_arrived(len(sent) - len(lost), len(sent))]
    named = {
        "Kept back, as your rules say": ruled,
        "Could not be sent, see the table": unsent,
        "Not found at the warehouse": lost,
    }
    words += [f"{why}: {_some(codes)}." for why, codes in named.items() if codes]
    return " ".join([*words, "The test order is voided again."])


def _arrived(arrived: int, sent: int) -> str:
    if arrived < sent:
        return f"{arrived} of the {sent} codes that were sent arrived as they should."
    return (
        "1 code was sent, and arrived as it should." if sent == 1 else f"{sent} codes were sent, and all arrived as they should."
    )


def _some(codes: Sequence[str]) -> str:
    rest = len(codes) - NAMED
    return ", ".join(codes[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def last(cart: Cart) -> Job | None:
    """The cart's newest test order, under way or not. Inside the merchant's door."""
    found: Job | None = Job.objects.filter(kind=KIND, cart=cart, args__has_key="method").order_by("-pk").first()
    return found


def newest(cart: Cart) -> Job | None:
    """The last that was asked for, be it a test order or another look at one. Inside the merchant's door."""
    found: Job | None = Job.objects.filter(kind=KIND, cart=cart).order_by("-pk").first()
    return found


def of_ref(cart: Cart, ref: str) -> Job | None:
    """The test order of this very cart that went under a reference. Inside the merchant's door."""
    found: Job | None = Job.objects.filter(kind=KIND, cart=cart, args__has_key="method", result__ref=ref).first()
    return found
