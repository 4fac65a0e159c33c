"""Bank feeds, and the lines of banks' statements that they bring."""

from collections.abc import Callable
from decimal import Decimal

from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import errors, payments, properties
from integrations.sandbox.sage_intacct.books import Books, money
from integrations.sandbox.sage_intacct.kinds import Object
from integrations.sandbox.sage_intacct.properties import Property
from integrations.sandbox.wire import Body

_FEED = (Property("feedDate", "feedDate", "date"), Property("feedType", "feedType", default="xml"))
_LINE = (
    Property("postingDate", "postingDate", "date"),
    Property("txnType", "txnType", "choice", values=("withdrawal", "deposit")),
    Property("documentType", "documentType"), Property("documentNumber", "documentNumber"),
    Property("payee", "payee"), Property("amount", "amount", "money"), Property("description", "description"),
    Property("txnId", "txnId"),
)  # fmt: skip


def feed(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """A bank feed; its transactions become records of their own once it is saved. Raises SageError."""
    known = [each.path for each in _FEED]
    properties.check_known(obj.path, given, known, prefixes=("financialAccount", "transactions"))
    body: Body = {}
    properties.read(books, _FEED, given, body)
    body["bank"] = payments.bank(books, given.get("financialAccount")).id
    body["transactions"] = [
        _fed(books, obj, item) for item in properties.entries(given.get("transactions"), "transactions")
    ]
    if not body["transactions"]:
        raise errors.business("At least one transaction is required.", "BL01001974")
    return body


def _fed(books: Books, obj: Object, item: Body) -> Body:
    properties.check_known(f"{obj.path}.transactions", item, [each.path for each in _LINE])
    row: Body = {}
    properties.read(books, _LINE, item, row)
    for name in ("postingDate", "txnType", "amount"):
        if row.get(name) is None:
            raise errors.business(f"Required field {name} is missing.", "BL01001974")
    return row


def fed(books: Books, record: Record) -> Record:
    """The transactions of a new feed as records; one whose txnId is known already is not taken twice."""
    known = {(each.body["bank"], each.body["txnId"]) for each in books.store.live("bank_transaction")}
    for row in record.body["transactions"]:
        if not row.get("txnId") or (record.body["bank"], row["txnId"]) not in known:
            made = books.keep("bank_transaction", None, {**row, "bank": record.body["bank"], "feed": record.id})
            if not row.get("txnId"):
                books.keep("bank_transaction", made.id, {**made.body, "txnId": made.id})
    return record


def feed_shown(books: Books, obj: Object, record: Record) -> Body:
    """A bank feed."""
    rows = [properties.shown(books, _LINE, each) for each in record.body["transactions"]]
    return {**books.base(obj, record), **properties.shown(books, _FEED, record.body),
            "financialAccount": _financial(books, record), "transactions": rows}  # fmt: skip


def transaction_shown(books: Books, obj: Object, record: Record) -> Body:
    """A line of the bank's statement; `matched` in its body says that somebody reconciled it."""
    body = record.body
    state = "matched" if body.get("matched") else "unmatched"
    left = ZERO if state == "matched" else Decimal(body["amount"])
    return {
        **books.base(obj, record), **properties.shown(books, _LINE, body), "currency": books.home,
        "financialAccount": _financial(books, record), "bankFeed": {"key": body.get("feed"), "id": body.get("feed")},
        "reconciliationInformation": {"status": state, "amountToMatch": money(left), "matchingSequence": None},
    }  # fmt: skip


def _financial(books: Books, record: Record) -> Body:
    found = payments.bank_reference(books, {"own": {"bank": record.body["bank"]}})
    bank = books.body("bank_account", record.body["bank"])
    return {**found, "type": bank.get("type"), "currency": bank.get("currency") or books.home}


READ: dict[str, Callable[[Books, Object, Body, Record | None], Body]] = {"bank_feed": feed}
SHOWN: dict[str, Callable[[Books, Object, Record], Body]] = {
    "bank_feed": feed_shown, "bank_transaction": transaction_shown,
}  # fmt: skip
