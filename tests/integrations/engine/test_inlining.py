"""Shapes written out as Python say exactly what their fields say one by one."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from integrations.engine.converters import NOWHERE, FieldProblem, Shape
from integrations.engine.fields import Compiler
from integrations.engine.sections import Section

NAMES = st.sampled_from(["Id", "Amount", "it's", 'a"b', "{x}", "new\nline", "Inner", "None"])
PATHS = st.one_of(NAMES, st.tuples(NAMES, NAMES).map(".".join), st.tuples(NAMES, NAMES, NAMES).map(".".join))
KINDS = st.sampled_from(["text", "money", "whole", "date", "bool", "ref", "lines"])
LEAVES = st.one_of(
    st.none(), st.just(""), st.text(max_size=3), st.integers(), st.booleans(), st.just("2026-01-31"),
    st.decimals(allow_nan=False, allow_infinity=False, places=2), st.just([{"Id": "1"}]), st.just({"id": "7"}),
)  # fmt: skip
INNER = st.dictionaries(NAMES, LEAVES, max_size=4)
REMOTES = st.dictionaries(NAMES, st.one_of(LEAVES, INNER), max_size=6)


def shape_of(fields: dict[str, Any]) -> Shape:
    return Compiler(Section({}, "t"), {}).shape(Section.of("shape", {"fields": fields}, "t"))


def declared(kind: str, path: str) -> dict[str, Any]:
    return {"as": kind, "path": path, **({"fields": {"id": "Id"}} if kind == "lines" else {})}


@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(KINDS, PATHS), min_size=1), REMOTES)
def test_an_inlined_shape_reads_what_its_fields_read_one_by_one(
    kinds: dict[str, tuple[str, str]], remote: dict[str, Any]
) -> None:
    shape = shape_of({name: declared(*each) for name, each in kinds.items()})
    try:
        expected: Any = {field.name: field.read(remote, NOWHERE) for field in shape.fields if field.read}
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError):
        expected = FieldProblem
    try:
        found: Any = shape.read(remote, NOWHERE)
    except FieldProblem:
        found = FieldProblem
    assert found == expected


@given(st.dictionaries(st.sampled_from("abcdef"), PATHS, min_size=1))
def test_an_inlined_shape_writes_what_its_fields_put_one_by_one(paths: dict[str, str]) -> None:
    shape = shape_of({name: {"as": "money", "path": path} for name, path in paths.items()})
    unified = {name: Decimal(place) for place, name in enumerate(paths)}
    expected: dict[str, Any] = {}
    try:
        for field in shape.fields:
            assert field.put is not None
            field.put(unified[field.name], expected, NOWHERE)
    except (TypeError, AttributeError):
        # One path leads through what another one puts: nobody declares that, and it is refused.
        return
    assert shape.write(unified, NOWHERE) == expected
