"""The general ledger: every posting by account, with a running balance."""

from collections import defaultdict
from decimal import Decimal

from integrations.sandbox.books.journal import Line
from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.store import Record
from integrations.sandbox.quickbooks.company import Company, label
from integrations.sandbox.quickbooks.reports import frame
from integrations.sandbox.wire import Body

_COLUMNS = {
    "tx_date": ("Date", "Date"), "txn_type": ("Transaction Type", "String"), "doc_num": ("Num", "String"),
    "name": ("Name", "String"), "memo": ("Memo/Description", "String"), "split_acc": ("Split", "String"),
    "account_name": ("Account", "String"), "debt_amt": ("Debit", "Money"), "credit_amt": ("Credit", "Money"),
    "subt_nat_amount": ("Amount", "Money"), "rbal_nat_amount": ("Balance", "Money"),
}  # fmt: skip
_DEFAULT = "tx_date,txn_type,doc_num,name,memo,split_acc,subt_nat_amount,rbal_nat_amount"
_TYPES = {"CreditMemo": "Credit Memo", "SalesReceipt": "Sales Receipt", "RefundReceipt": "Refund",
          "Purchase": "Expense",
          "BillPayment": "Bill Payment (Check)", "VendorCredit": "Vendor Credit", "JournalEntry": "Journal Entry",
          "Item": "Inventory Starting Value"}  # fmt: skip
Posted = tuple[str, Record, Line]


def general_ledger(company: Company, options: dict[str, str]) -> Body:
    """Sections per account; Amount has the sign of the running balance's own direction."""
    span = frame.period(company, options)
    keys = [key for key in (options.get("columns") or _DEFAULT).split(",") if key in _COLUMNS]
    first, last = span.start.isoformat(), span.end.isoformat()
    before: dict[str, Decimal] = defaultdict(Decimal)
    within: dict[str, list[Posted]] = defaultdict(list)
    for posted in frame.postings(company):
        day, _, line = posted
        if day < first:
            before[line.account] += line.amount
        elif day <= last:
            within[line.account].append(posted)
    wanted = {key for key in (options.get("account") or "").split(",") if key}
    rows = [
        _section(company, record, keys, before.get(record.id, ZERO), within.get(record.id, []))
        for record in frame.accounts(company)
        if (record.id in within or before.get(record.id)) and (not wanted or record.id in wanted)
    ]
    columns = [frame.column(*_COLUMNS[key], key) for key in keys]
    return frame.document(company, "GeneralLedger", span, columns, rows, options)


def _section(company: Company, account: Record, keys: list[str], opening: Decimal, posted: list[Posted]) -> Body:
    sign = 1 if account.body["Classification"] in ("Asset", "Expense") else -1
    balance = sign * opening
    rows = []
    if account.body["Classification"] not in frame.PROFIT_AND_LOSS:
        start = {"rbal_nat_amount": frame.money(balance, company.home)}
        cells = [{"value": start.get(key, "")} for key in keys]
        cells[0] = {"value": "Beginning Balance"}
        rows.append({"ColData": cells, "type": "Data"})
    else:
        balance = ZERO
    total = ZERO
    for day, record, line in sorted(posted, key=lambda each: (each[0], each[1].key)):
        balance += sign * line.amount
        total += sign * line.amount
        rows.append({"ColData": _cells(company, account, keys, day, record, line, sign, balance), "type": "Data"})
    head = frame.cells(frame.title(account), ["" for _ in keys[1:]], account.id)
    sums = {"subt_nat_amount": frame.money(total, company.home)}
    foot = [{"value": f"Total for {frame.title(account)}"}, *({"value": sums.get(key, "")} for key in keys[1:])]
    return {"Header": {"ColData": head}, "Rows": {"Row": rows}, "Summary": {"ColData": foot}, "type": "Section"}


def _cells(
    company: Company,
    account: Record,
    keys: list[str],
    day: str,
    record: Record,
    line: Line,
    sign: int,
    balance: Decimal,
) -> list[Body]:
    contact = _contact(company, line.contact)
    values: dict[str, Body] = {
        "tx_date": {"value": day},
        "txn_type": {"value": _TYPES.get(record.table, record.table), "id": record.id},
        "doc_num": {"value": str(record.body.get("DocNumber") or record.body.get("PaymentRefNum") or "")},
        "name": {"value": label(contact) if contact else "", "id": contact.id if contact else ""},
        "memo": {"value": line.memo or ""},
        "split_acc": _split(company, record, line),
        "account_name": {"value": frame.title(account), "id": account.id},
        "debt_amt": {"value": frame.money(max(line.amount, ZERO), company.home)},
        "credit_amt": {"value": frame.money(max(-line.amount, ZERO), company.home)},
        "subt_nat_amount": {"value": frame.money(sign * line.amount, company.home)},
        "rbal_nat_amount": {"value": frame.money(balance, company.home)},
    }
    return [values[key] for key in keys]


def _contact(company: Company, key: str | None) -> Record | None:
    table, _, number = (key or "").partition(":")
    return company.store.tables[table].get(number) if number else None


def _split(company: Company, record: Record, line: Line) -> Body:
    """The other account, or -Split- when there are several."""
    others = list(dict.fromkeys(other.account for other in record.lines if other.account != line.account))
    if len(others) != 1:
        return {"value": "-Split-", "id": ""}
    return {"value": frame.title(company.store.tables["Account"][others[0]]), "id": others[0]}
