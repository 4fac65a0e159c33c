"""A record created, changed or deleted by REST or the gateway: read, checked, saved, and what follows from it."""

from collections.abc import Callable

from integrations.sandbox.books.errors import BooksError
from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import errors, feeds, forms, kinds, masters_reading, payments, workflows
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.kinds import Object
from integrations.sandbox.wire import Body

_FOLLOW: dict[str, Callable[[Books, Record], Record]] = {
    "payment": payments.apply_credits, "bill_payment": payments.apply_credits,
    "journal_entry": workflows.schedule_reversal, "bank_feed": feeds.fed,
    "exchange_rate": masters_reading.spread_rates,
}  # fmt: skip
"""Kind → what a saved record sets off; gives the record as it is then."""


def save(books: Books, obj: Object, given: Body, before: Record | None = None) -> Record:
    """Create a record, or change `before` by what is given; all or nothing. Raises SageError."""
    try:
        with books.store.transaction():
            if before is not None and before.table in kinds.RECORD_KINDS:
                workflows.check_changeable(before, given)
            body = forms.read(books, obj, given, before)
            if obj.kind in ("payment", "bill_payment"):
                payments.take_back_credits(books, before)
            if obj.kind in kinds.OWN_KINDS:
                record = books.keep(obj.kind, before.id if before else None, body)
            else:
                record = books.company.save(obj.kind, body, before.id if before else None)
            follow = _FOLLOW.get(obj.kind)
            return follow(books, record) if follow else record
    except BooksError as error:
        raise errors.translated(error) from error


def delete(books: Books, obj: Object, record: Record) -> None:
    """Take a record out of the books. Raises SageError for what is paid, reversed, closed or in use."""
    try:
        with books.store.transaction():
            if record.table in kinds.RECORD_KINDS:
                workflows.check_deletable(books, obj, record)
            if record.table in ("payment", "bill_payment"):
                payments.take_back_credits(books, record)
            if obj.kind in kinds.OWN_KINDS:
                books.keep(obj.kind, record.id, record.body, deleted=True)
            else:
                books.company.delete(obj.kind, record.id)
    except BooksError as error:
        raise errors.translated(error) from error
