"""What belongs to the application that is answering: views are plain functions, and there may be several stand-ins."""

from __future__ import annotations

from typing import cast

from flask import current_app
from werkzeug.local import LocalProxy

from integrations.simulation import Faults

from .notifier import Notifier
from .world import World

world = cast(World, LocalProxy(lambda: current_app.extensions["world"]))
notifier = cast(Notifier, LocalProxy(lambda: current_app.extensions["notifier"]))
faults = cast(Faults, LocalProxy(lambda: current_app.extensions["faults"]))
