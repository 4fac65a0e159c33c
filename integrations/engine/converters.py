"""What every converter is, and the context it may look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.engine import inlining
from integrations.engine.inlining import PlainPut, PlainRead, Put

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
    reference: tuple[str, str, str | None] | None = None
    """Reading is no more than id and name by these properties, and a constant type."""
    check: Callable[[Any, Remote], None] | None = None
    """In place of writing: raises ValueError unless the value fits what the record says so far."""


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
    plain_read: PlainRead | None = None
    plain_put: PlainPut | None = None
    fallback: str = ""
    """The fact of the organisation that is written where the ledger needs the field and the record does not give it."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one operation writes: the fields it cannot do without, and how each field is put."""

    operation: str
    required: tuple[str, ...]
    fallbacks: Mapping[str, str]
    puts: Mapping[str, Put]
    write: Put


_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError)


class Shape:
    """The fields of a record, or of an object inside one, in the order of their declaration."""

    def __init__(self, fields: tuple[Field, ...], sends: Callable[[Remote], None] | None = None) -> None:
        self.fields = fields
        self._readers = tuple((field.name, field.read) for field in fields if field.read is not None)
        self._read = inlining.reader((f.name, f.read, f.plain_read) for f in fields if f.read is not None)
        self._writers = tuple(field for field in fields if field.put is not None)
        self._plans: dict[tuple[str, str], _Plan] = {}
        self.sends = sends

    def read(self, remote: Any, context: Context) -> Unified:
        """The unified form of a remote object. Raises FieldProblem with the path of what cannot be read."""
        try:
            found: Unified = self._read(remote, context)
            return found
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
        country = context.values.get("country", "")
        plan = self._plans.get((operation, country)) or self._plan(operation, country)
        target: Remote = {}
        if self.sends is not None:
            self.sends(target)
        if plan.fallbacks:
            known = {name: context.values.get(fact) for name, fact in plan.fallbacks.items()}
            unified = known | {name: value for name, value in unified.items() if value is not None}
        try:
            plan.write(unified, target, context)
        except _UNREADABLE:
            raise FieldProblems(self._problems(plan, unified, context)) from None
        for name in plan.required:
            if unified.get(name) is None:
                raise FieldProblems(self._problems(plan, unified, context))
        return target

    def _plan(self, operation: str, country: str) -> "_Plan":
        """What an operation writes in a country, worked out once."""
        sent = [
            field
            for field in self._writers
            if country not in field.not_in and (not field.operations or operation in field.operations)
        ]
        plan = self._plans[operation, country] = _Plan(
            operation,
            tuple(field.name for field in self._writers if operation in field.required_on),
            {f.name: f.fallback for f in self._writers if f.fallback and operation in f.required_on},
            {field.name: field.put for field in sent if field.put is not None},
            inlining.writer((field.name, field.put, field.plain_put) for field in sent if field.put is not None),
        )
        return plan

    def _problems(self, plan: "_Plan", unified: Mapping[str, Any], context: Context) -> list[tuple[str, str]]:
        """Everything that is wrong with an object that could not be written, in the order of the declaration."""
        target: Remote = {}
        if self.sends is not None:
            self.sends(target)
        problems: list[tuple[str, str]] = []
        for writer in self._writers:
            name, value = writer.name, unified.get(writer.name)
            if value is None and name in plan.required:
                problems.append((name, f"is missing; the ledger needs it to {plan.operation}"))
            elif value is not None and name in plan.puts:
                problems.extend(_put(name, plan.puts[name], value, target, context))
        return problems


def _put(name: str, put: Put, value: Any, target: Remote, context: Context) -> list[tuple[str, str]]:
    try:
        put(value, target, context)
    except FieldProblems as inner:
        return [(f"{name}.{path}" if path else name, text) for path, text in inner.problems]
    except _UNREADABLE as error:
        return [(name, str(error))]
    return []
