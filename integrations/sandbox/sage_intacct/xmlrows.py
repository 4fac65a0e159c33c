"""Rows of the gateway: the records behind REST's query service, read by XML names."""

from typing import Any

from integrations.sandbox.sage_intacct import errors, forms, gldetail, querying, xmlnames, xmlvalues
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.errors import SageError
from integrations.sandbox.sage_intacct.kinds import at
from integrations.sandbox.sage_intacct.xmlnames import Field, Shape

_QUICK = ("key", "audit.modifiedDateTime", "audit.createdDateTime", "status")
"""What a row knows without being shown."""


def shape_of(name: str) -> Shape:
    """The object of an XML name. Raises SageError."""
    found = xmlnames.shape(name)
    if found is None:
        raise errors.business(f"Object definition {name.upper()} not found", number="Query Failed")
    return found


def failed(why: str) -> SageError:
    """A query that cannot be answered (number and first sentence are seen, the rest is not verified)."""
    text = f"There was an error processing the request. {why}"
    return errors.business(text, number="DL02000001", description="Error")


class Table:
    """All rows of one object that one sees from here, and its fields."""

    def __init__(self, books: Books, name: str) -> None:
        self.shape = shape_of(name)
        self.fields = xmlnames.fields(books, self.shape.path)
        self._books = books

    def rows(self, owners: frozenset[str] | None = None) -> list[Any]:
        """The rows by record number; of lines only those of some owners, where these are told."""
        if self.shape.obj is gldetail.DETAIL:
            return list(gldetail.rows(self._books))
        return querying.rows_of(self._books, self.shape.path, owners)

    def field(self, name: str) -> Field | None:
        """A field by its name, in any case; None for one that is always empty. Raises SageError for an unknown one."""
        found = self._find(name)
        if found is None and not xmlnames.is_empty(name.upper()):
            raise self.unknown([name])
        return found

    def chosen(self, names: list[str]) -> list[tuple[str, Field | None]]:
        """Several fields at once, each under the name asked for. Raises one SageError for all unknown ones."""
        unknown = [each for each in names if not self._find(each) and not xmlnames.is_empty(each.upper())]
        if unknown:
            raise self.unknown(unknown)
        return [(each, self.field(each)) for each in names]

    def _find(self, name: str) -> Field | None:
        found = self.fields.get(name) or self.fields.get(name.upper())
        if found is None and "." in name:
            found = xmlnames.related(self._books, self.fields, name.upper())
        return found

    def unknown(self, names: list[str]) -> SageError:
        """Fields that the object has not; a client reads their names out of the brackets."""
        return failed(f"One or more fields are not valid:\n\t{self.shape.name.lower()}: [{', '.join(names)}]")

    def value(self, row: Any, field: Field | None) -> Any:
        """The REST value of a field."""
        if field is None:
            return None
        if field.related is not None:
            return self._elsewhere(row, field)
        owner = self.shape.obj.owner if self.shape.is_line else ""
        if field.path in _QUICK or (owner and field.path.startswith(f"{owner}.")):
            return row.value(field.path) if field.path != "key" or not self.shape.is_line else row.shown["key"]
        if self.shape.is_line and field.path.startswith("audit."):
            return row.value(field.path)
        return at(row.shown, field.path)

    def _elsewhere(self, row: Any, field: Field) -> Any:
        """The value of a field of the object that a row refers to."""
        obj, there = field.related or (self.shape.obj, field)
        record = self._books.store.tables[obj.kind].get(str(at(row.shown, field.path)))
        return None if record is None else at(forms.show(self._books, obj, record), there.path)

    def text(self, row: Any, field: Field | None) -> str:
        """A field as the gateway writes it."""
        return "" if field is None else xmlvalues.shown(field, self.value(row, field))
