"""Functions of the gateway that read whole records, and tell what objects look like: read, lookup, inspect."""

from collections.abc import Callable, Iterable
from typing import Any
from xml.etree.ElementTree import Element

from integrations.sandbox.sage_intacct import custom, errors, metadata, xmlnames
from integrations.sandbox.sage_intacct.desk import Desk, Result
from integrations.sandbox.sage_intacct.envelopes import leaf, leaves, node, text
from integrations.sandbox.sage_intacct.gldetail import DETAIL
from integrations.sandbox.sage_intacct.kinds import BY_PATH, OBJECTS
from integrations.sandbox.sage_intacct.querying import LineRow
from integrations.sandbox.sage_intacct.xmlnames import Field, Shape
from integrations.sandbox.sage_intacct.xmlquery import every_field
from integrations.sandbox.sage_intacct.xmlrows import Table, failed, shape_of
from integrations.sandbox.sage_intacct.xmltables import WORDS

CONTAINERS = {"GLENTRY": "ENTRIES", "PODOCUMENTENTRY": "PODOCUMENTENTRIES",
              "CCTRANSACTIONENTRY": "CCTRANSACTIONENTRIES", "OTHERRECEIPTSENTRY": "OTHERRECEIPTSENTRIES",
              "DEPOSITENTRY": "DEPOSITENTRIES", "EXCHANGERATEENTRIES": "EXRATEENTRIES"}  # fmt: skip
"""Lines → the element around them, where it is not their name and an S."""
MOST = 100
"""Records in one read."""


def read(desk: Desk, body: Element) -> Result:
    """Records by their numbers, with their lines; unknown numbers are left out."""
    table = Table(desk.books, text(body, "object"))
    keys = [each.strip() for each in text(body, "keys").split(",") if each.strip()]
    if len(keys) > MOST:
        raise failed(f"A read may name at most {MOST} keys.")
    rows = {str(row.value("key") if not table.shape.is_line else row.shown["key"]): row for row in table.rows()}
    return _whole(desk, table, [rows[key] for key in keys if key in rows], body)


def read_by_name(desk: Desk, body: Element) -> Result:
    """Records by their natural ids; of a transaction its record number."""
    table = Table(desk.books, text(body, "object"))
    names = [each.strip() for each in text(body, "keys").split(",") if each.strip()]
    field = table.fields[xmlnames.named_field(table.shape) or "RECORDNO"]
    wanted = {each.casefold() for each in names[:MOST]}
    rows = [row for row in table.rows() if table.text(row, field).casefold() in wanted]
    return _whole(desk, table, rows, body)


def _whole(desk: Desk, table: Table, rows: list[Any], body: Element) -> Result:
    told = text(body, "fields") or "*"
    names = every_field(table) if told == "*" else [each.strip() for each in told.split(",") if each.strip()]
    chosen = table.chosen(names)
    found = [node(table.shape.name, _nested(table, row, chosen), _lines(desk, table.shape, row) if told == "*" else "")
             for row in rows]  # fmt: skip
    return Result(node("data", *found, listtype=table.shape.name, count=len(found)))


def _nested(table: Table, row: Any, chosen: Iterable[tuple[str, Field | None]]) -> str:
    """Dotted names as elements within elements."""
    tree: dict[str, Any] = {}
    for name, field in chosen:
        *steps, last = name.split(".")
        holder = tree
        for step in steps:
            inner = holder.get(step)
            holder = holder.setdefault(step, {}) if isinstance(inner, dict | None) else tree
        holder[last] = table.text(row, field)
    return _tree(tree)


def _tree(tree: dict[str, Any]) -> str:
    return "".join(node(name, _tree(each)) if isinstance(each, dict) else leaf(name, each)
                   for name, each in tree.items())  # fmt: skip


def _lines(desk: Desk, shape: Shape, row: Any) -> str:
    """The owned lines of a whole record, tax entries within."""
    obj = shape.obj
    if shape.is_line or not obj.lines:
        return ""
    table = Table(desk.books, obj.lines_xml)
    chosen = table.chosen(every_field(table))
    found = []
    for line in row.shown.get(obj.lines_field) or ():
        own = LineRow(obj, row, line)
        found.append(node(obj.lines_xml, _nested(table, own, chosen), _taxes(line)))
    return node(CONTAINERS.get(obj.lines_xml, f"{obj.lines_xml}S"), *found)


def _taxes(line: dict[str, Any]) -> str:
    entries = [each for each in line.get("taxEntries") or () if isinstance(each, dict)]
    if not entries:
        return ""
    return node("TAXENTRIES", *(node("TAXENTRY", leaf("RECORDNO", each.get("key")), leaf("DETAILID", tax_detail(each)),
                                     leaf("TRX_TAX", each.get("txnTaxAmount")), leaf("TAXRATE", each.get("taxRate")))
                                for each in entries))  # fmt: skip


def tax_detail(entry: dict[str, Any]) -> str | None:
    """The id of the tax detail of a REST tax entry, whichever of its names it has."""
    names = ("purchasingTaxDetail", "orderEntryTaxDetail", "taxDetail")
    return next((entry[name]["id"] for name in names if entry.get(name)), None)


# What objects look like


def lookup(desk: Desk, body: Element) -> Result:
    """The fields and the relationships of an object."""
    shape = shape_of(text(body, "object"))
    own = {str(each["name"]).removeprefix(custom.PREFIX): each for each in custom.fields(desk.books, shape.path)}
    found = [_field(field, own.get(name)) for name, field in xmlnames.fields(desk.books, shape.path).items()]
    inside = node("Fields", *found) + node("Relationships", *_relationships(desk, shape))
    kind = node("Type", inside, Name=shape.name, DocumentType="")
    return Result(node("data", kind, listtype="All", count=1))


def _field(field: Field, own: dict[str, Any] | None) -> str:
    kinds = {"date": "DATE", "moment": "TIMESTAMP", "flag": "BOOLEAN"}
    words = list(own["values"]) if own else list(dict.fromkeys(WORDS.get(field.form, {}).values()))
    valid = node("VALIDVALUES", *(leaf("VALIDVALUE", each) for each in words)) if words else ""
    told = {"ID": field.name, "LABEL": own["label"] if own else field.name.replace("_", " ").capitalize(),
            "DESCRIPTION": "", "REQUIRED": False, "READONLY": not field.is_writable,
            "DATATYPE": kinds.get(field.form, "TEXT"), "ISCUSTOM": own is not None}  # fmt: skip
    return node("Field", leaves(dict(told)), valid)


def _relationships(desk: Desk, shape: Shape) -> list[str]:
    """Dimensions of lines, and who a transaction is with."""
    found = []
    if shape.is_line:
        for each in metadata.dimensions(desk.books):
            name = str(each["dimensionName"]).removeprefix(custom.PREFIX)
            is_own = each["isUserDefinedDimension"]
            told = {"OBJECTPATH": name, "OBJECTNAME": name, "LABEL": each["dimensionLabel"],
                    "RELATIONSHIPTYPE": "MANY2ONE", "RELATEDBY": f"GLDIM{name}" if is_own else f"{name}ID"}  # fmt: skip
            found.append(node("Relationship", leaves(dict(told))))
    return found


def inspect(desk: Desk, body: Element) -> Result:
    """The names of an object's fields, with `detail` their kinds; of * the names of all objects."""
    name = text(body, "object")
    if name == "*":
        shown = [leaf_of_type(each) for each in _every_name()]
        return Result(node("data", *shown, listtype="All", count=len(shown)))
    shape = shape_of(name)
    fields = xmlnames.fields(desk.books, shape.path)
    if body.get("detail") == "1":
        inside = node("Fields", *(_field(each, None) for each in fields.values()))
    else:
        inside = node("Fields", *(leaf("Field", each) for each in fields))
    return Result(node("data", node("Type", inside, Name=shape.name), listtype="All", count=1))


def leaf_of_type(name: str) -> str:
    """<type typename="APBILL">APBILL</type>."""
    return node("type", name, typename=name)


def _every_name() -> list[str]:
    return sorted(
        {DETAIL.xml} | {each.xml for each in OBJECTS} | {each.lines_xml for each in OBJECTS if each.lines_xml}
    )


def get_dimensions(desk: Desk, body: Element) -> Result:
    """Every dimension of the company."""
    found = []
    for each in metadata.dimensions(desk.books):
        told = {"objectName": str(each["dimensionName"]).removeprefix(custom.PREFIX),
                "objectLabel": each["dimensionLabel"], "termLabel": each["termName"],
                "userDefinedDimension": each["isUserDefinedDimension"],
                "enabledInGL": each["isEnabledInGL"]}  # fmt: skip
        found.append(node("dimension", leaves(dict(told))))
    return Result(node("data", node("dimensions", *found), listtype="dimensions", count=len(found)))


def get_dimension_relationships(desk: Desk, body: Element) -> Result:
    """Which dimensions say something about others: a project about its customer (row names not verified)."""
    project = BY_PATH["projects/project"]
    related = node("related", leaves({"object": "CUSTOMER", "type": "Many2One"}))
    found = node("relationships", node("relationship", leaf("object", project.xml), related))
    return Result(node("data", found, listtype="relationships", count=1))


def refused(name: str) -> errors.SageError:
    """A function that the gateway does not know."""
    return errors.business(f"The function '{name}' is not valid.", number="XL03000003", description="Invalid function",
                           correction="Check the name of the function.")  # fmt: skip


FUNCTIONS: dict[str, Callable[[Desk, Element], Result]] = {
    "read": read, "readByName": read_by_name, "lookup": lookup, "inspect": inspect, "getDimensions": get_dimensions,
    "getDimensionRelationships": get_dimension_relationships,
}  # fmt: skip
"""Name → function."""
