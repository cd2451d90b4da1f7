"""An order's whole life: what happened, in words, with each call to an outside system at its time."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from cartrover.events.models import Event
from cartrover.orders.models import Order

MOST_CALLS = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """One line: an Event, or a Call (the request trail's row, without its bodies)."""

    at: datetime
    event: Event | None = None
    call: Any = None


def life(order: Order) -> list[Moment]:
    """Oldest first."""
    packages = list(order.shipments.values_list("pk", flat=True))
    told = Event.objects.filter(Q(about="order", about_id=order.pk) | Q(about="shipment", about_id__in=packages)).order_by("id")
    calls = order.calls.defer("request_body", "response_body").order_by("-id")[:MOST_CALLS]
    moments = [Moment(event.at, event=event) for event in told] + [Moment(call.sent_at, call=call) for call in calls]
    return sorted(moments, key=lambda each: each.at)


_SECRET = re.compile(r"token|secret|password|authorization|api_?key", re.IGNORECASE)


def payload(raw: Any) -> str:
    """What a cart told of an order, as it came, but for what looks like a secret."""
    return json.dumps(_masked(raw), indent=2, ensure_ascii=False)


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: "***" if _SECRET.search(str(name)) else _masked(each) for name, each in value.items()}
    return [_masked(each) for each in value] if isinstance(value, list) else value


def readable(body: str) -> str:
    """A body as a person reads it: JSON on lines of its own, anything else as it came."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
