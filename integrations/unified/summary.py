"""The few columns by which lists show any record."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple


class Summary(NamedTuple):
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
_NO_CONTACT: Mapping[str, Any] = {}
_OPEN = {"payments": "unapplied", "bill_payments": "unapplied"}
_LISTS = frozenset({"accounts", "contacts", "items"})


def summarise(resource: str, unified: Mapping[str, Any]) -> Summary:
    """The columns of a unified record."""
    get = unified.get
    contact = get("contact") or _NO_CONTACT
    is_list = resource in _LISTS
    amount = get("balance") if is_list else get("amount", get("total"))
    # By position: one for every record of a sync.
    return Summary(
        _text(get("name") or get("file_name")),
        _text(get("number") or get("code")),
        _text(contact.get("name") or get("payee")),
        _text(contact.get("id")),
        get("issued_on") or get("starts_on"),
        get("due_on") or get("ends_on"),
        amount,
        None if is_list else get(_OPEN.get(resource, "balance")),
        _text(get("currency")),
        _text(get("status")),
        get("is_active") is not False,
        _text(get(_KINDS.get(resource, ""))),
    )


def _text(value: Any) -> str:
    if value.__class__ is str:
        return value
    return "" if value is None else str(value)
