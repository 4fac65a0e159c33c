"""Reports in Xero's cells: rows of texts, sections, summary rows."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from integrations.sandbox.books import reports
from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.reports import Report, Row
from integrations.sandbox.wire import Body
from integrations.sandbox.xero.books import Books
from integrations.sandbox.xero.errors import NotFoundError, query_error
from integrations.sandbox.xero.forms import moment


def _day(query: Mapping[str, str], name: str, default: date) -> date:
    text = query.get(name) or query.get(name[0].upper() + name[1:])
    try:
        return date.fromisoformat(text[:10]) if text else default
    except ValueError as error:
        raise query_error(f"{name} is not a date") from error


def _long(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _money(value: Decimal) -> str:
    return f"{value:.2f}"


def _cells(values: list[str], account: str = "", name: str = "account") -> list[Body]:
    told = {"Attributes": [{"Value": account, "Id": name}]} if account else {}
    return [{"Value": value, **told} for value in values]


def _row(values: list[str], account: str = "", kind: str = "Row", name: str = "account") -> Body:
    return {"RowType": kind, "Cells": _cells(values, account, name)}


def _section(title: str, rows: list[Body]) -> Body:
    return {"RowType": "Section", "Title": title, "Rows": rows}


def _accounts(rows: list[Row], total: str) -> list[Body]:
    found = [_row([row.name, _money(row.amount)], row.account) for row in rows]
    return [*found, _row([f"Total {total}", _money(sum((row.amount for row in rows), ZERO))], kind="SummaryRow")]


def _lone(label: str, amount: Decimal, kind: str = "Row") -> Body:
    return _section("", [_row([label, _money(amount)], kind=kind)])


def _joined(report: Report, *types: str) -> list[Row]:
    return [row for kind in types for row in report.sections[kind]]


def _profit_and_loss(books: Books, query: Mapping[str, str]) -> tuple[str, str, list[Body]]:
    start, end = _day(query, "fromDate", books.today.replace(day=1)), _day(query, "toDate", books.today)
    if (end - start).days > 366:
        raise query_error("The date range of the report is longer than a year")
    found = reports.profit_and_loss(books.company, start, end)
    rows = [{"RowType": "Header", "Cells": _cells(["", f"{end.day} {end:%b %y}"])},
            _section("Income", _accounts(found.sections["income"], "Income"))]  # fmt: skip
    if found.sections["cost_of_sales"]:
        rows.append(_section("Less Cost of Sales", _accounts(found.sections["cost_of_sales"], "Cost of Sales")))
    rows.append(_lone("Gross Profit", found.totals["gross_profit"]))
    if found.sections["other_income"]:
        rows.append(_section("Plus Other Income", _accounts(found.sections["other_income"], "Other Income")))
    costs = _joined(found, "expense", "other_expense")
    rows += [_section("Less Operating Expenses", _accounts(costs, "Operating Expenses")),
             _lone("Net Profit", found.totals["net_profit"])]  # fmt: skip
    return "Profit and Loss", f"{_long(start)} to {_long(end)}", rows


_ASSETS = {"Bank": ("bank",), "Current Assets": ("receivable", "current_asset"), "Fixed Assets": ("fixed_asset",),
           "Non-current Assets": ("other_asset",)}  # fmt: skip
_LIABILITIES = {"Current Liabilities": ("payable", "credit_card", "current_liability"),
                "Non-Current Liabilities": ("long_liability",)}  # fmt: skip


def _balance_sheet(books: Books, query: Mapping[str, str]) -> tuple[str, str, list[Body]]:
    on = _day(query, "date", books.today)
    found = reports.balance_sheet(books.company, on)
    rows: list[Body] = [{"RowType": "Header", "Cells": _cells(["", f"{on.day} {on:%b %Y}"])}]
    for title, sections in (("Assets", _ASSETS), ("Liabilities", _LIABILITIES)):
        rows.append(_section(title, []))
        for name, types in sections.items():
            part = _joined(found, *types)
            if part:
                rows.append(_section(name, _accounts(part, name)))
        rows.append(_lone(f"Total {title}", found.totals[title.lower()], "SummaryRow"))
    rows.append(_lone("Net Assets", found.totals["assets"] - found.totals["liabilities"]))
    equity = [_row([row.name, _money(row.amount)], row.account) for row in found.sections["equity"]]
    equity += [_row(["Current Year Earnings", _money(found.totals["current_earnings"])]),
               _row(["Retained Earnings", _money(found.totals["retained_earnings"])]),
               _row(["Total Equity", _money(found.totals["equity"])], kind="SummaryRow")]  # fmt: skip
    return "Balance Sheet", f"As at {_long(on)}", [*rows, _section("Equity", equity)]


_CLASSES = {"Revenue": ("income", "other_income"), "Expenses": ("cost_of_sales", "expense", "other_expense"),
            "Assets": reports.ASSETS, "Liabilities": reports.LIABILITIES, "Equity": ("equity",)}  # fmt: skip


def _trial_balance(books: Books, query: Mapping[str, str]) -> tuple[str, str, list[Body]]:
    """The year to date in two columns; the first two repeat it (Xero shows the month there)."""
    on = _day(query, "date", books.today)
    found = reports.trial_balance(books.company, on)
    rows: list[Body] = [
        {"RowType": "Header", "Cells": _cells(["Account", "Debit", "Credit", "YTD Debit", "YTD Credit"])}
    ]
    for title, types in _CLASSES.items():
        part = [row for row in found if books.body("account", row.account)["type"] in types]
        lines = [_row([f"{row.name} ({row.code})", *_sides(row.amount) * 2], row.account) for row in part]
        rows.append(_section(title, lines))
    debits = sum((row.amount for row in found if row.amount > 0), ZERO)
    credits_ = sum((-row.amount for row in found if row.amount < 0), ZERO)
    total = ["Total", *[_money(debits), _money(credits_)] * 2]
    return "Trial Balance", f"As at {_long(on)}", [*rows, _section("", [_row(total, kind="SummaryRow")])]


def _sides(amount: Decimal) -> list[str]:
    return [_money(amount), ""] if amount > 0 else ["", _money(-amount)]


def _aged(side: str) -> Callable[[Books, Mapping[str, str]], tuple[str, str, list[Body]]]:
    def report(books: Books, query: Mapping[str, str]) -> tuple[str, str, list[Body]]:
        contact, on = query.get("contactId") or query.get("contactID") or "", _day(query, "date", books.today)
        if not books.store.get("contact", contact.lower()):
            raise NotFoundError(contact)
        found = next((row for row in reports.aged(books.company, side, on) if row.contact == contact.lower()), None)
        lines = []
        for each in found.items if found else ():
            body = each.record.body
            late = f"{each.overdue} days overdue" if each.overdue > 0 else ""
            due_on = body.get("due_on") or body["on"]
            lines.append(_row([f"{body['on']} 00:00:00", body.get("number") or "", f"{due_on} 00:00:00", late,
                               _money(body["total"]), _money(body["total"] - abs(each.open)), "0.00",
                               _money(each.open)], each.record.id, name="invoiceID"))  # fmt: skip
        due = found.total if found else ZERO
        head = ["Date", "Number", "Due Date", "", "Total", "Paid", "Credited", "Due"]
        total = _row(["Total", "", "", "", "", "", "", _money(due)], kind="SummaryRow")
        name = f"Aged {side.capitalize()}s by Contact"
        return name, f"As at {_long(on)}", [{"RowType": "Header", "Cells": _cells(head)}, _section("", [*lines, total])]

    return report


def _bank_summary(books: Books, query: Mapping[str, str]) -> tuple[str, str, list[Body]]:
    start, end = _day(query, "fromDate", books.today.replace(day=1)), _day(query, "toDate", books.today)
    lines = []
    for record in books.company.live("account"):
        if record.body["type"] in ("bank", "credit_card"):
            opening, received, spent = _moved(books, record.id, start.isoformat(), end.isoformat())
            values = [opening, received, spent, opening + received - spent]
            lines.append(_row([record.body["name"], *[_money(value) for value in values]], record.id, name="accountID"))
    head = ["Bank Accounts", "Opening Balance", "Cash Received", "Cash Spent", "Closing Balance"]
    return "Bank Summary", f"{_long(start)} to {_long(end)}", [{"RowType": "Header", "Cells": _cells(head)},
                                                             _section("", lines)]  # fmt: skip


def _moved(books: Books, account: str, start: str, end: str) -> tuple[Decimal, Decimal, Decimal]:
    opening, received, spent = ZERO, ZERO, ZERO
    for record in books.company.posted():
        amount = sum((line.amount for line in record.lines if line.account == account), ZERO)
        if record.body["on"] < start:
            opening += amount
        elif record.body["on"] <= end:
            received, spent = received + max(amount, ZERO), spent + max(-amount, ZERO)
    return opening, received, spent


_REPORTS: dict[str, Callable[[Books, Mapping[str, str]], tuple[str, str, list[Body]]]] = {
    "ProfitAndLoss": _profit_and_loss, "BalanceSheet": _balance_sheet, "TrialBalance": _trial_balance,
    "AgedReceivablesByContact": _aged("receivable"), "AgedPayablesByContact": _aged("payable"),
    "BankSummary": _bank_summary,
}  # fmt: skip


def answer(books: Books, name: str, query: Mapping[str, str]) -> Body:
    """{"Reports": [the report]}. Raises NotFoundError."""
    if name not in _REPORTS:
        raise NotFoundError(name)
    title, period, rows = _REPORTS[name](books, query)
    told = {"ReportID": name, "ReportName": title, "ReportType": name, "Fields": [], "Rows": rows,
            "ReportTitles": [title, books.organisation.name, period], "ReportDate": _long(books.today),
            "UpdatedDateUTC": moment(books.clock.wall(), offset=False)}  # fmt: skip
    return {"Reports": [told]}
