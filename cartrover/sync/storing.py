"""Orders as read, into rows. Hashed first: what is read again and has not changed writes nothing.

An order is stored once (its unique key says so, not a look before the insert), an older version never replaces a newer one, and
what a cart has blanked stays as it was told before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from cartrover.connections.models import Connection
from cartrover.events.models import Event, Problem
from cartrover.events.telling import event, tell
from cartrover.orders import changes, errands, lines_now, numbering, search
from cartrover.orders.gates.context import context
from cartrover.orders.methods import learn_methods, learn_methods_of
from cartrover.orders.models import Order, OrderLine, SearchTerm, Shipment, Status
from cartrover.orders.preparing import decide, judge, may_judge, on_their_way
from cartrover.orders.settling import assign_problems, close_if_empty
from cartrover.orders.shipped import confirm_seen
from cartrover.orders.verdicts import Cause, Verdict, told
from cartrover.sync import many_rows
from cartrover.sync.readings import (
    LONG_AGO,
    LONGEST,
    Read,
    Reading,
    case_of_record,
    line_columns,
    newest,
    order_columns,
    terms_of,
)
from integrations.contract import Fulfilment, OrderRecord

AT_WAREHOUSE = (Status.AT_WMS, Status.SHIPPED, Status.CONFIRMED)
_STILL_TO_GO = (Status.NEW, Status.ERROR, Status.HELD)


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of some readings. ``new`` and ``changed`` are our ids; ``woken`` are connections with orders to deliver.

    ``to_confirm``: the cart says that something was shipped, but not what, and packages of ours wait to be confirmed.
    """

    new: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    unchanged: int = 0
    older: int = 0
    malformed: int = 0
    woken: frozenset[int] = frozenset()
    to_confirm: bool = False


def store(connection: Connection, records: Sequence[Read], *, pulled_at: datetime) -> Stored:
    """Store readings of a connection's orders, at most a page. Call inside the merchant's door.

    Args:
        pulled_at: when they were read, by our clock. It is kept for what is new or changed.
    """
    readings = {each.key: each for each in newest(records)}
    known = {
        key: (bytes(digest), modified_at)
        for key, digest, modified_at in Order.objects.filter(connection=connection, external_id__in=list(readings)).values_list(
            "external_id", "content_hash", "modified_at"
        )
    }
    inserted, woken = _insert(connection, [each for key, each in readings.items() if key not in known], pulled_at)
    older = [key for key, (_, modified_at) in known.items() if _is_older(readings[key], modified_at)]
    same = [key for key, (digest, modified_at) in known.items() if _is_same(readings[key], digest, modified_at)]
    done = {*older, *same, *inserted}
    changed, woken_too = _change(connection, {key: each for key, each in readings.items() if key not in done}, pulled_at)
    return Stored(
        new=tuple(inserted.values()),
        changed=tuple(changed),
        unchanged=len(same),
        older=len(older),
        malformed=sum(each.malformed is not None for each in readings.values()),
        woken=frozenset(woken | woken_too),
        to_confirm=_ask_for_packages([readings[key].order for key in readings if key not in done], connection),
    )


def _ask_for_packages(changed: Sequence[OrderRecord | None], connection: Connection) -> bool:
    """A listing that tells no package ids: the packages that wait to be confirmed are asked for now."""
    shipped = [each.external_id for each in changed if each and each.fulfilment != Fulfilment.NONE and not each.shipments]
    sent = Shipment.objects.filter(order__connection=connection, order__external_id__in=shipped, state=Shipment.State.UPLOADED)
    return bool(shipped) and sent.update(due_at=timezone.now()) > 0


def _is_older(reading: Reading, modified_at: datetime) -> bool:
    return reading.order is not None and reading.modified_at < modified_at


def _is_same(reading: Reading, digest: bytes, modified_at: datetime) -> bool:
    return reading.hash == digest and (reading.order is None or reading.modified_at == modified_at)


# -------------------------------------------------------------------------------------------------------------------------- new


def _insert(connection: Connection, readings: Sequence[Reading], pulled_at: datetime) -> tuple[dict[str, int], set[int]]:
    """Orders that we do not have. Returns our ids by theirs; what somebody else has just inserted is not among them."""
    if not readings:
        return {}, set()
    orders = {each.key: each.order for each in readings if each.order is not None}
    cases = {key: case_of_record(record) for key, record in orders.items()}
    known = context(connection.pk, cases.values())
    verdicts = {key: judge(case, known) for key, case in cases.items()}
    decided = {each.key: verdicts.get(each.key) or _held(connection, each) for each in readings}
    numbers = {each.key: each.order.number if each.order else each.key for each in readings}
    refs = _refs(connection, numbers)
    rows = [
        {
            "connection_id": connection.pk,
            "external_id": each.key,
            "ref": refs[each.key],
            "content_hash": each.hash,
            "first_pulled_at": pulled_at,
            "pulled_at": pulled_at,
            **(order_columns(each.order) if each.order else _unreadable(each, pulled_at)),
            **_decided(decided[each.key], pulled_at),
        }
        for each in readings
    ]
    ids: dict[str, int] = {key: pk for pk, key in many_rows.insert(Order, rows, returning=("id", "external_id"))}
    mine = {key: record for key, record in orders.items() if key in ids}
    many_rows.insert(OrderLine, _lines(mine, ids))
    many_rows.insert(
        SearchTerm, [{"order_id": pk, "term": term} for key, pk in ids.items() for term in _terms(key, orders, refs)]
    )
    stored = [each for each in readings if each.key in ids]
    many_rows.insert(Event, [_pulled(each, ids[each.key], decided[each.key], pulled_at) for each in stored])
    assign_problems({ids[key]: verdict for key, verdict in decided.items() if verdict.cause and key in ids})
    learn_methods((verdicts[key].cart_id, record.shipping_method[:LONGEST]) for key, record in mine.items())
    return ids, {verdict.wakes for verdict in verdicts.values() if verdict.wakes is not None}


def _refs(connection: Connection, numbers: dict[str, str]) -> dict[str, str]:
    def taken(refs: set[str]) -> set[str]:
        return set(Order.objects.filter(ref__in=refs).values_list("ref", flat=True))

    return numbering.choose({key: (number, f"{connection.public_id}/{key}") for key, number in numbers.items()}, taken)


def _lines(orders: dict[str, OrderRecord], ids: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {"order_id": ids[key], **line_columns(position, line)}
        for key, record in orders.items()
        for position, line in enumerate(record.lines)
    ]


def _terms(key: str, orders: dict[str, OrderRecord], refs: dict[str, str]) -> set[str]:
    return terms_of(orders[key], refs[key]) if key in orders else search.terms([key, refs[key]])


def _decided(verdict: Verdict, now: datetime) -> dict[str, Any]:
    cart = verdict.cart
    return {
        "cart_id": cart.pk if cart else None,
        "warehouse_id": cart.warehouse_id if cart else None,
        "status": str(verdict.status),
        "reason_code": verdict.code,
        "reason": verdict.reason,
        "due_at": now if verdict.status == Status.NEW else None,
    }


def _held(connection: Connection, reading: Reading) -> Verdict:
    """Nobody but us can teach the portal to read it, so it is one Problem of ours for each account."""
    trouble = reading.malformed
    words = f"{connection.account_name} told us of orders that we cannot read. They go on by themselves as soon as we can."
    cause = Cause("malformed", about=connection, words=words, whose=Problem.Whose.OPERATOR)
    return Verdict(Status.HELD, "malformed", f"{trouble.path} {trouble.why}" if trouble else "", cause=cause)


def _unreadable(reading: Reading, pulled_at: datetime) -> dict[str, Any]:
    """What stands in the columns of an order that could not be read, until it can."""
    empty = dict.fromkeys(
        ("payment", "cancel", "fulfilment", "unshippable", "filtered", "marketplace", "location", "currency"), ""
    )
    nothing = dict.fromkeys(("items", "discount", "shipping", "tax", "adjustment", "total"), 0)
    blank = dict.fromkeys(("buyer_id", "buyer_name", "buyer_email", "shipping_method", "shipping_carrier", "note"), "")
    return {
        "number": reading.key,
        "placed_at": pulled_at,
        "modified_at": LONG_AGO,
        "ship_by": None,
        **empty,
        **nothing,
        **blank,
        "ship_to": None,
        "bill_to": None,
        "references": [],
        "marks": {},
        "refunds": [],
        "raw": reading.malformed.raw if reading.malformed else {},
    }


def _pulled(reading: Reading, order_id: int, decided: Verdict, at: datetime) -> dict[str, Any]:
    record = reading.order
    what = f", {len(record.lines)} line{'s' * (len(record.lines) != 1)}, {record.total:.2f} {record.currency}" if record else ""
    words = f"Pulled from the cart{what}. {told(decided.status, decided.reason).removesuffix('.')}."
    return {"at": at, "about": "order", "about_id": order_id, "kind": "pulled", "words": words}


# ---------------------------------------------------------------------------------------------------------------------- changed

_PERSONAL = ("buyer_id", "buyer_name", "buyer_email", "note")
_COLUMNS = (*changes.SHOWN, *changes.HIDDEN)
# What a warehouse was told of an order: where one of these changes, a delivered order has to be looked at again.
_DELIVERED = ("ship_to", "shipping_method", "note", "discount", "shipping", "tax", "adjustment", "total")


def _change(connection: Connection, readings: dict[str, Reading], pulled_at: datetime) -> tuple[list[int], set[int]]:
    """Orders that we have and that read differently now. Returns our ids, and connections to wake."""
    if not readings:
        return [], set()
    locked = Order.objects.select_for_update(no_key=True).filter(connection=connection, external_id__in=list(readings))
    orders = [each for each in locked.order_by("pk").prefetch_related("lines") if _still_news(each, readings[each.external_id])]
    on_its_way = on_their_way(each.pk for each in orders)
    rows, unreadable, events = [], [], []
    waiting: dict[int, Verdict] = {}
    edited: set[int] = set()
    for order in orders:
        reading = readings[order.external_id]
        stamp = {"id": order.pk, "content_hash": reading.hash, "pulled_at": pulled_at}
        if reading.order is None:
            held = _held(connection, reading)
            waits = order.status in _STILL_TO_GO and may_judge(order) and order.pk not in on_its_way
            if waits:
                waiting[order.pk] = held
            unreadable.append({**stamp, **_no_longer_readable(order, held if waits else None)})
            words = [f"could not be read: {held.reason}"]
        else:
            fixed = order.status in AT_WAREHOUSE or order.pk in on_its_way
            columns, words, anew = _changed(order, reading.order, fixed=fixed)
            rows.append({**stamp, **columns})
            edited |= {order.pk} if fixed and anew else set()
            events += confirm_seen(order, reading.order.shipments) if reading.order.shipments else []
        if words:
            events.append(event(order, "changed", _sentence(words)))
    many_rows.update(Order, rows)
    many_rows.update(Order, unreadable)
    left = {order.problem_id for order in orders if order.pk in waiting and order.problem_id is not None}
    assign_problems(waiting)
    close_if_empty(left)
    tell(events)
    woken = decide(Order.objects.filter(pk__in=[row["id"] for row in rows]), just_read=True)
    delivered = Order.objects.exclude(remote_id="").filter(pk__in=[row["id"] for row in rows]).order_by("pk")
    woken |= errands.look_again(delivered.select_related("cart", "warehouse", "problem"), edited)
    learn_methods_of(row["id"] for row in rows)
    return [order.pk for order in orders], woken


def _still_news(order: Order, reading: Reading) -> bool:
    """Asked again under the lock: somebody else may have stored it meanwhile."""
    if _is_older(reading, order.modified_at):
        return False
    return not _is_same(reading, bytes(order.content_hash), order.modified_at)


def _sentence(words: Sequence[str]) -> str:
    text = "; ".join(words)
    return f"{text[:1].upper()}{text[1:]}."


def _no_longer_readable(order: Order, held: Verdict | None) -> dict[str, Any]:
    """What was read before stays. An order that is still to go to the warehouse is held: it might have been canceled.

    One that may be there already is settled first, and one that a person holds for a doubt stays with that person.
    """
    if held is not None:
        return {"status": held.status, "reason_code": held.code, "reason": held.reason, "due_at": None}
    return {name: getattr(order, name) for name in ("status", "reason_code", "reason", "due_at")}


def _changed(order: Order, record: OrderRecord, *, fixed: bool) -> tuple[dict[str, Any], list[str], bool]:
    """The order's new columns, in words what they change, and whether a warehouse was told of any of that.

    Writes the lines, unless they are fixed by what was sent: then how they are told now stands beside them.
    """
    before = {name: getattr(order, name) for name in _COLUMNS}
    after = order_columns(record)
    _keep_what_was_blanked(before, after)
    lines_before = lines_now.last_told(order)
    told = {line.external_id: line_columns(position, line) for position, line in enumerate(record.lines)}
    after["lines_now"] = _write_lines(order, told, fixed=fixed)
    words = [
        *changes.of_order(before, after),
        *changes.of_lines(lines_before, told),
        *changes.of_refunds(order.refunds, after["refunds"], order.currency),
    ]
    if order.reason_code == "malformed":
        words = ["can be read now"]
    if words:
        many_rows.insert(SearchTerm, [{"order_id": order.pk, "term": term} for term in terms_of(record, order.ref)])
    edited = any(before[name] != after[name] for name in _DELIVERED) or lines_now.edited(lines_before, told)
    return after, words, edited


def _keep_what_was_blanked(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Carts take personal data back after a while (eBay: 90 days), and their lists tell less than an order's own call."""
    for name in _PERSONAL:
        after[name] = after[name] or before[name]
    for name in ("ship_to", "bill_to"):
        if before[name] and _is_blank(after[name]):
            after[name] = before[name]
        elif before[name]:  # these may go before the rest
            kept = {part: after[name][part] or before[name].get(part, "") for part in ("email", "phone")}
            after[name] = {**after[name], **kept}
    if all(each in before["references"] for each in after["references"]):
        after["references"] = before["references"]


def _is_blank(address: dict[str, str] | None) -> bool:
    return not address or not (address["name"] or address["line1"])


def _write_lines(order: Order, told: dict[str, dict[str, Any]], *, fixed: bool) -> list[dict[str, Any]] | None:
    """Write the lines. Returns what is to stand beside those that were sent, where they are told otherwise now."""
    stored = {line.external_id: line for line in order.lines.all()}
    if fixed:
        many_rows.update(
            OrderLine, [{"id": line.pk, "fulfilled": told[key]["fulfilled"]} for key, line in stored.items() if key in told]
        )
        return lines_now.news(stored, told)
    gone = OrderLine.objects.filter(pk__in=[line.pk for key, line in stored.items() if key not in told])
    gone.filter(shipment_lines=None).exclude(parts__shipped__isnull=False).delete()
    gone.update(quantity=0)  # what a package that was taken back still tells of: nothing is sent of it any more
    if Shipment.objects.filter(order=order).exists():  # then a line may be called shipped for a package of ours: count
        told = {key: {**columns, "shipped_before": 0} for key, columns in told.items()}
    many_rows.insert(OrderLine, [{"order_id": order.pk, **columns} for key, columns in told.items() if key not in stored])
    many_rows.update(OrderLine, [{"id": stored[key].pk, **columns} for key, columns in told.items() if key in stored])
    return None
