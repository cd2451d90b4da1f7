"""A page of controls for people."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request

from integrations.simulation import FAULTS, Document, Fault

from . import acts
from .acts import REASONS, Impossible
from .here import faults, world
from .marketplaces import SITES

_SHOWN = 50


routes = Blueprint("pages", __name__, template_folder="templates")


@routes.errorhandler(Impossible)
def impossible(error: Impossible) -> Any:
    return _page(str(error)), 400


@routes.get("/")
def controls_page() -> Any:
    return _page()


@routes.post("/orders")
def place() -> Any:
    wanted: Document = {
        "seller": request.form["seller"],
        "marketplace": request.form["marketplace"],
        "lines": [{"sku": request.form["sku"], "quantity": int(request.form.get("quantity") or 1)}],
        "payment": request.form.get("payment", "PAID"),
        "note": request.form.get("note", ""),
    }
    acts.place_order(wanted)
    return redirect("/", 303)


@routes.post("/orders/<order_id>/<what>")
def act(order_id: str, what: str) -> Any:
    if what == "ship":
        acts.ship_by_hand(order_id, {}, request.host_url.rstrip("/"))
    else:
        acts.act(order_id, what, {})
    return redirect("/", 303)


@routes.post("/stock/<item_id>")
def stock(item_id: str) -> Any:
    acts.edit_listing(item_id, {"sku": request.form["sku"], "quantity": request.form["quantity"]})
    return redirect("/", 303)


@routes.post("/revocations")
def revoke() -> Any:
    acts.revoke(request.form["username"], request.form["reason"])
    return redirect("/", 303)


@routes.post("/faults")
def fault() -> Any:
    form = request.form
    faults.add(
        Fault(
            kind=form["kind"] if form["kind"] in FAULTS else "status",
            path=form.get("path") or ".*",
            times=int(form.get("times") or 1),
            status=int(form.get("status") or 500),
            seconds=float(form.get("seconds") or 0),
        )
    )
    return redirect("/", 303)


@routes.post("/drift")
def drift() -> Any:
    world.settings["drift_per_page"] = int(request.form.get("drift_per_page") or 0)
    return redirect("/", 303)


def _page(problem: str = "") -> str:
    newest = sorted(world.orders.all(), key=lambda kept: str(kept.document["creationDate"]), reverse=True)
    return render_template(
        "controls.html",
        problem=problem,
        summary=world.summary(),
        orders=[kept.document for kept in newest[:_SHOWN]],
        members=world.members.all(),
        marketplaces=list(SITES),
        reasons=REASONS,
        fault_kinds=FAULTS,
        waiting=faults.waiting,
        drift=world.settings["drift_per_page"],
        ledger=world.ledger.entries()[: -_SHOWN - 1 : -1],
        calls=dict(world.calls),
    )
