"""A worker that dies.

One process is set up once. For each line that it reads it forks a worker, which looks for work as any other does and is killed,
or stopped, at the point that the line names. Each line is answered with ``{"pid": n}`` and, when that worker has ended, with
``{"ended": exit code}``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import django

Patch = Callable[[signal.Signals], None]


def before(owner: type | ModuleType, name: str, when: Callable[..., bool] = lambda *args, **kwargs: True) -> Patch:
    """The process gets the signal when ``owner.name`` is called (and ``when`` says so), before that does anything."""

    def patch(number: signal.Signals) -> None:
        real = getattr(owner, name)

        def struck(*args: Any, **kwargs: Any) -> Any:
            if when(*args, **kwargs):
                os.kill(os.getpid(), number)
            return real(*args, **kwargs)

        setattr(owner, name, struck)

    return patch


def after(owner: type | ModuleType, name: str, when: Callable[..., bool]) -> Patch:
    """The same when ``owner.name`` has done its work and its result is not used yet."""

    def patch(number: signal.Signals) -> None:
        real = getattr(owner, name)

        def struck(*args: Any, **kwargs: Any) -> Any:
            result = real(*args, **kwargs)
            if when(*args, **kwargs):
                os.kill(os.getpid(), number)
            return result

        setattr(owner, name, struck)

    return patch


def points() -> dict[str, Patch]:
    """Where a worker can die, by name. ``order`` and ``tracking`` are the two writes that must not happen twice."""
    from cartrover.orders import errands, packages
    from cartrover.orders.models import OrderLine
    from cartrover.sync import deliver_orders, effects, many_rows, runner, streams
    from cartrover.sync.wire import LiveWire
    from integrations import http

    def writes(resource: str) -> Callable[..., bool]:
        return lambda wire, called, *, write: write and called == resource

    def posts(path: str) -> Callable[..., bool]:
        return lambda adapter, request, *args, **kwargs: request.method == "POST" and request.url.endswith(path)

    def confirms(kind: str) -> Callable[..., bool]:
        return lambda work, effect, **changes: effect.kind == kind and changes.get("state") == "confirmed"

    def of(kind: str) -> Callable[..., bool]:
        return lambda claimed, *args, **changes: claimed.kind == kind

    return {
        "order claimed": before(runner, "run", of("deliver_orders")),
        "order intended": before(LiveWire, "before_call", writes("orders")),
        "order sent": after(http.DeadlineAdapter, "send", posts("/orders")),
        "order answered": before(effects, "_settle", confirms("order")),
        "order confirmed": before(deliver_orders, "_delivered"),
        "order done": before(streams, "settle", of("deliver_orders")),
        "customer sent": after(http.DeadlineAdapter, "send", posts("/companies")),
        "void intended": before(LiveWire, "before_call", writes("orders")),
        "void sent": after(http.DeadlineAdapter, "send", posts("/actions/void")),
        "void answered": before(effects, "_settle", confirms("void")),
        "void confirmed": before(errands, "voided"),
        "tracking claimed": before(runner, "run", of("confirm_shipments")),
        "tracking intended": before(LiveWire, "before_call", writes("shipping_fulfillment")),
        "tracking sent": after(http.DeadlineAdapter, "send", posts("/shipping_fulfillment")),
        "tracking answered": before(effects, "_settle", confirms("shipment")),
        "tracking confirmed": after(effects, "_settle", confirms("shipment")),
        "tracking done": before(streams, "settle", of("confirm_shipments")),
        "stock sent": after(http.DeadlineAdapter, "send", posts("/ws/api.dll")),
        "page half stored": before(many_rows, "insert", lambda model, rows, *args, **kwargs: model is OrderLine and bool(rows)),
        "page stored": before(streams, "settle", of("pull_orders")),
        "package half stored": before(packages, "settle_shipped"),
    }


def main() -> None:
    django.setup()
    from cartrover.sync import durations, tasks

    known = points()
    with durations.changed(safety=0.0, watermark_lag=5.0, stock_spacing=-3600.0):
        for line in sys.stdin:
            told = json.loads(line)
            child = os.fork()
            if child == 0:
                known[told["point"]](signal.Signals[told["signal"]])
                tasks.look()
                os._exit(0)
            print(json.dumps({"pid": child}), flush=True)
            _, status = os.waitpid(child, 0)
            print(json.dumps({"ended": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main()
