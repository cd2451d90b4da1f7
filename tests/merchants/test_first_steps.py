"""The checklist of a new merchant: it follows what is there, and goes away when all is done."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cartrover.connections.models import Cart, Connection, Warehouse
from cartrover.merchants.models import Merchant, User
from cartrover.merchants.tenancy import acting_for
from cartrover.portal.first_steps import first_steps
from cartrover.sync import jobs
from cartrover.sync.models import Job, Rehearsed
from tests.portal.story import set_up

Visit = Callable[[User | None], Client]


def done(merchant: Merchant) -> list[bool]:
    with acting_for(merchant):
        return [step.done for step in first_steps(merchant)]


def rehearse(merchant: Merchant, *, unknown: int) -> None:
    """A rehearsal that found that many orders with an SKU which the warehouse does not know."""
    with acting_for(merchant):
        job = jobs.ask("rehearsal", by="alice@example.com", cart=Cart.objects.get())
        order = {"placed_at": timezone.now(), "total": 1, "status": "error", "code": "unknown_sku"}
        Rehearsed.objects.bulk_create(Rehearsed(job=job, external_id=str(each), **order) for each in range(unknown))
        Job.objects.filter(pk=job.pk).update(state=Job.State.DONE)


def test_each_step_is_done_by_what_is_really_there(merchant: Merchant) -> None:
    assert done(merchant) == [False] * 8
    with acting_for(merchant):
        connection = Connection.objects.create(
            integration="tradegecko", environment="simulator", account_id="1", account_name="A", authorised_at=timezone.now()
        )
        warehouse = Warehouse.objects.create(integration="tradegecko", name="W", connection=connection)
    assert done(merchant) == [True, *[False] * 7]
    with acting_for(merchant):
        Warehouse.objects.update(state="live", went_live_at=timezone.now())
        Cart.objects.create(integration="ebay", name="C", state="checked", connection=connection, warehouse=warehouse)
    assert done(merchant) == [True, True, True, True, False, False, False, False]
    rehearse(merchant, unknown=1)
    assert done(merchant) == [True, True, True, True, True, False, False, False]
    rehearse(merchant, unknown=0)
    with acting_for(merchant):
        jobs.ask("test_order", by="alice@example.com", cart=Cart.objects.get())
        Job.objects.filter(kind="test_order").update(state=Job.State.DONE)
    assert done(merchant) == [*[True] * 7, False]
    with acting_for(merchant):
        Cart.objects.update(state="live", went_live_at=timezone.now())
    assert done(merchant) == []


def test_the_next_step_has_the_button_that_leads_to_it(visit: Visit, merchant: Merchant, alice: User, bob: User) -> None:
    dashboard = reverse("dashboard", args=[merchant.public_id])
    new_warehouse = reverse("new_warehouse", args=[merchant.public_id])
    assert f'href="{new_warehouse}">Set up a warehouse' in visit(alice).get(dashboard).content.decode()
    told = visit(bob).get(dashboard).content.decode()
    assert f'href="{new_warehouse}">Set up a warehouse' not in told
    assert "A manager or owner does this." in told


def test_who_is_live_sees_no_checklist(visit: Visit, merchant: Merchant, alice: User) -> None:
    set_up(merchant)
    assert "Until orders flow" not in visit(alice).get(reverse("dashboard", args=[merchant.public_id])).content.decode()
