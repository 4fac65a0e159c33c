"""Shapes written out as Python: one function a shape, plain fields in line, the others by their own functions.

A call for each field is what a declaration costs over code written by hand; a field that is nothing but a value at a
path needs none. The texts of a manifest enter the source only as quoted literals.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.engine.scalars import decimal, read_text

Read = Callable[[Any, Any], Any]
Put = Callable[[Any, Any, Any], None]


@dataclass(frozen=True, slots=True)
class PlainRead:
    """A field that is the converted value at a path of one or two names, None or [] where there is none."""

    steps: tuple[str, ...]
    convert: Callable[..., Any]
    is_list: bool = False
    takes_context: bool = False
    reference: tuple[str, str, str | None] | None = None
    """Properties of id and name, and the type: what most references need no call for."""


@dataclass(frozen=True, slots=True)
class PlainPut:
    """A field that is put, converted, at a path of one or two names."""

    steps: tuple[str, ...]
    convert: Callable[[Any], Any]


def is_plain(steps: Sequence[str | int]) -> bool:
    """Whether a path is short enough to be written out."""
    return 1 <= len(steps) <= 2 and all(isinstance(step, str) and step != "*" for step in steps)


class _Source:
    """Lines of a function and the objects they name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"Decimal": Decimal}

    def name(self, value: Any) -> str:
        """A name under which the function finds an object."""
        found = f"f{len(self.names)}"
        self.names[found] = value
        return found

    def function(self, head: str) -> Any:
        """The function `shape`."""
        body = "\n".join(f"    {line}" for line in self.lines)
        exec(f"def shape({head}):\n{body}", self.names)  # noqa: S102 - made of literals and our own names only
        return self.names["shape"]


def reader(fields: Iterable[tuple[str, Read, PlainRead | None]]) -> Read:
    """The function from a remote object and a context to the unified object with these fields."""
    source, outer, items = _Source(), dict[str, str](), []
    for name, read, plain in fields:
        items.append(f"{name!r}: {_value(source, outer, read, plain)},")
    source.lines = ["get = remote.get", *source.lines, "return {", *(f"    {item}" for item in items), "}"]
    made: Read = source.function("remote, context")
    return made


def _value(source: _Source, outer: dict[str, str], read: Read, plain: PlainRead | None) -> str:
    if plain is None:
        return f"{source.name(read)}(remote, context)"
    return _converted(source, plain, f"(v := {_at(source, outer, plain.steps)})")


def _at(source: _Source, outer: dict[str, str], steps: tuple[str, ...]) -> str:
    if len(steps) == 1:
        return f"get({steps[0]!r})"
    # Fields of one inner object share the way to it.
    if steps[0] not in outer:
        outer[steps[0]] = f"o{len(outer)}"
        source.lines.append(f"{outer[steps[0]]} = o if (o := get({steps[0]!r})).__class__ is dict else None")
    inner = outer[steps[0]]
    return f"({inner} if {inner} is None else {inner}.get({steps[1]!r}))"


def _converted(source: _Source, plain: PlainRead, value: str) -> str:
    convert = source.name(plain.convert)
    if plain.convert is read_text:
        return f"(v or None) if {value}.__class__ is str else (None if v is None else {convert}(v))"
    if plain.convert is decimal:
        return f"v if {value}.__class__ is Decimal or v is None else (None if v == '' else {convert}(v))"
    nothing = "[]" if plain.is_list else "None"
    call = f"{convert}(v, context)" if plain.takes_context else f"{convert}(v)"
    if plain.reference is not None:
        call = _reference(plain.reference, call)
    return f"{nothing} if {value} is None or v == '' else {call}"


def _reference(declared: tuple[str, str, str | None], otherwise: str) -> str:
    """An object with a text as its id, which nearly all are."""
    identity, name, kind = declared
    more = "" if kind is None else f", 'type': {kind!r}"
    found = f"{{'id': i, 'name': v.get({name!r}){more}}}"
    return f"({found} if v.__class__ is dict and (i := v.get({identity!r})).__class__ is str and i else {otherwise})"


def writer(fields: Iterable[tuple[str, Put, PlainPut | None]]) -> Put:
    """The procedure that puts what is given of these fields, in their order, into a remote object."""
    source = _Source()
    source.lines = ["given = unified.get"]
    for name, put, plain in fields:
        source.lines += [f"v = given({name!r})", "if v is not None:"]
        source.lines += [f"    {line}" for line in _putting(source, put, plain)]
    made: Put = source.function("unified, target, context")
    return made


def _putting(source: _Source, put: Put, plain: PlainPut | None) -> list[str]:
    if plain is None:
        return [f"{source.name(put)}(v, target, context)"]
    converted = f"{source.name(plain.convert)}(v)"
    if len(plain.steps) == 1:
        return [f"target[{plain.steps[0]!r}] = {converted}"]
    outer, inner = plain.steps
    return [
        f"o = target.get({outer!r})",
        "if o is None:",
        f"    target[{outer!r}] = {{{inner!r}: {converted}}}",
        "else:",
        f"    o[{inner!r}] = {converted}",
    ]
