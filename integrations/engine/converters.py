"""What every converter is, and the context it may look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Remote = dict[str, Any]
Unified = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What the records of one organisation are read and written against.

    `values` holds `org`, `home_currency` and `country`; `lookups` the tables that a resource's declaration joins.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    lookups: Mapping[str, Any] = field(default_factory=dict)


NOWHERE = Context()


class FieldProblem(ValueError):
    """A value that a declaration cannot convert; `path` is where it stands in the record."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(f"{path}: {text}")
        self.path = path
        self.text = text


class FieldProblems(ValueError):
    """Everything that keeps a unified record from being written, as (path, what is wrong) pairs."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {text}" for path, text in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Converter:
    """`read(remote value, context)` and `write(unified value, context)`; None where there is no such direction.

    Both raise ValueError or TypeError for what they cannot convert. `is_list`: a missing value reads as an empty list.
    """

    read: Callable[[Any, Context], Any] | None
    write: Callable[[Any, Context], Any] | None
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One unified field of a record: how to read it from the remote record and put it into one."""

    name: str
    converter: str
    read: Callable[[Any, Context], Any] | None
    put: Callable[[Any, Remote, Context], None] | None
    required_on: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()
    not_in: frozenset[str] = frozenset()
    fits: Callable[[Any], bool] | None = None
    """Among alternatives: whether the remote record written so far allows this one."""


_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError)


class Shape:
    """The fields of a record, or of an object inside one, in the order of their declaration."""

    def __init__(self, fields: tuple[Field, ...], sends: Callable[[Remote], None] | None = None) -> None:
        self.fields = fields
        self._readers = tuple((field.name, field.read) for field in fields if field.read is not None)
        self._writers = tuple(field for field in fields if field.put is not None)
        self.sends = sends

    def read(self, remote: Any, context: Context) -> Unified:
        """The unified form of a remote object. Raises FieldProblem with the path of what cannot be read."""
        try:
            return {name: read(remote, context) for name, read in self._readers}
        except _UNREADABLE:
            raise self._explained(remote, context) from None

    def _explained(self, remote: Any, context: Context) -> FieldProblem:
        for name, read in self._readers:
            try:
                read(remote, context)
            except FieldProblem as problem:
                return FieldProblem(f"{name}.{problem.path}", problem.text)
            except _UNREADABLE as error:
                return FieldProblem(name, str(error))
        return FieldProblem(".", "unreadable")

    def write(self, unified: Mapping[str, Any], context: Context, operation: str = "create") -> Remote:
        """The remote form of a unified object: only what is given and not None. Raises FieldProblems."""
        target: Remote = {}
        problems: list[tuple[str, str]] = []
        if self.sends is not None:
            self.sends(target)
        country = context.values.get("country", "")
        for writer in self._writers:
            value = unified.get(writer.name)
            if value is None:
                if operation in writer.required_on:
                    problems.append((writer.name, f"is missing; the ledger needs it to {operation}"))
            elif country not in writer.not_in and (not writer.operations or operation in writer.operations):
                problems.extend(_put(writer, value, target, context))
        if problems:
            raise FieldProblems(problems)
        return target


def _put(field: Field, value: Any, target: Remote, context: Context) -> list[tuple[str, str]]:
    if field.put is None:
        return []
    try:
        field.put(value, target, context)
    except FieldProblems as inner:
        return [(f"{field.name}.{path}" if path else field.name, text) for path, text in inner.problems]
    except _UNREADABLE as error:
        return [(field.name, str(error))]
    return []
