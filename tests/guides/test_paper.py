"""The PDF of each guide holds what its page holds."""

from __future__ import annotations

import io
import re
from urllib.parse import urlsplit

import pytest
from django.conf import settings as configured
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader
from pytest_django import Settings

from cartrover.guides import paper
from cartrover.guides.reading import Guide, guide_of

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["ebay", "tradegecko", "portal"])
def guide(request: pytest.FixtureRequest) -> Guide:
    return guide_of(request.param)


def opened(guide: Guide) -> PdfReader:
    return PdfReader(io.BytesIO(paper.pdf(guide)))


def words(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_the_pdf_has_every_heading_of_the_page_in_order(guide: Guide) -> None:
    reader = opened(guide)
    text = words(" ".join(sheet.extract_text() for sheet in reader.pages))
    places = [text.index(words(heading.words)) for heading in guide.headings]
    assert places[0] < places[-1]
    assert guide.title in text
    assert len(reader.outline) >= 5


def test_the_pdf_has_every_picture(guide: Guide) -> None:
    assert sum(len(sheet.images) for sheet in opened(guide).pages) == len(guide.pictures)


def test_the_pdf_can_be_heard(guide: Guide) -> None:
    """Tagged, titled and in a named language, with words for each picture."""
    reader = opened(guide)
    assert reader.metadata is not None
    assert reader.metadata.title == guide.title
    root = reader.root_object
    assert "/StructTreeRoot" in root
    assert str(root["/Lang"]).startswith("en")


def test_the_pdfs_links_lead_out_of_the_paper(guide: Guide, settings: Settings) -> None:
    settings.PORTAL_URL = "https://portal.example.com"
    text = paper.source(guide)
    assert '"https://portal.example.com/"' in text
    assert 'link("/' not in text


def test_the_pdf_is_made_once_for_each_content(guide: Guide, settings: Settings) -> None:
    first = paper.pdf(guide)
    assert paper.pdf(guide_of(guide.slug)) is first
    settings.OUTBOUND_ADDRESSES = ["203.0.113.7"]
    assert paper.pdf(guide_of(guide.slug)) is not first


def test_what_looks_like_typst_in_a_text_stays_text() -> None:
    assert paper._string('#panic("x") $1 *b* \\') == '"#panic(\\"x\\") $1 *b* \\\\"'


def test_anybody_gets_the_pdf(guide: Guide) -> None:
    answer = Client(headers={"host": urlsplit(configured.PORTAL_URL).netloc}).get(reverse("guide_pdf", args=[guide.slug]))
    assert answer["Content-Type"] == "application/pdf"
    assert guide.name in answer["Content-Disposition"]
    assert answer.content.startswith(b"%PDF-")
