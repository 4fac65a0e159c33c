"""Custom fields: nsp::NAME beside the standard fields, on documents, masters and lines."""

from datetime import date
from typing import Any

from integrations.sandbox.sage_intacct import errors
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.wire import Body

PREFIX = "nsp::"
TYPES = ("string", "date", "boolean", "picklist", "number")


def fields(books: Books, path: str) -> list[Body]:
    """The definitions {object, name, label, type, values} of one object or line object."""
    return [each for each in books.settings.get("custom_fields", ()) if each["object"] == path]


def shown(books: Books, path: str, holder: Body) -> Body:
    """Every custom field of an object with its value or null; `holder` is a neutral body or line."""
    values = (holder.get("own") or {}).get("custom") or {}
    return {each["name"]: values.get(each["name"]) for each in fields(books, path)}


def kept(books: Books, path: str, given: Body, body: Body) -> Body:
    """The neutral body or line with the custom fields that were given. Raises 400 for an unknown one."""
    known = {each["name"]: each for each in fields(books, path)}
    own = dict(body.get("own") or {})
    values = dict(own.get("custom") or {})
    for name in given:
        if not name.startswith(PREFIX):
            continue
        if name not in known:
            raise errors.unknown_field(name, path)
        values[name] = _value(known[name], given[name])
    return {**body, "own": {**own, "custom": values}} if values else body


def _value(field: Body, value: Any) -> Any:
    if value is None:
        return None
    if field["type"] == "date":
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError as error:
            raise errors.business(f"The value '{value}' for {field['label']} is not a valid date.") from error
    if field["type"] == "picklist" and value not in field["values"]:
        raise errors.business(f"The value '{value}' is not valid for {field['label']}.")
    if field["type"] == "boolean" and not isinstance(value, bool):
        raise errors.business(f"The value '{value}' for {field['label']} is neither true nor false.")
    return value


def define(books: Books, path: str, label: str, kind: str = "string", values: tuple[str, ...] = ()) -> Body:
    """A new custom field of an object; its name is nsp:: and the label in capitals."""
    name = PREFIX + "".join(sign if sign.isalnum() else "_" for sign in label.upper())
    made = {"object": path, "name": name, "label": label, "type": kind, "values": list(values)}
    others = [
        each for each in books.settings.get("custom_fields", ()) if (each["object"], each["name"]) != (path, name)
    ]
    books.company.set_settings(custom_fields=[*others, made])
    return made
