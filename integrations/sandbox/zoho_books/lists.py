"""Contacts, accounts and items, both ways between the neutral books and Zoho."""

from decimal import Decimal
from typing import Any

from integrations.sandbox.books.company import is_posted
from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books import chart, custom, kinds
from integrations.sandbox.zoho_books.books import Books
from integrations.sandbox.zoho_books.errors import invalid_value, missing

_ADDRESS = {"street": "address", "street2": "street2", "city": "city", "region": "state", "postcode": "zip",
            "country": "country", "attention": "attention", "phone": "phone", "fax": "fax"}  # fmt: skip
_OWN_CONTACT = ("company_name", "website", "notes", "mobile", "contact_number", "customer_sub_type", "language_code",
                "payment_terms_label", "track_1099", "contact_salutation")  # fmt: skip
_OPEN = {
    "invoice": "outstanding_receivable_amount", "bill": "outstanding_payable_amount",
    "credit_note": "unused_credits_receivable_amount", "payment": "unused_credits_receivable_amount",
    "vendor_credit": "unused_credits_payable_amount", "bill_payment": "unused_credits_payable_amount",
}  # fmt: skip


def text(value: Any) -> Any:
    """What Zoho shows for nothing: an empty text."""
    return "" if value is None else value


# Contacts


def contact(books: Books, record: Record) -> Body:
    """A contact as its own address answers."""
    body, own = record.body, record.body.get("own") or {}
    kind = "customer" if body.get("is_customer") else "vendor"
    term = books.body("payment_term", body.get("term"))
    person = {"contact_person_id": kinds.line_id(record.id, "1"), "is_primary_contact": True}
    person |= {name: text(body.get(name)) for name in ("first_name", "last_name", "email", "phone")}
    days = own.get("payment_terms", term.get("days", 0))
    return {
        "contact_id": record.id, "contact_name": body["name"], "contact_type": kind, "customer_name": body["name"],
        "vendor_name": body["name"], **{name: text(own.get(name)) for name in _OWN_CONTACT},
        **{name: text(body.get(name)) for name in ("first_name", "last_name", "email", "phone")},
        "tax_reg_no": text(body.get("tax_number")), "status": "active" if body["is_active"] else "inactive",
        "payment_terms": days, "payment_terms_label": own.get("payment_terms_label") or _label(days),
        **books.currency(body.get("currency")), "primary_contact_id": person["contact_person_id"],
        "contact_persons": [person], "billing_address": _address(body, "billing", record, "2"),
        "shipping_address": _address(body, "shipping", record, "3"), "source": "api", "tags": [],
        "has_transaction": False, **custom.shown(books, own.get("custom_fields")), **books.times(record),
    }  # fmt: skip


NOTHING_OWED = dict.fromkeys(_OPEN.values(), ZERO)


def owed(books: Books) -> dict[str, dict[str, Decimal]]:
    """Contact → what is open between us, in its own currency."""
    found: dict[str, dict[str, Decimal]] = {}
    for kind, name in _OPEN.items():
        for record in books.store.live(kind):
            if is_posted(record):
                sums = found.setdefault(str(record.body["contact"]), dict(NOTHING_OWED))
                sums[name] += books.company.open_amount(record)
    return found


def _label(days: Any) -> str:
    return f"Net {days}" if days else "Due on Receipt"


def _address(body: Body, kind: str, record: Record, part: str) -> Body:
    found: Body = next((each for each in body.get("addresses") or () if each.get("type") == kind), {})
    shown = {theirs: text(found.get(ours)) for ours, theirs in _ADDRESS.items()}
    return {"address_id": kinds.line_id(record.id, part), **shown}


def read_contact(books: Books, given: Body, before: Body) -> Body:
    """Zoho's words → neutral, over what was before."""
    if not (given.get("contact_name") or before.get("name")):
        raise missing("contact_name")
    kind = given.get("contact_type") or ("vendor" if before.get("is_vendor") else "customer")
    if kind not in ("customer", "vendor"):
        raise invalid_value("contact_type")
    own = {**(before.get("own") or {}), **{name: given[name] for name in _OWN_CONTACT if name in given}}
    if "payment_terms" in given:
        own["payment_terms"] = int(given["payment_terms"])
    if "custom_fields" in given:
        own["custom_fields"] = custom.read(books, given["custom_fields"], own.get("custom_fields"))
    persons = given.get("contact_persons") or [{}]
    person = next((each for each in persons if each.get("is_primary_contact")), persons[0])
    names = ("first_name", "last_name", "email", "phone")
    found: Body = {name: {**person, **given}[name] for name in names if name in {**person, **given}}
    if "contact_name" in given:
        found["name"] = str(given["contact_name"])
    for theirs in ("tax_reg_no", "vat_reg_no", "gst_no"):
        if theirs in given:
            found["tax_number"] = given[theirs]
    if given.get("currency_id"):
        found["currency"] = currency_code(books, given["currency_id"])
    return {
        "is_active": True, **before, **found, "is_customer": kind == "customer", "is_vendor": kind == "vendor",
        "addresses": _read_addresses(given, before), "own": own,
    }  # fmt: skip


def _read_addresses(given: Body, before: Body) -> list[Body]:
    kept = {each["type"]: each for each in before.get("addresses") or ()}
    for kind in ("billing", "shipping"):
        told = given.get(f"{kind}_address")
        if told:
            own = {ours: told[theirs] for ours, theirs in _ADDRESS.items() if theirs in told}
            kept[kind] = {**kept.get(kind, {}), "type": kind, **own}
    return list(kept.values())


def currency_code(books: Books, key: Any) -> str:
    """The ISO code behind a currency_id."""
    record = books.store.get("currency", str(key))
    if record is None:
        raise invalid_value("currency_id")
    return str(record.body["code"])


# Accounts


def account(books: Books, record: Record) -> Body:
    """An account; the balance stands on its usual side, in the base currency."""
    body, own = record.body, record.body.get("own") or {}
    kind = own.get("account_type") or chart.USUAL_TYPES[body["type"]]
    parent = body.get("parent")
    return {
        "account_id": record.id, "account_name": body["name"], "account_code": text(body.get("code")),
        "account_type": kind, "account_type_formatted": kind.replace("_", " ").title(),
        "description": text(body.get("description")), "is_active": body["is_active"],
        "status": "active" if body["is_active"] else "inactive", "is_user_created": not body.get("role"),
        "is_system_account": bool(body.get("role")), "is_standalone_account": False,
        "is_involved_in_transaction": bool(books.company.balance(record.id)), "parent_account_id": text(parent),
        "parent_account_name": books.name("account", parent), "depth": 1 if parent else 0,
        "is_child_present": False, "child_count": "", "documents": [], "transactions": [],
        "current_balance": balance(books, record), "closing_balance": balance(books, record),
        **books.currency(body.get("currency")), **custom.shown(books, own.get("custom_fields")),
        **books.times(record),
    }  # fmt: skip


def balance(books: Books, record: Record) -> Decimal:
    """Positive on the side where the account's type usually stands."""
    amount = books.company.balance(record.id)
    credit = ("payable", "credit_card", "current_liability", "long_liability", "equity", "income", "other_income")
    return -amount if record.body["type"] in credit else amount


def read_account(books: Books, given: Body, before: Body) -> Body:
    """Zoho's words → neutral, over what was before."""
    if not (given.get("account_name") or before.get("name")):
        raise missing("account_name")
    own = dict(before.get("own") or {})
    found = {ours: given[theirs] for theirs, ours in (("account_name", "name"), ("account_code", "code"),
                                                      ("description", "description")) if theirs in given}  # fmt: skip
    if given.get("account_type"):
        own["account_type"] = str(given["account_type"])
        if own["account_type"] not in chart.ACCOUNT_TYPES:
            raise invalid_value("account_type")
        found["type"] = chart.ACCOUNT_TYPES[own["account_type"]]
    if given.get("parent_account_id"):
        found["parent"] = str(given["parent_account_id"])
    if given.get("currency_id"):
        found["currency"] = currency_code(books, given["currency_id"])
    if "custom_fields" in given:
        own["custom_fields"] = custom.read(books, given["custom_fields"], own.get("custom_fields"))
    for name in ("account_number", "bank_name", "routing_number"):
        if name in given:
            own[name] = given[name]
    return {"type": "expense", "is_active": True, **before, **found, "own": own}


# Items


def item(books: Books, record: Record) -> Body:
    """Something sold or bought."""
    body, own = record.body, record.body.get("own") or {}
    sold, bought = bool(body.get("is_sold")), bool(body.get("is_bought"))
    kind = "sales_and_purchases" if sold and bought else "purchases" if bought else "sales"
    product = own.get("product_type") or ("goods" if body.get("type") == "non_inventory" else "service")
    return {
        "item_id": record.id, "name": body["name"], "item_name": body["name"], "sku": text(body.get("code")),
        "unit": text(own.get("unit")), "status": "active" if body["is_active"] else "inactive", "source": "api",
        "description": text(body.get("description")), "rate": body.get("sale_price") or ZERO,
        "account_id": text(body.get("income_account")),
        "account_name": books.name("account", body.get("income_account")), **books.tax(body.get("sale_tax")),
        "purchase_description": text(own.get("purchase_description")),
        "purchase_rate": text(body.get("purchase_price")), "purchase_account_id": text(body.get("expense_account")),
        "purchase_account_name": books.name("account", body.get("expense_account")), "can_be_sold": sold,
        "can_be_purchased": bought, "track_inventory": False, "item_type": kind, "product_type": product,
        "documents": [], "tags": [], **custom.shown(books, own.get("custom_fields")), **books.times(record),
    }  # fmt: skip


_ITEM = {
    "name": "name", "sku": "code", "description": "description", "rate": "sale_price", "account_id": "income_account",
    "purchase_rate": "purchase_price", "purchase_account_id": "expense_account", "tax_id": "sale_tax",
}  # fmt: skip


def read_item(books: Books, given: Body, before: Body) -> Body:
    """Zoho's words → neutral, over what was before."""
    for name, ours in (("name", "name"), ("rate", "sale_price")):
        if given.get(name) is None and before.get(ours) is None:
            raise missing(name)
    own = {**(before.get("own") or {})}
    own |= {name: given[name] for name in ("unit", "product_type", "purchase_description") if name in given}
    if "custom_fields" in given:
        own["custom_fields"] = custom.read(books, given["custom_fields"], own.get("custom_fields"))
    found = {ours: given[theirs] or None for theirs, ours in _ITEM.items() if theirs in given}
    product = own.get("product_type", "service")
    kind = str(given.get("item_type") or "")
    if not before or kind:
        sells = kind != "purchases"
        found |= {"is_sold": sells, "is_bought": "purchase" in kind or bool(found.get("expense_account"))}
        if sells and not found.get("income_account") and not before.get("income_account"):
            found["income_account"] = books.account("sales")
    found["type"] = "non_inventory" if product == "goods" else "service"
    return {"is_active": True, **before, **found, "own": own}
