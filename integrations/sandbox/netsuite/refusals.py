"""What the neutral books refuse, in NetSuite's words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from integrations.sandbox.books.company import BooksError
from integrations.sandbox.netsuite import errors
from integrations.sandbox.netsuite.books import Books
from integrations.sandbox.netsuite.errors import NetSuiteError
from integrations.sandbox.netsuite.kinds import RecordType

_FIELDS = {"contact": "entity", "on": "tranDate", "tax": "taxCode", "number": "tranId"}


@contextmanager
def translated(books: Books, record_type: RecordType) -> Iterator[None]:
    """Turn BooksError into NetSuiteError."""
    try:
        yield
    except BooksError as error:
        raise _WORDS.get(error.code, _plain)(error, record_type) from error


def _plain(error: BooksError, record_type: RecordType) -> NetSuiteError:
    return errors.user(str(error), _FIELDS.get(error.field, error.field))


def _said(text: str) -> Callable[[BooksError, RecordType], NetSuiteError]:
    return lambda error, record_type: errors.user(text, _FIELDS.get(error.field, error.field))


def _reference(error: BooksError, record_type: RecordType) -> NetSuiteError:
    field = _FIELDS.get(error.field.rpartition(".")[2], error.field.rpartition(".")[2]) or "record"
    key = str(error.facts.get("id") or error.facts.get("value") or "")
    return errors.invalid_reference(
        field, key, "subsidiary 1" if field in ("account", "department", "location") else ""
    )


def _named(error: BooksError, record_type: RecordType) -> NetSuiteError:
    return errors.user(errors.EXISTS.format(kind=record_type.label.lower()), "entityId")


_WORDS: dict[str, Callable[[BooksError, RecordType], NetSuiteError]] = {
    "not_found": lambda error, record_type: errors.nonexistent(record_type.name, str(error.facts.get("id", ""))),
    "missing": lambda error, record_type: errors.missing(error.field or "Name", _FIELDS.get(error.field, error.field)),
    "invalid_reference": _reference,
    "inactive_reference": _reference,
    "unbalanced": _said("Please balance the debits and credits before saving this journal entry."),
    "period_closed": _said(errors.PERIOD),
    "settled": _said(errors.DEPENDENT),
    "in_use": _said(errors.DEPENDENT),
    "over_applied": _said("The amount applied exceeds the amount that is due."),
    "wrong_party": _said("The transaction that is applied belongs to another entity."),
    "wrong_currency": _said("The currency of the transaction does not match that of the entity or the account."),
    "wrong_account_type": _said("You have selected an account of the wrong type for this transaction."),
    "duplicate_number": _said(errors.DUPLICATE),
    "duplicate_name": _named,
    "invalid_tax": _said("Please enter value(s) for: Tax Code"),
}
