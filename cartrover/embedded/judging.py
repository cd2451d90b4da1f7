"""Waits until everything has settled, then compares our database with the stand-ins' own ledgers.

    python -m cartrover.embedded.inside judging

Its last line is one JSON object; it ends with 0 only when nothing is lost, doubled or unexplained.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from django.utils import timezone

from cartrover.embedded import outside, story
from cartrover.embedded.catalogue import ORDERS
from cartrover.embedded.comparing import explain, good, judge, mismatches, not_at_desk, packages
from cartrover.embedded.ledgers import Inside, Outside
from cartrover.embedded.playing import DESK_LEFT, LAST_ORDER
from cartrover.orders.models import Shipment, Status

PATIENCE = 900.0  # seconds
NEVER = datetime.min.replace(tzinfo=UTC)


def main(arguments: Sequence[str]) -> int:
    argparse.ArgumentParser(description=__doc__).parse_args(arguments)
    started, deadline = time.monotonic(), time.monotonic() + PATIENCE
    expected = LAST_ORDER if outside.ebay().get("summary")["orders"]["total"] >= ORDERS else 0
    settled = wait_until_settled(expected, deadline)
    there, here = Outside.read(), Inside.read()
    result = judge(there, here) | {"seconds": round(time.monotonic() - started, 1)}
    for line in explain(there, here):
        print(line)
    if not settled:
        print(f"Not settled after {PATIENCE:.0f} seconds.")
    print(json.dumps(result), flush=True)
    return 0 if settled and good(result) else 1


def wait_until_settled(expected: int, deadline: float) -> bool:
    """True once everything is at rest and was still at rest after two further polls of every stream."""
    since: list[dict[int, datetime | None]] = []
    told = ""
    while time.monotonic() < deadline:
        there, here = Outside.read(), Inside.read()
        why = unrest(there, here, expected)
        if why:
            since = []
        elif not since or _polled(since[-1], here.streams):
            since.append(here.streams)
            why = f"at rest, {len(since) - 1} of 2 further polls seen"
        if len(since) > 2:
            return True
        if why and why != told:
            told = why
            print(f"{timezone.now():%H:%M:%S} {why}", flush=True)
        time.sleep(2)
    return False


def _polled(before: dict[int, datetime | None], now: dict[int, datetime | None]) -> bool:
    """Every stream has run and gone well since."""
    return all(at is not None and at > (before.get(key) or NEVER) for key, at in now.items())


def unrest(there: Outside, here: Inside, expected: int) -> str:
    """What still moves by itself; empty at rest."""
    missing = set(there.orders) - set(here.orders)
    new = sum(status == Status.NEW for status, _reason, _ref in here.orders.values())
    moving = here.packages[Shipment.State.WAITING] + here.packages[Shipment.State.UPLOADED]
    partly = sum(order["fulfillment_status"] == "partial" for order in there.at_warehouse)
    waits = {
        "orders are still to be placed": max(0, expected - len(there.orders)),
        "orders are not pulled yet": len(missing),
        "orders are on their way to the warehouse": new,
        "orders are on their way to the packing desk": len(not_at_desk(there, here)),
        "orders are still to be packed at the desk": max(0, here.to_pack - DESK_LEFT),
        "orders are shipped in part": partly,
        "buyers are still to change something": story.to_come(list(there.orders.values())),
        "changes are on their way to the warehouse": here.errands,
        "packages are on their way to eBay": moving + len(packages(there) - set(there.packages_at_ebay)),
        "packages are on their way to the wholesale shop": len(here.from_desk - set(there.packages_at_shop())),
        "listings do not show their figure": len(mismatches(there, here)),
    }
    return "; ".join(f"{count} {what}" for what, count in waits.items() if count)
