"""The whole story on one machine: `make demo`; and `make demo-check`, which lets it settle and judges it.

Stand-ins in processes of their own play the outside world. Everything else is the real stack.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from cartrover.embedded.errors import EmbeddedError
from cartrover.embedded.place import Place, default_root, held, home
from cartrover.embedded.processes import prepare, start_portal
from cartrover.embedded.services import serving
from cartrover.embedded.supervisor import Supervisor, end_on_signals
from cartrover.embedded.tether import end_leftovers

# Makes the merchant, the people and the first orders; its last line is one JSON object: label -> what to show.
SEEDING = ["python", "-m", "cartrover.embedded.inside", "seeding"]
# Shoppers and the warehouse's staff, for as long as the demo runs.
PLAYING = ["python", "-m", "cartrover.embedded.inside", "playing"]
# Waits until all has settled and compares our database with the stand-ins' ledgers; its last line is the result as JSON.
JUDGING = ["python", "-m", "cartrover.embedded.inside", "judging"]

EBAY = {
    "client_id": "CartRove-Demo-SBX-000000000-00000000",
    "client_secret": "SBX-000000000000-demo-secret",
    "runame": "CartRover-CartRove-Demo-SBX-abcdefgh",
}
# Nobody watches a demo for a quarter of an hour: polls and pauses of the engine are as many times shorter.
PACE = "6"
TRADEGECKO = {"client_id": "cartrover-client-id", "client_secret": "cartrover-client-secret", "rate_seconds": "10"}


def mail(supervisor: Supervisor, place: Place) -> tuple[str, dict[str, str]]:
    """The mail catcher's page, and the variables that send mail there."""
    smtp, http = place.ports.take("smtp"), place.ports.take("mail")
    command = ["python", "-m", "cartrover.embedded.mailcatcher", "--smtp-port", str(smtp), "--http-port", str(http)]
    supervisor.announced("mail", command)
    return f"http://127.0.0.1:{http}", {"EMAIL_URL": f"smtp://127.0.0.1:{smtp}"}


def ebay(supervisor: Supervisor, place: Place, portal: str) -> dict[str, str]:
    """The variables of the eBay application that the stand-in knows."""
    callback = f"{portal}/oauth/callback/ebay/"
    command = ["python", "-m", "integrations.ebay.simulator", "--data", str(place.folder("ebay") / "state.sqlite")]
    command += ["--port", str(place.ports.take("ebay")), "--apiz-port", str(place.ports.take("apiz"))]
    address = supervisor.announced("ebay", [*command, *_set(EBAY, accepted_url=callback, declined_url=callback)])
    return {
        "EBAY_CLIENT_ID": EBAY["client_id"],
        "EBAY_CLIENT_SECRET": EBAY["client_secret"],
        "EBAY_RUNAME": EBAY["runame"],
        "EBAY_ENVIRONMENT": "simulator",
        "EBAY_AUTHORIZE_URL": f"{_address(address['api'])}/oauth2/authorize",
        "EBAY_API_URL": _address(address["api"]),
        "EBAY_IDENTITY_URL": _address(address["apiz"]),
    }


def tradegecko(supervisor: Supervisor, place: Place, portal: str) -> dict[str, str]:
    """The variables of the TradeGecko application that the stand-in knows."""
    callback = json.dumps([f"{portal}/oauth/callback/tradegecko/"])
    command = ["python", "-m", "integrations.tradegecko.simulator"]
    command += ["--data", str(place.folder("tradegecko") / "state.sqlite"), "--port", str(place.ports.take("tradegecko"))]
    address = _address(supervisor.announced("tradegecko", [*command, *_set(TRADEGECKO, redirect_uris=callback)])["api"])
    return {
        "TRADEGECKO_CLIENT_ID": TRADEGECKO["client_id"],
        "TRADEGECKO_CLIENT_SECRET": TRADEGECKO["client_secret"],
        "TRADEGECKO_ENVIRONMENT": "simulator",
        "TRADEGECKO_AUTHORIZE_URL": f"{address}/oauth/authorize",
        "TRADEGECKO_API_URL": address,
        "TRADEGECKO_WEB_URL": address,
    }


def demo() -> int:
    """Runs until somebody ends it. The next run goes on where this one stopped."""
    with (
        held(default_root()) as place,
        serving(place, durable=True) as services,
        Supervisor(place, os.environ | services, quiet=True) as supervisor,
    ):
        shown = start(supervisor, place, port=place.ports.take("portal", preferred=8000))
        supervisor.start("playing", PLAYING)
        shown["Logs"] = str(place.root / "logs")
        print("\n" + "\n".join(f"{label:>22}  {value}" for label, value in shown.items()))
        print("\nOrders arrive every few seconds. Ctrl-C ends everything.", flush=True)
        supervisor.watch()
    return 0


def check(recorded: list[Path]) -> int:
    """Begins from nothing and ends by itself: 0 when nothing was lost, doubled or unexplained. The logs stay."""
    with held(home() / "demo-check") as place:
        _empty(place)
        with serving(place, durable=True) as services, Supervisor(place, os.environ | services, quiet=True) as supervisor:
            print(f"The logs are in {place.root / 'logs'}.", flush=True)
            start(supervisor, place, port=place.ports.take("portal"), recorded=recorded)
            if not recorded:
                supervisor.start("playing", [*PLAYING, "--check"])
            code, _ = supervisor.outcome("judging", JUDGING)
    return code


def start(supervisor: Supervisor, place: Place, *, port: int, recorded: Sequence[Path] = ()) -> dict[str, str]:
    """Starts the outside world and the portal, and makes the demo's merchant; what to show a person, by label."""
    shown = start_empty(supervisor, place, port=port)
    _say("Connecting the merchant and placing orders")
    files = ["--recorded", *(str(file.resolve()) for file in recorded)] if recorded else []
    log_ins: dict[str, str] = json.loads(supervisor.run("seeding", [*SEEDING, *files]))
    return shown | log_ins


def start_empty(supervisor: Supervisor, place: Place, *, port: int) -> dict[str, str]:
    """The same without anybody in it; the addresses by label."""
    portal = f"http://localhost:{port}"
    _say("Starting the stand-ins")
    mail_page, mail_variables = mail(supervisor, place)
    outside = mail_variables | ebay(supervisor, place, portal) | tradegecko(supervisor, place, portal)
    supervisor.environment |= outside | {"DEMO": "1", "PORTAL_URL": portal, "ENGINE_PACE": PACE}
    _say("Bringing the tables up to date")
    prepare(supervisor)
    _say("Starting the portal")
    start_portal(supervisor, port)
    return {
        "Portal": portal,
        "eBay stand-in": outside["EBAY_API_URL"],
        "TradeGecko stand-in": outside["TRADEGECKO_API_URL"],
        "Mail": mail_page,
    }


def _say(step: str) -> None:
    print(f"{step} ...", flush=True)


def _set(settings: dict[str, str], **more: str) -> list[str]:
    return [part for name, value in (settings | more).items() for part in ("--set", f"{name}={value}")]


def _address(announced: object) -> str:
    """A stand-in announces a port or a whole address."""
    return f"http://127.0.0.1:{announced}" if isinstance(announced, int) else str(announced).rstrip("/")


def _empty(place: Place) -> None:
    end_leftovers(place.root)
    for path in place.root.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="headless: settle, compare with the ledgers, end")
    parser.add_argument("--recorded", nargs="+", type=Path, default=[], help="real getOrders and getOrder answers")
    options = parser.parse_args(arguments)
    end_on_signals()
    try:
        return check(options.recorded) if options.check else demo()
    except KeyboardInterrupt:
        print("Ended.")
        return 130 if options.check else 0
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
