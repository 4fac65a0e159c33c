"""Dates inside the query engine: a mark, then ISO text, so that they sort, and are known for dates in an answer."""

import re
from datetime import UTC, datetime, timedelta

MARK = "\x1d"
"""Begins every date value inside the engine; texts never begin with it."""

_PICTURES = (
    ("YYYY", "%Y"), ("MONTH", "%B"), ("MON", "%b"), ("MM", "%m"), ("DD", "%d"), ("DAY", "%A"), ("DY", "%a"),
    ("HH24", "%H"), ("HH12", "%I"), ("HH", "%I"), ("MI", "%M"), ("SS", "%S"), ("AM", "%p"), ("PM", "%p"),
    ("YY", "%y"), ("Q", "\x00"),
)  # fmt: skip
_FORM = re.compile("|".join(name for name, _ in _PICTURES), re.IGNORECASE)
_DIRECTIVES = dict(_PICTURES)


class DateProblem(ValueError):
    """A text that is no date in its picture."""


def inner(moment: datetime) -> str:
    """A moment as the engine holds it."""
    return f"{MARK}{moment:%Y-%m-%d %H:%M:%S}"


def of_day(text: str | None) -> str | None:
    """A book date `2026-01-31` as the engine holds it."""
    return f"{MARK}{text[:10]} 00:00:00" if text else None


def of_seconds(seconds: float) -> str:
    """Epoch seconds as the engine holds them, in UTC: the zone a user would see is a preference."""
    return inner(datetime.fromtimestamp(int(seconds), UTC))


def moment(value: object) -> datetime:
    """The moment of a date value; a text in the user's own date format counts as one. Raises DateProblem."""
    text = str(value)
    if text.startswith(MARK):
        return datetime.fromisoformat(text[1:]).replace(tzinfo=UTC)
    return parsed(text, "MM/DD/YYYY")


def parsed(text: str, picture: str) -> datetime:
    """A text read by an Oracle picture. Raises DateProblem."""
    try:
        return datetime.strptime(text.strip(), _directives(picture)).replace(tzinfo=UTC)
    except ValueError as error:
        raise DateProblem(f"Invalid date: {text}") from error


def shown(value: object, picture: str) -> str:
    """A date value written by an Oracle picture."""
    found = moment(value)
    text = found.strftime(_directives(picture))
    return text.replace("\x00", str((found.month + 2) // 3))


def _directives(picture: str) -> str:
    bare = picture[2:] if picture.upper().startswith("FM") else picture
    return _FORM.sub(lambda match: _DIRECTIVES[match[0].upper()], bare.replace("%", "%%"))


def as_user(value: str) -> str:
    """How a date comes back when nothing formats it: the user's own format."""
    found = moment(value)
    return f"{found.month}/{found.day}/{found.year}"


def shifted(value: object, days: float) -> str:
    """So many days later."""
    return inner(moment(value) + timedelta(days=days))


def months_later(value: object, months: int) -> str:
    """The same day so many months later, or the month's last."""
    found = moment(value)
    count = found.year * 12 + found.month - 1 + months
    year, month = divmod(count, 12)
    for day in range(found.day, 27, -1):
        try:
            return inner(found.replace(year=year, month=month + 1, day=day))
        except ValueError:
            continue
    return inner(found.replace(year=year, month=month + 1))


def month_end(value: object) -> str:
    """The last day of the month."""
    following = moment(months_later(inner(moment(value).replace(day=1)), 1))
    return inner(following - timedelta(days=1))


def days_between(later: object, earlier: object) -> float:
    """Days from one date to another."""
    return (moment(later) - moment(earlier)).total_seconds() / 86400


def truncated(value: object, unit: str = "DD") -> str:
    """The beginning of the day, month, quarter or year."""
    found = moment(value).replace(hour=0, minute=0, second=0)
    name = unit.upper()
    if name in ("MONTH", "MON", "MM"):
        found = found.replace(day=1)
    elif name == "Q":
        found = found.replace(month=(found.month - 1) // 3 * 3 + 1, day=1)
    elif name in ("YEAR", "YYYY", "YY"):
        found = found.replace(month=1, day=1)
    return inner(found)
