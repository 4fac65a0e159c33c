"""Reports as trees of accounts. Of their inner keys only the outermost are in a source; the rest is not verified."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from integrations.sandbox.books import reports
from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.reports import Report, Row
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books import querying
from integrations.sandbox.zoho_books.books import Books
from integrations.sandbox.zoho_books.errors import invalid_value

_SECTIONS = {"income": "Operating Income", "cost_of_sales": "Cost of Goods Sold", "expense": "Operating Expense",
             "other_income": "Non Operating Income", "other_expense": "Non Operating Expense"}  # fmt: skip
_MOST = 500


def answer(books: Books, name: str, query: Mapping[str, str]) -> tuple[Body, str] | None:
    """What /reports/{name} answers."""
    makers = {
        "profitandloss": _profit_and_loss, "balancesheet": _balance_sheet, "trialbalance": _trial_balance,
        "accounttransaction": _transactions, "aragingsummary": _receivables, "apagingsummary": _payables,
    }  # fmt: skip
    make = makers.get(name)
    return None if make is None else (make(books, query), "")


def _day(query: Mapping[str, str], name: str, default: date) -> date:
    try:
        return date.fromisoformat(query[name]) if query.get(name) else default
    except ValueError as error:
        raise invalid_value(name) from error


def _period(books: Books, query: Mapping[str, str]) -> tuple[date, date]:
    return _day(query, "from_date", books.today.replace(day=1)), _day(query, "to_date", books.today)


def _node(name: str, total: Decimal, children: list[Body] | None = None) -> Body:
    return {"name": name, "total": total, "previous_total": [], "previous_values": [],
            "account_transactions": children or []}  # fmt: skip


def _leaf(row: Row) -> Body:
    return _node(row.name, row.amount) | {"account_id": row.account, "account_code": row.code or ""}


def _section(report: Report, name: str, *kinds: str) -> Body:
    rows = [row for kind in kinds for row in report.sections.get(kind, ())]
    return _node(name, sum((row.amount for row in rows), ZERO), [_leaf(row) for row in rows])


def _profit_and_loss(books: Books, query: Mapping[str, str]) -> Body:
    found = reports.profit_and_loss(books.company, *_period(books, query))
    parts = {kind: _section(found, name, kind) for kind, name in _SECTIONS.items()}
    totals = found.totals
    gross = _node("Gross Profit", totals["gross_profit"], [parts["income"], parts["cost_of_sales"]])
    operating = _node("Operating Profit", totals["operating_profit"], [parts["expense"]])
    net = _node("Net Profit/Loss", totals["net_profit"], [parts["other_income"], parts["other_expense"]])
    return {"profit_and_loss": [gross, operating, net]}


def _balance_sheet(books: Books, query: Mapping[str, str]) -> Body:
    found = reports.balance_sheet(books.company, _day(query, "to_date", books.today))
    current = _section(found, "Current Assets", "bank", "receivable", "current_asset")
    assets = _node("Assets", found.totals["assets"], [
        current, _section(found, "Fixed Assets", "fixed_asset"),
        _section(found, "Other Assets", "other_asset")])  # fmt: skip
    debts = _node("Liabilities", found.totals["liabilities"], [
        _section(found, "Current Liabilities", "payable", "credit_card", "current_liability"),
        _section(found, "Long Term Liabilities", "long_liability")])  # fmt: skip
    equity = _section(found, "Equities", "equity")
    equity["account_transactions"] += [_node("Retained Earnings", found.totals["retained_earnings"]),
                                       _node("Current Year Earnings", found.totals["current_earnings"])]  # fmt: skip
    equity["total"] = found.totals["equity"]
    both = _node("Liabilities & Equities", debts["total"] + equity["total"], [debts, equity])
    return {"balance_sheet": [assets, both]}


def _trial_balance(books: Books, query: Mapping[str, str]) -> Body:
    rows = reports.trial_balance(books.company, _day(query, "to_date", books.today))
    leaves: list[Body] = [{"name": row.name, "account_id": row.account, "account_code": row.code or "",
               "debit_total": max(row.amount, ZERO), "credit_total": max(-row.amount, ZERO)}
              for row in rows]  # fmt: skip
    return {"trialbalance": [{"name": "Total", "accounts": leaves,
                              "debit_total": sum((leaf["debit_total"] for leaf in leaves), ZERO),
                              "credit_total": sum((leaf["credit_total"] for leaf in leaves), ZERO)}]}  # fmt: skip


def _transactions(books: Books, query: Mapping[str, str]) -> Body:
    """The general ledger: a row for every line posted."""
    first, last = (day.isoformat() for day in _period(books, query))
    rows = []
    for record in books.company.posted():
        if first <= record.body["on"] <= last:
            for line in record.lines:
                rows.append({
                    "date": record.body["on"], "account_id": line.account, "transaction_type": record.table,
                    "account_name": books.name("account", line.account), "transaction_id": record.id,
                    "reference_number": record.body.get("reference") or "", "debit": max(line.amount, ZERO),
                    "entity_number": record.body.get("number") or "", "credit": max(-line.amount, ZERO),
                    "net_amount": line.amount, "contact_id": line.contact or "", "currency_code": books.home,
                })  # fmt: skip
    rows.sort(key=lambda row: (row["date"], row["transaction_id"]))
    part, context = querying.paged(rows, query, _MOST)
    return {"account_transactions": [{"account_transactions": part}], "page_context": context}


def _receivables(books: Books, query: Mapping[str, str]) -> Body:
    return {"ar_aging_summary": [{"invoiceagingsummary": _aged(books, query, "receivable", "customer")}]}


def _payables(books: Books, query: Mapping[str, str]) -> Body:
    return {"ap_aging_summary": [{"billagingsummary": _aged(books, query, "payable", "vendor")}]}


def _aged(books: Books, query: Mapping[str, str], side: str, party: str) -> list[Body]:
    on = _day(query, "report_date", _day(query, "to_date", books.today))
    step, columns = int(query.get("interval_range") or 15), int(query.get("number_of_columns") or 4)
    rows = reports.aged(books.company, side, on, [0, *(step * number for number in range(1, columns))])
    return [{f"{party}_id": row.contact, f"{party}_name": row.name, "current": row.amounts[0],
             "intervals": list(row.amounts[1:]), "total": row.total} for row in rows]  # fmt: skip
