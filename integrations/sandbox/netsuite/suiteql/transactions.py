"""Rows of transactions: header, lines, postings, links.

Signs: a line's amount is debit less credit in the document's currency,
so revenue lines are negative and a bill's main line
is too; transaction.foreigntotal is the main line's amount. (Both are read from practice; no manual says so.)
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.money import ZERO, cents, decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.netsuite import computed
from integrations.sandbox.netsuite.books import Books
from integrations.sandbox.netsuite.kinds import ITEM_TYPES, RecordType
from integrations.sandbox.netsuite.suiteql import dates
from integrations.sandbox.wire import Body

Row = dict[str, Any]
_LINE_SIGNS = {
    "invoice": -1, "deposit": -1, "vendor_credit": -1, "credit_note": 1, "bill": 1, "expense": 1, "purchase_order": 1,
    "receipt": -1,
}  # fmt: skip
_MAIN_SIGNS = {"payment": 1, "bill_payment": -1, "transfer": -1, "journal_entry": 0}


def rows(books: Books, record: Record) -> dict[str, list[Row]]:
    """All rows of one transaction, by table."""
    record_type = books.type_of(record)
    lines = [_main(books, record), *_lines(books, record)]
    if record.table == "journal_entry":
        lines = list(_lines(books, record))
    postings = list(_postings(books, record, lines))
    lines += list(_unposted_tax(record, lines))
    stamps = {
        "linelastmodifieddate": dates.of_seconds(record.updated),
        "linecreateddate": dates.of_seconds(record.created),
    }
    fixed = {"transaction": int(record.id), "subsidiary": int(books.subsidiary_of(record)), **stamps}
    shown = [_numbered(fixed | line, position) for position, line in enumerate(lines)]
    links = list(_links(books, record, record_type))
    return {
        "transaction": [_header(books, record, record_type)],
        "transactionline": shown,
        "transactionaccountingline": postings,
        "nexttransactionlinelink": links,
        "previoustransactionlinelink": links,
    }


def _numbered(line: Row, position: int) -> Row:
    unique = int(line["transaction"]) * 1000 + int(line["id"])
    return {**line, "linesequencenumber": position, "uniquekey": unique}


def _sign(record: Record) -> int:
    """Of the main line: the lines' own sign turned."""
    return -_LINE_SIGNS[record.table] if record.table in _LINE_SIGNS else _MAIN_SIGNS.get(record.table, 0)


def _header(books: Books, record: Record, record_type: RecordType) -> Row:
    body, own = record.body, record.body.get("own") or {}
    letter = computed.status_letter(books, record, record_type)
    total = decimal(body.get("total") or 0)
    sign = _sign(record) or 1
    found: Row = {
        "id": int(record.id), "tranid": body.get("number"), "externalid": own.get("externalId"),
        "transactionnumber": computed.transaction_number(record, record_type), "type": record_type.code,
        "recordtype": record_type.name.lower(), "abbrevtype": record_type.code.upper(), "entity": body.get("contact"),
        "trandate": dates.of_day(body.get("on")), "duedate": dates.of_day(body.get("due_on")), "status": letter or None,
        "status__": f"{record_type.code}:{letter}" if letter else None, "approvalstatus": computed.approval(record),
        "postingperiod": computed.period(books, record), "posting": bool(record.lines),
        "void": computed.is_void(record),
        "voided": computed.is_void(record), "currency": books.currency_id(body.get("currency")),
        "exchangerate": decimal(body.get("rate") or 1), "foreigntotal": sign * total,
        "total": sign * cents(total * decimal(body.get("rate") or 1), books.home), "memo": body.get("memo"),
        "otherrefnum": body.get("reference"), "terms": body.get("term"),
        "createddate": dates.of_seconds(record.created),
        "lastmodifieddate": dates.of_seconds(record.updated), "reversal": own.get("reversalEntry"),
        "isreversal": bool(own.get("isReversal")),
    }  # fmt: skip
    return found | _settled(books, record, total) | _custom(own, "custbody_", "cseg_")


def _settled(books: Books, record: Record, total: Decimal) -> Row:
    if record.table in ("invoice", "bill"):
        left = books.open_amount(record)
        return {"foreignamountunpaid": left, "foreignamountpaid": total - left}
    if record.table in ("payment", "credit_note", "vendor_credit"):
        left = books.open_amount(record)
        return {"foreignpaymentamountunused": left, "foreignpaymentamountused": total - left}
    return {}


def _custom(own: Body, *prefixes: str) -> Row:
    found = {}
    for name, value in own.items():
        if name.startswith(prefixes):
            is_day = isinstance(value, str) and len(value) == 10 and value[4:5] == "-" and value[7:8] == "-"
            found[name] = dates.of_day(value) if is_day else value
    return found


def _main(books: Books, record: Record) -> Row:
    body, own = record.body, record.body.get("own") or {}
    amount = _sign(record) * decimal(body.get("total") or 0)
    segments = {name: own.get(name) for name in ("department", "class", "location")}
    return {
        "id": 0, "mainline": "T", "taxline": "F", "expenseaccount": body.get("account"), "entity": body.get("contact"),
        "memo": body.get("memo"), "foreignamount": amount,
        "netamount": cents(amount * decimal(body.get("rate") or 1), books.home),
        **segments, **_custom(own, "cseg_"),
    }  # fmt: skip


def line_account(books: Books, record: Record, line: Body) -> str:
    """The account a line posts to: its own, or its item's."""
    if line.get("account"):
        return str(line["account"])
    item = books.store.tables["item"].get(str(line.get("item")))
    side = "income_account" if record.table in ("invoice", "credit_note") else "expense_account"
    other = "expense_account" if side == "income_account" else "income_account"
    return str((item.body.get(side) or item.body.get(other) or "") if item else "")


def _lines(books: Books, record: Record) -> Iterator[Row]:
    body = record.body
    rate = decimal(body.get("rate") or 1)
    for position, line in enumerate(body.get("lines") or [], 1):
        amount = _line_amount(record, line)
        own, dimensions = line.get("own") or {}, line.get("dimensions") or {}
        net = cents(amount * rate, books.home)
        number = int(line.get("id") or position)
        yield {
            "id": number if record.table != "journal_entry" else number - 1, "mainline": "F", "taxline": "F",
            "item": line.get("item"), "itemtype": _item_type(books, line), "expenseaccount": line_account(books,
                record, line),
            "entity": line.get("contact") or body.get("contact"), "memo": line.get("description"),
            "quantity": line.get("quantity"), "rate": line.get("price"), "foreignamount": amount, "netamount": net,
            "debitforeignamount": amount if amount > 0 else None,
            "creditforeignamount": -amount if amount < 0 else None,
            "taxcode": line.get("tax"), "isclosed": bool(own.get("isClosed")),
            "isbillable": bool(own.get("isBillable")),
            "taxrate1": _percent(books, line), "tax1amt": line.get("tax_amount") if line.get("tax") else None,
            "grossamt": abs(amount) + decimal(line.get("tax_amount") or 0) if line.get("tax") else None,
            "quantitybilled": own.get("quantityBilled", 0), "quantityshiprecv": own.get("quantityReceived", 0),
            "createdfrom": own.get("orderDoc"), "accountinglinetype": None if not line.get("item") else "INCOME",
            "department": dimensions.get("department"), "class": dimensions.get("class"),
            "location": dimensions.get("location"),
            **_custom(own, "custcol_", "cseg_"),
        }  # fmt: skip


def _line_amount(record: Record, line: Body) -> Decimal:
    if record.table == "journal_entry":
        return decimal(line.get("debit") or 0) - decimal(line.get("credit") or 0)
    return _LINE_SIGNS.get(record.table, 1) * decimal(line.get("amount") or 0)


def _item_type(books: Books, line: Body) -> str | None:
    item = books.store.tables["item"].get(str(line.get("item")))
    return ITEM_TYPES.get(str((item.body.get("own") or {}).get("type")), ("Service", ""))[0] if item else None


def _percent(books: Books, line: Body) -> Decimal | None:
    rate = books.store.tables["tax_rate"].get(str(line.get("tax")))
    return decimal(rate.body.get("percent") or 0) if rate else None


def _postings(books: Books, record: Record, lines: list[Row]) -> Iterator[Row]:
    """What was posted, shared out over the lines; accounts that no line names get lines of their own, as tax does."""
    left: dict[str, Decimal] = defaultdict(Decimal)
    for posting in record.lines:
        left[posting.account] += posting.amount
    if not left:
        return
    own_lines = [line for line in lines if line["mainline"] == "F"]
    for line in own_lines:
        account = str(line["expenseaccount"])
        if account in left:
            left[account] -= line["netamount"]
            yield _posting(books, record, int(line["id"]), account, line["netamount"])
    if record.table != "journal_entry":
        control = str(lines[0]["expenseaccount"] or "")
        account = control if left.get(control) else next((name for name in left if left[name]), "")
        yield _posting(books, record, 0, account, left.pop(account, ZERO))
    number = max((int(line["id"]) for line in lines), default=0)
    for account, amount in left.items():
        if amount:
            number += 1
            lines.append(_tax_line(books, record, number, account, amount))
            yield _posting(books, record, number, account, amount)


def _tax_line(books: Books, record: Record, number: int, account: str, amount: Decimal) -> Row:
    accounts = {str(each.body.get("account")) for each in books.store.live("tax_rate")}
    rate = decimal(record.body.get("rate") or 1)
    return {
        "id": number, "mainline": "F", "taxline": "T" if account in accounts else "F", "expenseaccount": account,
        "foreignamount": cents(amount / rate, str(record.body.get("currency") or books.home)), "netamount": amount,
        "donotdisplayline": "T", "entity": record.body.get("contact"),
    }  # fmt: skip


def _unposted_tax(record: Record, lines: list[Row]) -> Iterator[Row]:
    """The tax of what does not post, such as an order, has a line too."""
    tax = decimal(record.body.get("tax_total") or 0)
    if tax and not record.lines:
        yield {
            "id": max(int(line["id"]) for line in lines) + 1, "mainline": "F", "taxline": "T",
            "foreignamount": _LINE_SIGNS.get(record.table, 1) * tax, "donotdisplayline": "T",
            "entity": record.body.get("contact"),
        }  # fmt: skip


def _posting(books: Books, record: Record, line: int, account: str, amount: Decimal) -> Row:
    return {
        "transaction": int(record.id), "transactionline": line, "accountingbook": 1, "account": account or None,
        "debit": amount if amount > 0 else None, "credit": -amount if amount < 0 else None, "amount": amount,
        "netamount": amount, "posting": "T", "exchangerate": decimal(record.body.get("rate") or 1),
        "lastmodifieddate": dates.of_seconds(record.updated),
    }  # fmt: skip


def _links(books: Books, record: Record, record_type: RecordType) -> Iterator[Row]:
    """From what was there before to this document: settled documents, and orders that were billed."""
    this = {"nextdoc": int(record.id), "nextline": 0, "nexttype": record_type.code,
        "nextdate": dates.of_day(record.body.get("on")),
            "lastmodifieddate": dates.of_seconds(record.updated)}  # fmt: skip
    for each in record.body.get("allocations") or []:
        document = books.transaction(str(each["document"]).partition(":")[2])
        if document is not None:
            yield _from(books, document) | this | {"foreignamount": decimal(each["amount"]), "linktype": "Payment"}
    for line in record.body.get("lines") or []:
        order = books.store.get("purchase_order", str((line.get("own") or {}).get("orderDoc") or ""))
        if order is not None:
            yield (
                _from(books, order) | this | {"foreignamount": decimal(line.get("amount") or 0), "linktype": "OrdBill"}
            )


def _from(books: Books, record: Record) -> Row:
    day = dates.of_day(record.body.get("on"))
    return {
        "previousdoc": int(record.id),
        "previousline": 0,
        "previoustype": books.type_of(record).code,
        "previousdate": day,
    }
