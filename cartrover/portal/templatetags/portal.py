"""The parts that pages are made of. Built in: no page has to load them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import urlsplit

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cartrover.merchants.models import Member
from cartrover.merchants.roles import may as role_may
from cartrover.orders import deadlines
from cartrover.orders.counts import MOST
from cartrover.orders.holding import RELEASES
from cartrover.orders.models import Order
from cartrover.pages import formats
from cartrover.portal import browsers
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


@register.simple_tag
def values(amounts: Mapping[str, Decimal]) -> str:
    """Amounts of several currencies: ``€1,482.20 + $20.00``."""
    return " + ".join(formats.money(amount, currency) for currency, amount in sorted(amounts.items()))


@register.filter
def capped(count: int) -> str:
    """A count that was not counted to its end says so."""
    return f"{MOST:,}+" if count > MOST else f"{count:,}"


@register.filter
def browser(user_agent: str) -> str:
    return browsers.browser(user_agent)


@register.filter
def sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


@register.filter
def is_web(address: str) -> bool:
    """Whether an address that came from outside may become a link."""
    return address.startswith(("https://", "http://"))


@register.filter
def path_of(url: str) -> str:
    """An address without its host."""
    parts = urlsplit(url)
    return parts.path or url


@register.filter
def add_y(y: float, more: float) -> str:
    """A place in the flow's picture, in the notation of SVG."""
    return f"{y + more:.1f}"


ADDRESS = ("reference", "name", "company", "line1", "line2")


@register.filter
def address_lines(address: Mapping[str, str]) -> list[str]:
    """An address as it is written on a parcel."""
    town = " ".join(filter(None, (address.get("postal_code"), address.get("city"))))
    region = ", ".join(filter(None, (town, address.get("county"), address.get("region"))))
    rest = [region, address.get("country", ""), address.get("phone", "")]
    return [line for line in [*(address.get(part, "") for part in ADDRESS), *rest] if line]


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
def deadline(context: template.Context, order: Order) -> SafeString | str:
    """A badge where an order is late or has to ship within a day: ``late since 21 Nov 18:00``, ``ship by today 18:00``."""
    how = deadlines.standing(order, timezone.now())
    if not how or order.ship_by is None:
        return ""
    words = "late since" if how == deadlines.LATE else "ship by"
    return state(how, f"{words} {formats.day_and_time(order.ship_by, _zone(context))}")


@register.simple_tag(takes_context=True)
def ago(context: template.Context, when: datetime | None) -> SafeString | str:
    """How long ago (or until) a time is, with the time itself behind it."""
    if when is None:
        return "–"
    length = timezone.now() - when
    words = f"{formats.span(length)} ago" if length.total_seconds() >= 0 else f"in {formats.span(-length)}"
    return _time(when, _zone(context), words)


@register.simple_tag
def within(length: timedelta) -> str:
    """How long something took at most: ``within 40 s``, ``in under a second``."""
    words = formats.span(length)
    return f"in {words}" if words.startswith("under") else f"within {words}"


@register.simple_tag
def span(length: timedelta) -> str:
    return formats.span(length)


def _time(when: datetime, zone: str, words: str) -> SafeString:
    return format_html('<time datetime="{}" title="{}">{}</time>', when.isoformat(), formats.exact(when, zone), words)


@register.filter
def day(when: datetime, zone: str) -> str:
    """A time's day in a zone, as a date field keeps it: ``2026-03-01``."""
    return formats.local(when, zone).date().isoformat()


@register.filter
def overruled(kind: str) -> str:
    """The button that lets orders pass what a Problem of this kind says; empty where no person may."""
    return RELEASES.get(kind, "")


@register.simple_tag
def field(bound: BoundField, *, prompt: bool = True) -> SafeString:
    """A form's field with its label, help and errors; a screen reader hears help and errors with the field.

    ``prompt`` False leaves away a placeholder that only repeats the label.
    """
    context = {"field": bound, "kind": _kind(bound), "control": _control(bound, prompt)}
    return render_to_string("components/field.html", context)


def _control(bound: BoundField, prompt: bool) -> SafeString:
    """The field's control in the theme's clothes."""
    names = {"check": "form-check-input", "select": "form-select", "group": ""}
    wanted = [bound.field.widget.attrs.get("class", ""), names.get(_kind(bound), "form-control")]
    if bound.errors:
        wanted.append("is-invalid")
    attrs: dict[str, str | bool] = {"class": " ".join(filter(None, wanted))}
    if not prompt:
        attrs["placeholder"] = False
    return bound.as_widget(attrs=attrs)


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
