"""What a unified record points to: by the ledger's ids, or by the posting that will get one."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

# Which resource a reference field points to; an allocation and a link say it by their type.
_FIELDS = {
    "contact": "contacts",
    "account": "accounts",
    "income_account": "accounts",
    "expense_account": "accounts",
    "asset_account": "accounts",
    "parent": "accounts",
    "item": "items",
    "tax_rate": "tax_rates",
    "sales_tax_rate": "tax_rates",
}
TYPES = {
    "invoice": "invoices",
    "credit_note": "credit_notes",
    "bill": "bills",
    "vendor_credit": "vendor_credits",
    "journal_entry": "journal_entries",
    "payment": "payments",
    "bill_payment": "bill_payments",
    "expense": "expenses",
    "purchase_order": "purchase_orders",
}


def references(value: Any, field: str = "") -> Iterator[tuple[str, str, str]]:
    """Every (resource, id, field) that a unified record points to."""
    if isinstance(value, list):
        for each in value:
            yield from references(each, field)
    elif isinstance(value, dict):
        resource = (
            TYPES.get(str(value.get("type")), "") if field in {"allocations", "links"} else _FIELDS.get(field, "")
        )
        if resource and isinstance(value.get("id"), str):
            yield resource, value["id"], field
        for name, each in value.items():
            yield from references(each, name)


def placeholders(value: Any) -> Iterator[str]:
    """The ids of the postings that a body stands for with {"posting": id}."""
    if isinstance(value, dict):
        if set(value) == {"posting"}:
            yield str(UUID(str(value["posting"])))
            return
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from placeholders(each)


def resolved(value: Any, ids: dict[str, str]) -> Any:
    """The body with every placeholder replaced by the id that the ledger gave."""
    if isinstance(value, list):
        return [resolved(each, ids) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"posting"}:
        return ids[str(UUID(str(value["posting"])))]
    return {name: resolved(each, ids) for name, each in value.items()}
