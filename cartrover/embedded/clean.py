"""Deletes the checkout's data folder, unless something runs from it: `python -m cartrover.embedded.clean`."""

import shutil
import sys

from cartrover.embedded.errors import EmbeddedError
from cartrover.embedded.place import default_root, held
from cartrover.embedded.tether import end_leftovers


def main() -> int:
    root = default_root()
    try:
        with held(root):
            end_leftovers(root)
            shutil.rmtree(root)
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
