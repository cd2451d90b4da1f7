"""Sending what waits, in this process, as a worker would."""

from __future__ import annotations

from cartrover.merchants.tenancy import across_merchants
from cartrover.sync import runner, streams
from cartrover.sync.models import Stream


def send_waiting_mail() -> list[Stream]:
    """Run every mail stream that is due, once each; the streams as they are afterwards. Others stay due."""
    claimed = streams.claim(50)
    mail = [claim for claim in claimed if claim.kind == Stream.Kind.MAIL]
    for claim in mail:
        runner.run(claim)
    with across_merchants("a test looks at streams"):
        others = [claim.stream_id for claim in claimed if claim not in mail]
        Stream.objects.filter(pk__in=others).update(lease_until=None, running=False)
        return list(Stream.objects.filter(pk__in=[claim.stream_id for claim in mail]))
