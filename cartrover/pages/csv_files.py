"""CSV files that people download and upload (RFC 4180, UTF-8), safe to open in a spreadsheet.

A spreadsheet runs what begins like a formula, and buyers write into orders. So such a text is written with an apostrophe before
it, which reading takes away again: what was exported may be imported as it is.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse

MOST_BYTES = 1_000_000
MOST_ROWS = 5_000
MOST_ERRORS = 50  # that are shown of one file

_LIKE_A_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_DELIMITERS = ",;\t"

Cell = str | int | Decimal | None


class BadFile(Exception):
    """The file as a whole cannot be read. ``args[0]`` says why, and what to do."""


# --------------------------------------------------------------------------------------------------------------------- writing


def lines(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The file, line by line: its header, then a line a row. Numbers stay numbers, None is empty."""
    yield _line(columns)
    for row in rows:
        yield _line(row)


def download(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """The file as an answer that the browser saves. Its mark of UTF-8 is what Excel needs to read it as that."""
    answer = HttpResponse("\ufeff" + "".join(lines(columns, rows)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _line(cells: Sequence[Cell]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow([_safe(cell) for cell in cells])
    return written.getvalue()


def _safe(cell: Cell) -> str | int | Decimal:
    if isinstance(cell, str):
        return f"'{cell}" if _LIKE_A_FORMULA.match(cell) else cell
    return "" if cell is None else cell


# --------------------------------------------------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Row:
    """A row's values by column. ``line`` is where it begins in the file."""

    line: int
    values: Mapping[str, str]


@dataclass(slots=True)
class Errors:
    """What is wrong with a file, by line: nothing of it is applied."""

    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, words: str) -> None:
        self.found.append((line, words))

    @property
    def shown(self) -> list[tuple[int, str]]:
        """In the order of the file, as many as a person wants to read."""
        return sorted(self.found)[:MOST_ERRORS]

    @property
    def more(self) -> int:
        return max(0, len(self.found) - MOST_ERRORS)

    def __bool__(self) -> bool:
        return bool(self.found)


def uploaded(file: UploadedFile | None) -> str:
    """The text of an uploaded file. Raises BadFile."""
    if file is None:
        raise BadFile("Choose a file first.")
    if (file.size or 0) > MOST_BYTES:
        raise BadFile(f"The file is larger than {MOST_BYTES // 1_000_000} MB. Split it into several.")
    return decoded(file.read())


def decoded(content: bytes) -> str:
    """A file's bytes as text. Raises BadFile."""
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise BadFile("This is an Excel workbook. Save it as CSV UTF-8 and upload that.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadFile(f"Line {line} is not UTF-8. In Excel choose the format CSV UTF-8 when you save.") from None
    if "\0" in text:
        raise BadFile(f"Line {text[: text.index(chr(0))].count(chr(10)) + 1} holds a NUL character, so this is no text file.")
    return text


def read(text: str, columns: Sequence[str], needed: Sequence[str], errors: Errors) -> list[Row]:
    """The rows of a file with a header, whatever the order and case of its columns. Empty lines are passed over.

    Args:
        columns: those that are known. One that is not is an error, since its values would be lost without a word.
        needed: those that must be there. Each row has all of ``columns``, empty where it has none.
        errors: gets what is wrong with single lines; such a row is left out.

    Raises BadFile.
    """
    records = _records(text)
    head_line, head = next(records, (1, []))
    names = [cell.strip().casefold() for cell in head]
    _check_head(names, columns, needed)
    rows = []
    for line, cells in records:
        if len(cells) > len(names):
            errors.add(line, f"has {len(cells)} values, and there are {len(names)} columns.")
            continue
        filled = dict.fromkeys(columns, "") | {name: _plain(cell) for name, cell in zip(names, cells, strict=False)}
        rows.append(Row(line, filled))
        if len(rows) > MOST_ROWS:
            raise BadFile(f"The file has more than {MOST_ROWS:,} rows. Split it into several.")
    if not rows and not errors:
        raise BadFile(f"The file has no rows after line {head_line}.")
    return rows


def _check_head(names: Sequence[str], columns: Sequence[str], needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in names]
    if missing:
        raise BadFile(f"The first line has no column {_listed(missing)}. It must name the columns: {', '.join(columns)}.")
    unknown = [name for name in names if name not in columns]
    if unknown:
        raise BadFile(f"The first line has a column {_listed(unknown)}, which is none of: {', '.join(columns)}.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadFile(f"The first line has the column {_listed(twice)} twice.")


def _listed(names: Sequence[str]) -> str:
    return " and ".join(f"“{name}”" for name in names)


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line at which it begins, cells) of each record that is not empty. Spreadsheets of some countries part by a semicolon."""
    head = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise BadFile(f"Line {begins} cannot be read: a quotation mark is open, or one stands where none may.") from None
        if any(cell.strip() for cell in cells):
            yield begins, cells
        begins = reader.line_num + 1


def _plain(cell: str) -> str:
    """Without the spaces round it, and without the apostrophe that writing put before it."""
    text = cell.strip(" ")
    return text[1:] if text.startswith("'") and _LIKE_A_FORMULA.match(text) else text
