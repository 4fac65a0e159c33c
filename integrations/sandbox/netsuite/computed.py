"""What NetSuite works out by itself: status, totals, balances, applications, names."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.money import ZERO, decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.netsuite import values
from integrations.sandbox.netsuite.books import Books
from integrations.sandbox.netsuite.kinds import ACCOUNT_TYPE_LABELS, ACCOUNT_TYPES, ITEM_TYPES, STATUSES, RecordType
from integrations.sandbox.wire import Body

_PREFIXES = {
    "CustInvc": "CUSTINVC", "CustCred": "CUSTCRED", "CustPymt": "CUSTPYMT", "VendBill": "VENDBILL",
    "VendCred": "VENDCRED",
    "VendPymt": "VENDPYMT", "PurchOrd": "PURCHORD", "Check": "CHECK", "CardChrg": "CARDCHRG", "Deposit": "DEPOSIT",
    "Transfer": "TRANSFER", "Journal": "JOURNAL",
}  # fmt: skip
APPROVALS = {"1": "Pending Approval", "2": "Approved", "3": "Rejected", "11": "Draft"}
_SETTLED = ("invoice", "bill", "credit_note", "vendor_credit")


def facts(books: Books, record: Record, record_type: RecordType) -> Body:
    """Properties that are computed rather than kept, by their names."""
    dates: Body = {
        "id": record.id,
        "createdDate": values.stamp(record.created),
        "dateCreated": values.stamp(record.created),
        "lastModifiedDate": values.stamp(record.updated),
    }
    by_kind: dict[str, Callable[[Books, Record, RecordType], Body]] = {
        "account": _account, "contact": _contact, "item": _item, "currency": _currency, "tax_rate": _tax,
    }  # fmt: skip
    own = by_kind.get(record.table, _transaction if record_type.is_transaction else _listed)
    found = dates | own(books, record, record_type)
    if "is_active" in record.body:
        found["isInactive"] = not record.body["is_active"]
    return found


def _listed(books: Books, record: Record, record_type: RecordType) -> Body:
    return {}


def is_void(record: Record) -> bool:
    """Whether a transaction was voided."""
    return record.body.get("status") == "voided"


def is_pending(record: Record) -> bool:
    """Whether a transaction waits for approval and posts nothing."""
    return record.body.get("status") in ("draft", "submitted")


def status_letter(books: Books, record: Record, record_type: RecordType) -> str:
    """The letter of a transaction's status; empty where its type has none."""
    if is_void(record):
        return "V"
    code = record_type.code
    if code == "PurchOrd":
        return _order_letter(record)
    if code == "CustPymt":
        account = books.store.tables["account"].get(str(record.body.get("account")))
        return "B" if account is not None and account.body.get("role") == "undeposited" else "C"
    if code == "Journal":
        return "A" if is_pending(record) else "B"
    if code == "VendPymt":
        return "A" if is_pending(record) else "F"
    if record.table not in _SETTLED:
        return ""
    if is_pending(record):
        rejected = (record.body.get("own") or {}).get("approvalStatus") == "3"
        return "E" if rejected else "D"
    return "A" if books.open_amount(record) else "B"


def _order_letter(record: Record) -> str:
    own = record.body.get("own") or {}
    lines = record.body.get("lines") or []
    if lines and all((line.get("own") or {}).get("isClosed") for line in lines):
        return "H"
    if is_pending(record):
        return "C" if own.get("approvalStatus") == "3" else "A"
    if own.get("billed"):
        return "G"
    return str(own.get("orderStatus") or "B")


def approval(record: Record) -> str:
    """The number of a transaction's approval status."""
    kept = (record.body.get("own") or {}).get("approvalStatus")
    return str(kept) if kept else "1" if is_pending(record) else "2"


def transaction_number(record: Record, record_type: RecordType) -> str:
    """The number that NetSuite gives besides a document's own."""
    return f"{_PREFIXES[record_type.code]}{record.id}"


def _transaction(books: Books, record: Record, record_type: RecordType) -> Body:
    body = record.body
    letter = status_letter(books, record, record_type)
    total = decimal(body.get("total") or 0)
    found: Body = {
        "transactionNumber": transaction_number(record, record_type),
        "status": values.enum(letter, STATUSES[record_type.code].get(letter, "")) if letter else None,
        "approvalStatus": values.enum(approval(record), APPROVALS.get(approval(record), "")),
        "currency": books.reference("currency", str(body.get("currency") or books.home)),
        "exchangeRate": decimal(body.get("rate") or 1),
        "subsidiary": books.reference("subsidiary", books.subsidiary_of(record)),
        "postingPeriod": books.reference("accountingPeriod", period(books, record)) if body.get("on") else None,
        "total": total,
        "userTotal": total,
        "voided": is_void(record) or None,
    }
    return found | _money(books, record, total) | _bank(books, record, record_type)


def period(books: Books, record: Record) -> str:
    """The posting period: the one chosen, or that of the date."""
    return str((record.body.get("own") or {}).get("postingPeriod") or books.period_of(str(record.body["on"])))


def _money(books: Books, record: Record, total: Decimal) -> Body:
    body = record.body
    found: Body = {}
    if "tax_total" in body or "subtotal" in body:
        tax = decimal(body.get("tax_total") or 0)
        found |= {"taxTotal": tax, "subtotal": total - tax}
    if record.table in _SETTLED:
        left = books.open_amount(record)
        found |= {"amountRemaining": left, "amountPaid": total - left, "balance": left}
    if record.table in ("payment", "credit_note", "vendor_credit"):
        left = books.open_amount(record)
        found |= {"unapplied": left, "unApplied": left, "applied": total - left, "payment": total}
    return found


def _bank(books: Books, record: Record, record_type: RecordType) -> Body:
    found: Body = {}
    if record.table == "payment":
        account = books.store.tables["account"].get(str(record.body.get("account")))
        is_waiting = account is not None and account.body.get("role") == "undeposited"
        found["undepFunds"] = values.enum("T" if is_waiting else "F")
    if record.table == "transfer":
        body = record.body
        found |= {
            "fromAccount": books.reference("account", str(body.get("account"))),
            "toAccount": books.reference("account", str(body.get("to_account"))),
            "fromAmount": decimal(body.get("total") or 0),
            "toAmount": decimal(body.get("total") or 0),
        }
    if record.table == "journal_entry":
        own = record.body.get("own") or {}
        reversal = own.get("reversalEntry")
        found |= {
            "approved": not is_pending(record),
            "reversalEntry": books.reference("journalEntry", reversal) if reversal else None,
            "isReversal": bool(own.get("isReversal")),
        }
    return found


def line_facts(books: Books, line: Body) -> Body:
    """What NetSuite adds to a line."""
    found: Body = {}
    if line.get("item"):
        item = books.store.tables["item"].get(str(line["item"]))
        kind = ITEM_TYPES.get(str((item.body.get("own") or {}).get("type")), ("Service", ""))[0] if item else "Service"
        found["itemType"] = values.enum(kind)
    if line.get("tax"):
        rate = books.store.tables["tax_rate"].get(str(line["tax"]))
        tax = decimal(line.get("tax_amount") or 0)
        found |= {
            "taxRate1": decimal(rate.body.get("percent") or 0) if rate else ZERO,
            "tax1Amt": tax,
            "grossAmt": decimal(line.get("amount") or 0) + tax,
        }
    return found


def applications(books: Books, record: Record) -> list[Body]:
    """The apply sublist: what a payment or credit settles."""
    found: list[Body] = []
    for number, each in enumerate(record.body.get("allocations") or []):
        document = books.transaction(str(each["document"]).partition(":")[2])
        if document is None:
            continue
        record_type = books.type_of(document)
        found.append({
            "links": [], "line": number, "doc": books.reference("transaction", document.id), "apply": True,
            "amount": decimal(each["amount"]), "applyDate": document.body.get("on"), "type": record_type.label,
            "refNum": str(document.body.get("number") or ""), "total": decimal(document.body.get("total") or 0),
            "due": books.open_amount(document), "currency": document.body.get("currency") or books.home,
        })  # fmt: skip
    return found


def _account(books: Books, record: Record, record_type: RecordType) -> Body:
    kind = ACCOUNT_TYPES.get(str(record.body["type"]), "OthAsset")
    return {
        "acctType": values.enum(kind, ACCOUNT_TYPE_LABELS[kind]),
        "balance": books.company.balance(record.id),
        "currency": books.reference("currency", str(record.body.get("currency") or books.home)),
    }


def _contact(books: Books, record: Record, record_type: RecordType) -> Body:
    body, own = record.body, record.body.get("own") or {}
    balance = contact_balance(books, record)
    return {
        "entityId": own.get("entityId") or body["name"],
        "companyName": None if own.get("isPerson") else own.get("companyName") or body["name"],
        "isPerson": bool(own.get("isPerson")),
        "altName": body["name"],
        "subsidiary": books.reference("subsidiary", str(own.get("subsidiary") or "1")),
        "currency": books.reference("currency", str(body.get("currency") or books.home)),
        "balance": balance,
        "balancePrimary": balance,
    }


def contact_balance(books: Books, record: Record) -> Decimal:
    """What a contact owes, or is owed."""
    wanted = "receivable" if record.body.get("is_customer") else "payable"
    sign = 1 if wanted == "receivable" else -1
    accounts = [each.id for each in books.store.live("account") if each.body["type"] == wanted]
    return sign * sum((books.store.journal.owed(account, record.id) for account in accounts), ZERO)


def _item(books: Books, record: Record, record_type: RecordType) -> Body:
    kind = ITEM_TYPES[record_type.name][0]
    return {"itemType": values.enum(kind), "itemId": record.body.get("code") or record.body["name"]}


def _currency(books: Books, record: Record, record_type: RecordType) -> Body:
    code = str(record.body["code"])
    rate: Any = 1 if code == books.home else books.company.rate(code, books.clock.today())
    return {"symbol": code, "name": record.body.get("name") or code, "isBaseCurrency": code == books.home,
            "exchangeRate": decimal(rate), "currencyPrecision": values.enum("0" if code == "JPY" else "2")}  # fmt: skip


def _tax(books: Books, record: Record, record_type: RecordType) -> Body:
    return {"name": record.body.get("code") or record.body["name"], "description": record.body["name"],
            "taxType": books.reference("taxType", "1" if books.home != "USD" else "2")}  # fmt: skip
