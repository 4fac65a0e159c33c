"""One ledger record laid out for reading: facts, lines, allocations, totals, in the unified model's words."""

from dataclasses import dataclass, field
from typing import Any

from integrations.models import Resource
from integrations.templatetags.books import as_decimal, words

# Shown elsewhere on the page, or of no use to a reader.
_ELSEWHERE = {
    "external_id", "remote_type", "version", "modified_at", "created_at", "custom_fields", "lines", "allocations",
    "components", "links", "overrides", "subtotal", "tax_total", "total", "balance", "billing_address", "memo",
    "description", "raw",
}  # fmt: skip
# JSON columns forget the order of keys; a reader wants these first.
_FIRST = (
    "number", "code", "name", "full_name", "company_name", "first_name", "last_name", "email", "phone",
    "contact_type", "type", "classification", "contact",
    "issued_on", "due_on", "status", "currency", "exchange_rate", "tax_mode", "account", "method", "reference",
    "amount",
)  # fmt: skip
_MONEY = {"amount", "unapplied", "unit_price", "unit_cost", "opening_balance"}
REFERENCES = {
    "contact": Resource.CONTACTS,
    "account": Resource.ACCOUNTS,
    "income_account": Resource.ACCOUNTS,
    "expense_account": Resource.ACCOUNTS,
    "asset_account": Resource.ACCOUNTS,
    "item": Resource.ITEMS,
    "tax_rate": Resource.TAX_RATES,
    "sales_tax_rate": Resource.TAX_RATES,
    "method": Resource.PAYMENT_METHODS,
    "terms": Resource.TERMS,
}
_SINGULAR = {
    "invoice": Resource.INVOICES,
    "credit_note": Resource.CREDIT_NOTES,
    "journal_entry": Resource.JOURNAL_ENTRIES,
    "bill": Resource.BILLS,
    "vendor_credit": Resource.VENDOR_CREDITS,
    "payment": Resource.PAYMENTS,
    "bill_payment": Resource.BILL_PAYMENTS,
    "purchase_order": Resource.PURCHASE_ORDERS,
    "expense": Resource.EXPENSES,
    "item": Resource.ITEMS,
}
_LABELS = {
    "issued_on": "Date", "due_on": "Due", "tax_mode": "Amounts are", "number": "Number", "contact": "Contact",
    "is_active": "Active", "full_name": "Full name", "tax_number": "Tax number", "unit_price": "Sales price",
    "unit_cost": "Cost", "closed_through": "Books closed through", "is_multi_currency": "Several currencies",
    "code": "Code", "parent": "Part of", "status": "Status", "rate": "Rate", "is_taxable": "Taxable",
}  # fmt: skip
_LINE_COLUMNS = (
    ("description", "Description", ""),
    ("item", "Item", "reference"),
    ("account", "Account", "reference"),
    ("contact", "Contact", "reference"),
    ("dimensions", "Dimensions", "dimensions"),
    ("quantity", "Quantity", "number"),
    ("unit_price", "Unit price", "price"),
    ("tax_rate", "Tax", "reference"),
    ("tax_amount", "Tax amount", "money"),
    ("debit", "Debit", "money"),
    ("credit", "Credit", "money"),
    ("amount", "Amount", "money"),
)


@dataclass(frozen=True)
class Fact:
    """A label and a value; `kind` says how to write it, `resource` where a reference leads.

    `posting`: what another posting makes, by that one's id.
    """

    label: str
    value: Any
    kind: str = ""
    resource: str = ""


@dataclass(frozen=True)
class RecordPage:
    """Everything the template of a record shows from its unified form."""

    facts: list[Fact]
    columns: list[tuple[str, str, str]]
    lines: list[list[Fact]]
    totals: list[Fact]
    allocations: list[dict[str, Any]]
    links: list[dict[str, Any]]
    components: list[dict[str, Any]]
    custom_fields: list[dict[str, Any]]
    text: str
    address: list[str] = field(default_factory=list)


def lay_out(unified: dict[str, Any]) -> RecordPage:
    """A record in the unified model as a page; empty values are left out."""
    lines = [line for line in unified.get("lines") or [] if isinstance(line, dict)]
    columns = [column for column in _LINE_COLUMNS if any(_is_set(line.get(column[0]), column[2]) for line in lines)]
    return RecordPage(
        facts=_facts(unified),
        columns=columns,
        lines=[[_cell(line, column) for column in columns] for line in lines],
        totals=_totals(unified),
        allocations=[_linked(row) for row in unified.get("allocations") or []],
        links=[_linked(row) for row in unified.get("links") or []],
        components=list(unified.get("components") or []),
        custom_fields=list(unified.get("custom_fields") or []),
        text=str(unified.get("memo") or unified.get("description") or ""),
        address=_address(unified.get("billing_address")),
    )


def _facts(unified: dict[str, Any]) -> list[Fact]:
    first = [name for name in _FIRST if name in unified]
    shown = [*first, *(name for name in sorted(unified) if name not in _ELSEWHERE and name not in first)]
    return [fact for fact in (_fact(name, unified[name]) for name in shown) if fact]


def _fact(name: str, value: Any) -> Fact | None:
    if value is None or value == "" or value == [] or value == {}:
        return None
    label = _LABELS.get(name, words(name))
    if isinstance(value, dict) and isinstance(value.get("id"), dict) and "posting" in value["id"]:
        return Fact(label, value["id"]["posting"], "posting")
    if isinstance(value, dict) and ("id" in value or "name" in value):
        return Fact(label, {"id": None, "name": None, **value}, "reference", _target(name, value))
    if isinstance(value, dict | list):
        text = _in_words(value)
        return Fact(label, text) if text else None
    return Fact(label, value, _kind(name, value))


def _in_words(value: Any) -> str:
    if isinstance(value, dict) and "line1" in value:
        return ", ".join(_address(value))
    if isinstance(value, dict):
        named = value.get("name") or value.get("id")
        return str(named) if named else ", ".join(filter(None, (_in_words(part) for part in value.values())))
    if isinstance(value, list):
        return ", ".join(filter(None, (_in_words(part) for part in value)))
    return "" if value is None else str(value)


def _kind(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yesno"
    if name == "status":
        return "status"
    if name.endswith(("_on", "_at")) or name == "closed_through":
        return "date"
    if name in _MONEY:
        return "money"
    if name == "rate":
        return "percent"
    if name == "exchange_rate":
        return "number"
    if name in ("type", "tax_mode", "contact_type", "classification", "applies_to", "payment_type"):
        return "words"
    return ""


def _target(name: str, value: dict[str, Any]) -> str:
    # A posting's body may hold the place of an id that another posting will get.
    return str(REFERENCES.get(name, "")) if isinstance(value.get("id"), str) else ""


def _is_set(value: Any, kind: str) -> bool:
    if kind in ("money", "number", "price"):
        return bool(as_decimal(value))
    return value not in (None, "", [], {})


def _cell(line: dict[str, Any], column: tuple[str, str, str]) -> Fact:
    name, label, kind = column
    value = line.get(name)
    if kind == "money" and not as_decimal(value) and name in ("debit", "credit"):
        value = None
    if kind == "dimensions":
        return Fact(label, ", ".join(str(row.get("name") or row.get("id")) for row in value or []))
    if isinstance(value, dict):
        return Fact(label, {"id": None, "name": None, **value}, kind, _target(name, value))
    return Fact(label, value, kind)


def _totals(unified: dict[str, Any]) -> list[Fact]:
    labels = (("subtotal", "Subtotal"), ("tax_total", "Tax"), ("total", "Total"), ("balance", "Still open"))
    found = [Fact(label, unified[name], "money") for name, label in labels if as_decimal(unified.get(name)) is not None]
    if "total" not in unified and "balance" in unified:
        return [Fact("Balance", fact.value, "money") for fact in found]
    return found


def _linked(row: dict[str, Any]) -> dict[str, Any]:
    kind = str(row.get("type") or "")
    known = isinstance(row.get("id"), str)
    return {
        **row,
        "label": words(kind),
        "resource": str(_SINGULAR.get(kind, "")) if known else "",
        "id": row.get("id") if known else "(gets its number when posted)",
    }


def _address(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return []
    parts = [value.get(name) for name in ("line1", "line2", "city", "region", "postal_code", "country")]
    return [str(part) for part in parts if part]
