import signal
from typing import Any

from django.core.management.base import BaseCommand

from cartrover.sync.tasks import Ticker, stop_ticking


class Command(BaseCommand):
    """Hints for due streams each second. Run as many as you like: ten do no more harm than one."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, lambda *_: stop_ticking())
        signal.signal(signal.SIGINT, lambda *_: stop_ticking())
        self.stdout.write("ticking")
        Ticker().run()
