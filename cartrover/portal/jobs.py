"""The pages of long work that a person asked for: how far it is, what came of it, and the button that stops it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from cartrover.merchants import audit
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.orders.filters import as_query
from cartrover.orders.models import Order
from cartrover.pages.paging import page
from cartrover.sync import jobs
from cartrover.sync.jobs import pull_again
from cartrover.sync.models import Job


@at_least(Role.VIEWER)
@require_safe
def job_list(request: MerchantRequest) -> HttpResponse:
    """What was asked for, newest first."""
    rows = page(Job.objects.select_related("cart").defer("result", "cursor"), request, by="asked_at")
    return TemplateResponse(request, "jobs/list.html", {"page": rows})


@at_least(Role.VIEWER)
@require_safe
def job_page(request: MerchantRequest, public_id: str) -> HttpResponse:
    """One job. What is asked for from the page itself is its progress alone."""
    job = get_object_or_404(Job.objects.select_related("cart"), public_id=public_id)
    part = bool(request.htmx) and request.htmx.target == f"job-{job.public_id}"
    context = {"job": job, "orders": as_query(job.args["query"]) if "query" in job.args else ""}
    response = TemplateResponse(request, "jobs/progress.html" if part else "jobs/page.html", context)
    if part and job.state != Job.State.OPEN:
        response["HX-Refresh"] = "true"  # the page round it has something to show now
    return response


def open_job(order: Order) -> Job | None:
    """What is under way for one order."""
    return Job.objects.filter(subject=pull_again.of_order(order.ref), state=Job.State.OPEN).first()


@at_least(Role.STAFF)
@require_POST
def stop_job(request: MerchantRequest, public_id: str) -> HttpResponse:
    job = get_object_or_404(Job, public_id=public_id)
    if jobs.stop(job):
        audit.record(request, "stopped", job)
        messages.success(request, "It is stopped. What it had done stays done.")
    else:
        messages.warning(request, "It had ended already.")
    return redirect("job", request.merchant.public_id, job.public_id)
