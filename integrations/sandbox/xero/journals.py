"""The journals feed: every document's postings under a running number."""

from collections.abc import Mapping

from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.xero import lists
from integrations.sandbox.xero.books import Books
from integrations.sandbox.xero.forms import day, guid, moment

_SOURCES = {"invoice": "ACCREC", "bill": "ACCPAY", "credit_note": "ACCRECCREDIT", "vendor_credit": "ACCPAYCREDIT",
            "payment": "ACCRECPAYMENT", "bill_payment": "ACCPAYPAYMENT", "expense": "CASHPAID", "receipt": "CASHREC",
            "transfer": "TRANSFER", "journal_entry": "MANJOURNAL"}  # fmt: skip
_PAGE = 100


def listed(books: Books, query: Mapping[str, str]) -> list[Body]:
    """Up to a hundred journals after `offset`. A changed document shows its present postings (Xero adds reversals)."""
    offset = int(query.get("offset") or 0)
    found = sorted(books.company.posted(), key=lambda each: (each.created, each.key))
    part = list(enumerate(found, 1))[offset : offset + _PAGE]
    return [_shown(books, number, record) for number, record in part]


def _shown(books: Books, number: int, record: Record) -> Body:
    rows = []
    for place, line in enumerate(record.lines):
        account = lists.account(books, books.store.tables["account"][line.account])
        rows.append({
            "JournalLineID": guid(record.id, "posting", place), "AccountID": line.account,
            "AccountCode": account.get("Code", ""), "AccountType": account["Type"], "AccountName": account["Name"],
            "Description": line.memo or "", "NetAmount": line.amount, "GrossAmount": line.amount, "TaxAmount": 0,
            "TrackingCategories": [],
        })  # fmt: skip
    return {"JournalID": guid(record.id, "journal"), "JournalDate": day(record.body["on"]), "JournalNumber": number,
            "CreatedDateUTC": moment(record.created), "Reference": record.body.get("reference") or "",
            "SourceID": record.id, "SourceType": _SOURCES[record.table], "JournalLines": rows}  # fmt: skip
