"""Where the reference data is: evidence of how the outside systems behave. None of it is in this project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CONTRACTS = Path(os.environ.get("CONTRACTS_DIR", Path(__file__).parents[2] / "shared" / "contracts"))

NEEDS_CONTRACTS = pytest.mark.usefixtures("contracts")
