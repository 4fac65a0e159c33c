"""The gateway's names as data: XML element → where its value stands in the REST object, and in which form.

`vendor.id` is read and written, `=vendor.name` read only. After a colon stands the form where it is not plain text:
date, moment, flag (true or false), or one of WORDS.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.sandbox.sage_intacct import custom
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.gldetail import DETAIL
from integrations.sandbox.sage_intacct.kinds import BY_LINES, BY_XML, OBJECTS, UDD, Object
from integrations.sandbox.sage_intacct.xmltables import DIMENSIONS, EMPTY, LINES, MASTERS, PREFIXES, TRANSACTIONS


@dataclass(frozen=True)
class Field:
    """One XML field: its name, the REST path, the form, and whether it can be written.

    Of a field of another object (VENDOR.TAXID) `path` leads to that object's key, and `related` is the field there.
    """

    name: str
    path: str
    form: str = ""
    is_writable: bool = True
    related: "tuple[Object, Field] | None" = None


@dataclass(frozen=True)
class Shape:
    """One XML object: a whole object, or the lines of one (`is_line`); `name` is as Intacct writes it."""

    name: str
    obj: Object
    is_line: bool

    @property
    def path(self) -> str:
        """The REST path of the object or of its lines."""
        return self.obj.lines if self.is_line else self.obj.path


BY_LINES_XML: dict[str, Object] = {each.lines_xml: each for each in reversed(OBJECTS) if each.lines_xml}


def shape(name: str) -> Shape | None:
    """The object behind an XML name, in any case."""
    known = name.upper()
    if known == DETAIL.xml:
        return Shape(known, DETAIL, is_line=False)
    if known in BY_XML:
        return Shape(known, BY_XML[known], is_line=False)
    return Shape(known, BY_LINES_XML[known], is_line=True) if known in BY_LINES_XML else None


def fields(books: Books, path: str) -> dict[str, Field]:
    """Every field of an object or line object, custom fields and user-defined dimensions among them."""
    table = MASTERS.get(path) or TRANSACTIONS.get(path) or LINES.get(path) or {}
    found = {name: _field(name, spelled) for name, spelled in {**_common(path), **table}.items()}
    if path in LINES:
        found |= {name: _field(name, spelled) for name, spelled in _dimensions().items() if name not in found}
    for each in custom.fields(books, path):
        name = str(each["name"]).removeprefix(custom.PREFIX)
        found[name] = Field(name, each["name"], {"date": "date", "boolean": "flag"}.get(each["type"], ""))
    return found


def related(books: Books, own: Mapping[str, Field], name: str) -> Field | None:
    """VENDOR.TAXID of an object that has a VENDORID; None where the name leads nowhere."""
    before, _, rest = name.partition(".")
    link, other = own.get(f"{before}ID"), shape(before)
    if link is None or other is None or not link.path.endswith(".id"):
        return None
    there = fields(books, other.path).get(rest)
    key = f"{link.path.removesuffix('.id')}.key"
    return Field(name, key, there.form, is_writable=False, related=(other.obj, there)) if there else None


def is_empty(name: str) -> bool:
    """Whether Intacct has such a field that nothing here fills."""
    return name in EMPTY or (name.startswith(PREFIXES) and name.replace(".", "").replace("_", "").isalnum())


def _field(name: str, spelled: str) -> Field:
    path, _, form = spelled.removeprefix("=").partition(":")
    if path.startswith("dimensions.nsp"):
        # The two colons of a user-defined dimension are part of its name.
        path, form = spelled.removeprefix("="), ""
    return Field(name, path, form, not spelled.startswith("="))


def _common(path: str) -> Mapping[str, str]:
    """What all objects have."""
    moments = {"WHENMODIFIED": "=audit.modifiedDateTime:moment", "AUWHENCREATED": "=audit.createdDateTime:moment",
               "CREATEDBY": "=audit.createdBy", "MODIFIEDBY": "=audit.modifiedBy"}  # fmt: skip
    if path in BY_LINES:
        return {"RECORDNO": "=key", **moments}
    entity = {"MEGAENTITYKEY": "=entity.key", "MEGAENTITYID": "=entity.id", "MEGAENTITYNAME": "=entity.name"}
    if path in TRANSACTIONS:
        return {"RECORDNO": "=key", **moments, **entity, "RECORD_URL": "=webURL.url"}
    created = {"WHENCREATED": "=audit.createdDateTime:moment", "STATUS": "status"}
    return {"RECORDNO": "=key", **moments, **entity, **created}


def _dimensions() -> dict[str, str]:
    defined = {f"GLDIM{name.partition('::')[2]}": f"dimensions.{name}.key" for name in (UDD,)}
    found = dict(defined)
    for xml, rest in DIMENSIONS.items():
        found |= {f"{xml}ID": f"dimensions.{rest}.id", f"{xml}NAME": f"=dimensions.{rest}.name",
                  f"{xml}DIMKEY": f"=dimensions.{rest}.key"}  # fmt: skip
    return found


def named_field(shape: Shape) -> str:
    """The XML field that is the natural id: VENDORID of VENDOR, "" where only the record number counts."""
    if shape.is_line or not shape.obj.natural:
        return ""
    table = MASTERS.get(shape.obj.path) or {}
    return next((name for name, spelled in table.items() if spelled in ("id", "=id")), "")
