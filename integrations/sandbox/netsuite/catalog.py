"""The metadata catalog: what a record type holds, custom fields too, as JSON Schema."""

from typing import Any

from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.netsuite import errors, forms, properties
from integrations.sandbox.netsuite.books import Books
from integrations.sandbox.netsuite.kinds import RECORD_TYPES, RecordType
from integrations.sandbox.netsuite.properties import Property
from integrations.sandbox.wire import Body

_TYPES = {"text": ("string", ""), "number": ("number", "double"), "int": ("integer", "int64"), "bool": ("boolean", ""),
          "date": ("string", "date"), "datetime": ("string", "date-time"), "enum": ("object", ""), "ref": ("object",
              ""),
          "object": ("object", "")}  # fmt: skip
_CUSTOM = ("custbody_", "custcol_", "custentity_", "custitem_", "cseg_")


def answer(books: Books, request: Request, rest: list[str]) -> Response:
    """The list of record types, or the schemas of some. Raises NetSuiteError."""
    wants_openapi = "swagger" in request.headers.get("Accept", "")
    chosen = [name.lower() for name in request.args.get("select", "").split(",") if name]
    if len(rest) > 1 or any(name.lower() not in RECORD_TYPES for name in [*rest, *chosen]):
        raise errors.unknown_record("/".join([*rest, *chosen]))
    wanted = [RECORD_TYPES[name.lower()] for name in [*rest, *chosen]] or list(RECORD_TYPES.values())
    if wants_openapi:
        schemas = {each.name: _schema(books, each) for each in wanted}
        whole = {
            "openapi": "3.0.1",
            "info": {"title": "NetSuite", "version": "1.0"},
            "components": {"schemas": schemas},
        }
        return Response(wire.dump(whole), content_type="application/swagger+json")
    if rest:
        return Response(wire.dump(_schema(books, wanted[0])), content_type="application/schema+json")
    items = [_listed(each, f"{request.base_url}/{each.name}") for each in wanted]
    return Response(wire.dump({"items": items}), content_type="application/json")


def _listed(record_type: RecordType, url: str) -> Body:
    return {"name": record_type.name, "links": [{"rel": "canonical", "href": url}]}


def _schema(books: Books, record_type: RecordType) -> Body:
    labels = {each.script_id: each.label for each in books.custom_fields}
    shown: Body = {each.name: _property(each, labels) for each in forms.body_properties(books, record_type).values()}
    for sublist in properties.sublists_of(record_type.name):
        lines = {
            each.name: _property(each, labels) for each in forms.line_properties(books, record_type, sublist).values()
        }
        item = {"type": "object", "properties": lines}
        shown[sublist] = {"type": "object", "properties": {"items": {"type": "array", "items": item}}}
    return {
        "type": "object", "properties": shown,
        "x-ns-filterable": [name for name in shown if name not in properties.SUBLISTS],
        "$schema": "http://json-schema.org/draft-06/hyper-schema#",
    }  # fmt: skip


def _property(prop: Property, labels: dict[str, str]) -> Body:
    kind, form = _TYPES[prop.kind]
    found: Body = {"title": labels.get(prop.name, prop.name), "type": kind}
    if form:
        found["format"] = form
    if prop.is_read_only:
        found["readOnly"] = True
    if kind == "object":
        inner: dict[str, Any] = {"id": {"type": "string"}, "refName": {"type": "string"}}
        found["properties"] = inner
    if prop.name.startswith(_CUSTOM):
        # That custom properties carry this flag is not verified.
        found["x-ns-custom-field"] = True
    return found
