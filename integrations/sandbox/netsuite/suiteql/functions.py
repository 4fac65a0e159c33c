"""Oracle's functions for the in-memory database."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from functools import wraps
from typing import Any

from integrations.sandbox.netsuite.suiteql import dates

Function = Callable[..., Any]


def _strict(function: Function) -> Function:
    """NULL in, NULL out, as Oracle's single-row functions do."""

    @wraps(function)
    def call(*values: Any) -> Any:
        return None if any(value is None for value in values) else function(*values)

    return call


def _nvl(value: Any, other: Any) -> Any:
    return other if value is None or value == "" else value


def _nvl2(value: Any, some: Any, none: Any) -> Any:
    return none if value is None or value == "" else some


def _decode(value: Any, *pairs: Any) -> Any:
    for position in range(0, len(pairs) - 1, 2):
        if pairs[position] == value or str(pairs[position]) == str(value):
            return pairs[position + 1]
    return pairs[-1] if len(pairs) % 2 else None


def _to_char(value: Any, picture: str | None = None) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and value.startswith(dates.MARK):
        return dates.shown(value, picture) if picture else dates.as_user(value)
    if picture is None:
        return text(value)
    places = len(picture.partition(".")[2]) if "." in picture else 0
    return f"{Decimal(str(value)):,.{places}f}" if "," in picture else f"{Decimal(str(value)):.{places}f}"


def _to_date(value: str, picture: str = "MM/DD/YYYY") -> str:
    return value if value.startswith(dates.MARK) else dates.inner(dates.parsed(value, picture))


def _to_number(value: Any, picture: str = "") -> float:
    return float(str(value).replace(",", ""))


def _trunc(value: Any, unit: Any = None) -> Any:
    if isinstance(value, str) and value.startswith(dates.MARK):
        return dates.truncated(value, str(unit or "DD"))
    step = Decimal(1).scaleb(-int(unit or 0))
    return float(Decimal(str(value)).quantize(step, ROUND_DOWN))


def _instr(value: str, part: str, start: int = 1, nth: int = 1) -> int:
    position = start - 2
    for _ in range(nth):
        position = str(value).find(str(part), position + 1)
        if position < 0:
            return 0
    return position + 1


def _pad(value: Any, width: int, filling: str, *, left: bool) -> str:
    kept = str(value)[:width]
    more = (filling * width)[: width - len(kept)]
    return more + kept if left else kept + more


def _extract(unit: str, value: Any) -> int:
    return int(getattr(dates.moment(value), unit.lower()))


def _plus(value: Any, days: Any, sign: int) -> Any:
    """`date + days`, `date - days`, `date - date`; plain numbers as ever."""
    is_date = isinstance(value, str) and value.startswith(dates.MARK)
    if not is_date:
        return float(value) + sign * float(days)
    if isinstance(days, str) and days.startswith(dates.MARK):
        return dates.days_between(value, days)
    return dates.shifted(value, sign * float(days))


def _now() -> str:
    return dates.inner(datetime.now(UTC))


_FUNCTIONS: dict[str, Function] = {
    "NVL": _nvl,
    "NVL2": _nvl2,
    "DECODE": _decode,
    "TO_CHAR": _to_char,
    "TO_DATE": _strict(_to_date),
    "TO_TIMESTAMP": _strict(_to_date),
    "TO_NUMBER": _strict(_to_number),
    "TRUNC": _strict(_trunc),
    "INSTR": _strict(_instr),
    "LPAD": _strict(lambda value, width, filling=" ": _pad(value, width, filling, left=True)),
    "RPAD": _strict(lambda value, width, filling=" ": _pad(value, width, filling, left=False)),
    "INITCAP": _strict(lambda value: str(value).title()),
    "CONCAT": lambda *values: "".join(text(value) or "" for value in values),
    "ADD_MONTHS": _strict(lambda value, months: dates.months_later(value, int(months))),
    "LAST_DAY": _strict(dates.month_end),
    "MONTHS_BETWEEN": _strict(lambda later, earlier: dates.days_between(later, earlier) / 30.4375),
    "GREATEST": _strict(max),
    "LEAST": _strict(min),
    "MOD": _strict(lambda value, by: value % by if by else value),
    "CEIL": _strict(lambda value: -int(-value // 1)),
    "FLOOR": _strict(lambda value: int(value // 1)),
    "POWER": _strict(lambda value, by: float(value) ** float(by)),
    "SIGN": _strict(lambda value: (value > 0) - (value < 0)),
    "NS_NOW": _now,
    "NS_TODAY": lambda: dates.truncated(_now()),
    "NS_PLUS": _strict(lambda value, days: _plus(value, days, 1)),
    "NS_MINUS": _strict(lambda value, days: _plus(value, days, -1)),
    "NS_EXTRACT": _strict(_extract),
}


def install(connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    for name, function in _FUNCTIONS.items():
        connection.create_function(name, -1, function)


def text(value: Any) -> str | None:
    """Any value as SuiteQL answers it: a text, None for NULL."""
    if value is None or isinstance(value, str):
        return dates.as_user(value) if value and value.startswith(dates.MARK) else value
    if isinstance(value, float):
        plain = f"{value:.8f}".rstrip("0").rstrip(".")
        return "0" if plain in ("-0", "") else plain
    return str(value)
