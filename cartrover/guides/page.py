"""A guide as HTML."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from cartrover.guides.pictures import size
from cartrover.guides.reading import Guide


class Page(RendererHTML):
    """Pictures come from the static files, and keep their room while they load."""

    def image(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        name = str(tokens[index].attrs["src"])
        width, height = size(name)
        return format_html(
            '<img src="{}" alt="{}" width="{}" height="{}" loading="lazy">',
            static(f"guides/{name}"),
            tokens[index].content,
            width,
            height,
        )


def body(guide: Guide) -> SafeString:
    """All below the title. Text is escaped by the renderer, and HTML in the Markdown was text from the start."""
    return mark_safe(Page().render(guide.tokens, OptionsDict(_OPTIONS), {}))  # noqa: S308 (see above)


_OPTIONS: Any = {"xhtmlOut": False, "breaks": False, "langPrefix": "language-", "highlight": None}
