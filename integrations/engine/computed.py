"""Converters that only read: values worked out of a record, joined from a lookup, or made by a named hook."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from integrations.engine import conditions, paths
from integrations.engine.composites import Shapes
from integrations.engine.converters import NOWHERE, Context, Converter
from integrations.engine.hooks import HOOKS
from integrations.engine.scalars import SCALARS, decimal
from integrations.engine.sections import ManifestError, Section


def constant(options: Section, shapes: Shapes) -> Converter:
    """One value for every record, such as the contact type of a Customer; `from` takes it from the organisation."""
    if options.has("from"):
        name = options.text("from")
        return Converter(lambda record, context: context.values.get(name), None)
    value = options.data.get("value")
    if value is None:
        raise ManifestError(f"{options.where}: value is missing, expected a constant")
    if isinstance(value, list):
        return Converter(lambda record, context: list(value), None)
    return Converter(lambda record, context: value, None)


def cases(options: Section, shapes: Shapes) -> Converter:
    """The value of the first case whose condition holds: a word told by several properties.

    `writable`: the equalities of the first case of a value are written for it.
    """
    declared = list(options.items("cases", "case"))
    found = [
        (conditions.compiled(case.mapping("when"), case.at("when")), _exact(case.data.get("value")))
        for case in declared
    ]
    if not found:
        raise ManifestError(f"{options.where}: cases is missing, expected a list of value and when")

    def read(record: Any, context: Context) -> Any:
        for holds, value in found:
            if holds(record):
                return value
        return None

    settings = [(case.data.get("value"), conditions.settings(case.mapping("when"))) for case in declared]

    def write(value: Any, context: Context) -> dict[str, Any]:
        for told, wanted in settings:
            if told == value:
                target: dict[str, Any] = {}
                for path, set_to in wanted:
                    paths.putter(path)(target, set_to)
                return target
        raise ValueError(
            f"{value!r} is unknown, expected one of {', '.join(dict.fromkeys(str(told) for told, _ in settings))}"
        )

    return Converter(read, write if options.flag("writable") else None)


def _exact(value: Any) -> Any:
    """Numbers of a manifest are exact, like those of a ledger."""
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


def difference(options: Section, shapes: Shapes) -> Converter:
    """The first amount of `of` less the others; None without the first."""
    getters = [paths.getter(path) for path in options.texts("of")]
    if len(getters) < 2:
        raise ManifestError(f"{options.at('of')}: expected at least two paths")

    get_first, *get_others = getters

    def read(record: Any, context: Context) -> Decimal | None:
        found = conditions.amount(get_first(record))
        if found is not None:
            for get in get_others:
                other = conditions.amount(get(record))
                if other is not None:
                    found -= other
        return None if found is None else _without_noughts(found)

    return Converter(read, None)


def _without_noughts(amount: Decimal) -> Decimal:
    """As ledgers write amounts: the last noughts of a difference (2989.80 of 3221.51 and 231.71) are none of theirs."""
    text = str(amount)
    return Decimal(text.rstrip("0").rstrip(".")) if text[-1] == "0" and "." in text else amount


def total(options: Section, shapes: Shapes) -> Converter:
    """The sum of `of` over the items of a list that fulfil `where`.

    `checked`: what is given must be the sum of what was written before it; it is not sent itself.
    """
    get = paths.getter(options.text("of"))
    where = conditions.compiled(options.mapping("where"), options.at("where"))

    def read(items: Any, context: Context) -> Decimal:
        return sum((conditions.amount(get(item)) or Decimal(0) for item in items if where(item)), Decimal(0))

    at = paths.getter(options.text("path"))

    def check(value: Any, target: Any) -> None:
        found = read(at(target) or [], NOWHERE)
        if decimal(value) != found:
            raise ValueError(f"the ledger takes what its parts add up to, which is {found}, not {value}")

    return Converter(read, None, check=check if options.flag("checked") else None)


def join(options: Section, shapes: Shapes) -> Converter:
    """`take` of the lookup's record whose key is the value at the path; without a path the lookup is one record.

    `writable`: the key of the record whose `take` is the value is written, such as the ledger's number of a currency.
    """
    lookup, get = options.text("lookup"), paths.getter(options.text("take"))
    scalar = SCALARS[options.choice("then", SCALARS, "text")](Section({}, options.where))
    is_single = not options.has("path")

    def read(key: Any, context: Context) -> Any:
        table = context.lookups.get(lookup, {})
        found = get(table if is_single else table.get(key))
        return None if found is None or found == "" else scalar.read(found)

    def write(value: Any, context: Context) -> Any:
        for key, record in context.lookups.get(lookup, {}).items():
            if get(record) == value:
                return key
        raise ValueError(f"{value!r} is not in the ledger")

    return Converter(read, write if options.flag("writable") else None)


def hook(options: Section, shapes: Shapes) -> Converter:
    """What data cannot say: a function of `integrations.engine.hooks`, by name."""
    function = HOOKS[options.choice("hook", HOOKS)]
    settings = dict(options.mapping("options"))
    return Converter(lambda record, context: function(record, context, settings), None)


def negated_unless(options: Section) -> Callable[[Any, Any], Decimal]:
    """The signed amount of a record: negative unless the condition holds."""
    holds = conditions.compiled(options.mapping("negated_unless"), options.at("negated_unless"))

    def signed(value: Any, record: Any) -> Decimal:
        amount = decimal(value)
        return amount if holds(record) else -amount

    return signed


COMPUTED: Mapping[str, Callable[[Section, Shapes], Converter]] = {
    "constant": constant,
    "cases": cases,
    "difference": difference,
    "sum": total,
    "join": join,
    "hook": hook,
}
