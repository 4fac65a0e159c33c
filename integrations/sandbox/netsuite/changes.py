"""Acting as a user of the ledger: what the control API's changes and documents do."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.errors import BooksError
from integrations.sandbox.books.money import decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.faces import BadOrderError
from integrations.sandbox.netsuite import assertion, custom, forms, writing
from integrations.sandbox.netsuite.books import Books
from integrations.sandbox.netsuite.errors import NetSuiteError
from integrations.sandbox.netsuite.kinds import ITEM_TYPES, RECORD_TYPES, RecordType
from integrations.sandbox.wire import Body

RESOURCES: dict[str, tuple[str, ...]] = {
    "company_info": ("subsidiary",), "accounts": ("account",), "journal_entries": ("journalEntry",),
    "invoices": ("invoice",),
    "payments": ("customerPayment",), "credit_notes": ("creditMemo",), "expenses": ("check", "creditCardCharge"),
    "bills": ("vendorBill",), "bill_payments": ("vendorPayment",), "purchase_orders": ("purchaseOrder",),
    "vendor_credits": ("vendorCredit",), "contacts": ("customer", "vendor"), "customers": ("customer",),
    "vendors": ("vendor",), "items": tuple(ITEM_TYPES), "tax_rates": ("salesTaxItem",),
    "tracking_categories": ("classification", "department", "location"), "currencies": ("currency",),
    "terms": ("term",),
    "bank_transactions": ("check", "creditCardCharge", "deposit", "transfer"), "deposits": ("deposit",),
    "transfers": ("transfer",), "subsidiaries": ("subsidiary",), "employees": ("employee",),
}  # fmt: skip
_ALIASES = {"update": "edit", "close": "close_period", "archive_account": "archive",
    "change_a_tax_rate": "change_tax_rate",
            "activate": "restore"}  # fmt: skip
Done = tuple[Record | None, Body]


def types_of(resource: str) -> tuple[RecordType, ...]:
    """Record types behind a resource or a record type's own name. Raises BadOrderError."""
    key = resource.replace("-", "_").casefold()
    names = RESOURCES.get(key) or RESOURCES.get(f"{key}s") or ((key,) if key in RECORD_TYPES else ())
    if not names:
        raise BadOrderError(
            f"no resource {resource!r}; known: {', '.join(sorted(RESOURCES))}, or a record type's own name"
        )
    return tuple(RECORD_TYPES[name.lower()] for name in names)


def documents(books: Books, resource: str) -> Body:
    """{"documents": [...]} with each one's record type in the parallel list `entities`."""
    found = [(each, record) for each in types_of(resource) for record in books.live(each)]
    return {
        "resource": resource, "count": len(found), "entities": [each.name for each, _ in found],
        "documents": [forms.shown(books, record, each) for each, record in found],
    }  # fmt: skip


def apply(books: Books, order: Body, client: str) -> Body:
    """Carry out one change. Raises BadOrderError with the ledger's words."""
    action = str(order.get("action") or order.get("operation") or "").replace(" ", "_").replace("-", "_").lower()
    action = _ALIASES.get(action, action)
    if action not in _ACTIONS:
        raise BadOrderError(f"unknown action {action!r}; known: {', '.join(sorted(_ACTIONS))}")
    try:
        with books.store.transaction():
            record, body = _ACTIONS[action](books, {"client": client, **order})
    except (NetSuiteError, BooksError) as error:
        raise BadOrderError(f"the ledger refuses: {error}") from error
    except (ValueError, KeyError) as error:
        raise BadOrderError(f"{action}: {error}") from error
    entity = books.type_of(record).name if record is not None and record.table in _SHOWN else ""
    return {"action": action, "entity": entity, "id": record.id if record is not None else "", "record": body}


_SHOWN = {each.kind for each in RECORD_TYPES.values()}


def _done(books: Books, record: Record) -> Done:
    return record, forms.shown(books, record, books.type_of(record))


def _resource(order: Body) -> str:
    return str(order.get("entity") or order.get("resource") or "")


def _type(order: Body) -> RecordType:
    types = types_of(_resource(order))
    wanted = str(order.get("contact_type") or order.get("type") or "").casefold()
    return next((each for each in types if each.name.casefold() == wanted), types[0])


def _target(books: Books, order: Body) -> tuple[RecordType, Record]:
    key = str(order.get("id") or order.get("external_id") or "")
    for each in types_of(_resource(order)):
        record = books.store.get(each.kind, key)
        if record is not None and books.type_of(record) is each:
            return each, record
    raise BadOrderError(f"{_resource(order)} {key!r} does not exist")


def _create(books: Books, order: Body) -> Done:
    record_type = _type(order)
    data = dict(order.get("data") or order.get("record") or order.get("body") or {})
    return _done(books, writing.create(books, record_type, {**_sketch(books, record_type, order), **data}))


def _sketch(books: Books, record_type: RecordType, order: Body) -> Body:
    """A whole body from little: amount, contact, date, number, name."""
    amount = decimal(order.get("amount") if order.get("amount") is not None else 100)
    found: Body = {"tranDate": str(order.get("date") or books.clock.today().isoformat())}
    if order.get("number"):
        found["tranId"] = str(order["number"])
    if not record_type.is_transaction:
        return _list_sketch(books, record_type, order)
    party = "customer" if record_type.kind in ("invoice", "credit_note", "payment") else "vendor"
    contact = {"id": str(order.get("contact") or books.live(RECORD_TYPES[party])[0].id)}
    if record_type.kind == "journal_entry":
        lines = [
            {"account": _account(books, "6130"), "debit": amount},
            {"account": _account(books, "1000"), "credit": amount},
        ]
        return found | {"line": {"items": lines}}
    if record_type.kind == "transfer":
        return found | {
            "fromAccount": _account(books, "1000"),
            "toAccount": _account(books, "1210"),
            "fromAmount": amount,
        }
    if record_type.kind == "deposit":
        items = [{"account": _account(books, "7000"), "amount": amount}]
        return found | {"account": _account(books, "1000"), "other": {"items": items}}
    if record_type.kind == "payment":
        return found | {"customer": contact, "payment": amount, "account": _account(books, "1000")}
    return found | {"entity": contact} | _lines_sketch(books, record_type, amount)


def _lines_sketch(books: Books, record_type: RecordType, amount: Decimal) -> Body:
    if record_type.kind in ("invoice", "credit_note"):
        item = next(each.id for each in books.store.live("item"))
        return {"item": {"items": [{"item": {"id": item}, "quantity": 1, "amount": amount}]}}
    line: Body = {"account": _account(books, "6040"), "amount": amount}
    if books.organisation.country != "US":
        line["taxCode"] = {"id": next(each.id for each in books.store.live("tax_rate"))}
    found: Body = {"expense": {"items": [line]}}
    if record_type.kind == "expense":
        found["account"] = _account(books, "2150" if record_type.name == "creditCardCharge" else "1000")
    return found


def _list_sketch(books: Books, record_type: RecordType, order: Body) -> Body:
    name = str(order.get("name") or f"New {record_type.label}")
    by_kind: dict[str, Body] = {
        "contact": {"companyName": name, "subsidiary": {"id": "1"}},
        "account": {"acctName": name, "acctNumber": str(order.get("number") or ""), "acctType": {"id": "Expense"}},
        "item": {"itemId": name, "incomeAccount": _account(books, "4000"), "expenseAccount": _account(books, "5010")},
        "currency": {"name": name, "symbol": name[:3].upper()},
    }
    return {key: value for key, value in by_kind.get(record_type.kind, {"name": name}).items() if value != ""}


def _account(books: Books, code: str) -> Body:
    return {"id": next(each.id for each in books.store.live("account") if each.body.get("code") == code)}


def _edit(books: Books, order: Body) -> Done:
    record_type, record = _target(books, order)
    data = dict(order.get("data") or order.get("record") or order.get("fields") or {})
    if not data:
        data = {"memo": "Edited in NetSuite"} if record_type.is_transaction else {"comments": "Edited in NetSuite"}
    replaced = tuple(order.get("replace") or ())
    return _done(books, writing.update(books, record_type, record, data, replaced=replaced))


def _void(books: Books, order: Body) -> Done:
    _, record = _target(books, order)
    return _done(books, books.company.void(record.table, record.id))


def _delete(books: Books, order: Body) -> Done:
    record_type, record = _target(books, order)
    body = forms.shown(books, record, record_type)
    writing.delete(books, record_type, record)
    return record, body


def _pay(books: Books, order: Body) -> Done:
    """Pay an invoice or a bill from the current account, all of it unless an amount is given."""
    record_type, record = _target(books, order)
    if record.table not in ("invoice", "bill"):
        raise BadOrderError("only invoices and bills can be paid")
    amount = decimal(order["amount"]) if order.get("amount") is not None else books.open_amount(record)
    body: Body = {
        "tranDate": str(order.get("date") or books.clock.today().isoformat()), "account": _account(books, "1000"),
        "apply": {"items": [{"doc": {"id": record.id}, "apply": True, "amount": amount}]},
        "memo": order.get("reference"),
    }  # fmt: skip
    if record.table == "invoice":
        body |= {"customer": {"id": record.body["contact"]}, "payment": amount}
        return _done(books, writing.create(books, RECORD_TYPES["customerpayment"], body))
    body["entity"] = {"id": record.body["contact"]}
    return _done(books, writing.create(books, RECORD_TYPES["vendorpayment"], body))


def _archive(books: Books, order: Body) -> Done:
    return _edit(books, {"resource": "accounts", **order, "data": {"isInactive": True}})


def _restore(books: Books, order: Body) -> Done:
    return _edit(books, {"resource": "accounts", **order, "data": {"isInactive": False}})


def _rename(books: Books, order: Body) -> Done:
    record_type, record = _target(books, order)
    if not order.get("name"):
        raise BadOrderError("name is missing")
    names = {"contact": "companyName", "account": "acctName", "item": "displayName"}
    return _done(
        books, writing.update(books, record_type, record, {names.get(record.table, "name"): str(order["name"])})
    )


def _change_tax_rate(books: Books, order: Body) -> Done:
    """A new percentage; documents keep the tax they have."""
    wanted = str(order.get("id") or order.get("rate_id") or order.get("name") or "").casefold()
    for record in books.store.live("tax_rate"):
        if wanted in (record.id, str(record.body["name"]).casefold(), str(record.body.get("code")).casefold()):
            percent = decimal(order.get("rate", order.get("value", order.get("percent"))))
            changed = books.company.save("tax_rate", {**record.body, "percent": percent, "components": None}, record.id)
            return _done(books, changed)
    raise BadOrderError("name the tax code by id or name")


def _close_period(books: Books, order: Body) -> Done:
    """Periods are months: all that end by the day are locked."""
    through = str(order.get("through") or order.get("date") or order.get("closed_through") or "")
    if not through:
        books.company.close_through(None)
        return None, {"closed_through": None}
    day = date.fromisoformat(through)
    is_whole = (day + timedelta(days=1)).day == 1
    end = day if is_whole else day.replace(day=1) - timedelta(days=1)
    books.company.close_through(end)
    return None, {"closed_through": end.isoformat()}


def _set_preferences(books: Books, order: Body) -> Done:
    body = {**books.settings, **dict(order.get("data") or {})}
    books.keep("setting", "1", body)
    return None, body


def _add_custom_field(books: Books, order: Body) -> Done:
    found = custom.defined(order)
    return books.keep("custom_field", found.script_id, custom.stored(found)), custom.stored(found)


def _upload_certificate(books: Books, order: Body) -> Done:
    """A certificate or public key for the machine's way in; the id is its `kid`."""
    pem = assertion.public_pem(str(order.get("certificate") or order.get("public_key") or ""))
    body: Any = {"client": str(order["client"]), "pem": pem, "kid": assertion.key_id(pem)}
    return books.keep("certificate", body["kid"], body), body


_ACTIONS: dict[str, Callable[[Books, Body], Done]] = {
    "create": _create, "edit": _edit, "void": _void, "delete": _delete, "pay": _pay, "archive": _archive,
    "restore": _restore, "rename": _rename, "change_tax_rate": _change_tax_rate, "close_period": _close_period,
    "set_preferences": _set_preferences, "add_custom_field": _add_custom_field,
    "upload_certificate": _upload_certificate,
}  # fmt: skip
