"""``python -m integrations.tradegecko.simulator --port N [--data FILE.sqlite] [--set name=value ...]``."""

from __future__ import annotations

import argparse
from pathlib import Path

from integrations.simulation import serve_all

from .app import create_app
from .settings import parse_override


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m integrations.tradegecko.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="where to listen; in a container 0.0.0.0")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data", type=Path, help="an SQLite file that keeps the state")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting; may be repeated")
    given = parser.parse_args()
    app = create_app(dict(parse_override(each) for each in given.set), given.data)
    serve_all({"api": (app, given.port)}, given.host)


if __name__ == "__main__":
    main()
