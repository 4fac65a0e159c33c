"""Workbooks: the one sheet with bank lines as lines of text cells; what only looks like a table is told by its kind."""

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zipfile import BadZipFile, ZipFile

from openpyxl import Workbook, load_workbook

from reconciliation.statements.model import MOST_ROWS, UnreadableError

LOOKED_AT = 30
Lines = list[list[str]]
_MOST_UNPACKED = 200_000_000
_OTHER_KINDS = (
    (b"%PDF", "This is a PDF, a picture of the statement. Ask the bank for CAMT.053, MT940, OFX, XLSX or CSV."),
    (b"\xd0\xcf\x11\xe0", "This is a workbook of the old kind (.xls). Open it and save it as XLSX or CSV."),
    (b"<html", "This is a web page that the bank calls a table. Open it in a spreadsheet and save it as XLSX or CSV."),
    (b"<!doctype html", "This is a web page, no statement. Download the statement from the bank again."),
)


def refuse_other_kinds(content: bytes) -> None:
    """UnreadableError for what people upload instead of a statement, with the way on."""
    head = content[:200].lstrip().lower()
    for beginning, words in _OTHER_KINDS:
        if head.startswith(beginning.lower()):
            raise UnreadableError(words)


def sheet_lines(content: bytes, is_heads: Callable[[Sequence[str]], bool]) -> Lines:
    """The lines of the only sheet whose first rows have heads of bank lines, or of the first sheet where none has.

    UnreadableError when it is no workbook, or when several sheets have bank lines: none of them may be passed over.
    """
    sheets = _book(content).worksheets
    if not sheets:
        raise UnreadableError("The workbook has no sheet.")
    told = [sheet for sheet in sheets if len(sheets) > 1 and any(map(is_heads, _lines(sheet, LOOKED_AT)))]
    if len(told) > 1:
        names = ", ".join(f"“{sheet.title}”" for sheet in told)
        raise UnreadableError(f"Several sheets of the workbook have bank lines: {names}. Upload each as a file.")
    return list(_lines((told or sheets)[0], MOST_ROWS + 1))


def _book(content: bytes) -> Workbook:
    try:
        with ZipFile(io.BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > _MOST_UNPACKED:
                raise UnreadableError("The workbook is too large when unpacked. Save only the sheet with the lines.")
        # Formulas stay formulas, so that they are refused instead of a value that nobody saw computed.
        return load_workbook(io.BytesIO(content), read_only=True, data_only=False)
    except (BadZipFile, KeyError, OSError, ValueError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError("The file is no XLSX workbook. Save the statement as XLSX or CSV.") from error


def _lines(sheet: Any, most: int) -> Iterator[list[str]]:
    for line in sheet.iter_rows(values_only=True, max_row=most):
        yield [_text(cell) for cell in line]


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    if isinstance(cell, float):
        # What the spreadsheet shows: 0.1 and not its binary neighbour; -44.1 for -44.100000000000001.
        shown = f"{Decimal(repr(round(cell, 6))):f}"
        # A number is no text that thousands could stand in: 1.234 is never 1234.
        return f"{shown}0" if len(shown.partition(".")[2]) == 3 else shown
    return str(cell).strip()
