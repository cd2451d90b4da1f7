"""What is remembered of an account between calls: read from its facts, with what each absence means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Facts:
    """``currencies`` is id to ISO code, ``locations`` id to label; None where the account was not asked yet."""

    zone: ZoneInfo
    currencies: Mapping[str, str] | None
    default_currency: str
    locations: Mapping[str, str] | None

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Facts:
        locations = facts.get("locations")
        return cls(
            _zone(str(facts.get("time_zone") or "")),
            facts.get("currency_ids"),
            str(facts.get("default_currency") or ""),
            None if locations is None else {str(one["id"]): str(one["label"]) for one in locations},
        )


def _zone(name: str) -> ZoneInfo:
    """An account whose zone has no name that we know is taken as UTC."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
