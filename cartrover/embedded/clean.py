"""Deletes the checkout's data, unless something runs from it: `python -m cartrover.embedded.clean`."""

import shutil
import sys

from cartrover.embedded.errors import EmbeddedError
from cartrover.embedded.place import THROWAWAY, held, home
from cartrover.embedded.tether import end_leftovers


def main() -> int:
    folders = [folder for folder in home().glob("*/") if folder.name != THROWAWAY]
    try:
        for root in [*folders, *home().glob(f"{THROWAWAY}/*/")]:
            with held(root):
                end_leftovers(root)
                shutil.rmtree(root)
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 2
    shutil.rmtree(home(), ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
