"""The leases that this process holds, renewed by one thread."""

from __future__ import annotations

import logging
import threading
from contextlib import nullcontext

from django.db import close_old_connections, connections
from django.db import connection as database

from cartrover.merchants.tenancy import across_merchants, current_scope
from cartrover.sync import streams
from cartrover.sync.durations import durations
from cartrover.sync.streams import Claim
from cartrover.sync.work import LeaseLost

log = logging.getLogger(__name__)


class HeldLease:
    """The right to run one stream; see :class:`cartrover.sync.work.Lease`."""

    def __init__(self, claimed: Claim) -> None:
        self.stream_id = claimed.stream_id
        self.token = claimed.token

    def check(self, seconds: float = 0.0) -> None:
        """Through whatever door is open: a step works on the rows of its stream's merchant."""
        with across_merchants("is this lease still ours") if current_scope() is None else nullcontext():
            self._ask(seconds)

    def _ask(self, seconds: float) -> None:
        with database.cursor() as cursor:
            cursor.execute(
                'SELECT 1 FROM "sync_stream" WHERE id = %s AND lease_token = %s'
                " AND lease_until > clock_timestamp() + make_interval(secs => %s)",
                [self.stream_id, self.token, seconds],
            )
            if cursor.fetchone() is None:
                raise LeaseLost(f"stream {self.stream_id}")


class Heartbeat:
    """Renews every lease of this process each few seconds while something runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[int, int] = {}
        self._thread: threading.Thread | None = None

    def add(self, claimed: Claim) -> None:
        with self._lock:
            self._held[claimed.stream_id] = claimed.token
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
                self._thread.start()

    def remove(self, claimed: Claim) -> None:
        with self._lock:
            if self._held.get(claimed.stream_id) == claimed.token:
                del self._held[claimed.stream_id]

    def _beat(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(durations().heartbeat)
            with self._lock:
                held = list(self._held.items())
                if not held:
                    self._thread = None
                    connections.close_all()
                    return
            try:
                close_old_connections()
                streams.renew(held)
            except Exception:  # a database that is away must not end the thread; the leases then end by themselves
                log.warning("leases could not be renewed", exc_info=True)
                connections.close_all()


heartbeat = Heartbeat()
