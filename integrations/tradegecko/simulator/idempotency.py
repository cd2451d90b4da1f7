"""``Idempotency-Key``: a repeat is refused, not replayed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import Response

from . import formats
from .errors import ApiError, duplicate_key
from .world import Caller, World


def once(world: World, caller: Caller, key: str | None, write: Callable[[], Response]) -> Response:
    """Carry out ``write`` unless its key was spent within the window. To be called with the store locked."""
    if not key:
        return write()
    place = f"{caller.application_id}/{caller.account_id}/{key}"
    oldest = formats.moment(world.clock.now() - timedelta(hours=float(world.settings["idempotency_hours"])))
    if (world.store.get("idempotency", place) or "") > oldest:
        raise duplicate_key(int(world.settings["idempotency_status"]), key)
    world.store.put("idempotency", place, formats.moment(world.clock.now()))
    try:
        return write()
    except ApiError:
        if world.settings["idempotency_spent_by"] == "success":
            world.store.delete("idempotency", place)
        raise
