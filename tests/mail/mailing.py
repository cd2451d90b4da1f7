"""Sending what waits, in this process, as a worker would."""

from __future__ import annotations

from cartrover.merchants.tenancy import across_merchants
from cartrover.sync import runner, streams
from cartrover.sync.models import Stream


def send_waiting_mail() -> list[Stream]:
    """Run every mail stream that is due, once each; the streams as they are afterwards."""
    ran = []
    for claimed in streams.claim(50):
        assert claimed.kind == Stream.Kind.MAIL
        runner.run(claimed)
        ran.append(claimed.stream_id)
    with across_merchants("a test looks at streams"):
        return list(Stream.objects.filter(pk__in=ran))
