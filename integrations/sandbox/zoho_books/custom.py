"""Custom fields: defined once for all modules, written in four ways, read as a list and as a hash."""

from typing import Any

from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books.books import Books
from integrations.sandbox.zoho_books.errors import invalid_value

_NAMES = ("customfield_id", "custom_field_id", "index", "label", "api_name")


def definitions(books: Books) -> list[Body]:
    """Every custom field of the organisation."""
    return list(books.company.settings.get("custom_fields", ()))


def read(books: Books, given: Any, kept: Body | None = None) -> Body:
    """[{customfield_id | index | label | api_name, value}] as id → value, over what was kept."""
    if not isinstance(given, list):
        raise invalid_value("custom_fields")
    found = dict(kept or {})
    for each in given:
        named = {name: each[name] for name in _NAMES if each.get(name) is not None}
        definition = next((field for field in definitions(books) if _is_named(field, named)), None)
        if definition is None:
            raise invalid_value("custom_fields")
        found[str(definition["customfield_id"])] = each.get("value")
    return {key: value for key, value in found.items() if value not in (None, "")}


def _is_named(field: Body, named: Body) -> bool:
    known = {**field, "custom_field_id": field["customfield_id"]}
    return bool(named) and all(str(known[name]) == str(value) for name, value in named.items())


def shown(books: Books, values: Body | None) -> Body:
    """custom_fields and custom_field_hash of a record: only what has a value."""
    rows = []
    for field in definitions(books):
        value = (values or {}).get(field["customfield_id"])
        if value is not None:
            rows.append({
                "customfield_id": field["customfield_id"], "index": field["index"], "label": field["label"],
                "api_name": field["api_name"], "data_type": field["data_type"], "value": value,
                "is_active": True, "show_on_pdf": False,
            })  # fmt: skip
    return {"custom_fields": rows, "custom_field_hash": {row["api_name"]: row["value"] for row in rows}}


def holder(books: Books, kind: str, api_name: str, value: str) -> tuple[bool, str | None]:
    """Whether the field prevents duplicates, and the id of the record that holds the value."""
    field = next((each for each in definitions(books) if each["api_name"] == api_name), None)
    if field is None or not field["is_unique"]:
        return False, None
    for record in books.store.live(kind):
        if str((record.body.get("own") or {}).get("custom_fields", {}).get(field["customfield_id"])) == value:
            return True, record.id
    return True, None
