"""What a person can do with an order on its page, and with many of them from the list: one table for both.

Each action asks once more whether an order allows it, under a lock, so that a page which is out of date does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from cartrover.orders import canceling, holding, retrying
from cartrover.orders.errands import DIFFERS
from cartrover.orders.models import Order, Shipment, Status
from cartrover.orders.packed import may_correct_again, may_push_again
from cartrover.sync import doubts, streams
from cartrover.sync.push_again import push_again

Orders = QuerySet[Order]


@dataclass(frozen=True, slots=True)
class Action:
    """``may`` says whether an order allows it, and ``act`` does it to some and wakes who goes on, inside the merchant's door.

    ``label`` names it, ``button`` says it of one order, ``done`` counts many ("3 orders ...") and ``said`` tells of one;
    ``words`` say what will happen, where a person is asked first. ``act`` None: the orders are read again at their cart, which
    takes calls. ``asks``: also a single order asks first. ``solves``: it may end what an order waits for. ``many`` False where
    each order has to be looked at.
    """

    label: str
    done: str
    said: str
    words: str
    may: Callable[[Order], bool]
    act: Callable[[Orders, str], None] | None = None
    asks: bool = False
    solves: bool = False
    many: bool = True
    of_one: Callable[[Order], str] | None = None

    def button(self, order: Order) -> str:
        return (self.of_one(order) if self.of_one is not None else "") or self.label


def _retry(orders: Orders, actor: str) -> None:
    _deliver(retrying.retry(orders, actor)[1])


def _hold(orders: Orders, actor: str) -> None:
    holding.hold(orders, actor)


def _release(orders: Orders, actor: str) -> None:
    _deliver(holding.release(orders, actor)[1])


def _push(orders: Orders, actor: str) -> None:
    push_again(Shipment.objects.filter(order__in=list(orders)), actor)


def _send_again(orders: Orders, actor: str) -> None:
    _deliver(canceling.send_again(orders, actor)[1])


def _may_cancel(order: Order) -> bool:
    """What may be at the warehouse unknown to us is first settled."""
    return canceling.may_cancel(order) and not doubts.in_doubt(order)


def _cancel(orders: Orders, actor: str) -> None:
    _deliver(canceling.cancel_sending(orders, actor)[1])


def _with(settle: Callable[[Orders, str], set[int]]) -> Callable[[Orders, str], None]:
    return lambda orders, actor: _deliver(settle(orders, actor))


def _deliver(connections: Iterable[int]) -> None:
    streams.deliver(connections, asked=True)


def _change_again(orders: Orders, actor: str) -> None:
    _deliver(canceling.change_again(orders, actor)[1])


def _told(orders: Orders, actor: str) -> None:
    canceling.told_warehouse(orders, actor)


def _from_a_cart(order: Order) -> bool:
    return order.cart_id is not None


_LOOKS_FIRST = "We look first: while the warehouse has one with this reference that is not void, nothing is sent."

ACTIONS: Mapping[str, Action] = {
    "it_is_there": Action(
        label="It is there",
        done="found at the warehouse",
        said="Then nothing is sent, and its packages are waited for.",
        words="The order that was found at the warehouse is this one. Nothing is sent, and its packages are read from there.",
        may=doubts.in_doubt,
        act=_with(doubts.it_is_there),
        many=False,
        asks=True,
        solves=True,
        of_one=lambda order: f"It is there, as {doubts.found_there(order)}",
    ),
    "send_it": Action(
        label="It is not there: send it",
        done="to be sent",
        said="We look once more, and send it if none is there.",
        words=f"What was found there is not this order, or is void by now. It is sent again. {_LOOKS_FIRST}",
        may=doubts.in_doubt,
        act=_with(doubts.send_it),
        many=False,
        asks=True,
        solves=True,
    ),
    "do_not_send_it": Action(
        label="It is not there: do not send it",
        done="dropped",
        said="It is canceled here, and nothing is sent.",
        words="What was found there is not this order, and it is not to be sent. The cart is not told.",
        may=doubts.in_doubt,
        act=_with(doubts.do_not_send_it),
        many=False,
        asks=True,
        solves=True,
    ),
    "retry": Action(
        label="Try again",
        done="tried again",
        said="We are trying again now.",
        words="Orders that stopped go through the gates once more and are sent. What may be at the warehouse already is looked "
        "up there first, and never sent twice.",
        may=retrying.may_retry,
        act=_retry,
        solves=True,
        of_one=lambda order: "Try now" if order.status == Status.NEW else "",
    ),
    "told": Action(
        label="I told the warehouse",
        done="whose change the warehouse was told of",
        said="It counts as changed at the warehouse from now on.",
        words="What is different at the cart counts as told to the warehouse, and what is different there as meant to be so.",
        may=canceling.may_be_told,
        act=_told,
        solves=True,
        of_one=lambda order: "It is meant to be so" if order.reason_code == DIFFERS else "",
    ),
    "change_again": Action(
        label="Try the change again",
        done="whose change is tried again",
        said="We are telling the warehouse again.",
        words="The warehouse is told of the changes once more. One that is packed or has left refuses them again.",
        may=canceling.may_change_again,
        act=_change_again,
        solves=True,
    ),
    "send_again": Action(
        label="Send again",
        done="to be sent again",
        said="It goes to the warehouse again.",
        words=f"What the warehouse had of it is void. It is sent once more, as it is now, edits included. {_LOOKS_FIRST}",
        may=canceling.may_send_again,
        act=_send_again,
        asks=True,
        solves=True,
    ),
    "cancel": Action(
        label="Cancel sending",
        done="canceled",
        said="It is not sent. One that is at the warehouse is voided there, if that is still possible.",
        words="Orders that are still to be sent are not sent. Those that are at the warehouse are voided there; where one is "
        "packed already you are told so. Nothing is changed at the cart.",
        may=_may_cancel,
        act=_cancel,
        asks=True,
        solves=True,
        of_one=lambda order: "Void at the warehouse" if order.status == Status.AT_WMS else "",
    ),
    "release": Action(
        label="Release",
        done="released",
        said="It may go on. What else stops it is said next.",
        words="Orders that a person or a rule holds go on. What else stops them is said next.",
        may=lambda order: bool(holding.release_words(order)),
        act=_release,
        solves=True,
        of_one=holding.release_words,
    ),
    "hold": Action(
        label="Hold",
        done="held",
        said="It is held until somebody releases it.",
        words="Orders that are not at the warehouse yet are held back until somebody releases them.",
        may=holding.may_hold,
        act=_hold,
    ),
    "push_tracking": Action(
        label="Push tracking again",
        done="whose tracking is pushed again",
        said="We are telling the cart again.",
        words="Packages that the cart refused, or that wait for their next try, are told to it again. What it has already is not "
        "told twice.",
        may=lambda order: any(may_push_again(each) or may_correct_again(each) for each in order.shipments.all()),
        act=_push,
    ),
    "pull_again": Action(
        label="Pull again",
        done="read again",
        said="We are reading it again.",
        words="Each order is read again at its cart. What has not changed there stays as it is here.",
        may=_from_a_cart,
    ),
}
