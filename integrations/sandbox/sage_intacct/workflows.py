"""What users do with transactions beside editing: submit, approve, decline, recall, reverse."""

from collections.abc import Callable
from typing import Any

from integrations.sandbox.books.errors import BooksError
from integrations.sandbox.books.settling import check_period
from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import documents, errors, payments, properties
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.errors import SageError
from integrations.sandbox.sage_intacct.kinds import Object
from integrations.sandbox.sage_intacct.reading_heads import APPROVAL, DUELESS, missing_due_date
from integrations.sandbox.wire import Body

_DATES = ("reverseDate", "reversedDate", "paymentDate", "reversalDate")
_NOTES = ("notes", "memo", "description")
"""Each object has its own names for the day and the reason of a reversal."""
_REPORTS = {"authorised": "approved"}
"""Expense reports are approved, not posted: their posting is not simulated."""
_SAID = ("description", "documentNumber", "attachment", "key", "id", "href")
"""What may change of a payment in force (not verified)."""


def run(books: Books, obj: Object, action: str, given: Body) -> Body:
    """POST /workflows/{object}/{action} with {"key"}: {key, id, href, state}. Raises SageError."""
    if action not in obj.actions:
        raise errors.invalid_request(f"The action {action} is not supported for {obj.path}.")
    if given.get("key") in (None, ""):
        raise errors.invalid_request("Required field key is missing.")
    record = books.get(obj, str(given["key"]))
    try:
        with books.store.transaction():
            record = _ACTIONS[action](books, obj, record, given)
    except BooksError as error:
        raise errors.translated(error) from error
    state = documents.SHOWN[record.table](books, obj, record)["state"]
    return {"key": record.id, "id": books.natural(obj, record), "href": f"{obj.href}/{record.id}", "state": state}


def reverse(books: Books, obj: Object, record: Record, given: Body) -> Record:
    """Take a transaction's effect out of the books; what it settled is open again. Raises SageError, BooksError."""
    if record.body["status"] != "authorised":
        raise _not_possible("reversed", record)
    if record.applied or (_is_credit(record) and record.body["allocations"]):
        raise _paid(obj, "reversed")
    told = next((given[name] for name in _DATES if given.get(name)), books.today.isoformat())
    on = properties.day(told, "reverseDate")
    if on < record.body["on"]:
        raise errors.business("The reversal date must be on or after the transaction date.", "BL03002210")
    check_period(books.company, on, override=False)
    if record.table in payments.SIDES:
        payments.take_back_credits(books, record)
    voided = books.company.void(record.table, record.id)
    notes = next((given[name] for name in _NOTES if given.get(name)), None)
    own = {**(voided.body.get("own") or {}), "reversal": {"date": on, "notes": notes}}
    return books.company.touch(voided, body={**voided.body, "own": own})


def _is_credit(record: Record) -> bool:
    return record.table in ("credit_note", "vendor_credit")


def _paid(obj: Object, verb: str) -> SageError:
    return errors.business(f"This {obj.label.lower()} cannot be {verb} because it has been paid or applied.",
                           "BL03002214", number="BL03002214")  # fmt: skip


def _not_possible(verb: str, record: Record) -> SageError:
    body = record.body
    status = {"voided": "reversed", "authorised": "posted"}.get(body["status"], body["status"])
    if body["status"] == "submitted":
        status = (body.get("own") or {}).get("state") or status
    return errors.business(f"The transaction cannot be {verb} because its state is {status}.", "BL01001981")


def _save(books: Books, record: Record, status: str, state: str | None = None) -> Record:
    """The record in another state; own.state says what the status cannot."""
    own = {**(record.body.get("own") or {}), "state": state}
    body = {**record.body, "status": status, "own": own}
    if record.table in payments.SIDES and status == "authorised":
        body["allocations"] = payments.allocations(body)
    if record.table == "employee_expense":
        return books.keep(record.table, record.id, {**body, "status": state or _REPORTS.get(status, status)})
    saved = books.company.save(record.table, body, record.id)
    return payments.apply_credits(books, saved) if record.table in payments.SIDES else saved


def _submit(books: Books, obj: Object, record: Record, given: Body) -> Record:
    if record.body["status"] != "draft":
        raise _not_possible("submitted", record)
    if not (record.body.get("lines") or (record.body.get("own") or {}).get("details")):
        raise errors.business("At least one line item is required.", "BL01001974")
    if (record.body.get("own") or {}).get(DUELESS):
        raise missing_due_date()
    waits = obj.kind == "employee_expense" or (obj.kind == "bill" and books.settings.get(APPROVAL))
    return _save(books, record, "submitted" if waits else "authorised", "pending" if _is_order(record) else None)


def _approve(books: Books, obj: Object, record: Record, given: Body) -> Record:
    _check_waits(record, "approved")
    return _save(books, record, "authorised", "pending" if _is_order(record) else None)


def _decline(books: Books, obj: Object, record: Record, given: Body) -> Record:
    _check_waits(record, "declined")
    return _save(books, record, "submitted", "declined")


def _recall(books: Books, obj: Object, record: Record, given: Body) -> Record:
    _check_waits(record, "recalled")
    return _save(books, record, "draft")


def _check_waits(record: Record, verb: str) -> None:
    is_declined = verb != "recalled" and (record.body.get("own") or {}).get("state") == "declined"
    if record.body["status"] != "submitted" or is_declined:
        raise _not_possible(verb, record)


def _is_order(record: Record) -> bool:
    return record.table == "purchase_order"


def _settled(books: Books, obj: Object, record: Record, given: Body) -> Record:
    """Confirming or printing a payment changes nothing here: it is in force at once."""
    if record.body["status"] != "authorised":
        raise _not_possible("confirmed", record)
    return record


_ACTIONS: dict[str, Callable[[Books, Object, Record, Body], Record]] = {
    "reverse": reverse, "submit": _submit, "approve": _approve, "decline": _decline, "recall": _recall,
    "confirm": _settled, "print": _settled,
}  # fmt: skip


def check_changeable(record: Record, given: Body) -> None:
    """Raises SageError for what is reversed; of a payment in force only what is said of it can change."""
    status = record.body.get("status")
    is_fixed = record.table in payments.SIDES and status == "authorised"
    if status == "voided" or (is_fixed and any(name not in _SAID and "::" not in name for name in given)):
        raise _not_possible("changed", record)


def check_deletable(books: Books, obj: Object, record: Record) -> None:
    """Drafts and unpaid transactions of open periods may go; payments only as drafts. Raises SageError."""
    status = record.body.get("status")
    if status == "voided" or (record.table in payments.SIDES and status == "authorised"):
        raise _not_possible("deleted", record)
    if record.applied or (_is_credit(record) and record.body["allocations"]):
        raise _paid(obj, "deleted")


def schedule_reversal(books: Books, record: Record) -> Record:
    """The opposite of a journal entry that names a day for it, made once."""
    own: dict[str, Any] = record.body.get("own") or {}
    if not own.get("reverseDate") or own.get("reversedBy") or record.body["status"] != "authorised":
        return record
    if own["reverseDate"] < record.body["on"]:
        raise errors.business("The reversing date must be after the posting date.", "GL-0954")
    lines = [_opposite(line) for line in record.body["lines"]]
    said = {name: value for name, value in own.items() if name not in ("reverseDate", "reversedBy")}
    said["reversedFrom"] = record.body["on"]
    memo = f"Reversed - {record.body['memo']}"
    body = {**record.body, "on": own["reverseDate"], "lines": lines, "number": None, "memo": memo, "own": said}
    made = books.company.save("journal_entry", body)
    return books.company.touch(record, body={**record.body, "own": {**own, "reversedBy": made.id}})


def _opposite(line: Body) -> Body:
    found = {name: value for name, value in line.items() if name not in ("debit", "credit", "computed", "net")}
    found["amount"] = -line["amount"]
    if line.get("tax"):
        found["tax_amount"] = -line["tax_amount"]
    return found
