"""CSV and XLSX as lines of text cells, and where in them the heads are."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook

from reconciliation.statements.columns import Layout, distinct, heads_key, recognised
from reconciliation.statements.model import MOST_ROWS, UnreadableError

_LOOKED_AT = 30
_MOST_UNPACKED = 200_000_000
Lines = list[list[str]]


def lines_of(content: bytes) -> Lines:
    """Every line of the table, its cells as text. UnreadableError when it is no table or too long."""
    lines = _sheet(content) if content.startswith(b"PK\x03\x04") else _comma(content)
    if len(lines) > MOST_ROWS:
        raise UnreadableError(f"The file has more than {MOST_ROWS:,} rows. Split it by month and upload the parts.")
    return lines


def heads_at(lines: Lines, known: Mapping[str, Layout]) -> int | None:
    """The line of the heads: one that a person explained before, one that is recognised, or the likeliest.

    None when no line looks like heads: then the table has none. UnreadableError when there is nothing like a table.
    """
    first = lines[:_LOOKED_AT]
    for at, line in enumerate(first):
        if heads_key(distinct(line)) in known:
            return at
    for at, line in enumerate(first):
        if is_heads(line):
            return at
    width = max((sum(map(bool, line)) for line in first), default=0)
    if width < 2:
        raise UnreadableError(
            "This is no table of bank lines: no header with a date and an amount was found in the first "
            f"{_LOOKED_AT} rows, nor two columns of anything. Upload CSV, XLSX, OFX, CAMT.053 or MT940."
        )
    return next((at for at, line in enumerate(first) if sum(map(bool, line)) == width and _is_words(line)), None)


def is_heads(line: Sequence[str]) -> bool:
    """Whether a day and an amount are among these heads."""
    return Layout(recognised(line)).is_complete


def _is_words(line: Sequence[str]) -> bool:
    return not any(re.search(r"\d", cell) for cell in line)


def _comma(content: bytes) -> Lines:
    text = _decode(content)
    # A NUL would stop the csv module in the middle of the file.
    source = csv.reader(io.StringIO(text.replace("\0", "")), delimiter=_delimiter(text))
    try:
        return [[cell.strip() for cell in line] for line in source]
    except csv.Error as error:
        raise UnreadableError(
            f"This is not a CSV file ({error}). Save the statement as CSV and upload that."
        ) from error


def _decode(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Older bank exports come in Windows' western code page.
        return content.decode("cp1252", errors="replace")


def _delimiter(text: str) -> str:
    lines = text.splitlines()[:_LOOKED_AT]
    for line in lines:
        for mark in (",", ";", "\t", "|"):
            if is_heads([cell.strip(' "') for cell in line.split(mark)]):
                return mark
    # Heads that nobody knows: the mark that most lines have most often.
    return max((";", "\t", "|", ","), key=lambda mark: sum(mark in line for line in lines))


def _sheet(content: bytes) -> Lines:
    try:
        with ZipFile(io.BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > _MOST_UNPACKED:
                raise UnreadableError("The workbook is too large when unpacked. Save only the sheet with the lines.")
        # Formulas stay formulas, so that they are refused instead of a value that nobody saw computed.
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False)
    except (BadZipFile, KeyError, OSError, ValueError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError("The file is no XLSX workbook. Save the statement as XLSX or CSV.") from error
    if not book.worksheets:
        raise UnreadableError("The workbook has no sheet.")
    found: Lines = []
    for line in book.worksheets[0].iter_rows(values_only=True):
        found.append([_text(cell) for cell in line])
        if len(found) > MOST_ROWS:
            break
    return found


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    if isinstance(cell, float):
        # What the spreadsheet shows: 0.1 and not its binary neighbour; -44.1 for -44.100000000000001.
        return f"{Decimal(repr(round(cell, 6))):f}"
    return str(cell).strip()
