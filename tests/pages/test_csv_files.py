"""CSV files: what goes out comes in again, no spreadsheet runs it, and a bad file is refused in words by line."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from cartrover.pages import csv_files
from cartrover.pages.csv_files import BadFile, Errors

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12).map(lambda text: text.strip(" "))
ROWS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS).filter(lambda row: any(cell.strip() for cell in row)), min_size=1, max_size=6)
COLUMNS = ("sku", "title", "note")


def read(text: str, *, needed: tuple[str, ...] = ("sku",)) -> list[tuple[str, ...]]:
    errors = Errors()
    rows = csv_files.read(text, COLUMNS, needed, errors)
    assert not errors
    return [tuple(row.values[name] for name in COLUMNS) for row in rows]


@given(rows=ROWS)
def test_what_is_written_is_read_again_letter_by_letter(rows: list[tuple[str, ...]]) -> None:
    written = "".join(csv_files.lines(COLUMNS, rows))
    assert read(csv_files.decoded(("\ufeff" + written).encode())) == rows


@given(rows=ROWS)
def test_no_text_begins_like_a_formula(rows: list[tuple[str, ...]]) -> None:
    written = "".join(csv_files.lines(COLUMNS, rows))
    cells = [cell for row in csv.reader(io.StringIO(written, newline="")) for cell in row]
    assert not [cell for cell in cells if cell[:1] and cell[0] in "=+-@\t\r\n＝＋－＠"]


def test_numbers_stay_numbers_and_lines_end_as_the_rfc_says() -> None:
    assert "".join(csv_files.lines(("a", "b"), [(-3, Decimal("-1.50")), (None, 'x, "y"')])) == (
        'a,b\r\n-3,-1.50\r\n,"x, ""y"""\r\n'
    )


def test_a_download_is_saved_under_its_name_and_opens_as_utf_8() -> None:
    answer = csv_files.download("skus.csv", ("sku",), [("GRÜN",)])
    assert answer["Content-Disposition"] == 'attachment; filename="skus.csv"'
    assert answer.content == b"\xef\xbb\xbfsku\r\nGR\xc3\x9cN\r\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_may_stand_in_any_order_and_case_and_be_parted_as_the_country_does(delimiter: str) -> None:
    text = delimiter.join(("Title ", "SKU")) + "\n" + delimiter.join(("Tent", " T-1 ")) + "\n\n"
    assert read(text) == [("T-1", "Tent", "")]


def test_a_row_tells_the_line_where_it_begins() -> None:
    rows = csv_files.read('sku,title\n"A","two\nlines"\n\nB,x\n', COLUMNS, ("sku",), Errors())
    assert [(row.line, row.values["sku"]) for row in rows] == [(2, "A"), (5, "B")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no column"),
        (b"sku\n", "no rows after line 1"),
        (b"title\nx\n", "no column \u201csku\u201d"),
        (b"sku,colour\nx,red\n", "a column \u201ccolour\u201d"),
        (b"sku,SKU\nx,y\n", "twice"),
        (b"sku,title\nA,B\nGR\xdcN,x\n", "Line 3 is not UTF-8"),
        (b"sku\nA\0B\n", "Line 2 holds a NUL"),
        (b'sku\n"A\n', "Line 2 cannot be read"),
        (b'sku\nA"\n"B" x\n', "Line 3 cannot be read"),
        (b"PK\x03\x04....", "Excel workbook"),
        (b"sku\n" + b"x\n" * (csv_files.MOST_ROWS + 1), "more than 5,000 rows"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(content: bytes, words: str) -> None:
    with pytest.raises(BadFile) as refused:
        csv_files.read(csv_files.decoded(content), COLUMNS, ("sku",), Errors())
    assert words in str(refused.value)


def test_a_file_that_is_too_large_is_not_read() -> None:
    with pytest.raises(BadFile, match="larger than 1 MB"):
        csv_files.uploaded(SimpleUploadedFile("x.csv", b"x" * (csv_files.MOST_BYTES + 1)))
    with pytest.raises(BadFile, match="Choose a file"):
        csv_files.uploaded(None)


def test_a_line_with_too_many_values_is_an_error_of_that_line() -> None:
    errors = Errors()
    rows = csv_files.read("sku,title\nA,B,C\nD\n", COLUMNS, ("sku",), errors)
    assert errors.shown == [(2, "has 3 values, and there are 2 columns.")]
    assert [row.values["sku"] for row in rows] == ["D"]


def test_only_so_many_errors_are_shown_as_a_person_reads() -> None:
    errors = Errors([(line, "is wrong.") for line in range(csv_files.MOST_ERRORS + 7, 0, -1)])
    assert (errors.shown[0], len(errors.shown), errors.more) == ((1, "is wrong."), csv_files.MOST_ERRORS, 7)
