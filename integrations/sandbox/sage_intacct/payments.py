"""AR and AP payments as REST shows them, and the credits that they apply beside money."""

from dataclasses import dataclass

from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import errors, kinds, properties
from integrations.sandbox.sage_intacct.books import Books, money
from integrations.sandbox.sage_intacct.errors import SageError
from integrations.sandbox.sage_intacct.heads import HEADS
from integrations.sandbox.sage_intacct.kinds import BY_PATH, Object
from integrations.sandbox.wire import Body

CREDIT = "adjustment"
CREDIT_AMOUNT = "txnCurrency.adjustmentAmount"
"""How REST names the credit that a detail applies is not verified; the gateway says ADJUSTMENTKEY."""
_FINANCIAL = ("cash-management/bank-account", "cash-management/credit-card-account")


@dataclass(frozen=True)
class Side:
    """What a kind of payment pays, and which credits it applies: REST names, objects, neutral kinds."""

    record_type: str
    document: str
    path: str
    kind: str
    credit_path: str
    credit_kind: str


SIDES = {
    "payment": Side("rp", "arInvoice", "accounts-receivable/invoice", "invoice", "accounts-receivable/adjustment",
                    "credit_note"),
    "bill_payment": Side("pp", "bill", "accounts-payable/bill", "bill", "accounts-payable/adjustment",
                         "vendor_credit"),
}  # fmt: skip


def bank(books: Books, told: object) -> Record:
    """The bank account or credit card behind {"id"}, {"key"} or {"entityId"}. Raises SageError."""
    refusal: SageError | None = None
    for path in _FINANCIAL:
        try:
            return books.find(path, told)
        except SageError as error:
            refusal = refusal or error
    raise refusal or errors.invalid_reference("Financial entity", told)


def bank_reference(books: Books, body: Body) -> Body:
    """{key, id, name, href} of the bank account behind a document's ledger account; empty where there is none."""
    key = (body.get("own") or {}).get("bank")
    found = books.store.tables["bank_account"].get(str(key)) if key else books.card_or_bank(body.get("account"))
    path = next((path for path in _FINANCIAL if found and BY_PATH[path].holds(found)), _FINANCIAL[0])
    return books.reference(path, found.id if found else None)


def rows(body: Body) -> list[Body]:
    """Every detail {id, document, amount, credit, credit_amount}; a planned history knows allocations only."""
    kept = (body.get("own") or {}).get("details")
    if kept is not None:
        return [{**row, **{name: properties.amount(row[name], name) for name in ("amount", "credit_amount")}}
                for row in kept]  # fmt: skip
    return [{"id": str(number), "document": each["document"], "amount": each["amount"], "credit": None,
             "credit_amount": ZERO} for number, each in enumerate(body.get("allocations") or (), 1)]  # fmt: skip


def allocations(body: Body) -> list[Body]:
    """What the money itself settles."""
    return [{"document": row["document"], "amount": row["amount"], "on": body["on"]} for row in rows(body)
            if row["amount"]]  # fmt: skip


def apply_credits(books: Books, record: Record) -> Record:
    """Let the credits of a payment in force settle its documents; they remember the payment. Raises BooksError."""
    if record.body["status"] != "authorised":
        return record
    for row in rows(record.body):
        if row["credit"]:
            kind, _, key = row["credit"].partition(":")
            each = {"document": row["document"], "amount": row["credit_amount"], "on": record.body["on"],
                    "by": record.key}  # fmt: skip
            books.company.allocate(kind, key, [each])
    return books.company.get(record.table, record.id)


def take_back_credits(books: Books, record: Record | None) -> None:
    """Undo what `apply_credits` did for a payment."""
    if record is None:
        return
    for credit in dict.fromkeys(row["credit"] for row in rows(record.body) if row["credit"]):
        kind, _, key = credit.partition(":")
        found = books.store.get(kind, key)
        if found is not None and any(each.get("by") == record.key for each in found.body["allocations"]):
            others = [each for each in found.body["allocations"] if each.get("by") != record.key]
            books.company.allocate(kind, key, others, replace=True)


def shown(books: Books, obj: Object, record: Record) -> Body:
    """A payment with its details."""
    body, side = record.body, SIDES[record.table]
    details = rows(body)
    found = {**books.base(obj, record), **properties.shown(books, HEADS[obj.kind], body)}
    told = body.get("own") or {}
    found["description"] = body.get("memo") or body.get("reference")
    found["txnCurrency"] = {"currency": body["currency"]}
    found["baseCurrency"] = {"currency": books.home}
    found["exchangeRate"] = {"date": told.get("rateDate") or body["on"], "typeId": told.get("rateType"),
                             "rate": body["rate"]}  # fmt: skip
    found["paymentMethod"] = told.get("paymentMethod") or "eft"
    spare = body["total"] - sum((row["amount"] for row in details), ZERO)
    if record.table == "payment":
        found["overpaymentTxnAmount"] = money(spare)
        waits = not bank_reference(books, body)["key"]
        account = body["account"] if waits else None
        found["undepositedGLAccount"] = books.reference("general-ledger/account", account)
    return {
        **found, "recordType": side.record_type, "state": state(record), "financialEntity": bank_reference(books, body),
        "totalTxnAmount": money(body["total"]),
        "totalBaseAmount": money(cents(body["total"] * body["rate"], books.home)),
        obj.lines_field: [_detail(books, obj, record, row, number) for number, row in enumerate(details, 1)],
    }  # fmt: skip


def state(record: Record) -> str:
    """draft, submitted, posted or reversed."""
    return {"draft": "draft", "submitted": "submitted", "voided": "reversed"}.get(record.body["status"], "posted")


def _detail(books: Books, obj: Object, record: Record, row: Body, number: int) -> Body:
    side, key = SIDES[record.table], kinds.line_key(record.id, row["id"])
    rate, amount = record.body["rate"], row["amount"]
    return {
        "id": key, "key": key, "href": obj.line_href(key), "lineNumber": number,
        obj.owner: {"id": record.id, "key": record.id, "href": f"{obj.href}/{record.id}"},
        side.document: _named(books, side.path, row["document"]),
        CREDIT: _named(books, side.credit_path, row["credit"]),
        "txnCurrency": {"currency": record.body["currency"], "paymentAmount": money(amount),
                        "adjustmentAmount": money(row["credit_amount"])},
        "baseCurrency": {"currency": books.home, "paymentAmount": money(cents(amount * rate, books.home))},
        "audit": books.audit(record),
    }  # fmt: skip


def _named(books: Books, path: str, document: str | None) -> Body:
    """{key, id, href} of a document; its own number would be under another name."""
    return books.reference(path, (document or "").partition(":")[2] or None, named=False)
