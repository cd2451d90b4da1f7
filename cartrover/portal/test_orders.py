"""The test order of a cart: the button, and the table of what each of its codes and shipping methods is sent as."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from cartrover.connections.declared import integration
from cartrover.connections.models import Cart, ServiceHolder
from cartrover.merchants import audit
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.orders.models import ShippingMethod
from cartrover.portal.lookup import the_cart
from cartrover.sync import jobs
from cartrover.sync.jobs import test_orders
from cartrover.sync.models import Job


@at_least(Role.VIEWER)
@require_safe
def test_order(request: MerchantRequest, public_id: str) -> HttpResponse:
    cart = the_cart(public_id)
    job, newest = test_orders.last(cart), test_orders.newest(cart)
    side = integration(cart.warehouse.integration).warehouse if cart.warehouse else None
    remote_id = job.result.get("remote_id", "") if job is not None else ""
    context = {
        "cart": cart,
        "job": job,
        "under_way": newest if newest is not None and newest.state != Job.State.DONE else None,
        "codes": test_orders.codes_of(cart),
        "methods": ShippingMethod.objects.filter(cart=cart).order_by("code"),
        "obstacle": _obstacle(cart),
        "remote_url": side.order_url(remote_id) if side is not None and remote_id else "",
    }
    return TemplateResponse(request, "test_orders/page.html", context)


@at_least(Role.MANAGER)
@require_POST
def send_test_order(request: MerchantRequest, public_id: str) -> HttpResponse:
    """Ask for a test order, or for another look at one of this cart's that could not be voided (``ref``)."""
    cart = the_cart(public_id)
    ref, trouble = request.POST.get("ref", ""), _obstacle(cart)
    if trouble:
        messages.error(request, trouble)
    elif ref:
        if test_orders.of_ref(cart, ref) is None:
            raise Http404("No such test order.")
        jobs.ask(test_orders.KIND, by=request.user.email, subject=ref, cart=cart, ref=ref)
        audit.record(request, "looked at a test order again", cart, after={"ref": ref})
    else:
        method = request.POST.get("method", "")
        jobs.ask(test_orders.KIND, by=request.user.email, subject=f"cart-{cart.pk}", cart=cart, method=method)
        audit.record(request, "sent a test order", cart)
    return redirect("test_order", request.merchant.public_id, public_id)


def _obstacle(cart: Cart) -> str:
    """Why no test order can be sent, and what to do; empty where one can."""
    warehouse = cart.warehouse
    if warehouse is None:
        return "Choose where the cart's orders go first."
    if warehouse.connection is None or warehouse.state == ServiceHolder.State.DRAFT:
        return f"Finish the setup of {warehouse.name} first."
    return ""
