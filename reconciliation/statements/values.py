"""Amounts and days as banks write them."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from reconciliation.statements.model import RowProblemError

# Months as English, German, Dutch, French, Spanish, Italian, Portuguese and Nordic banks begin them, without accents.
_MONTHS = {
    beginning: month
    for month, beginnings in enumerate(
        (
            ("jan", "ene", "gen"), ("feb", "fev"), ("mar", "mrz", "mrt", "maa"), ("apr", "abr", "avr"),
            ("may", "mai", "mei", "mag", "maj"), ("jun", "juin", "giu"), ("jul", "juil", "lug"),
            ("aug", "ago", "aou"), ("sep", "set"), ("oct", "okt", "ott", "out"), ("nov",), ("dec", "dez", "dic", "des"),
        ),
        start=1,
    )
    for beginning in beginnings
}  # fmt: skip
_AMOUNT_REMEDY = "Write digits with one decimal mark, such as 1250.00 or -12.50."
_DATE_REMEDY = "Write the day as 2026-11-21."
_SERIAL_REMEDY = "A spreadsheet counts days so: give the column the format of a date there, save, and upload again."
_SIDE = re.compile(r"^(CR|DR)\s+|\s*(CR|DR|(?<=[\d\s])[CD])$")
_CURRENCY = re.compile(r"^([A-Z]{3}\s|[A-Z]{0,2}[£$€¥₹₩₺₽])|(\s?[A-Z]{3}|\s(KR|ZŁ|KČ|FT)|[£$€¥₹₩₺₽])$")
_GAP = re.compile(r"(?<=\d)[\s\u00a0\u202f'\u2019](?=\d{3}(?!\d))")
# Thousands, or lakhs and crores: the last group has three digits, those before it two or three.
_GROUPED = re.compile(r"\d{1,3}(?P<mark>[.,])(?:\d{3}(?P=mark))*\d{3}|\d{1,2}(?P<lakh>[.,])(?:\d{2}(?P=lakh))*\d{3}")
_ONE_MARK = re.compile(r"(\d*)([.,])(\d*)")
_NUMBER = re.compile(r"-?[\d.,'\u2019\s\u00a0\u202f]*\d")
_WEEKDAY = r"(?:[^\W\d_]{2,10}\.?,?\s+)?"
_NAMED = re.compile(
    rf"{_WEEKDAY}(\d{{1,2}})(?:st|nd|rd|th|\.)?[-/. ]*(?:de )?([^\W\d_]{{3,}})\.?[-/., ]*(?:de )?"
    r"(\d{4}|\d{2})(?:[T ,].*)?",
    re.IGNORECASE,
)
_NAMED_FIRST = re.compile(
    r"(?:[^\W\d_]{2,10}\.?,\s+)?([^\W\d_]{3,})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?:[T ,].*)?"
)


def read_amount(text: str, *, comma: bool = False) -> Decimal:
    """A signed amount as people write it: 1,234.56, 1.234,56, (12.00), 12.00-, -5 EUR; ValueError in words.

    `comma` decides only what an amount itself leaves open, such as 1.234; 1.234,56 and 12.5 are what they are.
    """
    if text.lstrip().startswith("="):
        raise RowProblemError(f"{text!r} is a formula, not an amount.", "Paste it as a value.")
    value = text.replace("\u2212", "-").strip().upper()
    side = _SIDE.search(value)
    value = _CURRENCY.sub("", _SIDE.sub("", value).strip()).strip()
    is_negative = value.startswith(("-", "(")) or value.endswith("-") or (side is not None and "D" in side[0])
    digits = _CURRENCY.sub("", _GAP.sub("", value).strip("()+- "))
    number = _plain(digits.strip(), comma=comma) if digits.isascii() else None
    if number is None:
        raise RowProblemError(f"{text!r} is not an amount.", _AMOUNT_REMEDY)
    return -number if is_negative else number


def _plain(digits: str, *, comma: bool) -> Decimal | None:
    """Digits with their marks; None when no way of writing numbers has them so."""
    whole, point, rest = _parted(digits, comma=comma)
    if whole and not whole.isdecimal():
        if not _GROUPED.fullmatch(whole) or (point and point in whole):
            return None
        whole = re.sub(r"[.,]", "", whole)
    if not (whole or rest) or (rest and not rest.isdecimal()):
        return None
    return Decimal(f"{whole or 0}.{rest or 0}") if point else Decimal(whole)


def _parted(digits: str, *, comma: bool) -> tuple[str, str, str]:
    """Whole part (with its groups), decimal mark and decimals; no mark where all of it is whole."""
    at = max(digits.rfind("."), digits.rfind(","))
    if at < 0:
        return digits, "", ""
    mark = digits[at]
    is_alone = digits.count(mark) == 1
    has_other = ("," if mark == "." else ".") in digits
    is_open = is_alone and not has_other and _is_open(digits)
    if not is_alone or (is_open and (mark == ",") != comma):
        return digits, "", ""
    return digits[:at], mark, digits[at + 1 :]


def _is_open(digits: str) -> bool:
    """Whether one mark may stand before thousands as well as before decimals: 1.234, but neither 12.5 nor 0.125."""
    found = _ONE_MARK.fullmatch(digits)
    return found is not None and len(found[3]) == 3 and 1 <= len(found[1]) <= 3 and not found[1].startswith("0")


def read_date(text: str, *, day_first: bool) -> date:
    """A day as banks write it; ValueError in words otherwise."""
    value = " ".join(text.split())
    if not value:
        raise RowProblemError("The date is missing.", _DATE_REMEDY)
    parts = _date_parts(value, day_first=day_first)
    if parts is None:
        remedy = _SERIAL_REMEDY if re.fullmatch(r"[2-6]\d{4}", value) else _DATE_REMEDY
        if not any(letter.isdigit() for letter in value):
            remedy = f"{_DATE_REMEDY} Nothing is to be done if the row is a total."
        raise RowProblemError(f"{text!r} is not a date.", remedy)
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
    if (found := _NAMED.fullmatch(value)) and (month := _month(found[2])):
        return int(found[3]), month, int(found[1])
    if (found := _NAMED_FIRST.fullmatch(value)) and (month := _month(found[1])):
        return int(found[3]), month, int(found[2])
    if found := re.match(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?:\s.*)?$", value):
        first, second = int(found[1]), int(found[2])
        return (int(found[3]), second, first) if day_first else (int(found[3]), first, second)
    return None


def _month(word: str) -> int | None:
    letters = "".join(c for c in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(c))
    return _MONTHS.get(letters[:4]) or _MONTHS.get(letters[:3])


def days_come_first(values: Iterable[str], *, otherwise: bool) -> bool:
    """Whether 03/04 is the third of April: decided by a number above 12 anywhere in the column, else `otherwise`."""
    told = told_order(values)
    return otherwise if told is None else told


def told_order(values: Iterable[str]) -> bool | None:
    """Whether the day stands first, as far as the values themselves say so; None when they leave it open."""
    firsts, seconds = 0, 0
    for value in values:
        parts = re.match(r"(\d{1,2})[./ -](\d{1,2})[./ -](?:\d{4}|\d{2})(?:\s|$)", value.strip())
        if parts:
            firsts, seconds = max(firsts, int(parts[1])), max(seconds, int(parts[2]))
    return None if (firsts > 12) == (seconds > 12) else firsts > 12


def has_decimal_comma(values: Iterable[str], *, places: int = 2) -> bool:
    """Whether amounts are written 1.234,56 rather than 1,234.56: decided by all of them.

    Those that can mean one thing only decide; where there are none, three digits behind a mark are thousands, unless
    the currency has three decimal `places`.
    """
    sure, likely = 0, 0
    for value in values:
        found = _NUMBER.search(value)
        digits = _GAP.sub("", found[0]).strip(" -") if found else ""
        if not _ONE_MARK.search(digits):
            continue
        says = 1 if max(digits.rfind("."), digits.rfind(",")) == digits.rfind(",") else -1
        if _is_open(digits):
            likely += says if places > 2 else -says
        elif digits.count("," if says > 0 else ".") > 1:
            sure -= says
        else:
            sure += says
    return (sure or likely) > 0
