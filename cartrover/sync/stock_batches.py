"""One batch of figures goes out. From before the call until its answer is written, what its listings show is unknown.

The answer can get lost, and a worker can die, after the marketplace has heard the call. Were the last known figure kept
meanwhile, the listing would pass for one that still shows it, and a figure that is wanted again would never be set. What is
unknown is pushed anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from datetime import datetime, timedelta

from django.utils import timezone

from cartrover.inventory.models import Listing
from cartrover.inventory.publishing import Figure
from cartrover.sync.durations import durations
from cartrover.sync.work import Work
from integrations.contract import Cart as CartClient
from integrations.contract import StockResult, StockUpdate
from integrations.outcomes import Outcome

REFUSED = "The marketplace did not take it. It is tried again every hour."

_PUSHED = ("pushed", "pushed_at", "pushed_read_at")
_SENDING = (*_PUSHED, "in_flight_until", "revisions", "revisions_day", "refusal", "refused_at")
_SETTLED = (*_SENDING, "managed_by", "waits", "asked_at")


def push(work: Work, client: CartClient, batch: Sequence[Figure], ahead: timedelta) -> int:
    """Set these figures; ``ahead`` is how far the marketplace's clock is ahead of ours. Returns how many were taken.

    Raises an Outcome or LeaseLost; what the listings show is then unknown, unless nobody was called at all.
    """
    figures = {figure.listing.external_id: figure for figure in batch}
    before = {external_id: copy(figure.listing) for external_id, figure in figures.items()}
    with work.writing():
        _send(figures.values(), ahead)
    calls = work.wire.calls
    try:
        results = client.set_stock([_update(figure) for figure in batch])
    except Outcome:
        if work.wire.calls == calls:
            with work.writing():
                Listing.objects.bulk_update(before.values(), _SENDING)
        raise
    sent_at = work.wire.server_time or timezone.now()
    with work.writing():
        for result in results:
            _settle(figures[result.external_id], result, sent_at, before[result.external_id])
    return sum(result.done for result in results)


def _update(figure: Figure) -> StockUpdate:
    listing = figure.listing
    return StockUpdate(listing.external_id, listing.sku, figure.desired or 0, listing.managed_by)


def _send(batch: Iterable[Figure], ahead: timedelta) -> None:
    """Until its deadline the call can still arrive: no reading of the listing before that tells what it shows."""
    now = timezone.now()
    until = now + timedelta(seconds=durations().send_deadline)
    listings = [figure.listing for figure in batch]
    for listing in listings:
        listing.in_flight_until = until
        listing.pushed, listing.pushed_at, listing.pushed_read_at = None, until + ahead, None
        listing.revisions = listing.revisions + 1 if listing.revisions_day == now.date() else 1
        listing.revisions_day = now.date()
        listing.refusal, listing.refused_at = "", None
    Listing.objects.bulk_update(listings, _SENDING)


def _settle(figure: Figure, result: StockResult, sent_at: datetime, before: Listing) -> None:
    listing = figure.listing
    listing.in_flight_until = None
    listing.managed_by = result.managed_by or listing.managed_by
    if result.done:
        listing.pushed, listing.pushed_at, listing.pushed_read_at = figure.desired, sent_at, figure.read_at
        listing.waits, listing.asked_at = "", None
    elif not result.retry:
        listing.waits, listing.refusal, listing.refused_at, listing.asked_at = REFUSED, result.problem, timezone.now(), None
        if not result.unsure:
            for name in _PUSHED:
                setattr(listing, name, getattr(before, name))
    listing.save(update_fields=_SETTLED)
