"""A guide as PDF: the same words, steps and pictures, set by Typst as tagged PDF for screen readers (PDF/UA-1).

All text goes into Typst as string literals, so nothing in it is ever markup.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import typst
from django.conf import settings
from markdown_it.token import Token

from cartrover.guides import pictures
from cartrover.guides.reading import Guide

WIDEST, HIGHEST = 470.0, 560.0  # points
SCALE = 0.5  # points of paper for each pixel of a page
LAYOUT = Path(__file__).with_name("paper.typ")


def pdf(guide: Guide) -> bytes:
    """The PDF. It is made once for each content, and kept by this process."""
    files = {name: pictures.path(name).read_bytes() for name in guide.pictures}
    return _set(source(guide), tuple(files.items()))


@lru_cache(maxsize=8)
def _set(text: str, files: tuple[tuple[str, bytes], ...]) -> bytes:
    with TemporaryDirectory() as folder:
        for name, content in files:
            Path(folder, name).write_bytes(content)
        written = Path(folder, "guide.typ")
        written.write_text(text, encoding="utf-8")
        return typst.compile(written, root=Path(folder), format="pdf", pdf_standards=["ua-1"], ignore_system_fonts=True)


def source(guide: Guide) -> str:
    """The guide in Typst's own language."""
    head = f"#let title = {_string(guide.title)}\n#let name = {_string(guide.name)}\n"
    return head + LAYOUT.read_text(encoding="utf-8") + "".join(map(_block, guide.tokens))


def _block(token: Token) -> str:
    if token.type == "inline":
        return "".join(map(_inline, token.children or ()))
    if token.type == "heading_open":
        return f"\n#heading(level: {int(token.tag[1]) - 1})["
    if token.type == "heading_close":
        return f"]<{token.meta['id']}>\n" if "id" in token.meta else "]\n"
    if token.type in ("fence", "code_block"):
        return f"\n#raw({_string(token.content)}, block: true)\n"
    return _BLOCKS[token.type]


def _inline(token: Token) -> str:
    if token.type == "text":
        return f"#{_string(token.content)}"
    if token.type == "code_inline":
        return f"#raw({_string(token.content)})"
    if token.type == "link_open":
        return f"#link({_target(str(token.attrs['href']))})["
    if token.type == "image":
        return _picture(str(token.attrs["src"]), token.content)
    return _MARKS[token.type]


def _picture(name: str, words: str) -> str:
    """As large as on a page of text, and never higher than most of a sheet."""
    width, height = pictures.size(name)
    return f"#shot({_string('/' + name)}, {_string(words)}, {min(WIDEST, width * SCALE, HIGHEST * width / height):.0f}pt)"


def _target(address: str) -> str:
    """A place in the guide, or an address that also leads somewhere from a sheet of paper."""
    if address.startswith("#"):
        return f"label({_string(address[1:])})"
    return _string(f"{settings.PORTAL_URL}{address}" if address.startswith("/") else address)


def _string(text: str) -> str:
    """A string literal: Typst's are JSON's, but for what needs no escape."""
    return json.dumps(text, ensure_ascii=False)


_BLOCKS: Mapping[str, str] = {
    "paragraph_open": "\n",
    "paragraph_close": "\n",
    "bullet_list_open": "\n#list(",
    "bullet_list_close": ")\n",
    "ordered_list_open": "\n#enum(",
    "ordered_list_close": ")\n",
    "list_item_open": "[",
    "list_item_close": "],",
    "blockquote_open": "\n#note[",
    "blockquote_close": "]\n",
    "hr": "\n",
}
_MARKS: Mapping[str, str] = {
    "strong_open": "#strong[",
    "strong_close": "]",
    "em_open": "#emph[",
    "em_close": "]",
    "link_close": "]",
    "softbreak": " ",
    "hardbreak": "#linebreak()",
}
