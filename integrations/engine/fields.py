"""Field declarations compiled into functions, once, when the manifest is loaded."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from integrations.engine import conditions, paths
from integrations.engine.composites import COMPOSITES
from integrations.engine.computed import COMPUTED, negated_unless
from integrations.engine.converters import Context, Converter, Field, Remote, Shape
from integrations.engine.inlining import PlainPut, PlainRead, Put, is_plain
from integrations.engine.readers import inner_reader, plain_reader
from integrations.engine.scalars import SCALARS, Scalar, decimal
from integrations.engine.sections import ManifestError, Section, listed, shown

Read = Callable[[Any, Context], Any]

_BUILDERS = {**COMPOSITES, **COMPUTED}
_KNOWN = listed([*SCALARS, *_BUILDERS])


class Compiler:
    """Turns `fields` sections into shapes; knows the connector's named shapes and its default options per converter."""

    def __init__(self, shapes: Section, defaults: Mapping[str, Any]) -> None:
        self._named = shapes
        self._defaults = defaults

    def shape(self, section: Section) -> Shape:
        """The shape of a section's `include`d and own fields; own ones replace included ones of the same name."""
        return Shape(tuple(self._fields(section).values()), _sender(self._sends(section)))

    def _fields(self, section: Section) -> dict[str, Field]:
        found: dict[str, Field] = {}
        for name in section.texts("include"):
            if not self._named.has(name):
                raise ManifestError(
                    f"{section.at('include')}: shape {name!r} is unknown, expected {listed(self._named.data)}"
                )
            found.update(self._fields(self._named.section(name, "shape")))
        for name, declared in section.mapping("fields").items():
            found[name] = self.field(name, declared, f"{section.at('fields')}.{name}")
        return found

    def _sends(self, section: Section) -> dict[str, Any]:
        """What is always written: of the included shapes, then of the section itself."""
        found: dict[str, Any] = {}
        for name in section.texts("include"):
            found |= self._sends(self._named.section(name, "shape"))
        return found | dict(section.mapping("sends"))

    def field(self, name: str, declared: Any, where: str) -> Field:
        """One field: a path, a mapping of options, or a list of alternatives told apart by their `when`."""
        if isinstance(declared, list):
            return _alternatives(
                name, [self.field(name, item, f"{where}.{place}") for place, item in enumerate(declared)], where
            )
        data = {"path": declared} if isinstance(declared, str) else declared
        if not isinstance(data, Mapping):
            raise ManifestError(f"{where}: expected a path or a mapping, got {shown(declared)}")
        kind = data.get("as", "text")
        if kind not in SCALARS and kind not in _BUILDERS:
            raise ManifestError(f"{where}.as: {kind!r} is unknown, expected one of {_KNOWN}")
        options = Section.of(f"as {kind}", {**self._defaults.get(kind, {}), **data}, where)
        read: Read | None
        put: Put | None
        converter: Scalar | Converter
        if kind in SCALARS:
            if not options.has("path"):
                raise ManifestError(f"{where}: path is missing, expected where {kind} stands in the ledger's record")
            converter = SCALARS[kind](options)
            read, put = _scalar(converter, options)
        else:
            converter = _BUILDERS[kind](options, self)
            read, put = _composed(converter, options)
        return Field(
            name=name,
            converter=str(kind),
            read=None if options.flag("write_only") else _when(read, options),
            put=None if options.flag("read_only") else put,
            required_on=frozenset(options.texts("required_on")),
            operations=frozenset(options.texts("operations")),
            not_in=frozenset(options.texts("not_in")),
            fits=_fits(options),
            plain_read=_plain_read(converter, options),
            plain_put=_plain_put(converter, options),
            fallback=options.text("default_from", "") if options.has("required_on") else "",
        )


_READ_OTHERWISE = ("default", "default_from", "when", "negated", "negated_unless")
_PUT_OTHERWISE = ("when", "negated", "negated_unless", "skip_zero")


def _plain_read(converter: Scalar | Converter, options: Section) -> PlainRead | None:
    """The field as nothing but a value at a path, where it is no more than that."""
    steps = paths.split(options.text("path", "."))
    if converter.read is None or not is_plain(steps) or any(options.data.get(name) for name in _READ_OTHERWISE):
        return None
    return PlainRead(
        tuple(map(str, steps)),
        converter.read,
        is_list=isinstance(converter, Converter) and converter.is_list,
        takes_context=isinstance(converter, Converter),
        reference=converter.reference if isinstance(converter, Converter) else None,
    )


def _plain_put(converter: Scalar | Converter, options: Section) -> PlainPut | None:
    steps = paths.split(options.text("path", "."))
    is_more = any(options.data.get(name) for name in _PUT_OTHERWISE)
    if isinstance(converter, Converter) or not is_plain(steps) or is_more:
        return None
    return PlainPut(tuple(map(str, steps)), converter.write)


def _fits(options: Section) -> conditions.Holds | None:
    """Whether a record written so far already says the opposite of this alternative's `when`."""
    wanted = [(paths.getter(path), value) for path, value in conditions.settings(options.mapping("when"))]
    return (lambda target: all(get(target) in (None, value) for get, value in wanted)) if wanted else None


def _sender(sends: Mapping[str, Any]) -> Callable[[Remote], None] | None:
    """What puts constants into a record: `{path: value}`."""
    if not sends:
        return None
    constants = [(paths.putter(path), value) for path, value in sends.items()]

    def send(target: Remote) -> None:
        for put, value in constants:
            # A copy: what is put later may go into it.
            put(target, dict(value) if isinstance(value, dict) else value)

    return send


def _default(options: Section, convert: Callable[[Any], Any]) -> Read:
    """What a missing value reads as: None, a declared constant, or a fact of the organisation."""
    if options.has("default_from"):
        name = options.text("default_from")
        return lambda value, context: context.values.get(name)
    fixed = convert(options.data["default"]) if options.data.get("default") is not None else None
    return lambda value, context: fixed


def _scalar(scalar: Scalar, options: Section) -> tuple[Read, Put]:
    path = options.text("path")
    get, put = paths.getter(path), paths.putter(path)
    convert, default = scalar.read, _default(options, scalar.read)
    signed = negated_unless(options) if options.has("negated_unless") else None
    negated = options.flag("negated")
    has_default = options.has("default_from") or options.data.get("default") is not None

    def read(remote: Any, context: Context) -> Any:
        value = get(remote)
        if value is None or value == "":
            return default(value, context)
        return convert(value)

    def read_signed(remote: Any, context: Context) -> Any:
        value = get(remote)
        if value is None or value == "":
            return default(value, context)
        return -decimal(value) if signed is None else signed(value, remote)

    if signed or negated:
        reader: Read = read_signed
    else:
        reader = read if has_default else plain_reader(path, convert)
    return reader, _put_scalar(scalar, put, options)


def _put_scalar(scalar: Scalar, put: paths.Put, options: Section) -> Put:
    write, skips_zero = scalar.write, options.flag("skip_zero")
    negated, unless = options.flag("negated"), options.mapping("negated_unless")
    wanted = [(paths.putter(path), value) for path, value in conditions.settings(options.mapping("when"))]
    positive = [(paths.putter(path), value) for path, value in conditions.settings(unless)]

    def put_value(value: Any, target: Remote, context: Context) -> None:
        if skips_zero and decimal(value) == 0:
            return
        if negated:
            value = -decimal(value)
        if unless:
            amount = decimal(value)
            if amount > 0:
                _apply(positive, target)
            value = abs(amount)
        put(target, write(value))
        _apply(wanted, target)

    return put_value


def _apply(constants: list[tuple[paths.Put, Any]], target: Remote) -> None:
    for put, value in constants:
        put(target, value)


def _composed(converter: Converter, options: Section) -> tuple[Read | None, Put | None]:
    path = options.text("path", ".")
    get, put = paths.getter(path), paths.putter(path)
    convert, write, is_list = converter.read, converter.write, converter.is_list
    default = _default(options, lambda value: value)
    has_default = options.has("default_from") or options.data.get("default") is not None
    wanted = [(paths.putter(place), value) for place, value in conditions.settings(options.mapping("when"))]

    def read(remote: Any, context: Context) -> Any:
        value = get(remote)
        if value is None or value == "":
            return [] if is_list else default(value, context)
        found = convert(value, context) if convert is not None else None
        return default(value, context) if found is None else found

    def put_value(value: Any, target: Remote, context: Context) -> None:
        written = write(value, context) if write is not None else None
        if written is not None:
            put(target, written)
            if wanted:
                _apply(wanted, target)

    reader: Read | None = None
    if convert is not None:
        reader = read if has_default else inner_reader(path, convert, is_list=is_list)
    if path == "." and not has_default:
        # Converters of the whole record need no getter.
        reader = convert
    return reader, (_checked(converter) if write is None else put_value)


def _checked(converter: Converter) -> Put | None:
    """Nothing is sent; where the converter has a check, what is given must pass it."""
    check = converter.check
    return None if check is None else lambda value, target, context: check(value, target)


def _when(read: Read | None, options: Section) -> Read | None:
    """Reading only where the field's `when` holds."""
    if read is None or not options.has("when"):
        return read
    holds = conditions.compiled(options.mapping("when"), options.at("when"))
    default = _default(
        options, lambda value: Decimal(value) if options.data.get("as") in {"money", "number"} else value
    )

    def guarded(remote: Any, context: Context) -> Any:
        return read(remote, context) if holds(remote) else default(None, context)

    return guarded


def _alternatives(name: str, found: list[Field], where: str) -> Field:
    """The first alternative that reads something; writing takes the first that the record written so far allows."""
    if not found:
        raise ManifestError(f"{where}: expected at least one alternative")
    readers = [field.read for field in found if field.read is not None]
    writers = [field for field in found if field.put is not None]

    def read(remote: Any, context: Context) -> Any:
        for reader in readers:
            value = reader(remote, context)
            if value is not None:
                return value
        return None

    def put(value: Any, target: Remote, context: Context) -> None:
        chosen = next((field for field in writers if field.fits is None or field.fits(target)), None)
        if chosen is None or chosen.put is None:
            raise ValueError("the ledger has no place for this in such a record")
        chosen.put(value, target, context)

    first = found[0]
    return Field(
        name=name,
        converter=first.converter,
        read=read if readers else None,
        put=put if writers else None,
        required_on=first.required_on,
        operations=first.operations,
        not_in=first.not_in,
        fallback=first.fallback,
    )
