"""The cart's orders, and their later changes, without losing one.

What is new is read up to the provider's now in closed windows; how far is remembered only once it is stored. What was before the
first pull, and what is read again for safety, follows with the calls that a run has left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connections
from django.db.models import Exists, OuterRef
from django.utils import timezone

from cartrover.connections.holders import FIRST_PULL_DAYS
from cartrover.connections.models import Cart, Connection
from cartrover.events.telling import event, tell
from cartrover.orders import preparing
from cartrover.orders.models import Order, OrderLine, Status
from cartrover.orders.routing import SERVICE
from cartrover.orders.shipped import ids_at_cart
from cartrover.sync import streams
from cartrover.sync.cart_settings import settings_of
from cartrover.sync.durations import durations
from cartrover.sync.models import Stream
from cartrover.sync.pull_stock import wake_sellers
from cartrover.sync.readings import Read
from cartrover.sync.storing import Stored, store
from cartrover.sync.uploads import begun
from cartrover.sync.windows import read_windows, whole_ms
from cartrover.sync.work import Done, LeaseLost, Work
from integrations.contract import Page, Window
from integrations.outcomes import Outcome, Rejected, RetryLater

CALLS = 40  # of one run, about: then others have their turn and this stream is due again at once
NOTICEABLE = timedelta(seconds=3)
LEARNING = 0.3  # how much the newest poll counts in the rate at which orders come


def run(work: Work) -> Done:
    """Read what changed since the last run, then some of what is still to be filled in."""
    with work.rows():
        carts = live_carts(work.connection_id)
        connection = Connection.objects.get(pk=work.connection_id)
    if not carts:
        return Done("No cart downloads orders.", due_in=None)
    return _Pull(work, connection, carts).run()


def live_carts(connection_id: int) -> list[Cart]:
    """Carts of a connection that download orders. Settings that tell what to read are the first one's: of carts that have such
    settings only one can be live on an account.
    """
    return [cart for cart in Cart.objects.filter(connection_id=connection_id).order_by("pk") if cart.serves(SERVICE)]


@dataclass(slots=True)
class ProviderClock:
    """The provider's clock, by what its answers say. ``offset`` is how far it is ahead of ours, rather too little than too much.

    ``was_wrong``: the last answer has shown that we were off by more than its whole seconds and its way to us explain.
    """

    offset: timedelta = timedelta()
    was_wrong: bool = False
    _last: datetime | None = None

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def hear(self, server_time: datetime | None) -> None:
        if server_time is not None and server_time != self._last:
            heard = server_time - datetime.now(UTC)
            self.was_wrong = abs(heard - self.offset) > NOTICEABLE
            self.offset, self._last = heard, server_time


@dataclass
class _Pull:
    """One run. ``until`` is the watermark: what changed before it was read, back to ``since``. ``gaps`` are still to be read.

    ``resume_at`` is how far a run came that did not get to the provider's now; the watermark may lie behind it.
    """

    work: Work
    connection: Connection
    carts: Sequence[Cart]
    calls: int = 0
    new: int = 0
    changed: int = 0

    def __post_init__(self) -> None:
        told = self.work.cursor
        self.client = self.work.cart(self.carts[0].settings)
        self.clock = ProviderClock(timedelta(seconds=float(told.get("clock", 0))))
        self.asked_at = self.clock.now()
        if "until" not in told:
            self._ask_the_time()
        self.started = whole_ms(self.clock.now())
        closed = self.started - timedelta(seconds=durations().watermark_lag)
        self.until = _moment(told.get("until")) or closed
        self.since = _moment(told.get("since")) or closed
        self.resume_at = _moment(told.get("resume_at"))
        self.hourly_at = _moment(told.get("hourly_at")) or self.started
        self.nightly_at = _moment(told.get("nightly_at")) or self.started
        self.rate = float(told.get("rate", 1 / durations().poll_idle))
        self.gaps = [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in told.get("gaps", ())]

    def cursor(self) -> dict[str, Any]:
        return {
            "clock": self.clock.offset.total_seconds(),
            "polled_at": self.started.isoformat(),
            "until": self.until.isoformat(),
            "since": self.since.isoformat(),
            "resume_at": self.resume_at and self.resume_at.isoformat(),
            "hourly_at": self.hourly_at.isoformat(),
            "nightly_at": self.nightly_at.isoformat(),
            "rate": self.rate,
            "gaps": [(start.isoformat(), end.isoformat()) for start, end in self.gaps],
            "judged_for": _judged_for(self.carts),
            "read_for": _read_for(self.carts),
        }

    def run(self) -> Done:
        self._heed_the_carts()
        self._plan_overlaps()
        up_to_now = self._read_news_by_the_right_clock()
        self._learn_rate(self.new)
        self._fill_gaps()
        left = self._count_what_has_left()
        finished = up_to_now and not self.gaps and not left
        note = f"{self.new} new orders, {self.changed} changed."
        return Done(note, due_in=self._pause() if finished else 0.0, cursor=self.cursor())

    # ----------------------------------------------------------------------------------------------------------- what to read

    def _heed_the_carts(self) -> None:
        """A cart that was added, switched on or changed: judge again what was skipped, and read what it wants besides."""
        wanted = min(_wanted_since(cart, self.started) for cart in self.carts)
        if wanted < self.since:
            self.gaps.append((whole_ms(wanted), self.since))
            self.since = whole_ms(wanted)
        told = self.work.cursor
        if told.get("read_for", _read_for(self.carts)) != _read_for(self.carts):
            self.gaps = [(self.since, self.until)]
        if told.get("judged_for") != _judged_for(self.carts):
            with self.work.rows():
                streams.deliver(preparing.judge_again(self.connection))

    def _plan_overlaps(self) -> None:
        """What arrived late is found by reading some of it again: a little each hour, a day each night."""
        pace = durations()
        if self.started - self.nightly_at >= timedelta(seconds=pace.nightly):
            self.nightly_at = self.started
            self.gaps.append((self.until - timedelta(seconds=pace.nightly_overlap), self.until))

    def _read_news_by_the_right_clock(self) -> bool:
        """Once more when the first answer, or refusal, has shown that we took another time for the provider's now.

        Not when the provider asks for a pause: that has nothing to do with our clock.
        """
        try:
            up_to_now = self._read_news()
        except Outcome as outcome:
            if not self.clock.was_wrong or (isinstance(outcome, RetryLater) and outcome.after is not None):
                raise
            return self._read_news()
        return self._read_news() if self.clock.was_wrong else up_to_now

    def _read_news(self) -> bool:
        """From the watermark to the provider's now. The watermark follows what is stored, and stays behind that now.

        False when this run has made its calls before.
        """
        pace = durations()
        start, end = self.resume_at or self.until, self._closed_end()
        if end <= start:  # our clock was put back, or the provider's
            self._ask_the_time()
            end = self._closed_end()
        if self.started - self.hourly_at >= timedelta(seconds=pace.hourly):
            self.hourly_at = self.started
            start -= timedelta(seconds=pace.hourly_overlap)
        if end <= start:
            return True
        for part, records in read_windows(self._ask, Window(start, end)):
            limit = whole_ms(self.asked_at + self.clock.offset - timedelta(seconds=pace.watermark_lag))
            self.until = max(self.until, min(part.end, limit))
            self.resume_at = part.end if part.end < end else None
            self._store(records)
            if self.calls >= CALLS and self.resume_at is not None:
                return False
        self.resume_at = None
        return True

    def _fill_gaps(self) -> None:
        """What lies before the first pull, and what is read again; as far as the calls of this run go."""
        while self.gaps and self.calls < CALLS:
            start, end = self.gaps[0]
            for part, records in self._read_ahead(Window(start, end)):
                self.gaps[0] = (part.end, end)
                self._store(records)
            if self.gaps[0][0] >= end:
                self.gaps.pop(0)

    def _read_ahead(self, window: Window) -> Iterator[tuple[Window, tuple[Read, ...]]]:
        """The pages of a long window, until this run has made its calls. While one is stored, the next is asked for.

        Neither waits for the other, so no transaction is held open by a call.
        """
        pages = read_windows(self._ask, window)
        with ThreadPoolExecutor(1, "reader") as reader:
            try:
                coming = reader.submit(next, pages, None)
                while (page := coming.result()) is not None:
                    enough = self.calls >= CALLS
                    if not enough:
                        coming = reader.submit(next, pages, None)
                    yield page
                    if enough:
                        return
            finally:
                reader.submit(connections.close_all)  # a thread has a connection of its own

    def _closed_end(self) -> datetime:
        return whole_ms(self.clock.now() - timedelta(seconds=durations().safety))

    def _ask_the_time(self) -> None:
        """Hear the provider's clock by the cheapest call there is: a window of nothing."""
        moment = whole_ms(datetime.now(UTC) - timedelta(days=1))
        self._ask(Window(moment, moment), 0)

    # --------------------------------------------------------------------------------------------------------------- one page

    def _ask(self, window: Window, offset: int) -> Page[Read]:
        self.calls += 1
        self.asked_at = datetime.now(UTC)
        try:
            return self.client.orders_in(window, offset=offset, seen=self._seen)
        finally:
            self.clock.hear(self.work.wire.server_time)

    def _seen(self, page: Mapping[str, bytes]) -> set[str]:
        """What is read again and has not changed is not even looked into."""
        with self.work.rows():
            stored = Order.objects.filter(connection=self.connection, external_id__in=list(page))
            hashes = stored.values_list("external_id", "content_hash")
            return {key for key, told in hashes if bytes(told) == page[key]}

    def _store(self, records: Sequence[Read]) -> None:
        """One page and how far we are, in one transaction, if the stream is still ours."""
        with self.work.rows():
            stored = store(self.connection, records, pulled_at=timezone.now()) if records else Stored()
            ours = Stream.objects.filter(pk=self.work.stream_id, lease_token=self.work.lease.token)
            if not ours.update(cursor={**self.work.cursor, **self.cursor()}):
                raise LeaseLost(f"stream {self.work.stream_id}")
            streams.deliver(stored.woken)
            if stored.to_confirm:
                streams.ready(self.connection.pk, Stream.Kind.CONFIRM_SHIPMENTS)
            if stored.new or stored.changed:  # also what waits for a person must not be sold a second time
                wake_sellers(self.carts)
        self.new += len(stored.new)
        self.changed += len(stored.changed)

    # --------------------------------------------------------------------------------------------------- what has left already

    def _count_what_has_left(self) -> bool:
        """A cart may call a line shipped when one of its units is: only its packages tell. True while some are left to ask."""
        with self.work.rows():
            waiting = Order.objects.filter(connection=self.connection, status=Status.HELD, reason_code="counting")
            # Which packages are ours is not known before the answer that got lost has been looked up.
            in_doubt = Exists(begun().filter(order=OuterRef("pk")))
            orders = list(waiting.exclude(in_doubt).order_by("pk")[: max(1, CALLS - self.calls) + 1])
        for number, order in enumerate(orders):
            if self.calls >= CALLS and number:
                return True
            self.calls += 1
            self.work.wire.about(order.pk)
            units = self._units_shipped(order)
            self.work.wire.about(None)
            with self.work.rows():
                streams.deliver(_counted(order, units))
        return False

    def _units_shipped(self, order: Order) -> dict[str, int]:
        """By line, units in the packages that the cart knows: none of those that it knows from us, which we count ourselves."""
        with self.work.rows():
            ours = ids_at_cart(order)
        units: dict[str, int] = {}
        try:
            for package in self.client.shipments_of(order.external_id):
                for line in package.lines:
                    theirs = 0 if package.remote_id in ours else line.quantity
                    units[line.order_line] = units.get(line.order_line, 0) + theirs
        except Rejected as outcome:
            if outcome.code != "not_found":
                raise
        return units

    # ------------------------------------------------------------------------------------------------------------------- pace

    def _learn_rate(self, arrived: int) -> None:
        """How often orders come, in orders a second."""
        polled_at = _moment(self.work.cursor.get("polled_at"))
        if polled_at is not None and polled_at < self.started:
            seconds = (self.started - polled_at).total_seconds()
            self.rate += LEARNING * (arrived / seconds - self.rate)

    def _pause(self) -> float:
        """Seconds until the next poll: about as long as it takes an order to come."""
        pace = durations()
        return min(pace.poll_quiet, max(pace.poll_busy, 1 / self.rate if self.rate > 0 else pace.poll_quiet))


def _counted(order: Order, units: Mapping[str, int]) -> set[int]:
    """Note how many units of each line have left. A line called shipped of which no package tells has left as a whole."""
    lines = [line for line in OrderLine.objects.filter(order=order) if line.fulfilled and not line.shipped_before]
    for line in lines:
        line.shipped_before = min(line.quantity, units.get(line.external_id, line.quantity))
        line.fulfilled = line.shipped_before > 0
    OrderLine.objects.bulk_update(lines, ["shipped_before", "fulfilled"])
    left = ", ".join(f"{line.shipped_before} of {line}" for line in lines if line.shipped_before)
    words = f"Shipped at the cart already: {left}." if left else "The cart shows no packages but those that we told it of."
    tell([event(order, "counted", words)])
    return preparing.decide(Order.objects.filter(pk=order.pk))


def fetch(work: Work, external_ids: Iterable[str]) -> Stored:
    """Read these orders now, whatever any window says: a notification came, a person asked, or one was missing.

    Raises an Outcome; an id that the cart does not know is left out.
    """
    with work.rows():
        settings = settings_of(work.connection_id)
        connection = Connection.objects.get(pk=work.connection_id)
    client = work.cart(settings)
    records: list[Read] = []
    for external_id in external_ids:
        try:
            records.append(client.order(external_id))
        except Rejected as outcome:
            if outcome.code != "not_found":
                raise
    with work.rows():
        stored = store(connection, records, pulled_at=timezone.now())
        streams.deliver(stored.woken)
    return stored


def reread(work: Work, window: Window) -> Iterator[tuple[Window, int, Stored]]:
    """Read a closed window once more and store what it holds: yields (its parts, how many orders each held, what became of them).

    The watermark stays where it is. Raises an Outcome.
    """
    with work.rows():
        settings = settings_of(work.connection_id)
        connection = Connection.objects.get(pk=work.connection_id)
    client = work.cart(settings)
    for part, records in read_windows(lambda span, offset: client.orders_in(span, offset=offset), window):
        with work.writing():
            stored = store(connection, records, pulled_at=timezone.now()) if records else Stored()
            streams.deliver(stored.woken)
        yield part, len(records), stored


def _wanted_since(cart: Cart, now: datetime) -> datetime:
    """How far back a cart's orders are read."""
    return cart.pull_from or (cart.went_live_at or now) - timedelta(days=FIRST_PULL_DAYS)


def _judged_for(carts: Sequence[Cart]) -> list[list[Any]]:
    return [[cart.pk, cart.variant, cart.warehouse_id, cart.pull_from and cart.pull_from.isoformat()] for cart in carts]


def _read_for(carts: Sequence[Cart]) -> dict[str, Any]:
    return dict(carts[0].settings)


def _moment(told: Any) -> datetime | None:
    return datetime.fromisoformat(str(told)) if told else None
