"""The world of the application that is answering."""

from __future__ import annotations

from typing import cast

from flask import current_app
from werkzeug.local import LocalProxy

from .world import World

world = cast(World, LocalProxy(lambda: current_app.extensions["world"]))
