"""What a request's list record becomes: names, types, roles."""

from collections.abc import Callable

from integrations.sandbox.netsuite import errors
from integrations.sandbox.netsuite.books import Books
from integrations.sandbox.netsuite.kinds import ITEM_TYPES, NEUTRAL_ACCOUNT_TYPES, RecordType
from integrations.sandbox.wire import Body


def completed_list(books: Books, record_type: RecordType, given: Body, body: Body) -> Body:
    """The neutral body of a list record. Raises NetSuiteError."""
    own = body["own"]
    if "isInactive" in own:
        body["is_active"] = not own.pop("isInactive")
    body.setdefault("is_active", True)
    complete = _COMPLETE.get(record_type.kind)
    return complete(books, record_type, body) if complete else body


def _contact(books: Books, record_type: RecordType, body: Body) -> Body:
    own = body["own"]
    person = f"{body.get('first_name') or ''} {body.get('last_name') or ''}".strip()
    name = (
        person if own.get("isPerson") else own.get("companyName") or own.get("entityId") or person or body.get("name")
    )
    if not name:
        raise errors.missing("Company Name", "companyName")
    if not own.get("subsidiary"):
        own["subsidiary"] = "1"
    is_customer = record_type.name == "customer"
    return {**body, "name": name, "is_customer": is_customer, "is_vendor": not is_customer}


def _account(books: Books, record_type: RecordType, body: Body) -> Body:
    if not body.get("name"):
        raise errors.missing("Name", "acctName")
    theirs = str(body.get("type") or "")
    if not theirs:
        raise errors.missing("Type", "acctType")
    ours = NEUTRAL_ACCOUNT_TYPES.get(theirs, theirs)
    if ours not in NEUTRAL_ACCOUNT_TYPES.values():
        raise errors.user(
            f"You have entered an Invalid Field Value {theirs} for the following field: accttype", "acctType"
        )
    return {**body, "type": ours}


def _item(books: Books, record_type: RecordType, body: Body) -> Body:
    if not body.get("code"):
        raise errors.missing("Item Name/Number", "itemId")
    side = ITEM_TYPES[record_type.name][1]
    own = body["own"]
    name = own.get("displayName") or body["code"]
    description = own.get("salesDescription") or own.get("purchaseDescription") or body.get("description") or name
    own["type"] = record_type.name
    if side in ("Sale", "Resale", "") and not body.get("income_account") and record_type.name != "discountItem":
        raise errors.missing("Income Account", "incomeAccount")
    if side in ("Purchase", "Resale") and not body.get("expense_account"):
        raise errors.missing("Expense/COGS Account", "expenseAccount")
    sides = {"is_sold": side != "Purchase", "is_bought": side in ("Purchase", "Resale", "")}
    return {**body, **sides, "name": name, "description": description}


def _dimension(books: Books, record_type: RecordType, body: Body) -> Body:
    if not body.get("name"):
        raise errors.missing("Name", "name")
    return {**body, **record_type.tests}


def _named(books: Books, record_type: RecordType, body: Body) -> Body:
    if not body.get("name") and not body["own"].get("name"):
        raise errors.missing("Name", "name")
    return body


def _flat(books: Books, record_type: RecordType, body: Body) -> Body:
    """Records of NetSuite's own tables have nothing neutral: their properties are their body."""
    return {**{name: value for name, value in body.items() if name not in ("own", "is_active")}, **body["own"],
            "isInactive": not body["is_active"]}  # fmt: skip


_COMPLETE: dict[str, Callable[[Books, RecordType, Body], Body]] = {
    "contact": _contact, "account": _account, "item": _item, "dimension": _dimension, "payment_term": _named,
    "currency": _named, "employee": _flat, "subsidiary": _flat, "payment_method": _flat, "currency_rate": _flat,
}  # fmt: skip
