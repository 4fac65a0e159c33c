"""Functions of the gateway that write objects by their XML names: create, update, delete."""

from collections.abc import Callable, Iterable
from typing import Any
from xml.etree.ElementTree import Element

from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import errors, properties, saving, xmlnames, xmlvalues
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.desk import Desk, Result
from integrations.sandbox.sage_intacct.envelopes import child, every, leaf, node, text
from integrations.sandbox.sage_intacct.kinds import Object
from integrations.sandbox.sage_intacct.xmlnames import Field, Shape
from integrations.sandbox.sage_intacct.xmlrows import shape_of
from integrations.sandbox.wire import Body

MOST = 100
"""Records in one function."""
_SOLD = ("accounts-receivable/", "cash-management/other-receipt")
_ALSO = {"AMOUNT": "TRX_AMOUNT"}
"""Names that are read where the right one is missing: Intacct's own samples use both."""


def create(desk: Desk, body: Element) -> Result:
    """One or many records of any object. Raises SageError."""
    saved = [_saved(desk.books, each, None) for each in _given(body)]
    return _answer(desk.books, saved)


def update(desk: Desk, body: Element) -> Result:
    """Records named by RECORDNO, or by their natural id. Raises SageError."""
    saved = []
    for each in _given(body):
        shape = _writable(each.tag)
        saved.append(_saved(desk.books, each, existing(desk.books, shape, each)))
    return _answer(desk.books, saved)


def delete(desk: Desk, body: Element) -> Result:
    """Records by their numbers. Raises SageError."""
    shape = _writable(text(body, "object"))
    keys = [each.strip() for each in text(body, "keys").split(",") if each.strip()]
    if not keys:
        raise errors.business("Required field keys is missing.", "BL01001974")
    for key in keys:
        saving.delete(desk.books, shape.obj, desk.books.get(shape.obj, key))
    return Result()


def _given(body: Element) -> list[Element]:
    found = list(body)
    if not found or len(found) > MOST:
        raise errors.business(f"A function takes between 1 and {MOST} objects.")
    return found


def _writable(name: str) -> Shape:
    shape = shape_of(name)
    if shape.is_line or "POST" not in shape.obj.methods:
        raise errors.business(f"The object {shape.name} cannot be written by this function.", number="DL02000001")
    return shape


def existing(books: Books, shape: Shape, element: Element) -> Record:
    """The record that an update means. Raises SageError."""
    key, named = text(element, "RECORDNO"), xmlnames.named_field(shape)
    if key:
        return books.get(shape.obj, key)
    record = books.named(shape.obj, text(element, named)) if named and text(element, named) else None
    if record is None:
        raise errors.business(f"Required field RECORDNO is missing or no {shape.obj.label} has this id.", "BL01001974")
    return record


def _saved(books: Books, element: Element, before: Record | None) -> tuple[Shape, Record]:
    shape = _writable(element.tag)
    given = read(books, shape, element, before)
    return shape, saving.save(books, shape.obj, given, before)


def read(books: Books, shape: Shape, element: Element, before: Record | None = None) -> Body:
    """The REST object that an element says; what no table names is passed over, as Intacct does. Raises SageError."""
    obj, fields = shape.obj, xmlnames.fields(books, shape.path)
    given: Body = {}
    lines = list(element.iter(obj.lines_xml)) if obj.lines_xml else []
    inside = {id(each) for line in lines for each in line.iter()}
    flat = dict(flattened(each for each in element if not any(id(one) in inside for one in each.iter())))
    put(given, fields, flat)
    if before is not None and obj.natural:
        given.pop("id", None)
    if lines:
        given[obj.lines_field] = [_line(books, obj, line) for line in lines]
    return given


def flattened(elements: Iterable[Element], before: str = "") -> Iterable[tuple[str, str]]:
    """Elements within elements as dotted names."""
    for each in elements:
        name = f"{before}{each.tag}"
        if len(each):
            yield from flattened(each, f"{name}.")
        else:
            yield name, (each.text or "").strip()


def put(given: Body, fields: dict[str, Field], flat: dict[str, str]) -> None:
    """Each named value in its REST place. Raises SageError for values of a wrong form."""
    told = {**flat, **{right: flat[name] for name, right in _ALSO.items() if name in flat and right not in flat}}
    for name, value in told.items():
        field = fields.get(name) or fields.get(name.upper())
        if field is None or not field.is_writable:
            continue
        set_value(given, field, xmlvalues.told(field, value))


def set_value(given: Body, field: Field, value: Any) -> None:
    """A value in its REST place; an emptied reference is null as a whole."""
    owner, _, last = field.path.rpartition(".")
    if value is None and last in ("id", "key") and owner:
        properties.put(given, owner, None)
    else:
        properties.put(given, field.path, value)


def _line(books: Books, obj: Object, line: Element) -> Body:
    fields = xmlnames.fields(books, obj.lines)
    given: Body = {}
    put(given, fields, dict(flattened(each for each in line if each.tag != "TAXENTRIES")))
    if text(line, "RECORDNO"):
        given["key"] = text(line, "RECORDNO")
    entries = child(line, "TAXENTRIES")
    if entries is not None:
        given["taxEntries"] = [tax_entry(obj, text(each, "DETAILID"), text(each, "TRX_TAX"))
                               for each in every(entries, "TAXENTRY")]  # fmt: skip
    return given


def tax_entry(obj: Object, detail: str, amount: str) -> Body:
    """A REST tax entry under the name that the object's lines have for its detail."""
    sold = obj.path.startswith(_SOLD)
    name = "taxDetail" if obj.kind == "journal_entry" else "orderEntryTaxDetail" if sold else "purchasingTaxDetail"
    return {name: {"id": detail}, **({"txnTaxAmount": amount} if amount else {})}


def _answer(books: Books, saved: list[tuple[Shape, Record]]) -> Result:
    """<apbill><RECORDNO>299</RECORDNO></apbill>, of masters their id too."""
    found = []
    for shape, record in saved:
        named = xmlnames.named_field(shape)
        natural = leaf(named, books.natural(shape.obj, record)) if named else ""
        found.append(node(shape.name.lower(), leaf("RECORDNO", record.id), natural))
    return Result(node("data", *found, listtype="objects", count=len(found)))


FUNCTIONS: dict[str, Callable[[Desk, Element], Result]] = {"create": create, "update": update, "delete": delete}
"""Name → function."""
