"""Every test that touches data runs on a real PostgreSQL, as the application's own login."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import Client
from psycopg import sql
from pytest_django import DjangoDbBlocker

from cartrover.merchants.models import Member, Merchant, Role, User
from cartrover.merchants.tenancy import across_merchants, acting_for
from tests.contracts import CONTRACTS

TEST_DATABASE = "test_cartrover"


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The folder of the reference data."""
    if not CONTRACTS.is_dir():
        pytest.skip(f"no reference data at {CONTRACTS}: set CONTRACTS_DIR")
    return CONTRACTS


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """Hashing a password is slow by design, and no test is about that."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session", autouse=True)
def no_look_at_static_files() -> None:
    """Each client of a test starts the middleware anew, which would read every static file again."""
    settings.WHITENOISE_AUTOREFRESH = True


def _for_tests(address: str) -> str:
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=f"/{TEST_DATABASE}"))


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> None:
    """A fresh database of its own, made and migrated by the owner; child processes find it in the environment."""
    owner = os.environ["DATABASE_OWNER_URL"]
    name = sql.Identifier(TEST_DATABASE)
    with psycopg.connect(owner, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        server.execute(sql.SQL("CREATE DATABASE {}").format(name))
    for alias, variable in (("default", "DATABASE_URL"), ("owner", "DATABASE_OWNER_URL")):
        os.environ[variable] = _for_tests(os.environ[variable])
        connections[alias].settings_dict["NAME"] = TEST_DATABASE
    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0)
        call_command("createcachetable", database="owner", verbosity=0)
        connections["owner"].close()


@pytest.fixture
def live(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Real commits, for tests with threads or other processes. Every row is gone afterwards."""
    with django_db_blocker.unblock():
        yield
        connections.close_all()
        with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
            _empty(owner)


def _empty(owner: psycopg.Connection) -> None:
    """Every table that somebody wrote to; to truncate one takes longer than to look into all."""
    tables = sorted(model._meta.db_table for model in apps.get_models() if model._meta.app_label != "contenttypes")
    look = sql.SQL("SELECT {0} WHERE EXISTS (SELECT FROM {1})")
    looks = sql.SQL(" UNION ALL ").join(look.format(sql.Literal(table), sql.Identifier(table)) for table in tables)
    full = [sql.Identifier(table) for (table,) in owner.execute(looks)]
    if full:
        owner.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(sql.SQL(", ").join(full)))


def make_merchant(name: str = "Acme Outdoor", time_zone: str = "Europe/Berlin") -> Merchant:
    with across_merchants("a test makes a merchant"):
        return Merchant.objects.create(name=name, time_zone=time_zone)


def make_member(merchant: Merchant, email: str, role: str = Role.OWNER) -> User:
    user = User.objects.create_user(email, "correct horse battery")
    with acting_for(merchant):
        Member.objects.create(user=user, role=role)
    return user


@pytest.fixture
def merchant(db: None) -> Merchant:
    return make_merchant()


@pytest.fixture
def other_merchant(db: None) -> Merchant:
    return make_merchant("Globex Toys", "America/New_York")


@pytest.fixture
def alice(merchant: Merchant) -> User:
    """Owns the merchant."""
    return make_member(merchant, "alice@example.com")


@pytest.fixture
def bob(merchant: Merchant) -> User:
    """Is on Alice's team."""
    return make_member(merchant, "bob@example.com", Role.STAFF)


@pytest.fixture
def charlie(other_merchant: Merchant) -> User:
    """A stranger: owns another merchant."""
    return make_member(other_merchant, "charlie@example.com")


@pytest.fixture
def visit() -> Callable[[User | None], Client]:
    """A browser's session without a browser, at the portal's own address: for a person, or for nobody."""

    def as_person(user: User | None = None) -> Client:
        client = Client(headers={"host": urlsplit(settings.PORTAL_URL).netloc})
        if user is not None:
            client.force_login(user)
        return client

    return as_person
