"""The `q` filter of record collections: `companyName CONTAIN "x" AND (balance GREATER 0)`."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.sandbox.netsuite import errors
from integrations.sandbox.wire import Body

Test = Callable[[Body], bool]

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([()\[\],])|([^\s()\[\],"]+))')
_FORMATS = ("%m/%d/%Y", "%m/%d/%y", "%m/%d/%Y %I:%M %p", "%m/%d/%y %I:%M %p", "%Y-%m-%d")
_TEXT: dict[str, Callable[[str, str], bool]] = {
    "CONTAIN": lambda value, wanted: wanted in value,
    "IS": lambda value, wanted: value == wanted,
    "START_WITH": lambda value, wanted: value.startswith(wanted),
    "END_WITH": lambda value, wanted: value.endswith(wanted),
}
_NUMBER: dict[str, Callable[[Decimal, list[Decimal]], bool]] = {
    "EQUAL": lambda value, wanted: value == wanted[0],
    "GREATER": lambda value, wanted: value > wanted[0],
    "LESS": lambda value, wanted: value < wanted[0],
    "GREATER_OR_EQUAL": lambda value, wanted: value >= wanted[0],
    "LESS_OR_EQUAL": lambda value, wanted: value <= wanted[0],
    "BETWEEN": lambda value, wanted: wanted[0] <= value <= wanted[1],
    "WITHIN": lambda value, wanted: wanted[0] <= value <= wanted[1],
}
_DATE: dict[str, Callable[[datetime, datetime, bool], bool]] = {
    "AFTER": lambda value, wanted, is_day: (value.date() > wanted.date()) if is_day else value > wanted,
    "BEFORE": lambda value, wanted, is_day: value < wanted,
    "ON": lambda value, wanted, is_day: value.date() == wanted.date(),
    "ON_OR_AFTER": lambda value, wanted, is_day: value >= wanted,
    "ON_OR_BEFORE": lambda value, wanted, is_day: (value.date() <= wanted.date()) if is_day else value <= wanted,
}  # fmt: skip
_KNOWN = {*_TEXT, *_NUMBER, *_DATE, "ANY_OF", "EMPTY"}


def compiled(text: str) -> Test:
    """The test of a filter. Raises NetSuiteError."""
    parser = _Parser(text)
    test = parser.either()
    if parser.at < len(parser.tokens):
        raise _invalid(text)
    return test


def _invalid(text: str) -> errors.NetSuiteError:
    return errors.parameter(f"Invalid value for the query parameter 'q'. Provided value: {text}.", "q")


class _Parser:
    """OR of ANDs of conditions, with parentheses."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, bool]] = []
        self.at = 0
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if match is None:
                raise _invalid(text)
            quoted = match[1]
            self.tokens.append((quoted, True) if quoted is not None else (match[2] or match[3], False))
            position = match.end()

    def either(self) -> Test:
        tests = [self._both()]
        while self._word("OR"):
            tests.append(self._both())
        return lambda body: any(test(body) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._word("AND"):
            tests.append(self._one())
        return lambda body: all(test(body) for test in tests)

    def _one(self) -> Test:
        if self._word("("):
            inner = self.either()
            self._need(")")
            return inner
        name, operator = self._take(), self._take().upper()
        is_negated = operator.endswith("_NOT")
        operator = operator.removesuffix("_NOT")
        if operator not in _KNOWN:
            raise _invalid(self.text)
        values = [] if operator == "EMPTY" else self._values()
        return lambda body: _holds(_value(body, name), operator, values) is not is_negated

    def _values(self) -> list[str]:
        if not self._word("["):
            return [self._take()]
        found = [self._take()]
        while self._word(","):
            found.append(self._take())
        self._need("]")
        return found

    def _word(self, word: str) -> bool:
        if self.at < len(self.tokens) and not self.tokens[self.at][1] and self.tokens[self.at][0].upper() == word:
            self.at += 1
            return True
        return False

    def _need(self, word: str) -> None:
        if not self._word(word):
            raise _invalid(self.text)

    def _take(self) -> str:
        if self.at >= len(self.tokens):
            raise _invalid(self.text)
        self.at += 1
        return self.tokens[self.at - 1][0]


def _value(body: Body, path: str) -> Any:
    found: Any = {name.lower(): value for name, value in body.items()}.get(path.split(".")[0].lower())
    return found.get("id") if isinstance(found, dict) else found


def _holds(value: Any, operator: str, wanted: list[str]) -> bool:
    if operator == "EMPTY":
        return value in (None, "", [])
    if value is None:
        return False
    if isinstance(value, bool):
        return operator == "IS" and value is (wanted[0].lower() == "true")
    if operator == "ANY_OF":
        return str(value) in wanted
    if operator in _DATE:
        return _date_holds(value, operator, wanted[0])
    if operator in _TEXT:
        return _TEXT[operator](str(value).casefold(), wanted[0].casefold())
    try:
        return _NUMBER[operator](Decimal(str(value)), [Decimal(each) for each in wanted])
    except (InvalidOperation, IndexError) as error:
        raise errors.parameter(f"Invalid value for operator {operator}.", "q") from error


def _date_holds(value: Any, operator: str, wanted: str) -> bool:
    for form in _FORMATS:
        try:
            moment = datetime.strptime(wanted, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return _DATE[operator](_moment(value), moment, "%I" not in form)
    raise errors.parameter(f"Invalid date '{wanted}'. Use the date format of your user preferences.", "q")


def _moment(value: Any) -> datetime:
    found = (
        datetime.fromisoformat(str(value))
        if "T" in str(value)
        else datetime.combine(date.fromisoformat(str(value)), datetime.min.time())
    )
    return found if found.tzinfo else found.replace(tzinfo=UTC)
