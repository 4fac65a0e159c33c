"""Amounts and days as banks write them."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation

from reconciliation.statements.model import RowProblemError

_MONTHS = {
    name: at
    for at, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}  # fmt: skip
_AMOUNT_REMEDY = "Write digits with one decimal mark, such as 1250.00 or -12.50."
_DATE_REMEDY = "Write the day as 2026-11-21."


def read_amount(text: str, *, comma: bool = False) -> Decimal:
    """A signed amount as people write it: 1,234.56, 1.234,56, (12.00), 12.00-, -5 EUR; ValueError in words."""
    if text.lstrip().startswith("="):
        raise RowProblemError(f"{text!r} is a formula, not an amount.", "Paste it as a value.")
    value = text.replace("\u2212", "-").strip()
    value = re.sub(r"^[A-Z]{3}\s|\s?[A-Z]{3}$|[£$€¥\s\u00a0\u202f'\u2019]", "", value)
    is_negative = value.startswith(("-", "(")) or value.endswith(("-", "DR", "D"))
    digits = re.sub(r"(CR|DR|[CD])$", "", value).strip("()+-")
    decimal_mark = "," if comma else "."
    digits = digits.replace("." if comma else ",", "").replace(decimal_mark, ".")
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", digits):
        raise RowProblemError(f"{text!r} is not an amount.", _AMOUNT_REMEDY)
    try:
        return -Decimal(digits) if is_negative else Decimal(digits)
    except InvalidOperation as error:
        raise RowProblemError(f"{text!r} is not an amount.", _AMOUNT_REMEDY) from error


def read_date(text: str, *, day_first: bool) -> date:
    """A day as banks write it; ValueError in words otherwise."""
    value = text.strip()
    if not value:
        raise RowProblemError("The date is missing.", _DATE_REMEDY)
    parts = _date_parts(value, day_first=day_first)
    if parts is None:
        raise RowProblemError(f"{text!r} is not a date; write it as 2026-11-21.", _DATE_REMEDY)
    year, month, day = parts
    try:
        return date(year + 2000 if year < 100 else year, month, day)
    except ValueError as error:
        raise RowProblemError(f"{text!r} is not a day of the calendar.", _DATE_REMEDY) from error


def _date_parts(value: str, *, day_first: bool) -> tuple[int, int, int] | None:
    if found := re.match(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?$", value):
        return int(found[1]), int(found[2]), int(found[3])
    if found := re.fullmatch(r"(\d{4})(\d{2})(\d{2})", value):
        return int(found[1]), int(found[2]), int(found[3])
    if found := re.match(r"(\d{1,2})[-/. ]([A-Za-z]{3})[a-z]*[-/. ](\d{2,4})", value):
        month = _MONTHS.get(found[2].lower())
        return (int(found[3]), month, int(found[1])) if month else None
    if found := re.match(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?:\s.*)?$", value):
        first, second = int(found[1]), int(found[2])
        return (int(found[3]), second, first) if day_first else (int(found[3]), first, second)
    return None


def days_come_first(values: Iterable[str], *, otherwise: bool) -> bool:
    """Whether 03/04 is the third of April: decided by a number above 12 anywhere in the column, else `otherwise`."""
    firsts, seconds = 0, 0
    for value in values:
        parts = re.fullmatch(r"(\d{1,2})[./ -](\d{1,2})[./ -]\d{2,4}", value)
        if parts:
            firsts, seconds = max(firsts, int(parts[1])), max(seconds, int(parts[2]))
    if (firsts > 12) == (seconds > 12):
        return otherwise
    return firsts > 12


def has_decimal_comma(values: Iterable[str]) -> bool:
    """Whether amounts are written 1.234,56 rather than 1,234.56: decided by all of them."""
    commas = points = 0
    for value in values:
        commas += bool(re.search(r",\d{1,2}\)?-?\s*\D*$", value))
        points += bool(re.search(r"\.\d{1,2}\)?-?\s*\D*$", value))
    return commas > points
