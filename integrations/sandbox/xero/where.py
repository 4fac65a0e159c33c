"""The .NET-like expressions of `where`, tried against what a list shows."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from integrations.sandbox.wire import Body
from integrations.sandbox.xero.errors import query_error

Test = Callable[[Body], bool]
_TOKEN = re.compile(r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<call>DateTime|[Gg]uid)\s*\(
    (?P<inside>[^)]*)\)|(?P<join>&&|\|\||\bAND\b|\bOR\b)|(?P<sign>==|!=|>=|<=|>|<|=)|(?P<open>\()|(?P<close>\))
    |(?P<word>[A-Za-z][A-Za-z0-9.]*))""", re.VERBOSE)  # fmt: skip
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b, "=": lambda a, b: a == b, "!=": lambda a, b: a != b, ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, "<": lambda a, b: a < b,
}  # fmt: skip
_METHODS: dict[str, Callable[[str, str], bool]] = {
    "Contains": lambda text, part: part in text, "StartsWith": lambda text, part: text.startswith(part),
    "EndsWith": lambda text, part: text.endswith(part),
}  # fmt: skip
_WORDS = {"true": True, "false": False, "null": None}


def parse(expression: str) -> Test:
    """A test of shown records. Raises QueryParseException."""
    found, place = [], 0
    text = expression.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise query_error(f"Syntax error at index {place}")
        found.append((str(match.lastgroup if match.lastgroup != "inside" else "call"), match))
        place = match.end()
    parser = _Parser(found)
    test = parser.any_of()
    if parser.tokens:
        raise query_error("Syntax error")
    return test


class _Parser:
    """Recursive descent: OR of ANDs of comparisons."""

    def __init__(self, tokens: list[tuple[str, re.Match[str]]]) -> None:
        self.tokens = tokens

    def _take(self, kind: str) -> re.Match[str]:
        if not self.tokens or self.tokens[0][0] != kind:
            raise query_error(f"{kind} expected")
        return self.tokens.pop(0)[1]

    def _joined(self, *words: str) -> bool:
        if self.tokens and self.tokens[0][0] == "join" and self.tokens[0][1]["join"] in words:
            self.tokens.pop(0)
            return True
        return False

    def any_of(self) -> Test:
        """a OR b."""
        tests = [self.all_of()]
        while self._joined("||", "OR"):
            tests.append(self.all_of())
        return lambda row: any(test(row) for test in tests)

    def all_of(self) -> Test:
        """a AND b."""
        tests = [self.one()]
        while self._joined("&&", "AND"):
            tests.append(self.one())
        return lambda row: all(test(row) for test in tests)

    def one(self) -> Test:
        """A comparison, a method, or parentheses."""
        if self.tokens and self.tokens[0][0] == "open":
            self._take("open")
            test = self.any_of()
            self._take("close")
            return test
        path = self._take("word")["word"].split(".")
        if path[-1] in _METHODS:
            method = _METHODS[path.pop()]
            self._take("open")
            part = self._value()
            self._take("close")
            return lambda row: method(str(reach(row, path) or ""), str(part))
        if path[-1] in ("ToLower", "ToUpper"):
            return self._lowered(path)
        sign, value = _SIGNS[self._take("sign")["sign"]], self._value()
        return lambda row: _compared(sign, reach(row, path), value)

    def _lowered(self, path: list[str]) -> Test:
        self._take("open")
        self._take("close")
        lower = path.pop() == "ToLower"
        sign, value = _SIGNS[self._take("sign")["sign"]], self._value()

        def test(row: Body) -> bool:
            text = str(reach(row, path) or "")
            return sign(text.lower() if lower else text.upper(), value)

        return test

    def _value(self) -> Any:
        kind, match = self.tokens.pop(0) if self.tokens else ("", None)
        if match is None or kind not in ("text", "number", "call", "word"):
            raise query_error("a value is expected")
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", match["text"][1:-1])
        if kind == "number":
            return Decimal(match["number"])
        if kind == "word":
            if match["word"].lower() not in _WORDS:
                raise query_error(f"No property or field '{match['word']}' exists")
            return _WORDS[match["word"].lower()]
        return _called(match["call"], match["inside"])


def _called(name: str, inside: str) -> Any:
    if name != "DateTime":
        return inside.strip().strip('"').lower()
    try:
        return date(*[int(part) for part in inside.split(",")][:3])
    except (TypeError, ValueError) as error:
        raise query_error(f"DateTime({inside}) is no date") from error


def reach(row: Body, path: list[str]) -> Any:
    """A property of what is shown; days as dates. Raises QueryParseException for a name that no record knows."""
    value: Any = row
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, str) and value.startswith("/Date("):
        seconds = int(re.findall(r"-?\d+", value)[0]) / 1000
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).date()
    return value


def _compared(sign: Callable[[Any, Any], bool], ours: Any, value: Any) -> bool:
    if isinstance(ours, int) and not isinstance(ours, bool):
        ours = Decimal(ours)
    try:
        return sign(ours, value)
    except TypeError:
        return False
