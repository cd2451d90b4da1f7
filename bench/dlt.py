"""dlt, the comparator, in its own virtual environment."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

ROOT = Path(__file__).parents[1]
SCRIPT = Path(__file__).parent / "comparators" / "dlt_pull.py"


@dataclass(frozen=True, slots=True)
class Dlt:
    """One pipeline of dlt on a seller's account. It owns its schema, ``name``, in the benchmark's database."""

    name: str
    api: str
    token: str
    since: str
    folder: Path

    def pull(self) -> dict[str, Any]:
        """One run, timed by itself: what it takes to start Python does not count."""
        wanted = {
            "name": self.name,
            "api": self.api,
            "token": self.token,
            "since": self.since,
            "folder": str(self.folder),
            "database": os.environ["DATABASE_OWNER_URL"],
        }
        python = os.environ.get("BENCH_PYTHON", str(ROOT / ".venv-bench" / "bin" / "python"))
        done = subprocess.run([python, str(SCRIPT), json.dumps(wanted)], capture_output=True, text=True, cwd=self.folder)
        if done.returncode:
            raise RuntimeError(f"dlt failed:\n{done.stderr[-4000:]}")
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    def orders(self) -> dict[str, str]:
        """(order id, when it was modified) as it has them."""
        query = sql.SQL("SELECT order_id, last_modified_date::text FROM {}.orders").format(sql.Identifier(self.name))
        with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as connection:
            return dict(connection.execute(query).fetchall())
