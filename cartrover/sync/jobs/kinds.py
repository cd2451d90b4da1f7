"""Every kind of job that a person can ask for, by the name that its row holds, which is also what its page calls it."""

from __future__ import annotations

from collections.abc import Mapping

from cartrover.sync.jobs import Kind, both_sides, bulk_actions, pull_again, reconcile, rehearsal, test_orders

KINDS: Mapping[str, Kind] = {
    "bulk_action": bulk_actions.run,
    "pull_again": pull_again.run,
    "reconcile": reconcile.run,
    "read_both_sides": both_sides.run,
    "rehearsal": rehearsal.run,
    "test_order": test_orders.run,
}
