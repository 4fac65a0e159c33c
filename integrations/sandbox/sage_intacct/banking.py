"""Cash management, both ways: card transactions, receipts, deposits, transfers, bank feeds and their lines."""

from collections.abc import Callable

from integrations.sandbox.books.money import cents
from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import errors, lines, payments, properties
from integrations.sandbox.sage_intacct.books import Books, money
from integrations.sandbox.sage_intacct.heads import HEADS
from integrations.sandbox.sage_intacct.kinds import Object
from integrations.sandbox.sage_intacct.reading_heads import check_draft, currency, head, require, status
from integrations.sandbox.wire import Body

CARD = "cash-management/credit-card-account"
_STATES = {"draft": "draft", "voided": "reversed"}


def card_txn(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """A charge to a credit card. Raises SageError."""
    body = head(books, obj, given, before, "creditCardAccount")
    require(obj, HEADS[obj.kind], body, ("txnDate",))
    if given.get("creditCardAccount"):
        found = books.find(CARD, given["creditCardAccount"])
        body["own"]["bank"], body["account"] = found.id, found.body["account"]
    if not body.get("account"):
        raise errors.business("Required field creditCardAccount is missing.", "BL01001974")
    return _spent(books, obj, given, body, before)


def receipt(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """Money that comes in without an invoice. Raises SageError."""
    body = head(books, obj, given, before, "financialEntity", "undepositedGLAccount")
    if not body.get("on") and body["own"].get("createdDate"):
        body["on"] = body["own"]["createdDate"]
    require(obj, HEADS[obj.kind], body, ("postingDate",))
    _account(books, given, body)
    return _spent(books, obj, given, body, before)


def _account(books: Books, given: Body, body: Body) -> None:
    if given.get("financialEntity"):
        found = payments.bank(books, given["financialEntity"])
        body["own"]["bank"], body["account"] = found.id, found.body["account"]
    elif given.get("undepositedGLAccount"):
        body["account"] = books.given("general-ledger/account", given, "undepositedGLAccount")
    if not body.get("account"):
        raise errors.business("Required field financialEntity is missing.", "BL01001974")


def _spent(books: Books, obj: Object, given: Body, body: Body, before: Record | None) -> Body:
    currency(books, body, before)
    status(body, before)
    body["tax_mode"] = "inclusive" if body["own"].get("inclusive") else "exclusive"
    body["lines"] = lines.read(books, obj, given, body, before)
    check_draft(obj, body)
    return body


def spent_shown(books: Books, obj: Object, record: Record) -> Body:
    """A card transaction or other receipt."""
    body, told = record.body, record.body.get("own") or {}
    found = {**books.base(obj, record), **properties.shown(books, HEADS[obj.kind], body)}
    rate = {"date": told.get("rateDate") or body["on"], "typeId": told.get("rateType"), "rate": body["rate"]}
    if record.table == "expense":
        found["currency"] = {"txnCurrency": body["currency"], "baseCurrency": books.home, "exchangeRate": rate}
        found["isInclusiveTax"] = body["tax_mode"] == "inclusive"
        found["creditCardAccount"] = payments.bank_reference(books, body)
        found["payee"] = told.get("payee") or books.body("contact", body.get("contact")).get("name")
    else:
        found |= {"txnCurrency": {"currency": body["currency"]}, "baseCurrency": {"currency": books.home},
                  "exchangeRate": rate, "isTaxInclusive": body["tax_mode"] == "inclusive",
                  "receiptDate": told.get("createdDate") or body["on"],
                  "financialEntity": payments.bank_reference(books, body)}  # fmt: skip
    base = cents(body["total"] * body["rate"], books.home)
    return {**found, "state": _STATES.get(body["status"], "posted"), "totalTxnAmount": money(body["total"]),
            "totalBaseAmount": money(base), obj.lines_field: lines.shown(books, obj, record)}  # fmt: skip


# Deposits and transfers


def transfer(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """Money from one own account to another (names of the amounts and accounts are not verified). Raises SageError."""
    body = head(books, obj, given, before, "fromAccount", "toAccount", "txnAmount")
    require(obj, HEADS[obj.kind], body, ("postingDate",))
    for name, place, kept in (("fromAccount", "account", "bank"), ("toAccount", "to_account", "toBank")):
        if given.get(name):
            found = payments.bank(books, given[name])
            body["own"][kept], body[place] = found.id, found.body["account"]
        if not body.get(place):
            raise errors.business(f"Required field {name} is missing.", "BL01001974")
    if "txnAmount" in given:
        body["total"] = properties.amount(given["txnAmount"], "txnAmount")
    if not body.get("total"):
        raise errors.business("Required field txnAmount is missing.", "BL01001974")
    body["status"] = "authorised"
    return body


def transfer_shown(books: Books, obj: Object, record: Record) -> Body:
    """A funds transfer."""
    body = record.body
    target = {"account": body["to_account"], "own": {"bank": (body.get("own") or {}).get("toBank")}}
    return {
        **books.base(obj, record), **properties.shown(books, HEADS[obj.kind], body), "txnAmount": money(body["total"]),
        "fromAccount": payments.bank_reference(books, body), "toAccount": payments.bank_reference(books, target),
        "state": _STATES.get(body["status"], "posted"), "txnCurrency": {"currency": body["currency"]},
        "baseAmount": money(cents(body["total"] * body["rate"], books.home)),
    }  # fmt: skip


def deposit(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """Undeposited receipts taken to the bank: lines name them (their name is not verified). Raises SageError."""
    body = head(books, obj, given, before, "financialEntity")
    require(obj, HEADS[obj.kind], body, ("txnDate",))
    _account(books, given, body)
    body["tax_mode"] = "none"
    body["status"] = "authorised"
    if "lines" in given:
        body["lines"] = [{"id": str(number), **_deposited(books, item)}
                         for number, item in enumerate(properties.entries(given["lines"], "lines"), 1)]  # fmt: skip
    if not body.get("lines"):
        raise errors.business("At least one line item is required.", "BL01001974")
    return body


def _deposited(books: Books, item: Body) -> Body:
    key = books.given("accounts-receivable/payment", item, "arPayment")
    if key is None:
        raise errors.business("Required field arPayment is missing.", "BL01001974")
    record = books.store.tables["payment"][key]
    if books.store.find("deposited", record.key):
        raise errors.business("The payment has been deposited already.", "BL03002215")
    return {"document": record.key, "amount": record.body["total"]}


def deposit_shown(books: Books, obj: Object, record: Record) -> Body:
    """A deposit with the receipts it is made of."""
    body = record.body
    rows = []
    for number, line in enumerate(body["lines"], 1):
        key = str(line.get("document") or "").partition(":")[2] or None
        rows.append({**lines.head(books, obj, record, line, number), "txnAmount": money(line["amount"]),
                     "arPayment": books.reference("accounts-receivable/payment", key, named=False),
                     "glAccount": books.reference("general-ledger/account", line.get("account"))})  # fmt: skip
    return {
        **books.base(obj, record), **properties.shown(books, HEADS[obj.kind], body),
        "financialEntity": payments.bank_reference(books, body), "state": _STATES.get(body["status"], "posted"),
        "totalTxnAmount": money(body["total"]), "lines": rows,
    }  # fmt: skip


READ: dict[str, Callable[[Books, Object, Body, Record | None], Body]] = {
    "expense": card_txn, "receipt": receipt, "transfer": transfer, "deposit": deposit,
}  # fmt: skip
SHOWN: dict[str, Callable[[Books, Object, Record], Body]] = {
    "expense": spent_shown, "receipt": spent_shown, "transfer": transfer_shown, "deposit": deposit_shown,
}  # fmt: skip
