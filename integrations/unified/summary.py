"""The few columns by which lists show any record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list shows of a record; amounts are in `currency`, None where the record has none."""

    name: str = ""
    number: str = ""
    contact_name: str = ""
    contact_id: str = ""
    issued_on: date | None = None
    due_on: date | None = None
    amount: Decimal | None = None
    open_amount: Decimal | None = None
    currency: str = ""
    status: str = ""
    is_active: bool = True
    kind: str = ""


# Which field tells what kind of record it is, where a resource has several.
_KINDS = {
    "accounts": "type",
    "contacts": "contact_type",
    "items": "type",
    "tracking_categories": "type",
    "bank_transactions": "type",
    "expenses": "payment_type",
    "tax_rates": "applies_to",
}
_OPEN = {"payments": "unapplied", "bill_payments": "unapplied"}
_LISTS = frozenset({"accounts", "contacts", "items"})


def summarise(resource: str, unified: Mapping[str, Any]) -> Summary:
    """The columns of a unified record."""
    contact = unified.get("contact") or {}
    is_list = resource in _LISTS
    amount = unified.get("balance") if is_list else unified.get("amount", unified.get("total"))
    return Summary(
        name=_text(unified.get("name") or unified.get("file_name")),
        number=_text(unified.get("number") or unified.get("code")),
        contact_name=_text(contact.get("name")),
        contact_id=_text(contact.get("id")),
        issued_on=unified.get("issued_on") or unified.get("starts_on"),
        due_on=unified.get("due_on") or unified.get("ends_on"),
        amount=amount,
        open_amount=None if is_list else unified.get(_OPEN.get(resource, "balance")),
        currency=_text(unified.get("currency")),
        status=_text(unified.get("status")),
        is_active=unified.get("is_active") is not False,
        kind=_text(unified.get(_KINDS.get(resource, ""))),
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)
