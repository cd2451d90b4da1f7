"""Orders that we made ourselves come back where one account is both cart and warehouse."""

from __future__ import annotations

from cartrover.orders.gates.context import Context, portal
from cartrover.orders.routing import Case

TAG = "cartrover"


def made_by_us(case: Case, known: Context) -> bool:
    marks = case.marks
    return bool(marks) and (
        str(marks.get("source_url") or "").startswith(portal())
        or TAG in (marks.get("tags") or ())
        or (marks.get("reference") or None) in known.ours
        or (bool(known.application) and str(marks.get("source_id")) == known.application)
    )
