"""Xero's refusals: gateway answers, empty 404s, exceptions with messages of each element."""

import uuid
from typing import Any

from werkzeug.wrappers import Response

from integrations.sandbox import wire
from integrations.sandbox.books.errors import BooksError
from integrations.sandbox.wire import Body

_JSON = "application/json; charset=utf-8"


class NotFoundError(Exception):
    """An unknown id, also one that a write refers to: 404 without a body."""


class InvalidError(Exception):
    """An element that breaks rules: what Xero says about it."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


class ApiError(Exception):
    """A call that fails as a whole: a numbered exception (numbers other than 10 are not verified)."""

    def __init__(self, number: int, kind: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.body: Body = {"ErrorNumber": number, "Type": kind, "Message": message}


def query_error(message: str) -> ApiError:
    """A where or order that makes no sense."""
    return ApiError(16, "QueryParseException", message)


def post_error(message: str) -> ApiError:
    """A body that cannot be read."""
    return ApiError(14, "PostDataInvalidException", message)


def refuse(error: ApiError) -> Response:
    """{"ErrorNumber", "Type", "Message"}."""
    return Response(wire.dump(error.body), error.status, content_type=_JSON)


def invalid(elements: list[Body]) -> Response:
    """400 with every element and its messages."""
    body = {"ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred",
            "Elements": elements}  # fmt: skip
    return Response(wire.dump(body), 400, content_type=_JSON)


def not_found() -> Response:
    """404, text/html, empty."""
    return Response("", 404, content_type="text/html")


def gateway(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """401 and 403 as Xero's gateway writes them."""
    title = {401: "Unauthorized", 403: "Forbidden"}[status]
    body: dict[str, Any] = {"Type": None, "Title": title, "Status": status, "Detail": detail,
                            "Instance": str(uuid.uuid4()), "Extensions": {}}  # fmt: skip
    return Response(wire.dump(body), status, headers=headers, content_type=_JSON)


EDITED = "This document cannot be edited as it has a payment or credit note allocated to it."
STATUS = "Invoice not of valid status for modification"
NOT_AUTHORISED = "Payments can only be made against Authorised documents"
TOO_MUCH = "Payment amount exceeds the amount outstanding on this document"
_TEXTS = {
    # Texts that no source shows follow Xero's style.
    "missing": "{message}",
    "invalid_reference": "{message}",
    "inactive_reference": "{message}",
    "unbalanced": "The total debits must equal total credits",
    "period_closed": "The document date cannot be before the period lock date, currently set at {closed_through}",
    "settled": EDITED,
    "over_applied": TOO_MUCH,
    "wrong_party": "The contact of both documents must be the same",
    "wrong_currency": "The currency of the account or document differs",
    "wrong_account_type": "Account code '{id}' is not a valid code for this document.",
    "duplicate_number": "Invoice # must be unique.",
    "duplicate_name": "Please enter a unique Name.",
    "invalid_tax": "The TaxType code does not exist or cannot be used for this type of transaction.",
    "amount_mismatch": "{message}",
    "in_use": "It is used in transactions and cannot be deleted.",
    "status": STATUS,
}


def translated(error: BooksError) -> Exception:
    """A refusal of the books in Xero's words."""
    kind = error.facts.get("kind")
    if error.code in ("not_found", "invalid_reference") and kind not in ("account", "tax_rate", "item", "dimension"):
        return NotFoundError(error.message)
    if error.code == "inactive_reference" and kind == "contact":
        return InvalidError("The contact must be un-archived before creating new invoices or credit notes.")
    if error.code == "amount_mismatch" and "expected" in error.facts:
        return InvalidError(f"The line total does not match the expected line total {error.facts['expected']}")
    if error.code == "missing" and error.field == "lines":
        return InvalidError("One or more line items must be specified")
    facts = {"message": error.message, "id": "", "closed_through": "", **error.facts}
    return InvalidError(_TEXTS.get(error.code, "{message}").format_map(facts))
