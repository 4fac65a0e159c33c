"""PUT and POST: one element or many, created or changed, each with its state machine."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from werkzeug.wrappers import Response

from integrations.sandbox.books.errors import BooksError
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.xero import lists, reading
from integrations.sandbox.xero.books import Books
from integrations.sandbox.xero.endpoints import Endpoint
from integrations.sandbox.xero.errors import (
    EDITED,
    STATUS,
    InvalidError,
    NotFoundError,
    invalid,
    post_error,
    translated,
)
from integrations.sandbox.xero.forms import ZERO_ID, day, read_day, respond
from integrations.sandbox.xero.querying import records, show

_STATUSES = {"DRAFT": "draft", "SUBMITTED": "submitted", "AUTHORISED": "authorised", "POSTED": "authorised",
             "PAID": "authorised", "VOIDED": "voided"}  # fmt: skip
_BORN = {"invoice": "draft", "bill": "draft", "credit_note": "draft", "vendor_credit": "draft",
         "journal_entry": "draft"}  # fmt: skip
_FLAGS = {"Contacts": "HasValidationErrors", "Payments": "HasValidationErrors", "Invoices": "HasErrors",
          "CreditNotes": "HasErrors", "PurchaseOrders": "HasErrors"}  # fmt: skip
_REFUSED = "The status {} cannot be applied to the invoice because it has payments or credit notes allocated to it."


class _Summary(Exception):
    """Elements that were refused while all of them must pass."""

    def __init__(self, elements: list[Body]) -> None:
        super().__init__("validation")
        self.elements = elements


def elements_of(endpoint: Endpoint, given: Any) -> list[Body]:
    """The elements of a wrapped list, or the bare one."""
    many = given.get(endpoint.name) if isinstance(given, dict) else given
    found = many if isinstance(many, list) else [given]
    if not all(isinstance(each, dict) for each in found):
        raise post_error("The body is not an element or a list of them")
    return found


def write(
    books: Books, endpoint: Endpoint, method: str, given: Any, query: Mapping[str, str], key: str = ""
) -> Response:
    """Save every element; all or none unless summarizeErrors=false."""
    places = 4 if query.get("unitdp") == "4" else 2
    summary = query.get("summarizeErrors", "true").lower() != "false"
    answers: list[tuple[Body, bool]] = []
    try:
        with books.store.transaction():
            for each in elements_of(endpoint, given):
                answers.append(
                    _attempt(books, endpoint, method, {**each, **({endpoint.id: key} if key else {})}, places)
                )
            refused = [each for each, is_saved in answers if not is_saved]
            if summary and refused:
                raise _Summary(refused)
    except _Summary as refusal:
        return invalid(refusal.elements)
    rows = [each for each, _ in answers]
    if not summary:
        rows = [{**each, "StatusAttributeString": "OK" if is_saved else "ERROR"} for each, is_saved in answers]
    return respond({endpoint.name: rows}, books.clock.wall())


def _attempt(books: Books, endpoint: Endpoint, method: str, given: Body, places: int) -> tuple[Body, bool]:
    """What an element became, or itself with what is wrong with it; and whether it was saved."""
    try:
        with books.store.transaction():
            return show(books, endpoint, save(books, endpoint, method, given, places), places=places), True
    except (BooksError, InvalidError) as problem:
        error = translated(problem) if isinstance(problem, BooksError) else problem
        if not isinstance(error, InvalidError):
            raise error from problem
        key = {} if endpoint.id in ("TaxType", "Code") else {endpoint.id: given.get(endpoint.id) or ZERO_ID}
        flag = {_FLAGS[endpoint.name]: True} if endpoint.name in _FLAGS else {}
        told = {"ValidationErrors": [{"Message": text} for text in error.messages]}
        return {**_echoed(given), **key, **flag, **told}, False


def _echoed(given: Body) -> Body:
    """What was sent, with its days as Xero writes them; a day that is none comes back as it was."""
    shown = dict(given)
    for name in ("Date", "DueDate"):
        with suppress(ValueError):
            shown |= {name: day(read_day(given[name]))} if given.get(name) else {}
    return shown


def existing(books: Books, endpoint: Endpoint, method: str, given: Body) -> Record | None:
    """The record an element is about. Raises NotFoundError for an id nobody has."""
    key = str(given.get(endpoint.id) or "")
    if endpoint.name not in ("TaxRates",):
        key = key.lower()
    if key and endpoint.name != "Currencies":
        return find(books, endpoint, key)
    if method == "PUT" or not endpoint.also:
        return None
    value = given.get("Name" if endpoint.name == "Contacts" else endpoint.also)
    if not value or given.get("Type") == "ACCPAY":
        return None
    for record in records(books, endpoint):
        own = (
            record.body.get("name")
            if endpoint.name == "Contacts"
            else record.body.get("number") or record.body.get("code")
        )
        if own == value and record.body.get("status") != "voided" and record.body.get("is_active", True):
            return record
    return None


def find(books: Books, endpoint: Endpoint, key: str) -> Record:
    """A record by id, or by its number where Xero knows that. Raises NotFoundError."""
    for kind in endpoint.kinds:
        record = books.store.tables[kind].get(key) or books.store.tables[kind].get(key.lower())
        if record is not None and endpoint.holds(record):
            if record.deleted and endpoint.name in ("Contacts", "Accounts", "Items", "TrackingCategories"):
                break
            return record
    if endpoint.also:
        for record in records(books, endpoint):
            own = record.body.get("own") or {}
            if key and key in (record.body.get("number"), record.body.get("code"), own.get(endpoint.also)):
                return record
    raise NotFoundError(key)


def save(books: Books, endpoint: Endpoint, method: str, given: Body, places: int) -> Record:
    """Create or change one record."""
    before = existing(books, endpoint, method, given)
    if endpoint.name in lists.READS:
        return _list(books, endpoint, given, before)
    if endpoint.name == "Payments":
        return _payment(books, given, before)
    wanted = str(given.get("Status") or "")
    if before is not None and wanted in ("DELETED", "VOIDED"):
        return _gone(books, before, wanted)
    if before is not None:
        _check_editable(books, before, wanted)
    kind = reading.kind_of(books, endpoint.name, given, before)
    body = reading.document(books, endpoint.name, kind, given, before, places)
    _state(kind, wanted, body, before)
    if not body.get("number") and before is None:
        body["number"] = books.next_number(kind)
    _check_ready(kind, body)
    return books.company.save(kind, body, before.id if before else None)


def _list(books: Books, endpoint: Endpoint, given: Body, before: Record | None) -> Record:
    if endpoint.name == "TaxRates" and before is not None and given.get("Status") == "DELETED":
        return books.company.delete("tax_rate", before.id)
    archived = endpoint.name == "Contacts" and before is not None and not before.body.get("is_active", True)
    if archived and given.get("ContactStatus") != "ACTIVE":
        raise InvalidError("The specified contact details matched an archived contact. Archived contacts cannot "
                           "currently be edited via the API.")  # fmt: skip
    body = lists.READS[endpoint.name](books, given, before)
    name = body.get("name")
    try:
        return books.company.save(endpoint.kinds[0], body, before.id if before else None)
    except BooksError as error:
        if error.code == "duplicate_name" and endpoint.name == "Contacts":
            raise InvalidError(
                f"The contact name {name} is already assigned to another contact. The contact name must be unique "
                "across all active contacts."
            ) from error
        if error.code == "duplicate_name" and error.field == "code":
            raise InvalidError("Please enter a unique Code.") from error
        raise


def _payment(books: Books, given: Body, before: Record | None) -> Record:
    if before is None:
        body = reading.payment(books, given)
        return books.company.save(reading.kind_of(books, "Payments", given, None), body)
    if given.get("Status") != "DELETED":
        raise InvalidError("A payment can only be deleted; its other values cannot be changed")
    if (before.body.get("own") or {}).get("IsReconciled"):
        raise InvalidError("This payment has been reconciled and cannot be deleted")
    if before.deleted:
        raise InvalidError("This payment has been deleted already")
    return books.company.delete(before.table, before.id)


def _gone(books: Books, before: Record, wanted: str) -> Record:
    """DELETED is for drafts and money, VOIDED for what is in force."""
    if before.deleted or before.body["status"] == "voided":
        raise InvalidError(f"Deleted {before.table} cannot be updated" if before.table == "purchase_order" else STATUS)
    if wanted == "VOIDED":
        if before.body["allocations"]:
            raise InvalidError(_REFUSED.format(wanted))
        try:
            return books.company.void(before.table, before.id)
        except BooksError as error:
            raise (InvalidError(_REFUSED.format(wanted)) if error.code == "settled" else error) from error
    held = before.table in ("invoice", "bill", "credit_note", "vendor_credit", "journal_entry")
    if held and before.body["status"] == "authorised":
        raise InvalidError(STATUS)
    return books.company.delete(before.table, before.id)


def _check_editable(books: Books, before: Record, wanted: str) -> None:
    if before.table == "purchase_order" and before.deleted:
        raise InvalidError("PurchaseOrder status change is invalid", "Deleted PurchaseOrders cannot be updated")
    if before.deleted or before.body.get("status") == "voided":
        raise InvalidError(STATUS)
    if before.applied or (before.body["allocations"] and wanted != "AUTHORISED"):
        raise InvalidError(STATUS, EDITED)


def _state(kind: str, wanted: str, body: Body, before: Record | None) -> None:
    if kind == "purchase_order":
        body["own"]["Status"] = wanted or body["own"].get("Status") or "DRAFT"
        body["status"] = "authorised"
        return
    if wanted and wanted not in _STATUSES:
        raise InvalidError(f"'{wanted}' is not a valid status")
    if wanted:
        body["status"] = _STATUSES[wanted]
    elif before is None:
        body["status"] = _BORN.get(kind, "authorised")
    if before is not None and before.body["status"] == "authorised" and body["status"] != "authorised":
        raise InvalidError(STATUS)


def _check_ready(kind: str, body: Body) -> None:
    """What an approved document needs beyond a draft."""
    if body["status"] != "authorised":
        return
    if kind in ("invoice", "bill", "credit_note", "vendor_credit") and any(
        not line.get("description") and not line.get("item") for line in body.get("lines") or ()
    ):
        raise InvalidError("The description field is mandatory for each line item.")
    if kind in ("invoice", "bill") and not body.get("due_on"):
        raise InvalidError("Due Date cannot be empty")
