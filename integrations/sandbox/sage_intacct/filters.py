"""Conditions of the query service: {"$op": {field: value}} joined by an expression such as 1 and (2 or 3)."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.sandbox.sage_intacct import errors
from integrations.sandbox.wire import Body

Value = Callable[[str], Any]
"""What a row holds at a dotted path."""
Test = Callable[[Value], bool]
_TOKEN = re.compile(r"\s*(\d+|\(|\)|and\b|or\b|not\b)", re.I)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T")


def comparable(value: Any, *, fold: bool = False) -> Any:
    """Texts of moments and numbers in a form that can be compared with one another."""
    if isinstance(value, bool):
        return ("text", str(value).lower())
    if isinstance(value, int | float | Decimal):
        return ("number", Decimal(str(value)))
    text = "" if value is None else str(value)
    if _MOMENT.match(text):
        return ("text", _moment(text))
    try:
        number = Decimal(text)
    except InvalidOperation:
        return ("text", text.casefold() if fold else text)
    return ("number", number) if number.is_finite() else ("text", text)


def _moment(text: str) -> str:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if found.tzinfo else text


def _is_same(held: Any, wanted: Any, fold: bool) -> bool:
    if held in (None, "") or wanted in (None, ""):
        return held in (None, "") and wanted in (None, "")
    if str(held) == str(wanted):
        return True
    one, other = comparable(held, fold=fold), comparable(wanted, fold=fold)
    # "007" and "7" are two ids; "100.00" and "100" one amount.
    is_amount = one[0] == "number" and "." in f"{held}{wanted}"
    return bool(one == other) and (one[0] == "text" or is_amount or not isinstance(held, str))


def _order(held: Any, wanted: Any) -> int | None:
    """-1, 0 or 1; None where nothing is held."""
    if held in (None, ""):
        return None
    if isinstance(held, str) and _MOMENT.match(held) and _DAY.fullmatch(str(wanted)):
        held = held[:10]
    one, other = comparable(held), comparable(wanted)
    if one[0] != other[0]:
        one, other = ("text", str(held)), ("text", str(wanted))
    return int(one[1] > other[1]) - int(one[1] < other[1])


class Among:
    """The values of $in: keys by the hundred are looked up, amounts and moments compared one by one."""

    def __init__(self, wanted: list[Any]) -> None:
        self._all = wanted
        self._texts = frozenset(each for each in wanted if isinstance(each, str))
        self._odd = [each for each in wanted if not isinstance(each, str) or not each.isalnum()]

    def holds(self, held: Any, fold: bool) -> bool:
        """Whether a row's value is one of them."""
        if isinstance(held, str) and held in self._texts:
            return True
        is_plain = isinstance(held, str) and held.isalnum() and not fold
        return any(_is_same(held, each, fold) for each in (self._odd if is_plain else self._all))


def among(wanted: "list[Any] | Among") -> Among:
    """The values, made ready once for many rows."""
    return wanted if isinstance(wanted, Among) else Among(wanted)


def _between(held: Any, wanted: Any, _: bool) -> bool:
    first, last = wanted
    return _order(held, first) in (0, 1) and _order(held, last) in (-1, 0)


def _text(test: Callable[[str, str], bool]) -> Callable[[Any, Any, bool], bool]:
    def check(held: Any, wanted: Any, fold: bool) -> bool:
        one, other = str(held or ""), str(wanted or "")
        return test(one.casefold(), other.casefold()) if fold else test(one, other)

    return check


_CONTAINS = _text(lambda held, wanted: wanted in held)
_STARTS = _text(str.startswith)
_ENDS = _text(str.endswith)
OPERATORS: dict[str, Callable[[Any, Any, bool], bool]] = {
    "$eq": _is_same,
    "$ne": lambda held, wanted, fold: not _is_same(held, wanted, fold),
    "$lt": lambda held, wanted, fold: _order(held, wanted) == -1,
    "$lte": lambda held, wanted, fold: _order(held, wanted) in (-1, 0),
    "$gt": lambda held, wanted, fold: _order(held, wanted) == 1,
    "$gte": lambda held, wanted, fold: _order(held, wanted) in (0, 1),
    "$in": lambda held, wanted, fold: among(wanted).holds(held, fold),
    "$notIn": lambda held, wanted, fold: not among(wanted).holds(held, fold),
    "$between": _between,
    "$notBetween": lambda held, wanted, fold: not _between(held, wanted, fold),
    "$contains": _CONTAINS,
    "$notContains": lambda held, wanted, fold: not _CONTAINS(held, wanted, fold),
    "$startsWith": _STARTS,
    "$notStartsWith": lambda held, wanted, fold: not _STARTS(held, wanted, fold),
    "$endsWith": _ENDS,
    "$notEndsWith": lambda held, wanted, fold: not _ENDS(held, wanted, fold),
}


def test_of(given: Body, today: date) -> Test:
    """The condition of a whole query. Raises 400 for what is malformed."""
    filters = given.get("filters") or []
    parameters = given.get("filterParameters") or {}
    if not isinstance(filters, list) or not isinstance(parameters, dict):
        raise errors.invalid_request("filters must be an array and filterParameters an object.")
    fold = parameters.get("caseSensitiveComparison") is False
    day = _as_of(parameters.get("asOfDate"), today)
    tests = [_one(each, fold, day) for each in filters]
    if not tests:
        return lambda value: True
    expression = str(given.get("filterExpression") or "and").strip()
    if expression.lower() in ("and", "or"):
        expression = f" {expression} ".join(str(place + 1) for place in range(len(tests)))
    return _Expression(expression, tests).test


def _as_of(told: Any, today: date) -> date:
    if not told:
        return today
    try:
        return date.fromisoformat(str(told))
    except ValueError as error:
        raise errors.invalid_request("asOfDate is not a date in YYYY-MM-DD.") from error


def _one(given: Any, fold: bool, today: date) -> Test:
    if not isinstance(given, dict) or len(given) != 1:
        raise errors.invalid_request("A filter is an object with one operator.")
    operator, operand = next(iter(given.items()))
    if operator not in OPERATORS or not isinstance(operand, dict) or len(operand) != 1:
        raise errors.invalid_request(f"The filter operator {operator} is not valid.")
    field, raw = next(iter(operand.items()))
    is_many = operator in ("$in", "$notIn", "$between", "$notBetween")
    if is_many != isinstance(raw, list) or (operator.endswith("etween") and len(raw) != 2):
        raise errors.invalid_request(f"The value of {operator} for {field} is not valid.")
    if raw is None and operator not in ("$eq", "$ne"):
        raise errors.invalid_request(f"null is not allowed for {operator}.")
    wanted = _plain(raw, today)
    if operator in ("$in", "$notIn"):
        wanted = among(wanted)
    if operator == "$eq" and isinstance(wanted, tuple):
        return lambda value: _between(value(field), wanted, fold)
    check = OPERATORS[operator]
    return lambda value: check(value(field), wanted[0] if isinstance(wanted, tuple) else wanted, fold)


def _plain(value: Any, today: date) -> Any:
    r"""Escaped quotes (\') undone; today, currentMonth and so on as the days they stand for."""
    if isinstance(value, list):
        return [_plain(each, today) for each in value]
    if not isinstance(value, str):
        return value
    return relative(value, today) or value.replace("\\'", "'")


def relative(word: str, today: date) -> Any:
    """A day, or a (first, last) pair of days; None for any other word."""
    first = today.replace(day=1)
    before = first - timedelta(days=1)
    next_month = (first + timedelta(days=32)).replace(day=1)
    year = today.replace(month=1, day=1)
    spans: dict[str, date | tuple[date, date]] = {
        "today": today, "yesterday": today - timedelta(days=1), "tomorrow": today + timedelta(days=1),
        "currentMonth": (first, next_month - timedelta(days=1)), "priorMonth": (before.replace(day=1), before),
        "currentYear": (year, today.replace(month=12, day=31)),
        "priorYear": (year.replace(year=year.year - 1), year - timedelta(days=1)),
    }  # fmt: skip
    found = spans.get(word)
    if isinstance(found, tuple):
        return found[0].isoformat(), found[1].isoformat()
    return found.isoformat() if found else None


class _Expression:
    """1 and (2 or 3), by descent; `and` binds closer than `or`."""

    def __init__(self, text: str, tests: list[Test]) -> None:
        self._tests = tests
        self._tokens = self._split(text)
        self._next = next(self._tokens, "")
        self.test = self._either()
        if self._next:
            raise errors.invalid_request(f"The filterExpression {text} is not valid.")

    @staticmethod
    def _split(text: str) -> Iterator[str]:
        place = 0
        while text[place:].strip():
            match = _TOKEN.match(text, place)
            if match is None:
                raise errors.invalid_request(f"The filterExpression {text} is not valid.")
            place = match.end()
            yield match[1].lower()

    def _take(self) -> str:
        token, self._next = self._next, next(self._tokens, "")
        return token

    def _either(self) -> Test:
        found = [self._both()]
        while self._next == "or":
            self._take()
            found.append(self._both())
        return found[0] if len(found) == 1 else lambda value: any(each(value) for each in found)

    def _both(self) -> Test:
        found = [self._single()]
        while self._next == "and":
            self._take()
            found.append(self._single())
        return found[0] if len(found) == 1 else lambda value: all(each(value) for each in found)

    def _single(self) -> Test:
        word = self._take()
        if word == "not":
            inner = self._single()
            return lambda value: not inner(value)
        if word == "(":
            inner = self._either()
            if self._take() != ")":
                raise errors.invalid_request("The filterExpression is missing a bracket.")
            return inner
        if word.isdigit() and 0 < int(word) <= len(self._tests):
            return self._tests[int(word) - 1]
        raise errors.invalid_request(f"The filterExpression names {word or 'nothing'}, which is no filter.")
