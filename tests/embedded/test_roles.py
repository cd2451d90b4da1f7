"""roles.sql: what the two logins and the wide role may do."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from cartrover.embedded.services import throwaway

pytestmark = pytest.mark.usefixtures("bare")

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="module")
def addresses() -> Iterator[dict[str, str]]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
            patch.delenv(name, raising=False)
        with throwaway() as environment:
            yield environment


@pytest.fixture
def app(addresses: dict[str, str]) -> Iterator[Connection]:
    with psycopg.connect(addresses["DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(addresses: dict[str, str]) -> Iterator[Connection]:
    with psycopg.connect(addresses["DATABASE_OWNER_URL"], autocommit=True) as connection:
        yield connection


def test_the_application_is_no_superuser_no_owner_and_under_row_level_security(app: Connection) -> None:
    row = app.execute(
        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolcanlogin, datdba = pg_roles.oid "
        "FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
    ).fetchone()
    assert row == (False, False, False, False, True, False)


@pytest.mark.parametrize("statement", ["CREATE TABLE t ()", "CREATE SCHEMA s", "CREATE DATABASE d", "SET ROLE cartrover_owner"])
def test_the_application_makes_nothing_and_becomes_nobody(app: Connection, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(statement)


def test_the_wide_role_is_put_on_by_name_and_never_inherited(app: Connection, owner: Connection) -> None:
    owner.execute("CREATE TABLE secret AS SELECT 42 AS answer")
    owner.execute("GRANT SELECT ON secret TO cartrover_wide")
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute("SELECT answer FROM secret")
    with app.transaction():
        app.execute("SET LOCAL ROLE cartrover_wide")
        assert app.execute("SELECT answer FROM secret").fetchone() == (42,)
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute("SELECT answer FROM secret")


def test_nobody_logs_in_as_the_wide_role(owner: Connection) -> None:
    query = "SELECT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'cartrover_wide'"
    assert owner.execute(query).fetchone() == (False, False, False)


def test_the_owner_owns_the_database_and_may_make_one_for_tests_and_no_more(owner: Connection) -> None:
    row = owner.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, datdba = pg_roles.oid "
        "FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
    ).fetchone()
    assert row == (False, False, False, True, True)


def test_the_application_can_load_through_a_temporary_table(app: Connection) -> None:
    app.execute("CREATE TEMPORARY TABLE loading (text text)")
    with app.cursor().copy("COPY loading FROM STDIN") as copy:
        copy.write("a\nb\n")
    assert app.execute("SELECT count(*) FROM loading").fetchone() == (2,)


def test_a_forgotten_transaction_of_the_application_does_not_hold_locks_for_ever(app: Connection) -> None:
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        assert app.execute(f"SELECT setting::int > 0 FROM pg_settings WHERE name = '{name}'").fetchone() == (True,)


def test_a_password_is_asked_for(addresses: dict[str, str]) -> None:
    address = addresses["DATABASE_URL"]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(address.replace(address.split(":")[2].split("@")[0], "wrong"))
