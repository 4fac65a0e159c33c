"""What the company's objects look like: the model service and the list of dimensions."""

from typing import Any

from integrations.sandbox.sage_intacct import custom, errors, forms, properties
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.dimensions import objects
from integrations.sandbox.sage_intacct.heads import HEADS
from integrations.sandbox.sage_intacct.kinds import BY_LINES, BY_PATH, MASTERS, OBJECTS, Object
from integrations.sandbox.sage_intacct.masters import properties_of
from integrations.sandbox.wire import Body

_AUDIT = ("createdDateTime", "modifiedDateTime", "createdBy", "modifiedBy")
_STANDARD = {
    "department": "DEPARTMENT", "location": "LOCATION", "class": "CLASS", "project": "PROJECT",
    "warehouse": "WAREHOUSE", "customer": "CUSTOMER", "vendor": "VENDOR", "employee": "EMPLOYEE", "item": "ITEM",
}  # fmt: skip


def dimensions(books: Books) -> list[Body]:
    """GET /services/company-config/dimensions/list."""
    found = []
    for name, path in objects().items():
        is_own = path.startswith("platform-apps/")
        label = BY_PATH[path].label
        found.append({
            "dimensionName": name if is_own else _STANDARD[name], "dimensionLabel": label, "termName": label,
            "isUserDefinedDimension": is_own, "isEnabledInGL": True, "dimensionEndpoint": f"/objects/{path}",
        })  # fmt: skip
    return found


def model(books: Books, name: str) -> Body | list[Body]:
    """GET /services/core/model: fields, groups, refs and lists of one object; without a name all objects."""
    if not name:
        return [_summary(each) for each in OBJECTS]
    obj = BY_PATH.get(name) or BY_LINES.get(name)
    if obj is None:
        raise errors.unknown_object(name)
    is_line = name == obj.lines
    shown = _example(books, obj, is_line)
    described = _described(shown, obj in MASTERS and not is_line)
    for field in custom.fields(books, name):
        described["fields"][field["name"]] = _custom(field)
    if obj.lines and not is_line:
        lines = described["lists"].setdefault(obj.lines_field, {"fields": {}, "groups": {}, "refs": {}, "lists": {}})
        lines["fields"] |= {field["name"]: _custom(field) for field in custom.fields(books, obj.lines)}
    kind = "ownedObject" if is_line else "rootObject"
    return {**described, "httpMethods": obj.methods, "type": kind}


def _summary(obj: Object) -> Body:
    return {"apiObject": obj.path, "href": f"/services/core/model?name={obj.path}", "type": "rootObject"}


def _example(books: Books, obj: Object, is_line: bool) -> Body:
    """The newest record; where there is none, what the object declares."""
    record = next(reversed(books.live(obj)), None)
    if record is None:
        declared = HEADS.get(obj.kind) or properties_of(obj)
        address: Body = {"key": "", "id": "", "href": "", "audit": dict.fromkeys(_AUDIT)}
        return {**address, **({} if is_line else properties.shown(books, declared, {}))}
    shown = forms.show(books, obj, record)
    lines = shown.get(obj.lines_field) or [{"key": "", "id": ""}]
    return dict(lines[0]) if is_line else shown


def _described(shown: Body, is_master: bool) -> Body:
    found: Body = {"fields": {}, "groups": {}, "refs": {}, "lists": {}}
    for name, value in shown.items():
        if name.startswith(custom.PREFIX):
            continue
        if isinstance(value, list):
            first = value[0] if value and isinstance(value[0], dict) else {}
            found["lists"][name] = _described(first, is_master=False)
        elif isinstance(value, dict) and "href" in value:
            path = str(value["href"]).removeprefix("/objects/").rpartition("/")[0]
            found["refs"][name] = {"apiObject": path, "fields": {each: _field(each, value[each]) for each in value}}
        elif isinstance(value, dict):
            found["groups"][name] = _described(value, is_master=False)
        else:
            found["fields"][name] = _field(name, value)
    if is_master and "status" in found["fields"]:
        found["fields"]["status"]["enum"] = ["active", "activeNonPosting", "inactive"]
    return found


def _field(name: str, value: Any) -> Body:
    is_fixed = name in ("key", "href", *_AUDIT)
    return {"type": _type(name, value), "required": False, "mutable": not is_fixed, "readOnly": is_fixed,
            "nullable": name not in ("key", "id"), "writeOnly": False}  # fmt: skip


def _type(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "date-time" if name.endswith("DateTime") else "date" if name.endswith("Date") else "string"


def _custom(field: Body) -> Body:
    told = {**_field(field["name"], ""), "label": field["label"], "isCustom": True,
            "type": {"picklist": "string", "number": "decimal"}.get(field["type"], field["type"])}  # fmt: skip
    return {**told, "enum": list(field["values"])} if field["values"] else told
