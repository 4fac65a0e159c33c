"""CSV and XLSX as lines of text cells, and where in them the heads are."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from reconciliation.statements.columns import Layout, distinct, heads_key, recognised
from reconciliation.statements.model import MOST_ROWS, PROBLEM, UnreadableError
from reconciliation.statements.workbooks import LOOKED_AT, Lines, refuse_other_kinds, sheet_lines

_LOOKED_AT = LOOKED_AT


def lines_of(content: bytes) -> Lines:
    """Every line of the table, its cells as text. UnreadableError when it is no table or too long."""
    refuse_other_kinds(content)
    lines = sheet_lines(content, is_heads) if content.startswith(b"PK\x03\x04") else _comma(content)
    if len(lines) > MOST_ROWS:
        raise UnreadableError(f"The file has more than {MOST_ROWS:,} rows. Split it by month and upload the parts.")
    return lines


def heads_at(lines: Lines, known: Mapping[str, Layout]) -> tuple[int | None, int]:
    """The line of the heads, and the first line under them: heads that a person explained before, that are
    recognised, or the likeliest.

    None when no line looks like heads: then the table has none. UnreadableError when there is nothing like a table.
    """
    first = lines[:_LOOKED_AT]
    for at in range(len(first)):
        if heads_key(heads_of(lines, at, at + 1)) in known:
            return at, at + 1
        if at + 1 < len(first) and heads_key(heads_of(lines, at, at + 2)) in known:
            return at, at + 2
    for at, line in enumerate(first):
        if is_heads(line):
            return at, at + 1 + _goes_on(lines, at)
    width = max((sum(map(bool, line)) for line in first), default=0)
    if width < 2:
        raise UnreadableError(
            "This is no table of bank lines: no header with a date and an amount was found in the first "
            f"{_LOOKED_AT} rows, nor two columns of anything. Upload CSV, XLSX, OFX, CAMT.053 or MT940."
        )
    likely = (at for at, line in enumerate(first) if sum(map(bool, line)) == width and _is_words(line))
    found = next(likely, None)
    return found, 0 if found is None else found + 1


def heads_of(lines: Lines, at: int, begin: int) -> tuple[str, ...]:
    """The heads, of one line or of two that belong together: "Amount" over "in" is "Amount in"."""
    heads = lines[at]
    for under in lines[at + 1 : begin]:
        heads = [" ".join(filter(None, pair)) for pair in zip_longest(heads, under, fillvalue="")]
    found = distinct(heads)
    return found[:-1] if found[-1:] == (PROBLEM,) else found


def _goes_on(lines: Lines, at: int) -> bool:
    """Whether the heads have a second line: words only, and what both say is still a day and an amount."""
    under = lines[at + 1] if at + 1 < len(lines) else []
    is_second = sum(map(bool, under)) > 1 and _is_words(under) and not is_heads(under)
    return is_second and is_heads(heads_of(lines, at, at + 2))


def is_heads(line: Sequence[str]) -> bool:
    """Whether a day and an amount are among these heads."""
    return Layout(recognised(line)).is_complete


def _is_words(line: Sequence[str]) -> bool:
    return not any(re.search(r"\d", cell) for cell in line)


def _comma(content: bytes) -> Lines:
    # A NUL would stop the csv module in the middle of the file.
    text = _decode(content).replace("\0", "")
    mark = _delimiter(text)
    found: Lines = []
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=mark):
            found += _unswallowed(line, mark, len(found[-1]) if found else 0)
    except csv.Error as error:
        raise UnreadableError(
            f"This is not a CSV file ({error}). Save the statement as CSV and upload that."
        ) from error
    return found


def _unswallowed(line: list[str], mark: str, width: int) -> Lines:
    """The line; where a quotation mark was opened and never closed, the lines that its cell swallowed, each by itself.

    `width` is the number of cells of the line before: a text of several lines has all cells, a swallowing one has not.
    """
    cells = [cell.strip() for cell in line]
    if len(cells) >= width or not cells or "\n" not in cells[-1]:
        return [cells]
    begun, *swallowed = cells[-1].split("\n")
    own = [*cells[:-1], *(cell.strip() for cell in begun.split(mark))]
    return [own, *([cell.strip() for cell in each] for each in csv.reader(swallowed, delimiter=mark))]


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
