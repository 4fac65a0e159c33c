"""Bank accounts, and what moved on them."""

from collections.abc import Callable, Mapping

from integrations.sandbox.books.company import is_posted
from integrations.sandbox.books.money import ZERO, decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books import feed, lists, querying
from integrations.sandbox.zoho_books.books import Books
from integrations.sandbox.zoho_books.errors import invalid_value, missing, not_found

_ROW = ("account_id", "account_name", "account_code", "currency_id", "currency_code", "account_type", "is_active",
        "uncategorized_transactions", "balance", "bank_balance", "bcy_balance", "bank_name")  # fmt: skip
_IMPORTED = "Your bank statement has been imported."
_WAITS = "uncategorized"
_MONEY = ("bank", "credit_card")
_TYPES = {"expense": "expense", "payment": "customer_payment", "bill_payment": "vendor_payment",
          "deposit": "deposit", "transfer": "transfer_fund", "receipt": "sales_without_invoices"}  # fmt: skip
_IN = ("deposit", "sales_without_invoices", "interest_income", "other_income", "owner_contribution", "expense_refund")
_OUT = ("owner_drawings", "sales_return", "card_payment")


def answer(
    books: Books, method: str, parts: list[str], query: Mapping[str, str], given: Body
) -> tuple[Body, str] | None:
    """What /bankaccounts, /banktransactions and /bankstatements answer, with the message."""
    match [method, *parts]:
        case ["GET", "bankaccounts"]:
            part, context = querying.paged(_accounts(books), query)
            rows = [_account(books, each) for each in part]
            rows = [{name: row[name] for name in _ROW} for row in rows]
            return {"bankaccounts": rows, "page_context": context}, ""
        case ["GET", "bankaccounts", key]:
            return {"bankaccount": _account(books, _bank(books, key))}, ""
        case ["POST", "bankaccounts"]:
            if given.get("account_type") not in _MONEY:
                raise invalid_value("account_type")
            record = books.company.save("account", lists.read_account(books, given, {}))
            return {"bankaccount": _account(books, record)}, "The account has been created."
        case ["PUT", "bankaccounts", key]:
            record = _bank(books, key)
            record = books.company.save("account", lists.read_account(books, given, record.body), key)
            return {"bankaccount": _account(books, record)}, "The details of the account have been updated."
    return _moved(books, method, parts, query, given)


def _moved(
    books: Books, method: str, parts: list[str], query: Mapping[str, str], given: Body
) -> tuple[Body, str] | None:
    match [method, *parts]:
        case ["GET", "banktransactions"]:
            return _listed(books, query), ""
        case ["POST", "banktransactions"]:
            return {"banktransaction": _made(books, given)}, "The transaction has been recorded."
        case ["GET", "banktransactions", key]:
            return {"banktransaction": _found(books, key)}, ""
        case ["POST", "bankstatements"]:
            return feed.imported(books, _bank(books, str(given.get("account_id"))), given), _IMPORTED
        case ["POST", "banktransactions", "uncategorized", key, *action]:
            return feed.act(books, key, action, given, query)
    return None


def _accounts(books: Books) -> list[Record]:
    return [each for each in books.company.live("account") if each.body["type"] in _MONEY]


def _bank(books: Books, key: str) -> Record:
    record = books.store.get("account", key)
    if record is None or record.body["type"] not in _MONEY:
        raise not_found("Account")
    return record


def _account(books: Books, record: Record) -> Body:
    whole, own = lists.account(books, record), record.body.get("own") or {}
    names = ("account_id", "account_name", "account_code", "account_type", "currency_id", "currency_code",
             "currency_symbol", "price_precision", "is_active", "description")  # fmt: skip
    amount = lists.balance(books, record)
    waiting = [row for row in feed.waiting(books) if row["account_id"] == record.id and row["status"] == _WAITS]
    return {
        **{name: whole[name] for name in names}, "balance": amount, "bcy_balance": amount, "bank_balance": amount,
        "account_number": own.get("account_number", ""), "bank_name": own.get("bank_name", ""),
        "routing_number": own.get("routing_number", ""), "uncategorized_transactions": len(waiting),
        "is_primary_account": False, "is_paypal_account": False,
    }  # fmt: skip


# What moved


def _rows(books: Books, account: str = "") -> list[Body]:
    """A transaction stands once, seen from the account asked for, else from the one the money left."""
    accounts, lines = {each.id for each in _accounts(books)}, feed.used(books)
    found = []
    for kind in _TYPES:
        for record in books.company.live(kind):
            if is_posted(record):
                touched = sorted({line.account for line in record.lines} & accounts, key=_own_first(record))
                touched = [account] if account in touched else touched[:1] if not account else []
                found += [_row(books, record, key, lines.get(record.key)) for key in touched]
    return found


def _own_first(record: Record) -> Callable[[str], tuple[bool, str]]:
    return lambda key: (key != record.body.get("account"), key)


def _row(books: Books, record: Record, account: str, line: Record | None = None) -> Body:
    body = record.body
    moved = [line for line in record.lines if line.account == account]
    amount = sum(((line.amount if line.foreign is None else line.foreign) for line in moved), ZERO)
    others = [line.account for line in record.lines if line.account != account]
    party = "vendor_id" if record.table in ("expense", "bill_payment") else "customer_id"
    return {
        "transaction_id": record.id, "date": body["on"], "amount": abs(amount),
        "transaction_type": (body.get("own") or {}).get("transaction_type") or _TYPES[record.table],
        "status": line.body["status"] if line else "manually_added", "source": "manually_added", "account_id": account,
        "account_name": books.name("account", account), "account_type": books.body("account", account)["type"],
        "payee": books.name("contact", body.get("contact")), party: lists.text(body.get("contact")),
        "description": lists.text(body.get("memo")), "reference_number": lists.text(body.get("reference")),
        # Money in is a debit of the bank account.
        "debit_or_credit": "debit" if amount > 0 else "credit", "offset_account_id": others[0] if others else "",
        "offset_account_name": books.name("account", others[0]) if others else "",
        "imported_transaction_id": line.id if line else "",
        **books.currency(body["currency"]), "exchange_rate": body["rate"], **books.times(record),
    }  # fmt: skip


def _listed(books: Books, query: Mapping[str, str]) -> Body:
    state = (query.get("filter_by") or "Status.All").partition(".")[2]
    rows = feed.waiting(books)
    rows += _rows(books, query.get("account_id", ""))
    tests: dict[str, Callable[[Body, str], bool]] = {
        "account_id": lambda row, value: row["account_id"] == value,
        "date_start": lambda row, value: row["date"] >= value, "date_end": lambda row, value: row["date"] <= value,
        "transaction_type": lambda row, value: row["transaction_type"] == value,
        "reference_number": lambda row, value: row["reference_number"] == value,
    }  # fmt: skip
    for name, test in tests.items():
        if query.get(name):
            rows = [row for row in rows if test(row, query[name])]
    if state not in ("", "All"):
        wanted = "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in state).lstrip("_")
        rows = [row for row in rows if row["status"] == wanted]
    rows.sort(key=lambda row: (row["date"], row["transaction_id"]), reverse=True)
    part, context = querying.paged(rows, query)
    context |= {"report_name": "Transactions", "applied_filter": query.get("filter_by") or "Status.All",
                "sort_column": "date", "sort_order": "D"}  # fmt: skip
    return {"banktransactions": part, "page_context": context}


def _found(books: Books, key: str) -> Body:
    rows = (*feed.waiting(books), *_rows(books))
    found = next((row for row in rows if row["transaction_id"] == key), None)
    if found is None:
        raise not_found("Transaction")
    return found


def _made(books: Books, given: Body) -> Body:
    """A transaction between a bank account and another account."""
    kind, amount = given.get("transaction_type"), given.get("amount")
    if amount is None:
        raise missing("amount")
    source, target = given.get("from_account_id"), given.get("to_account_id")
    head = {"on": given.get("date") or books.today.isoformat(), "reference": given.get("reference_number"),
            "memo": given.get("description"), "own": {"transaction_type": kind}}  # fmt: skip
    if kind == "transfer_fund":
        record = books.company.save("transfer", {**head, "account": source, "to_account": target, "total": amount})
        return _row(books, record, str(source))
    if kind not in (*_IN, *_OUT):
        raise invalid_value("transaction_type")
    bank, other = (target, source) if kind in _IN else (source, target)
    body = {**head, "account": bank, "tax_mode": "none", "lines": [{"account": other, "amount": decimal(amount)}]}
    record = books.company.save("deposit" if kind in _IN else "expense", body)
    return _row(books, record, str(bank))
