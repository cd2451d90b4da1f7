"""``python -m bench [ROW...]``: the figures, each beside its comparator's, one JSON line a row."""

from __future__ import annotations

import sys
import tempfile
from importlib import import_module
from pathlib import Path

from bench.figure import machine
from bench.stage import installation

# Each module's ``rows(world, folder)`` yields its lines.
MODULES = {"ingest": ("P1", "P2", "P11"), "drift": ("P3",), "tick": ("P16",)}


def main(wanted: list[str]) -> None:
    with installation(), tempfile.TemporaryDirectory(prefix="cartrover-bench-") as folder:
        from tests.stage import world

        print(machine(**_versions()), flush=True)
        for name, identities in MODULES.items():
            if wanted and not set(wanted) & set(identities):
                continue
            with world() as stand_ins:
                for line in import_module(f"bench.{name}").rows(stand_ins, Path(folder)):
                    print(line, flush=True)


def _versions() -> dict[str, str]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return {"postgresql": cursor.fetchone()[0]}


if __name__ == "__main__":
    main(sys.argv[1:])
