"""The wall between merchants, tried from both sides."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.db import IntegrityError, ProgrammingError, connection, models, transaction
from django.utils import timezone

from cartrover.connections.models import Cart, Connection
from cartrover.events.models import Event
from cartrover.merchants.models import Member, Merchant
from cartrover.merchants.tenancy import OutsideDoor, Owned, across_merchants, acting_for, current_scope
from tests.conftest import make_member, make_merchant

ROOT = Path(__file__).parents[2]

# Whoever opens every merchant's rows, and why, in the code's own words.
ACROSS = {
    "cartrover/connections/grants.py",
    "cartrover/connections/sharing.py",
    "cartrover/embedded/ledgers.py",
    "cartrover/embedded/seeding.py",
    "cartrover/embedded/staff.py",
    "cartrover/mail/management/commands/preview_mail.py",
    "cartrover/merchants/invitations.py",
    "cartrover/merchants/looking.py",
    "cartrover/merchants/middleware.py",
    "cartrover/portal/views.py",
    "cartrover/sync/leases.py",
    "cartrover/sync/quota.py",
    "cartrover/sync/runner.py",
    "cartrover/sync/streams.py",
}


def _connect(account: str = "seller-1") -> Connection:
    return Connection.objects.create(
        integration="ebay", environment="simulator", account_id=account, account_name=account, authorised_at=timezone.now()
    )


def test_every_model_with_a_merchant_has_a_forced_policy_that_checks_writes(db: None) -> None:
    with connection.cursor() as cursor:
        for model in apps.get_models():
            fields = {field.name for field in model._meta.local_concrete_fields}
            if "merchant" not in fields and model is not Merchant:
                continue
            assert model is Merchant or issubclass(model, Owned), f"{model} has a merchant but is not Owned"
            cursor.execute(
                "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table]
            )
            assert cursor.fetchone() == (True, True), f"{model} has no forced row-level security"
            cursor.execute(
                "SELECT count(*) FROM pg_policies WHERE tablename = %s AND with_check IS NOT NULL", [model._meta.db_table]
            )
            assert cursor.fetchone() == (3,), f"{model} lacks a policy with a check"


def test_every_key_between_merchants_rows_includes_the_merchant(db: None) -> None:
    with connection.cursor() as cursor:
        for model in apps.get_models():
            for field in model._meta.local_concrete_fields:
                if not (issubclass(model, Owned) and isinstance(field, models.ForeignKey)):
                    continue
                if not issubclass(field.related_model, Owned):
                    continue
                cursor.execute(
                    "SELECT count(*) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'"
                    " AND cardinality(conkey) = 2"
                    " AND (SELECT attnum FROM pg_attribute WHERE attrelid = conrelid AND attname = %s) = ANY (conkey)",
                    [model._meta.db_table, field.column],
                )
                assert cursor.fetchone() == (1,), f"{model}.{field.name} could point to another merchant's row"


def test_outside_a_door_a_query_raises_and_the_database_shows_nothing(merchant: Merchant) -> None:
    with acting_for(merchant):
        _connect()
    with pytest.raises(OutsideDoor):
        Connection.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM connections_connection")  # unquoted: past the guard, not past the policy
        assert cursor.fetchone() == (0,)


def test_a_merchant_sees_its_own_rows_only(merchant: Merchant, other_merchant: Merchant) -> None:
    with acting_for(merchant):
        _connect()
    with acting_for(other_merchant):
        assert Connection.objects.count() == 0
        assert Connection._base_manager.count() == 0, "row-level security alone must hide it"
        assert Connection._base_manager.filter(account_id="seller-1").update(account_name="mine") == 0
    with acting_for(merchant):
        assert Connection.objects.get().account_name == "seller-1"


def test_the_orm_alone_hides_another_merchants_rows(merchant: Merchant, other_merchant: Merchant) -> None:
    with acting_for(merchant):
        _connect()
    with acting_for(other_merchant):
        query = str(Connection.objects.all().query)
    assert f'"merchant_id" = {other_merchant.pk}' in query


def test_a_row_cannot_be_written_for_another_merchant(merchant: Merchant, other_merchant: Merchant) -> None:
    with acting_for(merchant), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        Event.objects.create(merchant=other_merchant, at=timezone.now(), about="order", about_id=1, kind="x", words="x")


def test_a_row_cannot_point_to_another_merchants_row(merchant: Merchant, other_merchant: Merchant) -> None:
    with acting_for(merchant):
        theirs = _connect()
    with acting_for(other_merchant), transaction.atomic():
        Cart.objects.create(integration="ebay", name="x", connection_id=theirs.pk)
        with pytest.raises(IntegrityError, match="same_merchant"):
            connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


def test_a_unique_key_tells_nothing_of_other_merchants(merchant: Merchant, other_merchant: Merchant) -> None:
    for each in (merchant, other_merchant):
        with acting_for(each):
            _connect("the same account")
            assert Connection.objects.count() == 1


def test_leaving_a_nested_door_restores_the_one_before(merchant: Merchant, other_merchant: Merchant) -> None:
    with acting_for(merchant):
        _connect()
        with acting_for(other_merchant):
            assert Connection._base_manager.count() == 0
            with across_merchants("a test"):
                assert Connection._base_manager.count() == 1
            assert Connection._base_manager.count() == 0
        assert Connection._base_manager.count() == 1
        with pytest.raises(ZeroDivisionError), acting_for(other_merchant):
            _ = 1 / 0
        assert Connection._base_manager.count() == 1
    assert current_scope() is None


def test_the_wide_role_is_not_inherited(merchant: Merchant) -> None:
    with acting_for(merchant):
        _connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, (SELECT count(*) FROM connections_connection)")
        assert cursor.fetchone() == ("cartrover_app", 0)


def test_events_can_be_added_and_never_changed(merchant: Merchant) -> None:
    with acting_for(merchant):
        event = Event.objects.create(at=timezone.now(), about="order", about_id=1, kind="pulled", words="Pulled.")
        for change in (lambda: Event.objects.update(words="x"), event.delete):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                change()
        assert Event.objects.get().words == "Pulled."


def test_a_person_can_be_a_member_of_several_merchants(merchant: Merchant) -> None:
    alice = make_member(merchant, "alice@example.com")
    second = make_merchant("Second")
    with acting_for(second):
        Member.objects.create(user=alice)
        assert Member.objects.count() == 1


def test_the_callers_that_open_every_merchants_rows_are_these() -> None:
    callers = set()
    for path in (ROOT / "cartrover").rglob("*.py"):
        names = {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        if "across_merchants" in names:
            callers.add(path.relative_to(ROOT).as_posix())
    assert callers == ACROSS
