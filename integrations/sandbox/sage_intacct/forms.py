"""Objects in and out: which module shows and reads the records of each kind."""

from collections.abc import Callable

from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import custom, documents, errors, masters, masters_reading, reading
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.kinds import Object
from integrations.sandbox.wire import Body

Show = Callable[[Books, Object, Record], Body]
Read = Callable[[Books, Object, Body, Record | None], Body]
SHOWN: dict[str, Show] = {**masters.SHOWN, **documents.SHOWN}
"""Kind → how its records look in REST."""
READ: dict[str, Read] = {**masters_reading.READ, **reading.READ}
"""Kind → the neutral body of what REST sends."""


def show(books: Books, obj: Object, record: Record) -> Body:
    """The full nested REST object: references with names, amounts as texts, lines, custom fields."""
    return SHOWN[record.table](books, obj, record) | custom.shown(books, obj.path, record.body)


def read(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """The whole neutral body after a POST or PATCH. Raises SageError."""
    if obj.kind not in READ:
        raise errors.method_not_allowed("POST", f"objects/{obj.path}")
    body = READ[obj.kind](books, obj, given, before)
    if before is None and books.entity:
        body = {**body, "own": {**(body.get("own") or {}), "entity": books.entity}}
    return custom.kept(books, obj.path, given, body)
