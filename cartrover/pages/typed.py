"""What somebody typed into a field."""

from __future__ import annotations


def whole_number(typed: str) -> int | None:
    """A number of at most nine digits, which every column holds and no parser minds; None for anything else."""
    text = typed.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
