"""Converters of values with parts: references, objects, lines, dimensions, custom fields."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from integrations.engine import conditions, paths
from integrations.engine.converters import Context, Converter, FieldProblem, FieldProblems, Shape
from integrations.engine.own_properties import own_properties
from integrations.engine.placed_lines import placed_lines
from integrations.engine.readers import is_flat_reference, reference_reader
from integrations.engine.sections import ManifestError, Section, shown


class Shapes(Protocol):
    """Compiles the inner fields of a composite (the compiler in `fields`)."""

    def shape(self, section: Section) -> Shape:
        """The shape of a section with `fields`, `include` and `sends`."""


def ref(options: Section, shapes: Shapes) -> Converter:
    """`{"id", "name"}`, with "type" where one property may point to several kinds of record."""
    id_path, name_path = options.text("id", "id"), options.text("name", "")
    get_id, put_id = paths.getter(id_path), paths.putter(id_path)
    get_name = paths.getter(name_path) if name_path else (lambda value: None)
    get_type, put_type = _ref_type(options)
    is_plain = "." not in id_path and put_type is None

    def read(value: Any, context: Context) -> dict[str, Any] | None:
        found = get_id(value)
        if found is None or found == "":
            return None
        named = {"id": found if found.__class__ is str else str(found), "name": get_name(value)}
        if get_type is not None:
            named["type"] = get_type(value)
        return named

    def write(value: Any, context: Context) -> Any:
        found = value.get("id") if value.__class__ is dict or isinstance(value, Mapping) else value
        if not isinstance(found, str) or not found:
            raise ValueError(f'expected a reference such as {{"id": "12"}}, got {value!r}')
        if id_path == ".":
            return found
        if is_plain:
            return {id_path: found}
        target: dict[str, Any] = {}
        if put_type is not None:
            put_type(value, target)
        put_id(target, found)
        return target

    declared = options.data.get("type")
    if isinstance(declared, Mapping) or not is_flat_reference(id_path, name_path):
        return Converter(read, write)
    return Converter(reference_reader(id_path, name_path, declared), write, reference=(id_path, name_path, declared))


def _ref_type(options: Section) -> tuple[paths.Get | None, Callable[[Any, dict[str, Any]], None] | None]:
    """How the type of a reference is read and written: constant, or spelled by the ledger at a path."""
    declared = options.data.get("type")
    if declared is None:
        return None, None
    if isinstance(declared, str):
        return (lambda value: declared), None
    section = Section.of("reference type", declared, options.at("type"))
    get, put = paths.getter(section.text("path")), paths.putter(section.text("path"))
    spelled = {ours: str(theirs) for ours, theirs in section.mapping("values").items()}
    ours_of = {theirs.lower(): ours for ours, theirs in spelled.items()}

    def write_type(value: Any, target: dict[str, Any]) -> None:
        kind = value.get("type") if isinstance(value, Mapping) else None
        if kind not in spelled:
            raise FieldProblems([("type", f"{kind!r} is unknown, expected one of {', '.join(spelled)}")])
        put(target, spelled[kind])

    return (lambda value: ours_of.get(str(get(value)).lower())), write_type


def an_object(options: Section, shapes: Shapes) -> Converter:
    """An object with its own fields; None when nothing in it is set."""
    shape = shapes.shape(options)

    def read(value: Any, context: Context) -> dict[str, Any] | None:
        found = shape.read(value, context)
        return found if any(item is not None for item in found.values()) else None

    def write(value: Any, context: Context) -> dict[str, Any] | None:
        if not isinstance(value, Mapping):
            raise ValueError(f"expected an object, got {value!r}")
        return shape.write(value, context) or None

    return Converter(read, write)


def lines(options: Section, shapes: Shapes) -> Converter:
    """A list of objects: all alike (`fields`), or of `kinds`, told apart by a property or by where each stands."""
    if options.has("kinds") and any("at" in kind for kind in options.mapping("kinds").values() if kind):
        return placed_lines(options, shapes)
    where = conditions.compiled(options.mapping("where"), options.at("where")) if options.has("where") else None
    reading, writing = _kinds(options, shapes) if options.has("kinds") else _alike(options, shapes)
    write = _write_lines(writing)
    return Converter(_read_lines(reading, where), _only(write) if options.flag("one") else write, is_list=True)


def _only(write: Callable[[Any, Context], list[Any]]) -> Callable[[Any, Context], Any]:
    """The ledger takes one object where the model has a list."""

    def only(value: Any, context: Context) -> Any:
        written = write(value, context)
        if len(written) != 1:
            raise ValueError(f"the ledger takes exactly one, got {len(written)}")
        return written[0]

    return only


def _read_lines(reading: "_ForRemote", where: conditions.Holds | None) -> Callable[[Any, Context], list[Any]]:
    def read(value: Any, context: Context) -> list[Any]:
        found = []
        for position, item in enumerate(value if isinstance(value, list) else [value]):
            shape = reading(item)
            if shape is not None and (where is None or where(item)):
                try:
                    found.append(shape.read(item, context))
                except FieldProblem as problem:
                    raise FieldProblem(f"{position}.{problem.path}", problem.text) from None
        return found

    return read


def _write_lines(writing: "_ForUnified") -> Callable[[Any, Context], list[Any]]:
    def write(value: Any, context: Context) -> list[Any]:
        if not isinstance(value, list):
            raise ValueError(f"expected a list, got {value!r}")
        written: list[Any] = []
        problems: list[tuple[str, str]] = []
        for position, item in enumerate(value):
            try:
                written.append(writing(item).write(item, context))
            except FieldProblems as inner:
                problems.extend((f"{position}.{path}", text) for path, text in inner.problems)
            except ValueError as error:
                problems.append((str(position), str(error)))
        if problems:
            raise FieldProblems(problems)
        return written

    return write


_ForRemote = Callable[[Any], Shape | None]
_ForUnified = Callable[[Any], Shape]


def _alike(options: Section, shapes: Shapes) -> tuple[_ForRemote, _ForUnified]:
    shape = shapes.shape(options)

    def writing(item: Any) -> Shape:
        if not isinstance(item, Mapping):
            raise ValueError(f"expected an object, got {item!r}")
        return shape

    return (lambda item: shape), writing


def _kinds(options: Section, shapes: Shapes) -> tuple[_ForRemote, _ForUnified]:
    get, put = paths.getter(options.text("discriminator")), paths.putter(options.text("discriminator"))
    ignored = frozenset(options.texts("ignored"))
    by_kind: dict[str, Shape] = {}
    written: list[tuple[conditions.Holds, Shape]] = []
    for name, section in options.sections("kinds", "line kind"):
        shape = shapes.shape(section)
        by_kind[name] = _marked(shape, put, name)
        if name != "*" and not section.flag("read_only"):
            written.append(
                (conditions.compiled(section.mapping("write_when"), section.at("write_when")), by_kind[name])
            )
    other = by_kind.get("*")

    def reading(item: Any) -> Shape | None:
        kind = get(item)
        return None if kind in ignored else by_kind.get(kind, other)

    def writing(item: Any) -> Shape:
        if item.__class__ is not dict and not isinstance(item, Mapping):
            raise ValueError(f"expected an object, got {item!r}")
        plain = item if item.__class__ is dict else dict(item)
        for holds, shape in written:
            if holds(plain):
                return shape
        raise ValueError("the ledger has no kind of line for this")

    return reading, writing


def _marked(shape: Shape, put: paths.Put, kind: str) -> Shape:
    """The shape that also writes which kind it is."""
    sends = shape.sends

    def mark(target: dict[str, Any]) -> None:
        put(target, kind)
        if sends is not None:
            sends(target)

    return Shape(shape.fields, mark)


def dimensions(options: Section, shapes: Shapes) -> Converter:
    """`of: {class: path of a reference}` ↔ `[{"type": "class", "id", "name"}]`; a property that begins with one of
    `prefixes` is such a reference by its own name."""
    id_path, name_path = options.text("id", "id"), options.text("name", "name")
    places, prefixes = options.mapping("of"), options.texts("prefixes")
    if not places and not prefixes:
        raise ManifestError(f"{options.where}: of is missing, expected dimension types and where each stands")
    getters = [(kind, paths.getter(path)) for kind, path in places.items()]
    get_id, get_name = paths.getter(id_path), paths.getter(name_path)
    putters = {kind: paths.putter(f"{path}.{id_path}") for kind, path in places.items()}

    def read(value: Any, context: Context) -> list[Any]:
        found = []
        for kind, get in getters:
            place = get(value)
            identity = None if place is None else get_id(place)
            if identity is not None:
                found.append({"type": kind, "id": str(identity), "name": get_name(place)})
        if prefixes:
            own = [(key, value[key]) for key in value if key.startswith(prefixes)]
            found += [
                {"type": key, "id": str(get_id(place)), "name": get_name(place)} for key, place in own if get_id(place)
            ]
        return found

    def write(value: Any, context: Context) -> Any:
        target: dict[str, Any] = {}
        for position, item in enumerate(value):
            kind = str(item.get("type"))
            put = putters.get(kind) or (paths.putter(f"{kind}.{id_path}") if kind.startswith(prefixes) else None)
            if put is None:
                raise FieldProblems([(f"{position}.type", f"{item.get('type')!r} cannot stand here in this ledger")])
            put(target, item["id"])
        return target

    return Converter(read, write, is_list=True)


def custom_fields(options: Section, shapes: Shapes) -> Converter:
    """`[{"id", "name", "value"}]` ↔ the ledger's user-defined fields; `values` names a property per type of value.

    With `prefixes` they are properties of the record itself, known by how their names begin.
    """
    if options.has("prefixes"):
        return own_properties(options)
    id_path, name_path = options.text("id"), options.text("name", "")
    by_type = options.mapping("values")
    type_path, types = options.optional_text("type_path"), options.mapping("types")
    if not by_type or any(kind not in _VALUE_TYPES for kind in by_type):
        raise ManifestError(
            f"{options.at('values')}: expected some of {', '.join(_VALUE_TYPES)}, got {shown(dict(by_type))}"
        )

    def read(value: Any, context: Context) -> list[Any]:
        return [
            {
                "id": str(item.get(id_path)),
                "name": item.get(name_path),
                "value": next((item[key] for key in by_type.values() if item.get(key) is not None), None),
            }
            for item in value
        ]

    def write(value: Any, context: Context) -> list[Any]:
        return [_custom_field(item) for item in value]

    def _custom_field(item: Mapping[str, Any]) -> dict[str, Any]:
        kind = next(
            (name for name in by_type if isinstance(item.get("value"), _VALUE_TYPES[name])), next(iter(by_type))
        )
        target = {id_path: item["id"]}
        if name_path and item.get("name"):
            target[name_path] = item["name"]
        if type_path:
            target[type_path] = types.get(kind, kind)
        if item.get("value") is not None:
            target[by_type[kind]] = item["value"]
        return target

    return Converter(read, write, is_list=True)


_VALUE_TYPES: Mapping[str, tuple[type, ...]] = {
    "bool": (bool,),
    "number": (Decimal, int),
    "date": (date,),
    "text": (str,),
}

COMPOSITES: Mapping[str, Callable[[Section, Shapes], Converter]] = {
    "ref": ref,
    "object": an_object,
    "lines": lines,
    "dimensions": dimensions,
    "custom_fields": custom_fields,
}
