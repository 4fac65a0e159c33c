"""Lines of several kinds, each kind in a list of its own: where a line stands tells what it is."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from integrations.engine import conditions, paths
from integrations.engine.converters import Context, Converter, FieldProblem, FieldProblems, Shape
from integrations.engine.sections import Section

if TYPE_CHECKING:
    from integrations.engine.composites import Shapes

_Kind = tuple[str, Shape, conditions.Holds]


def placed_lines(options: Section, shapes: "Shapes") -> Converter:
    """`kinds: {item: {at: item.items, …}, account: {at: expense.items, …}}`: all lists read into one, in this order."""
    kinds: list[_Kind] = []
    for _, section in options.sections("kinds", "line kind"):
        holds = conditions.compiled(section.mapping("write_when"), section.at("write_when"))
        kinds.append((section.text("at"), shapes.shape(section), holds))
    return Converter(_reading(kinds), _writing(kinds), is_list=True)


def _reading(kinds: list[_Kind]) -> Callable[[Any, Context], list[Any]]:
    places = [(at, paths.getter(at), shape) for at, shape, _ in kinds]

    def read(record: Any, context: Context) -> list[Any]:
        found: list[Any] = []
        for at, get, shape in places:
            for position, item in enumerate(get(record) or []):
                try:
                    found.append(shape.read(item, context))
                except FieldProblem as problem:
                    raise FieldProblem(f"{at}.{position}.{problem.path}", problem.text) from None
        return found

    return read


def _writing(kinds: list[_Kind]) -> Callable[[Any, Context], dict[str, Any]]:
    def write(lines: Any, context: Context) -> dict[str, Any]:
        if not isinstance(lines, list):
            raise ValueError(f"expected a list, got {lines!r}")
        target: dict[str, Any] = {}
        problems: list[tuple[str, str]] = []
        for position, line in enumerate(lines):
            try:
                at, shape = _kind_of(kinds, line)
                written = shape.write(line, context)
            except FieldProblems as inner:
                problems.extend((f"{position}.{path}", text) for path, text in inner.problems)
            except ValueError as error:
                problems.append((str(position), str(error)))
            else:
                paths.putter(at)(target, [*(paths.getter(at)(target) or []), written])
        if problems:
            raise FieldProblems(problems)
        return target

    return write


def _kind_of(kinds: list[_Kind], line: Any) -> tuple[str, Shape]:
    if not isinstance(line, Mapping):
        raise ValueError(f"expected an object, got {line!r}")
    for at, shape, holds in kinds:
        if holds(dict(line)):
            return at, shape
    raise ValueError("the ledger has no kind of line for this")
