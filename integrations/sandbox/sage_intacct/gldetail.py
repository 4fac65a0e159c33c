"""GLDETAIL of the gateway: a row for every line posted to the ledger, whatever document it is of."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.journal import Line
from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import kinds
from integrations.sandbox.sage_intacct.books import Books, money, stamp
from integrations.sandbox.sage_intacct.kinds import READ_ONLY, Object, at
from integrations.sandbox.wire import Body

DETAIL = Object("general-ledger/detail", "gl_detail", "GLDETAIL", "GL detail", methods=READ_ONLY)
"""Its REST path is not verified, and REST does not serve it here."""
_MODULES = {"bill": "3.AP", "vendor_credit": "3.AP", "bill_payment": "3.AP", "invoice": "4.AR", "credit_note": "4.AR",
            "payment": "4.AR", "journal_entry": "2.GL"}  # fmt: skip
_SYMBOLS = {"bill": "APJ", "vendor_credit": "APJ", "bill_payment": "CDJ", "invoice": "ARJ", "credit_note": "ARJ",
            "payment": "CRJ", "expense": "CCJ"}  # fmt: skip


class DetailRow:
    """One posted line."""

    def __init__(self, shown: Body) -> None:
        self.shown = shown

    def value(self, path: str) -> Any:
        """What stands at a dotted path."""
        return at(self.shown, path)


def rows(books: Books) -> list[DetailRow]:
    """All posted lines that one sees from here, by document."""
    records = (each for each in books.company.posted() if books.sees(each))
    by_number = sorted(records, key=lambda each: (int(each.id) if each.id.isdigit() else 0, each.table))
    return [DetailRow(shown) for record in by_number for shown in _lines(books, record)]


def _lines(books: Books, record: Record) -> Iterator[Body]:
    for number, line in enumerate(record.lines, 1):
        yield {**_head(books, record), **_amounts(books, record, line), "lineNumber": number,
               "key": kinds.line_key(record.id, number), "account": _account(books, line)}  # fmt: skip


def _head(books: Books, record: Record) -> Body:
    body = record.body
    moments = {"modifiedDateTime": stamp(record.updated), "createdDateTime": stamp(record.created)}
    return {
        "batch": {"key": record.id, "date": body["on"], "title": body.get("memo") or record.table.replace("_", " ")},
        "symbol": _symbol(books, record), "book": "ACCRUAL", "reference": body.get("reference"), "audit": moments,
        "document": body.get("number"), "module": _MODULES.get(record.table, "11.CM"), "isAdjustment": False,
        "isStatistical": False,
    }  # fmt: skip


def _symbol(books: Books, record: Record) -> str:
    own = record.body.get("own") or {}
    journal = books.body("journal", own.get("journal"))
    return str(journal.get("code") or _SYMBOLS.get(record.table, "GJ"))


def _account(books: Books, line: Line) -> Body:
    found = books.body("account", line.account)
    return {"id": found.get("code"), "name": found.get("name")}


def _amounts(books: Books, record: Record, line: Line) -> Body:
    amount: Decimal = line.amount
    return {
        "amount": money(amount), "debit": money(max(amount, ZERO)), "credit": money(max(-amount, ZERO)),
        "side": "debit" if amount >= 0 else "credit", "trxAmount": money(line.original), "memo": line.memo,
        "currency": record.body.get("currency") or books.home, "base": books.home,
    }  # fmt: skip
