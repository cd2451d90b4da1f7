"""``python -m integrations.ebay.simulator --port N --apiz-port M [--data FILE] [--set name=value ...]``"""

from __future__ import annotations

import argparse
from pathlib import Path

from integrations.simulation import serve_all

from .app import behind, create_app
from .settings import parsed


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m integrations.ebay.simulator", description="A stand-in for eBay.")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen; in a container 0.0.0.0")
    parser.add_argument("--port", type=int, default=0, help="api, auth and signin.ebay.com; 0 takes a free one")
    parser.add_argument("--apiz-port", type=int, default=0, help="apiz.ebay.com; 0 takes a free one")
    parser.add_argument("--data", type=Path, help="keep the state in this SQLite file")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting; may be repeated")
    given = parser.parse_args()
    try:
        app = create_app(parsed(given.set), given.data)
    except ValueError as error:
        parser.error(str(error))
    serve_all({"api": (behind(app, "api"), given.port), "apiz": (behind(app, "apiz"), given.apiz_port)}, given.host)


if __name__ == "__main__":
    main()
