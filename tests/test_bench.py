"""The benchmarks still run. What they say of speed is theirs to say: no test asserts a time."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import Mock

import pytest

from bench import tick


def test_a_tick_is_measured(live: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, few in {"IDLE": 6, "DUE": 2, "MERCHANTS": 3, "TIMES": 2}.items():
        monkeypatch.setattr(tick, name, few)
    (line,) = tick.rows(Mock(), Path())
    told = json.loads(line)
    assert told["id"] == "P16"
    assert told["ours"] > 0
    assert told["without_idle"] > 0
