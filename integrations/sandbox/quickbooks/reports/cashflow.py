"""The statement of cash flows, indirect method."""

from decimal import Decimal

from integrations.sandbox.books.money import ZERO
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.quickbooks.reports import frame
from integrations.sandbox.wire import Body

_KINDS = {
    "Fixed Asset": "Investing",
    "Other Asset": "Investing",
    "Long Term Liability": "Financing",
    "Equity": "Financing",
}


def cash_flow(company: Company, options: dict[str, str]) -> Body:
    """Net income, what did not move cash, investing, financing; ends in the cash at the end of the period."""
    span = frame.period(company, options)
    moved = frame.sums(company, span.start, span.end)
    ever = frame.sums(company, None, span.end)
    parts: dict[str, list[Body]] = {"Operating": [], "Investing": [], "Financing": []}
    totals = dict.fromkeys(parts, ZERO)
    income, increase, ending = ZERO, ZERO, ZERO
    for record in frame.accounts(company):
        amount, kind = moved.get(record.id, ZERO), record.body["AccountType"]
        if kind == "Bank":
            increase += amount
            ending += ever.get(record.id, ZERO)
        elif record.body["Classification"] in frame.PROFIT_AND_LOSS:
            income -= amount
        elif amount:
            part = _KINDS.get(kind, "Operating")
            totals[part] -= amount
            parts[part].append(frame.data(frame.title(record), [_text(company, -amount)], record.id))
    rows = _rows(company, parts, totals, income, increase, ending) if any(moved.values()) else []
    columns = [frame.column("", "Account", "account"), frame.column("Total", "Money", "total")]
    return frame.document(company, "CashFlow", span, columns, rows, options)


def _text(company: Company, amount: Decimal) -> str:
    return frame.money(amount, company.home)


def _rows(
    company: Company,
    parts: dict[str, list[Body]],
    totals: dict[str, Decimal],
    income: Decimal,
    increase: Decimal,
    ending: Decimal,
) -> list[Body]:
    heading = "Adjustments to reconcile Net Income to Net Cash provided by operations:"
    adjusted = frame.section(heading, parts["Operating"], [_text(company, totals["Operating"])], "OperatingAdjustments")
    operating = [{**frame.data("Net Income", [_text(company, income)]), "group": "NetIncome"}, adjusted]
    rows = [
        frame.section(
            "OPERATING ACTIVITIES", operating, [_text(company, income + totals["Operating"])], "OperatingActivities",
            "Net cash provided by operating activities",
        )
    ]  # fmt: skip
    for part in ("Investing", "Financing"):
        if parts[part]:
            name, total = f"{part.upper()} ACTIVITIES", f"Net cash provided by {part.lower()} activities"
            values = [_text(company, totals[part])]
            rows.append(frame.section(name, parts[part], values, f"{part}Activities", total))
    rows.append(frame.summary("Net cash increase for period", [_text(company, increase)], "CashIncrease"))
    rows.append(
        {**frame.data("Cash at beginning of period", [_text(company, ending - increase)]), "group": "BeginningCash"}
    )
    rows.append(frame.summary("Cash at end of period", [_text(company, ending)], "EndingCash"))
    return rows
