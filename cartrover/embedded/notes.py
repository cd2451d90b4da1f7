"""Small files of names and values that outlive a crash."""

import json
import os
from collections.abc import Callable
from pathlib import Path


class Notes:
    """A JSON object of strings in one file that only we can read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, str]:
        """Everything noted; empty when nothing is."""
        try:
            values: dict[str, str] = json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}
        return values

    def write(self, values: dict[str, str]) -> None:
        # A crash leaves the old file or the new one, never half of one.
        unfinished = self.path.with_suffix(".new")
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            json.dump(values, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(self.path)

    def once(self, name: str, make: Callable[[], str]) -> str:
        """The noted value, made and noted when it is missing."""
        values = self.read()
        if name not in values:
            self.write(values | {name: make()})
        return self.read()[name]
