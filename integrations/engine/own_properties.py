"""User-defined fields that are properties of the record itself, known by how their names begin (custbody_…)."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.engine import paths
from integrations.engine.converters import Context, Converter
from integrations.engine.scalars import day, decimal
from integrations.engine.sections import Section

DEFINED = "custom_fields"
"""The lookup of discovered fields: id → {"name", "type"}."""
_TRUE, _FALSE = (True, "T", "true"), (False, "F", "false")


def own_properties(options: Section) -> Converter:
    """Every property with one of the `prefixes`; of a chosen value, `id` and `name` say where its parts stand."""
    prefixes = options.texts("prefixes")
    id_path, name_path = options.text("id", "id"), options.text("name", "name")
    get_id, get_name, put_id = paths.getter(id_path), paths.getter(name_path), paths.putter(id_path)

    def read(record: Any, context: Context) -> list[Any]:
        known = context.lookups.get(DEFINED, {})
        found = []
        for key, value in record.items():
            if key.startswith(prefixes) and value is not None:
                definition = known.get(key, {})
                is_choice = isinstance(value, Mapping)
                shown = {"id": str(get_id(value)), "name": get_name(value)} if is_choice else _typed(value, definition)
                found.append({"id": key, "name": definition.get("name"), "value": shown})
        return found

    def write(fields: Any, context: Context) -> dict[str, Any]:
        return {str(field["id"]): _written(field.get("value")) for field in fields}

    def _written(value: Any) -> Any:
        if isinstance(value, Mapping):
            target: dict[str, Any] = {}
            put_id(target, value.get("id"))
            return target
        return value.isoformat() if isinstance(value, date) else value

    return Converter(read, write, is_list=True)


def _typed(value: Any, definition: Mapping[str, Any]) -> Any:
    """A query answers texts only: what a field was declared as is what its value becomes."""
    match definition.get("type"):
        case "number":
            return decimal(value)
        case "bool":
            return True if value in _TRUE else False if value in _FALSE else value
        case "date":
            return day(value)
    return value if isinstance(value, str | bool | Decimal | int) else str(value)
