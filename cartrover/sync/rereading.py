"""An order that was read a while ago is read again just before it is delivered."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from cartrover.connections.models import Connection
from cartrover.events.telling import event, tell
from cartrover.orders.models import Order
from cartrover.sync.durations import durations
from cartrover.sync.models import Stream
from cartrover.sync.opening import neighbour
from cartrover.sync.storing import store
from cartrover.sync.work import Work
from integrations.outcomes import Outcome, RetryLater


def reread_if_stale(work: Work, order: Order) -> None:
    """Ask the cart for the order once more, unless a pull has told of every change lately.

    Where the cart cannot be read (its grant has ended, an outage, its quota is spent) the order goes on as we have it, after this
    one try, and says so: an owner who lets a consent end must not stop what was sold before.
    """
    with work.rows():
        connection = Connection.objects.get(pk=order.connection_id)
        settings = dict(order.cart.settings) if order.cart else {}
        if _told_lately(connection):
            return
    cart_work = neighbour(work, connection)
    cart_work.wire.about(order.pk)
    try:
        record = cart_work.cart(settings).order(order.external_id)
    except Outcome as outcome:
        if isinstance(outcome, RetryLater):
            cart_work.wire.heed(outcome)
        words = f"Could not be read again before delivery, so it goes as it was read {order.pulled_at:%Y-%m-%d %H:%M} UTC."
        with work.rows():
            tell([event(order, "not_reread", words, detail=outcome.detail)])
        return
    with work.rows():
        store(connection, [record], pulled_at=timezone.now())


def _told_lately(connection: Connection) -> bool:
    """A pull that went well lately has told of every change, this order's too."""
    fresh = timezone.now() - timedelta(seconds=durations().stale_reading)
    pulls = Stream.objects.filter(connection=connection, kind=Stream.Kind.PULL_ORDERS, failing_since__isnull=True)
    return pulls.filter(last_good_at__gt=fresh).exists()
