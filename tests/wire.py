"""A wire for tests: it gives tokens, permits calls and remembers what passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from integrations.contract import Exchange
from integrations.outcomes import Outcome


@dataclass
class RecordingWire:
    """``renew`` mints the next access token when one was refused. ``forbid`` is raised instead of permission to call."""

    access: str = "first-access-token"
    renew: Callable[[], str] | None = None
    forbid: Outcome | None = None
    refused: list[str] = field(default_factory=list)
    permitted: list[tuple[str, bool]] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    def token(self, *, instead_of: str = "") -> str:
        if instead_of:
            self.refused.append(instead_of)
            if self.renew is not None:
                self.access = self.renew()
        return self.access

    def before_call(self, resource: str, *, write: bool) -> None:
        if self.forbid is not None:
            raise self.forbid
        self.permitted.append((resource, write))

    def after_call(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    def calls(self) -> Counter[str]:
        """How many calls each resource took."""
        return Counter(resource for resource, _write in self.permitted)
