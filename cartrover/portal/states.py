"""How every state looks: its tone, its icon and its word. Status is never told by colour alone."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """``tone`` is a class of the theme, ``icon`` a symbol of the sprite."""

    tone: str
    icon: str
    word: str


LOOKS = {
    # orders
    "new": Look("new", "ring", "New"),
    "at_wms": Look("at-wms", "house", "At warehouse"),
    "partial": Look("at-wms", "house", "Partly shipped"),
    "late": Look("bad", "clock", "Late or due"),
    "due": Look("wait", "clock", "Due"),
    "shipped": Look("shipped", "arrow", "Shipped"),
    "confirmed": Look("good", "tick", "Confirmed"),
    "error": Look("bad", "bang", "Error"),
    "held": Look("wait", "pause", "Held"),
    "skipped": Look("quiet", "dash", "Skipped"),
    "canceled": Look("quiet", "cross", "Canceled"),
    # the packing desk
    "to_pack": Look("new", "package", "To pack"),
    "packed": Look("at-wms", "package", "Packed"),
    "short": Look("bad", "bang", "Too few"),
    # packages
    "waiting": Look("wait", "clock", "Waiting to be sent"),
    "uploaded": Look("shipped", "arrow", "Sent to the cart"),
    "refused": Look("bad", "bang", "Refused by the cart"),
    "kept": Look("quiet", "dash", "Not for the cart"),
    "void": Look("quiet", "cross", "Void"),
    # connections, carts and warehouses
    "active": Look("good", "dot", "Connected"),
    "needs_attention": Look("bad", "bang", "Needs attention"),
    "disconnected": Look("quiet", "unplugged", "Disconnected"),
    "draft": Look("quiet", "draft", "Draft"),
    "checked": Look("new", "tick", "Checked"),
    "live": Look("good", "dot", "Live"),
    "paused": Look("wait", "pause", "Paused"),
    "trying": Look("wait", "clock", "Waiting"),
    # effects
    "planned": Look("quiet", "draft", "Planned"),
    "intent": Look("new", "ring", "About to be sent"),
    "ambiguous": Look("wait", "clock", "Sent, answer unknown"),
    "rejected": Look("bad", "bang", "Rejected"),
    # grants
    "started": Look("new", "ring", "Started"),
    "answered": Look("new", "arrow", "Answered"),
    "exchanged": Look("new", "arrow", "Access given"),
    "asked": Look("wait", "bang", "Another account came"),
    "done": Look("good", "tick", "Done"),
    "failed": Look("bad", "bang", "Failed"),
    # listings
    "in_step": Look("good", "tick", "In step"),
    "to_push": Look("wait", "arrow", "To be pushed"),
    "not_taken": Look("bad", "bang", "Not taken"),
    "never": Look("quiet", "dash", "Never told"),
    # jobs
    "open": Look("new", "again", "Under way"),
    # mail and invitations
    "sent": Look("good", "tick", "Sent"),
    "ended": Look("quiet", "clock", "Ended"),
    # setup links
    "shared": Look("new", "mail", "Waiting for the owner"),
    "granted": Look("shipped", "arrow", "Access granted, not finished"),
    "used": Look("good", "tick", "Connection complete"),
    "revoked": Look("quiet", "cross", "Withdrawn"),
    "expired": Look("wait", "clock", "Expired"),
    "needless": Look("quiet", "dash", "No longer needed"),
    # what happened
    "delivered": Look("at-wms", "house", "Delivered"),
    "retried": Look("new", "again", "Tried again"),
    "stopped": Look("bad", "bang", "Stopped"),
    "waits": Look("wait", "clock", "Waits"),
    "differs": Look("wait", "bang", "Differs"),
    # whose move a problem is
    "solved": Look("good", "tick", "Solved"),
    "merchant": Look("bad", "bang", "Your move"),
    "operator": Look("wait", "clock", "We are looking into it"),
}


def look(state: str) -> Look:
    """A state's look; a state nobody described is shown as it is written."""
    return LOOKS.get(state) or Look("quiet", "dash", state.replace("_", " ").capitalize())
