"""The parts that pages are made of. Built in: no page has to load them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cartrover.merchants.models import Member
from cartrover.merchants.roles import may as role_may
from cartrover.portal import formats
from cartrover.portal.states import look

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of the sprite, as big and as dark as the text round it. For the eye only: a word stands beside it."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("img/icons.svg"), name)


@register.simple_tag
def state(name: str, word: str = "", *, plain: bool = False) -> SafeString:
    """A state as word, icon and colour: ``{% state order.status %}``. ``plain`` leaves the box away."""
    shown = look(name)
    return format_html(
        '<span class="state tone-{}{}">{}{}</span>',
        shown.tone,
        " state-plain" if plain else "",
        icon(shown.icon),
        word or shown.word,
    )


@register.filter
def tone(name: str) -> str:
    """The class that colours something by a state: ``class="flow-node {{ cart.state|tone }}"``."""
    return f"tone-{look(name).tone}"


@register.simple_tag
def money(amount: Decimal | None, currency: str) -> str:
    return formats.money(amount, currency)


def _zone(context: template.Context) -> str:
    merchant = context.get("merchant")
    return merchant.time_zone if merchant is not None else "UTC"


@register.simple_tag(takes_context=True)
def moment(context: template.Context, when: datetime | None, *, seconds: bool = False) -> SafeString | str:
    """A time in the merchant's zone; pointing at it names the zone and the second."""
    if when is None:
        return "–"
    zone = _zone(context)
    return _time(when, zone, formats.clock(when, zone, seconds=seconds))


@register.simple_tag(takes_context=True)
def ago(context: template.Context, when: datetime | None) -> SafeString | str:
    """How long ago (or until) a time is, with the time itself behind it."""
    if when is None:
        return "–"
    length = timezone.now() - when
    words = f"{formats.span(length)} ago" if length.total_seconds() >= 0 else f"in {formats.span(-length)}"
    return _time(when, _zone(context), words)


def _time(when: datetime, zone: str, words: str) -> SafeString:
    return format_html('<time datetime="{}" title="{}">{}</time>', when.isoformat(), formats.exact(when, zone), words)


@register.simple_tag
def field(bound: BoundField) -> SafeString:
    """A form's field with its label, help and errors. A screen reader hears help and errors with the field."""
    return template.loader.render_to_string("components/field.html", {"field": bound, "kind": _kind(bound)})


@register.filter
def dressed(bound: BoundField) -> SafeString:
    """The field's control in the theme's clothes."""
    names = {"check": "form-check-input", "select": "form-select", "group": ""}
    wanted = [bound.field.widget.attrs.get("class", ""), names.get(_kind(bound), "form-control")]
    if bound.errors:
        wanted.append("is-invalid")
    return bound.as_widget(attrs={"class": " ".join(filter(None, wanted))})


def _kind(bound: BoundField) -> str:
    widget = bound.field.widget
    if isinstance(widget, (RadioSelect, CheckboxSelectMultiple)):
        return "group"
    if isinstance(widget, CheckboxInput):
        return "check"
    return "select" if isinstance(widget, Select) else "text"


@register.filter
def may(member: Member | None, role: str) -> bool:
    """``{% if member|may:"staff" %}``: offer only what this person may do."""
    return role_may(member, role)
