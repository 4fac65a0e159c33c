"""Converters of single values; each knows both directions and keeps types: '4000' stays text, money stays exact."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from integrations.engine.sections import ManifestError, Section

Convert = Callable[[Any], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_XERO_DATE = re.compile(r"^/Date\((-?\d+)([+-]\d{4})?\)/$")


@dataclass(frozen=True, slots=True)
class Scalar:
    """`read` turns the ledger's value into ours, `write` ours into the ledger's; both raise ValueError."""

    read: Convert
    write: Convert


def read_text(value: Any) -> str:
    """A text, or the digits of a JSON number. Raises ValueError."""
    if value.__class__ is str:
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool | dict | list):
        raise ValueError(f"expected a text, got {value!r}")
    return str(value)


def text(options: Section) -> Scalar:
    """Text stays text; a JSON number becomes its digits. `max` refuses longer texts before the ledger would."""
    most = options.whole("max", 0)

    def write(value: Any) -> str:
        written: str = value if value.__class__ is str else read_text(value)
        if most and len(written) > most:
            raise ValueError(f"at most {most} characters, this has {len(written)}")
        return written

    return Scalar(read_text, write if most else read_text)


def decimal(value: Any) -> Decimal:
    """A Decimal of a JSON number or of a decimal text; never by way of a float. Raises ValueError."""
    if value.__class__ is Decimal:
        return value
    if value.__class__ is int:
        return Decimal(value)
    if isinstance(value, str):
        try:
            found = Decimal(value)
        except InvalidOperation as error:
            raise ValueError(f"expected a number, got {value!r}") from error
        if found.is_finite():
            return found
    raise ValueError(f"expected a number, got {value!r}")


def number(options: Section) -> Scalar:
    """Exact numbers; `written_as: text` for ledgers that want decimal text, `inverted` for rates told the other way."""
    written = {"number": decimal, "text": lambda value: format(decimal(value), "f")}
    if options.flag("inverted"):
        return Scalar(lambda value: _inverse(value, 10), lambda value: _inverse(value, 6))
    return Scalar(decimal, written[options.choice("written_as", written, "number")])


def _inverse(value: Any, places: int) -> Decimal:
    """One by the value, without idle zeros; zero stays."""
    return _turned(decimal(value), places)


@lru_cache(maxsize=1000)
def _turned(found: Decimal, places: int) -> Decimal:
    turned = (1 / found).quantize(Decimal(1).scaleb(-places)) if found else found
    return Decimal(f"{turned.normalize():f}")


def _read_whole(value: Any) -> int:
    found = decimal(value)
    if found != found.to_integral_value():
        raise ValueError(f"expected a whole number, got {value!r}")
    return int(found)


def whole(options: Section) -> Scalar:
    """Whole numbers."""
    return Scalar(_read_whole, _read_whole)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) and value else [value]


def flag(options: Section) -> Scalar:
    """true and false, however the ledger spells them (`true: T`, `false: F`); `inverted` for flags like isinactive.

    Of several spellings the first is written.
    """
    inverted = options.flag("inverted")
    spellings = {True: _listed(options.data.get("true", True)), False: _listed(options.data.get("false", False))}
    spelling = {flag: found[0] for flag, found in spellings.items()}
    known = {True: True, "true": True, "True": True, False: False, "false": False, "False": False}
    known.update({found: flag for flag, each in spellings.items() for found in each})

    def read(value: Any) -> bool:
        if value.__class__ not in (bool, str) or value not in known:
            raise ValueError(f"expected true or false, got {value!r}")
        return known[value] is not inverted

    def write(value: Any) -> Any:
        if not isinstance(value, bool):
            raise ValueError(f"expected true or false, got {value!r}")
        return spelling[value is not inverted]

    return Scalar(read, write)


def day(value: Any) -> date:
    """A book date of `2026-01-31` or of the day part of a longer ISO text; no zone is applied. Raises ValueError."""
    if value.__class__ is str:
        return date.fromisoformat(value if len(value) == 10 else value[:10])
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def moment(value: Any) -> datetime:
    """A UTC datetime of an ISO text; a text without offset is UTC. Raises ValueError."""
    found = datetime.fromisoformat(value) if value.__class__ is str else value
    if not isinstance(found, datetime):
        found = datetime.fromisoformat(str(value))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def a_date(options: Section) -> Scalar:
    """Book dates, `YYYY-MM-DD` over the wire."""

    def write(value: Any) -> str:
        return (value if value.__class__ is date else day(value)).isoformat()

    return Scalar(day, write)


def a_datetime(options: Section) -> Scalar:
    """Moments, ISO 8601 over the wire."""
    return Scalar(moment, lambda value: moment(value).isoformat())


def _xero_moment(text: str) -> datetime:
    match = _XERO_DATE.match(text)
    return _EPOCH + timedelta(milliseconds=int(match[1])) if match else moment(text)


@lru_cache(maxsize=5000)
def _xero_day(text: str) -> date:
    """Days recur on nearly every record of a page."""
    return _xero_moment(text).date()


def xero_date(options: Section) -> Scalar:
    """`/Date(1776988800000+0000)/`: milliseconds since 1970; `kind: date` reads the day without any zone shift."""
    is_day = options.choice("kind", frozenset({"date", "datetime"}), "datetime") == "date"

    def read(value: Any) -> date | datetime:
        return _xero_day(str(value)) if is_day else _xero_moment(str(value))

    return Scalar(read, (lambda v: day(v).isoformat()) if is_day else (lambda v: moment(v).isoformat()))


def enum(options: Section) -> Scalar:
    """`values: {ours: theirs}`; several of theirs may mean one of ours, the first is written; `other` is the rest."""
    values = options.mapping("values")
    if not values:
        raise ManifestError(f"{options.where}: values is missing, expected a mapping of our words to the ledger's")
    theirs = {ours: found if isinstance(found, list) else [found] for ours, found in values.items()}
    reading = {found: ours for ours, spellings in theirs.items() for found in spellings}
    writing = {ours: spellings[0] for ours, spellings in theirs.items()}
    other = options.optional_text("other")

    def read(value: Any) -> str | None:
        return reading.get(value, other)

    def write(value: Any) -> Any:
        if value not in writing:
            raise ValueError(f"{value!r} is unknown, expected one of {', '.join(writing)}")
        return writing[value]

    return Scalar(read, write)


_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def month(options: Section) -> Scalar:
    """1 to 12 ↔ the English name of a month."""

    def write(value: Any) -> str:
        if not isinstance(value, int) or not 1 <= value <= 12:
            raise ValueError(f"expected a month from 1 to 12, got {value!r}")
        return _MONTHS[value - 1]

    return Scalar(lambda value: _MONTHS.index(value) + 1, write)


SCALARS: Mapping[str, Callable[[Section], Scalar]] = {
    "text": text,
    "money": number,
    "number": number,
    "whole": whole,
    "bool": flag,
    "date": a_date,
    "datetime": a_datetime,
    "xero_date": xero_date,
    "enum": enum,
    "month": month,
}
