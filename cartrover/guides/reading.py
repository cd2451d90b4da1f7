"""Setup guides as tokens: the integration's own Markdown, with what it declares and what is true of this installation filled in.

A line ``[[word argument]]`` stands for something that would drift if it were written down:

    [[settings location-id]]    the settings fields that name this step, with label, help and choices
    [[variants]]                what a cart is chosen from
    [[state]]                   why this installation cannot use the integration, if so
    [[addresses]]               from where this installation calls
    [[support]]                 whom to ask
    [[part guidelines]]         a text that all guides share, from ``parts/``

A heading ``## Words {#name}`` can be linked to as ``#name``. Other Markdown is CommonMark, and HTML in it is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from django.conf import settings
from markdown_it import MarkdownIt
from markdown_it.token import Token

from integrations import registry
from integrations.contract import Integration, SettingField

PARTS = Path(__file__).with_name("parts")
DIRECTIVE = re.compile(r"^\[\[(\w+)(?: ([\w-]+))?\]\]$", re.MULTILINE)
ANCHOR = re.compile(r"\s*\{#([a-z0-9-]+)\}$")


class NoGuide(LookupError):
    """No integration of that name is installed, or it has no guide."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that can be linked to. ``level`` is 2 for a section, 3 for a step in it."""

    level: int
    words: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Guide:
    """One guide, ready to be rendered. ``lead`` is its first paragraph, as plain text."""

    slug: str
    name: str
    title: str
    lead: str
    tokens: tuple[Token, ...]

    @property
    def headings(self) -> list[Heading]:
        pairs = zip(self.tokens, self.tokens[1:], strict=False)
        return [
            Heading(int(token.tag[1]), plain_text(inline), str(token.attrs["id"]))
            for token, inline in pairs
            if token.type == "heading_open" and "id" in token.attrs
        ]

    @property
    def pictures(self) -> list[str]:
        """The file names of its pictures, in order."""
        return [str(each.attrs["src"]) for each in _inline(self.tokens) if each.type == "image"]

    @property
    def links(self) -> list[str]:
        return [str(each.attrs["href"]) for each in _inline(self.tokens) if each.type == "link_open"]


def all_guides() -> list[Guide]:
    """Every installed integration's guide, in the order of the settings."""
    return [read(integration) for integration in registry.all_integrations() if integration.guide is not None]


def guide_of(slug: str) -> Guide:
    """Raises NoGuide."""
    try:
        return read(registry.get(slug))
    except registry.UnknownIntegration:
        raise NoGuide(slug) from None


def read(integration: Integration) -> Guide:
    """Raises NoGuide, and ValueError where the guide has a word that nobody knows."""
    if integration.guide is None:
        raise NoGuide(integration.slug)
    text = _filled(integration.guide.read_text(encoding="utf-8"), integration)
    title, *tokens = _split(MarkdownIt("commonmark", {"html": False}).parse(text))
    _anchor(tokens)
    lead = next(plain_text(token) for token in tokens if token.type == "inline")
    return Guide(integration.slug, integration.name, plain_text(title), lead, tuple(tokens))


def plain_text(inline: Token) -> str:
    """What a run of inline tokens says, without its marks."""
    return "".join(" " if each.type == "softbreak" else each.content for each in inline.children or ())


def _split(tokens: list[Token]) -> list[Token]:
    """The title's text, and all after the title."""
    if [token.type for token in tokens[:3]] != ["heading_open", "inline", "heading_close"]:
        raise ValueError("A guide begins with its title.")
    return [tokens[1], *tokens[3:]]


def _anchor(tokens: list[Token]) -> None:
    """Give each heading the name that stands behind its words."""
    for opening, inline, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        last = inline.children[-1] if opening.type == "heading_open" and inline.children else None
        found = ANCHOR.search(last.content) if last is not None else None
        if last is not None and found is not None:
            opening.attrs["id"] = closing.meta["id"] = found.group(1)
            last.content = last.content[: found.start()]


def _inline(tokens: tuple[Token, ...]) -> Iterator[Token]:
    return (child for token in tokens for child in token.children or ())


# ------------------------------------------------------------------------------------------------------------- what is filled in


class Word(Protocol):
    def __call__(self, integration: Integration, argument: str) -> str:
        """Markdown for the line."""


def _filled(text: str, integration: Integration) -> str:
    def fill(found: re.Match[str]) -> str:
        word, argument = found.group(1), found.group(2) or ""
        if word not in WORDS:
            raise ValueError(f"A guide of {integration.slug} says [[{word}]], which nobody knows.")
        return WORDS[word](integration, argument)

    return DIRECTIVE.sub(fill, text)


def _part(integration: Integration, argument: str) -> str:
    text = (PARTS / f"{argument}.md").read_text(encoding="utf-8").strip()
    return _filled(text.replace("{name}", integration.name).replace("{slug}", integration.slug), integration)


def _settings(integration: Integration, argument: str) -> str:
    """A list of the fields that name the step."""
    fields = [field for field in fields_of(integration) if field.step == argument]
    if not fields:
        raise ValueError(f"No setting of {integration.slug} names the step {argument!r}.")
    return "\n".join(map(_field, fields))


def fields_of(integration: Integration) -> list[SettingField]:
    """Every setting of its cart and warehouse."""
    return [field for side in (integration.cart, integration.warehouse) if side is not None for field in side.fields]


def _field(field: SettingField) -> str:
    lines = [f"- **{_escaped(field.label)}**{' (required)' if field.required else ''}. {_escaped(field.help)}".rstrip()]
    lines += [f"  - {_escaped(label)}{_standard(field, value)}" for value, label in field.choices]
    return "\n".join(lines)


def _standard(field: SettingField, value: str) -> str:
    chosen = field.default == value if isinstance(field.default, str) else value in field.default
    return " (chosen unless you change it)" if chosen else ""


def _variants(integration: Integration, argument: str) -> str:
    variants = integration.cart.variants if integration.cart is not None else ()
    return f"{', '.join(_escaped(variant.name) for variant in variants)}."


def _state(integration: Integration, argument: str) -> str:
    return f"> **On this installation:** {_escaped(integration.trouble)}" if integration.trouble else ""


def _addresses(integration: Integration, argument: str) -> str:
    if not settings.OUTBOUND_ADDRESSES:
        return "This installation's operator has not published fixed addresses yet. Ask support for them."
    return "\n".join(f"- `{address}`" for address in settings.OUTBOUND_ADDRESSES)


def _support(integration: Integration, argument: str) -> str:
    ways = [f"write to <{settings.SUPPORT_EMAIL}>"] if settings.SUPPORT_EMAIL else []
    ways += [f"see <{settings.SUPPORT_URL}>"] if settings.SUPPORT_URL else []
    if not ways:
        return "This installation's operator answers your questions. Ask whoever gave you your CartRover log-in."
    return f"For help, {' or '.join(ways)}."


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>()#+.!|~&-])", r"\\\1", text)


WORDS: Mapping[str, Word] = {
    "part": _part,
    "settings": _settings,
    "variants": _variants,
    "state": _state,
    "addresses": _addresses,
    "support": _support,
}
