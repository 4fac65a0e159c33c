"""Intacct's refusals: one tree of codes for REST and for the XML gateway."""

from dataclasses import dataclass
from typing import Any

from integrations.sandbox.books.errors import BooksError

_GENERIC = "BL01001973"


@dataclass(frozen=True)
class Detail:
    """One entry below the outer error, the most telling last; `number` and `correction` are the gateway's."""

    message: str
    error_id: str = ""
    code: str = "invalidRequest"
    number: str = _GENERIC
    correction: str = ""
    description: str = ""


class SageError(Exception):
    """A refusal. With details it is a business error (the outer text names the request); without, it stands alone.

    `status` is the HTTP status, `code` and `error_id` those of the outer error; `at_top` puts ia::error beside
    ia::result's place, as the gateway in front of the API does.
    """

    def __init__(self, message: str, *details: Detail, status: int = 422, code: str = "operationFailed",
                 error_id: str = "REST-7001", at_top: bool = False) -> None:  # fmt: skip
        super().__init__(message)
        self.message = message
        self.details = details
        self.status = status
        self.code = code
        self.error_id = error_id
        self.at_top = at_top

    @property
    def last(self) -> Detail:
        """The most telling entry."""
        return self.details[-1] if self.details else Detail(self.message, self.error_id, self.code)


def business(message: str, error_id: str = _GENERIC, code: str = "invalidRequest", *, first: str = "",
             number: str = _GENERIC, correction: str = "", description: str = "") -> SageError:  # fmt: skip
    """A validation that failed: 422; `first` is a general sentence before the telling one."""
    told = Detail(message, error_id, code, number, correction, description)
    return SageError(message, *((Detail(first, error_id, "unableToCreateRecordError"),) if first else ()), told)


def invalid_request(message: str) -> SageError:
    """The request itself is wrong: an unknown field, a malformed body."""
    return SageError(message, status=400, code="invalidRequest", error_id="REST-1028")


def unknown_field(name: str, path: str) -> SageError:
    """A body or a query names a field that the object has not (sentence not verified)."""
    return invalid_request(f"The field {name} is not defined on object {path}.")


def not_found(path: str, key: str) -> SageError:
    """There is no such record (sentence not verified)."""
    return SageError(f"{path} with key {key} was not found.", status=404, code="invalidKey", error_id="REST-1045")


def unknown_object(path: str) -> SageError:
    """There is no such object type."""
    return SageError(f"The object {path} does not exist.", status=404, code="invalidRequest", error_id="REST-1001")


def method_not_allowed(method: str, path: str) -> SageError:
    """The object cannot be written like this."""
    return SageError(f"{method} is not supported for {path}.", status=405, code="methodNotAllowed",
                     error_id="REST-1003")  # fmt: skip


def gateway(number: str, message: str, status: int) -> SageError:
    """A refusal by the gateway before the API: GW-0010 and so on."""
    return SageError(message, status=status, code=number, error_id=number, at_top=True)


def token_invalid(message: str = "The token is not valid. Please re-authenticate.") -> SageError:
    """The token is wrong, old, or was replaced by a newer grant."""
    return SageError(message, status=401, code="tokenInvalid", error_id="REST-2102", at_top=True)


def invalid_reference(label: str, value: Any) -> SageError:
    """A name or key that stands for nothing, in the words that belong to its kind."""
    pattern = _NAMED.get(label, "{label} '{value}' specified is not valid.")
    return business(pattern.format(label=label, value=value), "BL03000130", number="BL03000130",
                    correction="Provide a valid value.")  # fmt: skip


_NAMED = {
    "Location": "The location '{value}' is invalid.", "Department": "The department '{value}' is invalid.",
    "Employee": "The employee '{value}' is invalid.", "Account": "Account {value} is not valid",
}  # fmt: skip


def duplicate(label: str, field: str, value: Any) -> SageError:
    """The natural id is taken."""
    return business(
        f"Another record with the value '{value}' for the field {field} already exists.", "BL34000061",
        "duplicateRecord", first=f"Could not create {label} record.", number="BL34000061",
        correction="Use a unique value instead.", description=f"Duplicate {label}",
    )  # fmt: skip


CLOSED = (
    "Periods are closed. Your transaction date ({day}) is within a period that's been closed. You can add, modify, or "
    "delete a transaction only if the date of the transaction is within a period that's open."
)


def closed(day: str) -> SageError:
    """The date lies in a closed period; `day` is ISO."""
    year, month, date = day.split("-")
    return business(CLOSED.format(day=f"{month}/{date}/{year}"), "GL-0810", number="BL03000018",
                    correction="Open the period or use a date in an open one.")  # fmt: skip


_WORDS = {
    # Error ids that no source shows follow Intacct's pattern; the sentences of the first six are seen.
    "unbalanced": ("GL-1009", "Transactions do not balance for {place}"),
    "duplicate_number": ("BL01001973", "Another record with the value '{value}' already exists."),
    "duplicate_name": ("BL34000061", "Another record with the value '{value}' already exists."),
    "missing": ("BL01001974", "Required field {field} is missing."),
    "settled": ("BL03002214", "This transaction cannot be changed because it has been paid or applied."),
    "over_applied": ("BL03002130", "The payment amount is greater than the amount due on the transaction."),
    "wrong_party": ("BL03002131", "The transaction belongs to another customer or vendor."),
    "wrong_currency": ("BL03002132", "The currency does not match that of the transaction."),
    "wrong_account_type": ("GL-0901", "Direct posting to this account is not allowed: {message}"),
    "invalid_tax": ("TX-0100", "The tax detail is not valid for this transaction."),
    "amount_mismatch": ("BL01001975", "The amount is not valid: {message}"),
    "in_use": ("BL01001980", "This record is used in transactions and cannot be deleted."),
    "status": ("BL01001981", "This is not possible in the state of the record: {message}"),
}
_KINDS = {"account": "Account", "contact": "Vendor or customer", "item": "Item", "dimension": "Dimension",
          "tax_rate": "Tax detail", "payment_term": "Term"}  # fmt: skip


def translated(error: BooksError) -> SageError:
    """A refusal of the neutral books in Intacct's words."""
    facts = error.facts
    if error.code == "period_closed":
        return closed(str(facts.get("on") or facts.get("closed_through")))
    if error.code == "not_found":
        return not_found(str(facts.get("kind")), str(facts.get("id")))
    if error.code == "invalid_reference":
        return invalid_reference(_KINDS.get(str(facts.get("kind")), "Transaction"), facts.get("id"))
    if error.code == "inactive_reference":
        label = _KINDS.get(str(facts.get("kind")), "Record")
        return business(f"{label} {facts.get('name')} is inactive.", "BL03000131", number="BL03000131")
    error_id, text = _WORDS.get(error.code, (_GENERIC, "{message}"))
    known = {
        "value": facts.get("number", ""),
        "place": "the transaction",
        **facts,
        "field": error.field,
        "message": error.message,
    }
    return business(text.format_map(known), error_id)
