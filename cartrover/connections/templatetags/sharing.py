"""Share Setup Link as a part of the pages of carts, warehouses and connections."""

from __future__ import annotations

from typing import Any

from django import template

from cartrover.connections.models import Connection
from cartrover.connections.views.sharing import Subject, links_of

register = template.Library()


@register.inclusion_tag("sharing/share.html", takes_context=True)
def share_setup_link(context: template.RequestContext, subject: Subject, together_with: str = "") -> dict[str, Any]:
    """The tick, the owner's e-mail and Save, and the links that were sent. ``together_with`` is a cart on the same grant."""
    shared = {name: context.get(name) for name in ("merchant", "member", "csrf_token", "request")}
    kind = str(subject._meta.model_name)
    offer = isinstance(subject, Connection) or subject.connection_id is None
    return {**shared, **links_of(kind, subject), "together_with": together_with, "offer": offer}
