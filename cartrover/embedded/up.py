"""The portal for real applications: `make up`. Its servers are the embedded ones unless the environment names others."""

import os
import sys
from urllib.parse import urlsplit

import environ

from cartrover.embedded.errors import EmbeddedError
from cartrover.embedded.place import CHECKOUT, default_root, held
from cartrover.embedded.processes import prepare, start_portal
from cartrover.embedded.services import serving
from cartrover.embedded.supervisor import Supervisor, end_on_signals
from cartrover.environment import ENVIRONMENT

# One of them is enough: the packing desk needs none, and the portal says of the other that it is not set up here.
APPLICATIONS = {
    "eBay": ("EBAY_CLIENT_ID", "EBAY_CLIENT_SECRET", "EBAY_RUNAME"),
    "TradeGecko": (
        "TRADEGECKO_CLIENT_ID",
        "TRADEGECKO_CLIENT_SECRET",
        "TRADEGECKO_AUTHORIZE_URL",
        "TRADEGECKO_API_URL",
    ),
}
EBAY_FIRST = """\
eBay first: a production keyset is switched on only after its application has subscribed to marketplace account deletion
notifications, or has been exempted from them, under "Alerts and Notifications" of the developer account. Losing it loses
access for all merchants."""


def missing() -> list[str]:
    """What the environment lacks for one real application at least, each as a line that says what to set.

    An application that was begun is to be finished: half of one is a mistake.
    """
    lacks = {system: [name for name in names if not os.environ.get(name)] for system, names in APPLICATIONS.items()}
    begun = [names for system, names in lacks.items() if len(names) < len(APPLICATIONS[system])]
    lines = [f"{name}: {ENVIRONMENT[name]}" for names in begun or lacks.values() for name in names]
    if urlsplit(os.environ.get("PORTAL_URL", "")).scheme != "https":
        lines.append(f"PORTAL_URL: {ENVIRONMENT['PORTAL_URL']} Its scheme must be https.")
    return lines


def main() -> int:
    end_on_signals()
    environ.Env.read_env(CHECKOUT / ".env")
    try:
        return up()
    except KeyboardInterrupt:
        print("Ended.")
        return 0
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 2


def up() -> int:
    print(EBAY_FIRST, end="\n\n")
    lines = missing()
    if lines:
        raise EmbeddedError("Set these in the environment or in .env (see .env.example):\n  " + "\n  ".join(lines))
    with (
        held(default_root()) as place,
        serving(place, durable=True) as services,
        Supervisor(place, os.environ | services) as supervisor,
    ):
        prepare(supervisor)
        port = place.ports.take("portal", preferred=8000)
        start_portal(supervisor, port)
        print(f"The portal answers on http://127.0.0.1:{port}. A reverse proxy with a certificate for")
        print(f"{os.environ['PORTAL_URL']} belongs in front of it (and TRUSTED_PROXIES=1). Ctrl-C ends it.", flush=True)
        supervisor.watch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
