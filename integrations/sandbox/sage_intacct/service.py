"""Create, change and delete records of any object: what REST and the gateway share."""

from integrations.sandbox.books.errors import BooksError
from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import errors, forms, kinds
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.kinds import Object
from integrations.sandbox.wire import Body


def create(books: Books, obj: Object, given: Body) -> Record:
    """A new record in the entity one works in. Raises SageError."""
    body = forms.read(books, obj, given, None)
    if books.entity:
        body = {**body, "own": {"entity": books.entity, **(body.get("own") or {})}}
    return saved(books, obj, body, None)


def update(books: Books, obj: Object, record: Record, given: Body) -> Record:
    """Changes some fields; owned lines are merged by their keys. Raises SageError."""
    return saved(books, obj, forms.read(books, obj, given, record), record)


def saved(books: Books, obj: Object, body: Body, before: Record | None) -> Record:
    """A neutral body written, by whichever books know its kind. Raises SageError."""
    check_unique(books, obj, body, before)
    key = before.id if before else None
    if obj.kind in kinds.OWN_KINDS:
        return books.keep(obj.kind, key, body)
    try:
        return books.company.save(obj.kind, body, key)
    except BooksError as error:
        raise errors.translated(error) from error


def check_unique(books: Books, obj: Object, body: Body, before: Record | None) -> None:
    """Natural ids are unique per object; a bill's number is per vendor. Raises a duplicate error."""
    value = body.get(obj.natural) if obj.natural else None
    holder = books.named(obj, value) if value else None
    if holder is not None and (before is None or holder.id != before.id):
        raise errors.duplicate(obj.label, "id", value)
    if obj.kind != "bill" or not body.get("number"):
        return
    for held in books.store.find("bill.number", str(body["number"])):
        other = books.store.tables["bill"][held.partition(":")[2]]
        is_other = before is None or other.id != before.id
        if is_other and other.body["contact"] == body.get("contact") and other.body["status"] != "voided":
            raise errors.duplicate(obj.label, obj.number, body["number"])


def delete(books: Books, obj: Object, record: Record) -> None:
    """Takes a record out of the books. Raises SageError."""
    if obj.kind in kinds.OWN_KINDS:
        books.keep(obj.kind, record.id, record.body, deleted=True)
        return
    try:
        books.company.delete(obj.kind, record.id)
    except BooksError as error:
        raise errors.translated(error) from error
