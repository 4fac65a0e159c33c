"""Values between REST bodies and the neutral books: references, enumerations, dates, numbers, flags."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Protocol

from integrations.sandbox.books import money
from integrations.sandbox.netsuite import errors
from integrations.sandbox.netsuite.properties import Property
from integrations.sandbox.wire import Body

YES, NO = (True, "true", "T", "True"), (False, "false", "F", "False")


class Directory(Protocol):
    """What references are resolved and named by."""

    def resolve(self, target: str, key: str, field: str) -> str:
        """The neutral id behind a NetSuite id. Raises NetSuiteError."""

    def resolve_external(self, target: str, key: str, field: str) -> str:
        """The neutral id behind an external id. Raises NetSuiteError."""

    def reference(self, target: str, key: str) -> Body | None:
        """A reference with its link and name, None when nothing is there."""


def stamp(seconds: float) -> str:
    """Epoch seconds as REST shows them."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def enum(key: str, label: str = "") -> Body:
    """An enumeration's value."""
    return {"id": key, "refName": label or key}


def read(prop: Property, value: Any, directory: Directory) -> Any:
    """A property's value as the books keep it. Raises INVALID_CONTENT or a wrong reference."""
    if value is None or value == "":
        return None
    try:
        return _READERS[prop.kind](prop, value, directory)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise errors.content(
            f"Invalid value for the resource or sub-resource field '{prop.name}'. {error}", prop.name
        ) from error


def _text(prop: Property, value: Any, directory: Directory) -> str:
    if isinstance(value, dict | list | bool):
        raise ValueError("Provide a valid string value.")
    return str(value)


def _number(prop: Property, value: Any, directory: Directory) -> Decimal:
    if isinstance(value, dict | list):
        raise ValueError("Provide a valid number value.")
    return money.decimal(value)


def _flag(prop: Property, value: Any, directory: Directory) -> bool:
    if value in YES or value in NO:
        return value in YES
    raise ValueError("Provide a valid boolean value.")


def _day(prop: Property, value: Any, directory: Directory) -> str:
    return date.fromisoformat(str(value)[:10]).isoformat()


def _reference(prop: Property, value: Any, directory: Directory) -> str:
    if isinstance(value, dict):
        if value.get("externalId") and not value.get("id"):
            return directory.resolve_external(prop.target, str(value["externalId"]), prop.name)
        value = value.get("id")
    if value is None or isinstance(value, dict | list | bool):
        raise ValueError("Provide a valid reference.")
    return directory.resolve(prop.target, str(value), prop.name)


def _enum(prop: Property, value: Any, directory: Directory) -> str:
    return str(value["id"] if isinstance(value, dict) else value)


def _kept(prop: Property, value: Any, directory: Directory) -> Any:
    return value


_READERS: dict[str, Callable[[Property, Any, Directory], Any]] = {
    "text": _text, "number": _number, "int": lambda prop, value, directory: int(_number(prop, value, directory)),
    "bool": _flag, "date": _day, "datetime": _text, "ref": _reference, "enum": _enum, "object": _kept,
}  # fmt: skip


def shown(prop: Property, value: Any, directory: Directory) -> Any:
    """A kept value as REST shows it; None where it is left out."""
    if value is None:
        return None
    match prop.kind:
        case "ref":
            return directory.reference(prop.target, str(value))
        case "enum":
            return value if isinstance(value, dict) else enum(str(value))
        case "number":
            return Decimal(str(value))
        case "int":
            return int(value)
    return value


def at(body: Body, path: str) -> Any:
    """The value at a dotted path of a neutral body."""
    found: Any = body
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def put(body: Body, path: str, value: Any) -> None:
    """Set the value at a dotted path; None empties it."""
    *steps, last = path.split(".")
    for step in steps:
        body[step] = dict(body.get(step) or {})
        body = body[step]
    if value is None:
        body.pop(last, None)
    else:
        body[last] = value
