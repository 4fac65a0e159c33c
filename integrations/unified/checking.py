"""Checking and typing a unified record before it is written; every error names the path."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.unified.schema import Schema, Spec


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at a path of a record, such as `lines.0.amount`."""

    path: str
    text: str


class _Checker:
    """Walks a record along its schema, collecting problems and the typed copy."""

    def __init__(self, operation: str, *, allows_pending: bool) -> None:
        self.operation = operation
        self.allows_pending = allows_pending
        self.problems: list[Problem] = []

    def record(self, schema: Schema, record: Mapping[str, Any], path: str, operation: str) -> dict[str, Any]:
        """The typed copy of an object."""
        typed: dict[str, Any] = {}
        for name, value in record.items():
            at = f"{path}.{name}" if path else name
            spec = schema.get(name)
            if spec is None:
                self._say(at, f"is unknown; this record has {', '.join(sorted(schema))}")
            elif value is not None:
                typed[name] = self.value(spec, value, at)
            else:
                typed[name] = None
        for name, spec in schema.items():
            if operation in spec.needs and record.get(name) in (None, "", []):
                self._say(f"{path}.{name}" if path else name, f"is missing; it is needed to {operation}")
        return typed

    def value(self, spec: Spec, value: Any, path: str) -> Any:
        """The typed value; the value itself after saying what is wrong with it."""
        if spec.kind == "object":
            return self._object(spec, value, path)
        if spec.kind == "list":
            return self._list(spec, value, path)
        if spec.kind == "ref":
            return self._reference(value, path)
        if spec.kind == "text" and path.rpartition(".")[2] == "id" and self._is_pending(value):
            return value
        if spec.kind == "choice":
            if value not in spec.choices:
                self._say(path, f"must be one of {', '.join(spec.choices)}, not {value!r}")
            return value
        try:
            return _SCALARS[spec.kind](value)
        except (ValueError, InvalidOperation):
            self._say(path, f"must be {_EXPECTED[spec.kind]}, not {value!r}")
            return value

    def _object(self, spec: Spec, value: Any, path: str) -> Any:
        if not isinstance(value, Mapping):
            self._say(path, f"must be an object, not {value!r}")
            return value
        return self.record(spec.fields, value, path, "create")

    def _list(self, spec: Spec, value: Any, path: str) -> Any:
        if not isinstance(value, list):
            self._say(path, f"must be a list, not {value!r}")
            return value
        return [self._object(spec, item, f"{path}.{position}") for position, item in enumerate(value)]

    def _reference(self, value: Any, path: str) -> Any:
        if not isinstance(value, Mapping) or not value.get("id"):
            self._say(path, f'must be a reference such as {{"id": "12"}}, not {value!r}')
            return value
        if not isinstance(value["id"], str) and not self._is_pending(value["id"]):
            self._say(f"{path}.id", f"must be a text, not {value['id']!r}")
        if unknown := set(value) - {"id", "name", "type"}:
            self._say(path, f"is a reference: id, name and type only, not {', '.join(sorted(unknown))}")
        return dict(value)

    def _is_pending(self, value: Any) -> bool:
        """`{"posting": …}`: an id that another write will bring."""
        return self.allows_pending and isinstance(value, Mapping) and set(value) == {"posting"}

    def _say(self, path: str, text: str) -> None:
        self.problems.append(Problem(path, text))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return value


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool | float):
        raise ValueError(value)
    found = Decimal(value) if isinstance(value, str | int | Decimal) else Decimal("NaN")
    if not found.is_finite():
        raise ValueError(value)
    return found


def _whole(value: Any) -> int:
    found = _decimal(value)
    if found != int(found):
        raise ValueError(value)
    return int(found)


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def _date(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return date.fromisoformat(_text(value))


def _datetime(value: Any) -> datetime:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _currency(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 3 or not value.isalpha() or not value.isupper():
        raise ValueError(value)
    return value


_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "text": _text,
    "money": _decimal,
    "number": _decimal,
    "whole": _whole,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
    "currency": _currency,
    "any": lambda value: value,
}

_EXPECTED = {
    "text": "a text",
    "money": "an amount as decimal text",
    "number": "a number as decimal text",
    "whole": "a whole number",
    "bool": "true or false",
    "date": "a day such as 2026-01-31",
    "datetime": "a moment such as 2026-01-31T12:00:00Z",
    "currency": "a currency code such as EUR",
    "any": "anything",
}


def check(
    schema: Schema, record: Mapping[str, Any], operation: str, *, allows_pending: bool = False
) -> tuple[dict[str, Any], list[Problem]]:
    """The typed copy of a record (text amounts become Decimal, text days `date`), and what is wrong with it."""
    checker = _Checker(operation, allows_pending=allows_pending)
    return checker.record(schema, record, "", operation), checker.problems
