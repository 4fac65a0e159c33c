"""Conditions on a remote record, as data: `{Balance: 0, PrivateNote: {starts: Voided}}` holds when all tests hold."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.engine import paths
from integrations.engine.sections import ManifestError, Section, listed, shown

Holds = Callable[[Any], bool]


def compiled(data: Mapping[str, Any], where: str) -> Holds:
    """A function from a remote record to whether every test holds. Raises ManifestError."""
    tests = [_test(path, expected, f"{where}.{path}") for path, expected in data.items()]
    if not tests:
        return lambda record: True
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda record: first(record) and second(record)
    return lambda record: all(test(record) for test in tests)


def settings(data: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The plain equalities of a condition: what writing has to set so that reading finds it true."""
    return [(path, value) for path, value in data.items() if not isinstance(value, Mapping)]


def _test(path: str, expected: Any, where: str) -> Holds:
    get = paths.getter(path)
    if isinstance(expected, Mapping):
        section = Section.of("condition", expected, where)
        if len(section.data) != 1:
            raise ManifestError(f"{where}: expected exactly one test of {listed(TESTS)}, got {shown(dict(expected))}")
        name, operand = next(iter(section.data.items()))
        return TESTS[name](get, operand)
    if isinstance(expected, str | bool) and len(steps := paths.split(path)) == 1 and steps[0] != "*":
        # By far the most frequent: asked for every line of every document.
        (key,) = steps
        return lambda record: record.__class__ is dict and bool(record.get(key) == expected)
    if isinstance(expected, str | bool | int):
        return _equals(get, expected)
    raise ManifestError(f"{where}: expected a text, a number, true, false or a test, got {shown(expected)}")


def _equals(get: paths.Get, expected: Any) -> Holds:
    if isinstance(expected, bool | str):
        return lambda record: bool(get(record) == expected)
    return lambda record: amount(get(record)) == expected


def amount(value: Any) -> Decimal | None:
    """The number in a remote value, None where there is none."""
    if value.__class__ is Decimal:
        return value
    if value.__class__ is int:
        return Decimal(value)
    if isinstance(value, bool) or value is None or value == "":
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _starts(get: paths.Get, operand: Any) -> Holds:
    beginning = str(operand)
    return lambda record: bool(found := get(record)) and str(found).startswith(beginning)


def _within(get: paths.Get, operand: Any) -> Holds:
    allowed = frozenset(operand)
    return lambda record: get(record) in allowed


def _present(get: paths.Get, operand: Any) -> Holds:
    wanted = bool(operand)
    return lambda record: (get(record) not in (None, "", [], {})) is wanted


def _different(get: paths.Get, operand: Any) -> Holds:
    return lambda record: get(record) != operand


def _below(get: paths.Get, operand: Any) -> Holds:
    other = _other(operand)

    def holds(record: Any) -> bool:
        left, right = amount(get(record)), other(record)
        return left is not None and right is not None and left < right

    return holds


def _above(get: paths.Get, operand: Any) -> Holds:
    other = _other(operand)

    def holds(record: Any) -> bool:
        left, right = amount(get(record)), other(record)
        return left is not None and right is not None and left > right

    return holds


def _other(operand: Any) -> Callable[[Any], Decimal | None]:
    """The other side of a comparison: a number, or the path of one."""
    if isinstance(operand, str):
        get = paths.getter(operand)
        return lambda record: amount(get(record))
    fixed = Decimal(str(operand))
    return lambda record: fixed


TESTS: Mapping[str, Callable[[paths.Get, Any], Holds]] = {
    "starts": _starts,
    "in": _within,
    "present": _present,
    "not": _different,
    "below": _below,
    "above": _above,
}
