"""Who the demo's people are. Their log-ins are shown, so this is for stand-ins on one machine only."""

from __future__ import annotations

MERCHANT = "Acme Outdoor"
MEMBER = "alice@acme.example"
STAFF = "bob@acme.example"
OPERATOR = "operator@cartrover.example"
PASSWORD = "north face of the eiger"  # noqa: S105 (the demo's, shown on its first page)
