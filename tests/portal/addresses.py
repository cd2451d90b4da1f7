"""Every address of the portal, read from its own table, so that a new page cannot be forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern


@dataclass(frozen=True)
class Address:
    """A path with its holes (``m/<slug:merchant_id>/``), and the view behind it."""

    route: str
    holes: tuple[str, ...]
    view: Any
    name: str

    def filled(self, values: Mapping[str, list[str]]) -> Iterator[str]:
        """Every way to fill its holes with the values of each."""
        for chosen in product(*(values[hole] for hole in self.holes)):
            path = self.route
            for part, value in zip(_holes(path), chosen, strict=True):
                path = path.replace(part, value, 1)
            yield "/" + path


def _holes(route: str) -> list[str]:
    return ["<" + part.split(">")[0] + ">" for part in route.split("<")[1:]]


def addresses() -> list[Address]:
    """All but the admin's, whose tests walk its own table. A pattern that is no route is named by its beginning."""
    return list(_walk(get_resolver().url_patterns, ""))


def _walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[Address]:
    for each in patterns:
        if isinstance(each, URLResolver):
            if each.namespace != "admin":
                yield from _walk(each.url_patterns, before + str(each.pattern))
        elif isinstance(each.pattern, RoutePattern):
            route = before + str(each.pattern)
            holes = tuple(hole.strip("<>").split(":")[-1] for hole in _holes(route))
            yield Address(route, holes, each.callback, each.name or "")


def of_a_merchant() -> list[Address]:
    return [address for address in addresses() if "merchant_id" in address.holes]
