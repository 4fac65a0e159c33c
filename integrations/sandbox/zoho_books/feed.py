"""Lines of banks' statements: imported, and matched with what is booked or categorised as a new document.

A line is used once. What it became is a live document; when that is deleted, the line waits again (not verified).
"""

from collections.abc import Mapping
from decimal import Decimal

from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books import service
from integrations.sandbox.zoho_books.books import Books, stamp
from integrations.sandbox.zoho_books.errors import ZohoError, invalid_url, invalid_value, missing, not_found
from integrations.sandbox.zoho_books.kinds import BY_PATH

_LINES = "statement_line"
_WAITS = "uncategorized"
_BOOKED = {"invoice": "invoice", "bill": "bill", "customer_payment": "payment", "vendor_payment": "bill_payment",
           "expense": "expense", "deposit": "deposit", "transfer_fund": "transfer",
           "journal": "journal_entry"}  # fmt: skip
# The document's own field for the bank account, and on which side of it the money is.
_INTO = {"customerpayments": ("account_id", "debit"), "vendorpayments": ("paid_through_account_id", "credit"),
         "expenses": ("paid_through_account_id", "credit")}  # fmt: skip
_MATCHED = "The transaction is now matched."
_CATEGORIZED = "The transaction is now categorized."


def imported(books: Books, account: Record, given: Body) -> Body:
    """POST /bankstatements: lines of a statement; one whose transaction_id is known is not taken twice."""
    known = {each.body.get("external") for each in books.store.live(_LINES)}
    for each in given.get("transactions") or ():
        if each.get("transaction_id") in known and each.get("transaction_id"):
            continue
        if each.get("debit_or_credit") not in ("debit", "credit"):
            raise invalid_value("debit_or_credit")
        body = {"account_id": account.id, "date": str(each.get("date")), "amount": Decimal(str(each.get("amount"))),
                "debit_or_credit": each["debit_or_credit"], "payee": each.get("payee", ""), "status": _WAITS,
                "description": each.get("description", ""), "reference_number": each.get("reference_number", ""),
                "external": each.get("transaction_id", "")}  # fmt: skip
        books.keep(_LINES, None, body)
    return {}


def act(books: Books, key: str, action: list[str], given: Body, query: Mapping[str, str]) -> tuple[Body, str]:
    """What is done with a waiting line: match, exclude, restore, categorize. 1002 when it does not wait any more."""
    record = books.store.get(_LINES, key)
    if record is None or _status(books, record) not in ((_WAITS,) if action != ["restore"] else ("excluded",)):
        raise not_found("Transaction")
    match action:
        case ["match"]:
            _keep(books, record, "matched", _named(books, record, given))
            return {}, _MATCHED
        case ["categorize", path] if path in _INTO:
            _keep(books, record, "categorized", [_categorized(books, record, path, given, query)])
            return {}, _CATEGORIZED
        case ["exclude" | "restore" as verb]:
            _keep(books, record, "excluded" if verb == "exclude" else _WAITS, [])
            return {}, "The transaction has been updated."
    raise invalid_url()


def waiting(books: Books) -> list[Body]:
    """Lines that nothing was made of, as rows of /banktransactions; the others are what they became."""
    return [_row(books, each) for each in books.store.live(_LINES) if _status(books, each) in (_WAITS, "excluded")]


def used(books: Books) -> dict[str, Record]:
    """Key of a booked document → the line that it was matched with, or made of."""
    return {key: each for each in books.store.live(_LINES) for key in each.body.get("documents", ())}


def _status(books: Books, line: Record) -> str:
    made = line.body.get("documents") or ()
    is_there = [books.store.get(*key.split(":", 1)) is not None for key in made]
    return str(line.body["status"]) if all(is_there) else _WAITS


def _keep(books: Books, line: Record, status: str, documents: list[Record]) -> None:
    books.keep(_LINES, line.id, {**line.body, "status": status, "documents": [each.key for each in documents]})


def _named(books: Books, line: Record, given: Body) -> list[Record]:
    """Booked documents to match with; together they come to the line's amount (108004 otherwise)."""
    rows = given.get("transactions_to_be_matched") or ()
    if not rows:
        raise missing("transactions_to_be_matched")
    found, taken = [], used(books)
    for row in rows:
        kind = _BOOKED.get(str(row.get("transaction_type")))
        if kind is None:
            raise invalid_value("transaction_type")
        document = books.store.get(kind, str(row.get("transaction_id")))
        if document is None or document.key in taken:
            raise not_found("Transaction")
        found.append(document)
    moved = sum((_moved(document, line.body["account_id"]) for document in found), ZERO)
    if moved != _signed(line):
        raise ZohoError(108004, "The transactions do not match the account and the amount of the imported one.")
    return found


def _categorized(books: Books, line: Record, path: str, given: Body, query: Mapping[str, str]) -> Record:
    """A new document of the line, as it would be made by itself (body not verified)."""
    name, side = _INTO[path]
    if line.body["debit_or_credit"] != side:
        raise invalid_value("transaction_type")
    collection = BY_PATH[path]
    made = service.create(books, collection, {name: line.body["account_id"], **given}, query)
    if _moved(made, line.body["account_id"]) != _signed(line):
        books.company.delete(collection.kind, made.id)
        raise ZohoError(108004, "The transactions do not match the account and the amount of the imported one.")
    return made


def _moved(document: Record, account: str) -> Decimal:
    rows = [line for line in document.lines if line.account == account]
    return sum(((row.amount if row.foreign is None else row.foreign) for row in rows), ZERO)


def _signed(line: Record) -> Decimal:
    amount: Decimal = line.body["amount"]
    return amount if line.body["debit_or_credit"] == "debit" else -amount


def _row(books: Books, line: Record) -> Body:
    body = {name: value for name, value in line.body.items() if name not in ("documents", "external")}
    account = books.body("account", body["account_id"])
    return {
        **body, "status": _status(books, line), "transaction_id": line.id, "imported_transaction_id": line.id,
        "source": "imported", "account_name": account.get("name", ""), "transaction_type": body["debit_or_credit"],
        **books.currency(account.get("currency")), "created_time": stamp(line.created),
        "last_modified_time": stamp(line.updated),
    }  # fmt: skip
