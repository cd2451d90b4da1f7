"""A part of the demo that works with our own tables, in a process of its own: Django is set up before the part is loaded.

python -m cartrover.embedded.inside seeding|playing|judging [ARGUMENTS]
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import django


def main(part: str, *arguments: str) -> int | None:
    """What the part ends with, as ``sys.exit`` understands it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cartrover.settings")
    django.setup()
    ended: int | None = import_module(f"cartrover.embedded.{part}").main(arguments)
    return ended


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
