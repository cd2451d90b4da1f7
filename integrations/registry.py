"""Finds the integrations that this installation has. A duplicate slug or a broken import stops the start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module

from integrations.contract import Integration

_integrations: dict[str, Integration] = {}


class UnknownIntegration(LookupError):
    """No integration of that slug is installed."""


def configure(packages: Iterable[str], environment: Mapping[str, str]) -> None:
    """Load ``<package>.integration`` of each package with the installation's environment variables."""
    loaded: dict[str, Integration] = {}
    for package in packages:
        made = import_module(f"{package}.integration").integration(environment)
        if made.slug in loaded:
            raise ValueError(f"Two integrations call themselves {made.slug!r}; the second is {package}.")
        loaded[made.slug] = made
    _integrations.clear()
    _integrations.update(loaded)


def get(slug: str) -> Integration:
    """The integration of that slug."""
    try:
        return _integrations[slug]
    except KeyError:
        raise UnknownIntegration(slug) from None


def all_integrations() -> tuple[Integration, ...]:
    """Every installed integration, in the order of the settings."""
    return tuple(_integrations.values())
