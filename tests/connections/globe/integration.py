"""A second integration on the same stand-in, to mix the two up."""

from __future__ import annotations

from collections.abc import Mapping

from integrations.contract import Integration
from tests.connections.acme.integration import made


def integration(environment: Mapping[str, str]) -> Integration:
    return made("globe", "Globe Goods", environment)
