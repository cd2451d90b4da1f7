"""Tests run against real servers: those of the environment, else embedded ones that are gone afterwards."""

import os
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from cartrover.embedded.errors import EmbeddedError
from cartrover.embedded.services import throwaway

servers = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    # Around the hook in which pytest-django reads the settings, and so the addresses.
    try:
        os.environ.update(servers.enter_context(throwaway()))
    except EmbeddedError as error:
        raise pytest.UsageError(str(error)) from error
    return (yield)


def pytest_unconfigure() -> None:
    servers.close()
