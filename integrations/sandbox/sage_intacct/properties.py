"""Properties of REST objects as data: where each stands in REST and where in the neutral body, both ways."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from integrations.sandbox.books.money import decimal
from integrations.sandbox.sage_intacct import errors
from integrations.sandbox.sage_intacct.books import Books, money
from integrations.sandbox.sage_intacct.kinds import at
from integrations.sandbox.wire import Body

_IGNORED = frozenset({"key", "id", "href", "ia::operation", "ia::status"})
"""What a body may repeat of the record's address."""
_MOST = 10**12
"""Amounts, rates and quantities are below (the true limit is not verified)."""


@dataclass(frozen=True)
class Property:
    """One property: REST path, place in the neutral body (dotted), and form.

    Forms: text, date, money, number, flag, any, ref (`of` names the object), choice (`values`).
    `aliases` are other REST paths that are understood.
    """

    path: str
    place: str
    form: str = "text"
    of: str = ""
    values: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    default: Any = None


def ref(path: str, place: str, of: str, *aliases: str) -> Property:
    """A reference to another object."""
    return Property(path, place, "ref", of, aliases=aliases)


def own(form: str, *paths: str, **more: Any) -> tuple[Property, ...]:
    """Properties that the neutral books do not know: kept as they are."""
    return tuple(Property(path, f"own.{path.replace('.', '_')}", form, **more) for path in paths)


def put(body: Body, path: str, value: Any) -> None:
    """Set what stands at a dotted path, making the objects on the way."""
    *steps, last = path.split(".")
    for step in steps:
        body = body.setdefault(step, {})
    body[last] = value


def has(body: Any, path: str) -> bool:
    """Whether a dotted path is given, even as null."""
    for step in path.split("."):
        if not isinstance(body, dict) or step not in body:
            return False
        body = body[step]
    return True


def shown(books: Books, properties: Iterable[Property], body: Body) -> Body:
    """Every property of a neutral body in its REST place."""
    found: Body = {}
    for each in properties:
        put(found, each.path, _shown(books, each, at(body, each.place)))
    return found


def _shown(books: Books, each: Property, value: Any) -> Any:
    if value is None:
        value = each.default
    if each.form == "ref":
        return books.reference(each.of, value)
    if value is None:
        return None
    return money(value) if each.form == "money" else value


def read(books: Books, properties: Iterable[Property], given: Body, body: Body) -> None:
    """Put what is given into the neutral body. Raises SageError for values of a wrong kind."""
    for each in properties:
        path = next((path for path in (each.path, *each.aliases) if has(given, path)), None)
        if path is not None:
            put(body, each.place, value_of(books, each, path, at(given, path)))


def value_of(books: Books, each: Property, path: str, value: Any) -> Any:
    """One value as the neutral body keeps it."""
    if each.form == "ref":
        return books.given(each.of, {path: value}, path)
    if value in (None, ""):
        return None if each.form != "text" else value
    if each.form == "date":
        return day(value, path)
    if each.form in ("money", "number"):
        return amount(value, path)
    if each.form == "flag" and not isinstance(value, bool):
        raise errors.invalid_request(f"The value of field {path} must be true or false.")
    if each.form == "choice" and value not in each.values:
        raise errors.invalid_request(f"The value '{value}' of field {path} is not one of {', '.join(each.values)}.")
    if each.form == "text" and not isinstance(value, str):
        raise errors.invalid_request(f"The value of field {path} must be a string.")
    return value


def day(value: Any, path: str) -> str:
    """A date as YYYY-MM-DD. Raises 400."""
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        raise errors.invalid_request(f"The value '{value}' of field {path} is not a date in YYYY-MM-DD.") from error


def amount(value: Any, path: str) -> Any:
    """An amount, text or number, as Decimal. Raises 400."""
    try:
        found = decimal(value)
    except ValueError as error:
        raise errors.invalid_request(f"The value '{value}' of field {path} is not a number.") from error
    if not found.is_finite() or abs(found) >= _MOST:
        raise errors.invalid_request(f"The value '{value}' of field {path} is not a number.")
    return found


def entries(given: Any, path: str) -> list[Body]:
    """A list of objects, empty for null. Raises 400."""
    found = [] if given is None else given
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise errors.invalid_request(f"The value of field {path} must be an array of objects.")
    return found


def check_known(path: str, given: Body, known: Iterable[str], *, prefixes: Iterable[str] = ()) -> None:
    """Refuse properties that an object has not, or that cannot be written.

    `known` are whole paths; below a `prefixes` path everything is let through. Custom fields are checked elsewhere.
    """
    allowed = set(known)
    roots = {name for each in allowed for name in _parents(each)}
    free = set(prefixes)
    for name in _walk(given, allowed | free, roots):
        if name not in allowed and name not in free and name.rpartition(".")[2] not in _IGNORED and "::" not in name:
            raise errors.unknown_field(name, path)


def _parents(path: str) -> Iterable[str]:
    steps = path.split(".")
    return (".".join(steps[:count]) for count in range(1, len(steps)))


def _walk(given: Mapping[str, Any], leaves: set[str], roots: set[str], before: str = "") -> Iterable[str]:
    """Every path that is given: whole properties, and what stands inside objects that are none."""
    for name, value in given.items():
        path = f"{before}{name}"
        if path not in leaves and path in roots and isinstance(value, dict):
            yield from _walk(value, leaves, roots, f"{path}.")
        else:
            yield path
