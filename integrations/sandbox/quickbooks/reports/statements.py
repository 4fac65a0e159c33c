"""Trial balance, profit and loss, balance sheet."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.store import Record
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.quickbooks.reports import frame
from integrations.sandbox.wire import Body

_GROUPS = (("Income", "Income", "Income"), ("Cost of Goods Sold", "Cost of Goods Sold", "COGS"),
           ("Expense", "Expenses", "Expenses"), ("Other Income", "Other Income", "OtherIncome"),
           ("Other Expense", "Other Expenses", "OtherExpenses"))  # fmt: skip


def year_to(company: Company, end: date) -> dict[str, Decimal]:
    """Balances at the end of a day, profits of earlier years moved to retained earnings."""
    start = frame.fiscal_start(company, end)
    ever, current = frame.sums(company, None, end), frame.sums(company, start, end)
    retained = company.account("RetainedEarnings")
    found: dict[str, Decimal] = {}
    earlier = ZERO
    for record in frame.accounts(company):
        balance = ever.get(record.id, ZERO)
        if record.body["Classification"] in frame.PROFIT_AND_LOSS:
            found[record.id] = current.get(record.id, ZERO)
            earlier += balance - found[record.id]
        else:
            found[record.id] = balance
    found[retained] = found.get(retained, ZERO) + earlier
    return found


def trial_balance(company: Company, options: dict[str, str]) -> Body:
    """Account, debit, credit; sums equal."""
    span = frame.period(company, options)
    balances = year_to(company, span.end)
    rows, debits, credits = [], ZERO, ZERO
    for record in frame.accounts(company):
        amount = balances[record.id]
        if amount > 0:
            debits += amount
            rows.append(frame.data(frame.title(record), [frame.money(amount, company.home), ""], record.id))
        elif amount < 0:
            credits -= amount
            rows.append(frame.data(frame.title(record), ["", frame.money(-amount, company.home)], record.id))
    if rows:
        rows.append(frame.grand_total([frame.money(debits, company.home), frame.money(credits, company.home)]))
    columns = [frame.column("", "Account", "account"), frame.column("Debit", "Money", "debit"),
               frame.column("Credit", "Money", "credit")]  # fmt: skip
    return frame.document(company, "TrialBalance", span, columns, rows, options)


@dataclass(frozen=True)
class _Columns:
    """The periods of a profit and loss report and what moved in each."""

    spans: list[tuple[str, frame.Period]]
    sums: list[dict[str, Decimal]]
    currency: str
    has_total: bool

    def amounts(self, record: Record) -> list[Decimal]:
        sign = -1 if record.body["Classification"] == "Revenue" else 1
        return [sign * each.get(record.id, ZERO) for each in self.sums]

    def texts(self, amounts: list[Decimal]) -> list[str]:
        shown = [*amounts, sum(amounts, ZERO)] if self.has_total else amounts
        return [frame.money(amount, self.currency) for amount in shown]


def _months(span: frame.Period) -> list[tuple[str, frame.Period]]:
    found, start = [], span.start
    while start <= span.end:
        end = min((start.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1), span.end)
        found.append((f"{start:%b %Y}", frame.Period(start, end)))
        start = end + timedelta(days=1)
    return found


def _columns(company: Company, span: frame.Period, options: dict[str, str]) -> _Columns:
    by_month = options.get("summarize_column_by", "").lower() == "month"
    spans = _months(span) if by_month else [("Total", span)]
    sums = [frame.sums(company, each.start, each.end) for _, each in spans]
    return _Columns(spans, sums, company.home, by_month)


def _headings(columns: _Columns) -> list[Body]:
    found = [frame.column("", "Account", "account")]
    for heading, span in columns.spans:
        if columns.has_total:
            dates = {"StartDate": span.start.isoformat(), "EndDate": span.end.isoformat()}
            found.append(frame.column(heading, "Money", heading, **dates))
    return [*found, frame.column("Total", "Money", "total")]


def profit_and_loss(company: Company, options: dict[str, str]) -> Body:
    """Income, costs and what is left, in one column or by month."""
    span = frame.period(company, options)
    columns = _columns(company, span, options)
    totals: dict[str, list[Decimal]] = {}
    sections: dict[str, Body] = {}
    for kind, heading, group in _GROUPS:
        totals[group], sections[group] = _group(company, columns, kind, heading, group)
    gross = _minus(totals["Income"], totals["COGS"])
    operating = _minus(gross, totals["Expenses"])
    other = _minus(totals["OtherIncome"], totals["OtherExpenses"])
    net = _minus(operating, [-amount for amount in other])
    rows = [
        sections["Income"],
        sections["COGS"],
        frame.summary("Gross Profit", columns.texts(gross), "GrossProfit"),
        sections["Expenses"],
        frame.summary("Net Operating Income", columns.texts(operating), "NetOperatingIncome"),
        sections["OtherIncome"],
        sections["OtherExpenses"],
        frame.summary("Net Other Income", columns.texts(other), "NetOtherIncome"),
        frame.summary("Net Income", columns.texts(net), "NetIncome"),
    ]
    filled = [row for row in rows if row["group"] in ("Income", "NetIncome", "GrossProfit") or _has_rows(row)]
    shown = filled if any(any(each.values()) for each in columns.sums) else []
    return frame.document(company, "ProfitAndLoss", span, _headings(columns), shown, options)


def _has_rows(row: Body) -> bool:
    return "Rows" not in row or bool(row["Rows"]["Row"])


def _minus(left: list[Decimal], right: list[Decimal]) -> list[Decimal]:
    return [a - b for a, b in zip(left, right, strict=True)]


def _group(company: Company, columns: _Columns, kind: str, heading: str, group: str) -> tuple[list[Decimal], Body]:
    rows: list[Body] = []
    total = [ZERO for _ in columns.spans]
    for record in frame.accounts(company):
        amounts = columns.amounts(record)
        if record.body["AccountType"] == kind and any(amounts):
            rows.append(frame.data(frame.title(record), columns.texts(amounts), record.id))
            total = [a + b for a, b in zip(total, amounts, strict=True)]
    return total, frame.section(heading, rows, columns.texts(total), group)


@dataclass
class _Sheet:
    """Builds sections of a balance sheet; `sign` 1 for assets, -1 for the other side."""

    company: Company
    balances: dict[str, Decimal]

    def part(self, heading: str, group: str, kind: str, sign: int) -> tuple[Body, Decimal]:
        """All accounts of a type."""
        rows, total = [], ZERO
        for record in frame.accounts(self.company):
            amount = sign * self.balances.get(record.id, ZERO)
            if record.body["AccountType"] == kind and amount:
                rows.append(frame.data(frame.title(record), [self.text(amount)], record.id))
                total += amount
        return frame.section(heading, rows, [self.text(total)], group), total

    def whole(
        self, heading: str, group: str, parts: list[tuple[Body, Decimal]], total: str | None = None
    ) -> tuple[Body, Decimal]:
        """Sections below one heading; empty ones are left out."""
        amount = sum((each for _, each in parts), ZERO)
        rows = [row for row, _ in parts if _has_rows(row)]
        return frame.section(heading, rows, [self.text(amount)], group, total), amount

    def text(self, amount: Decimal) -> str:
        """A cell."""
        return frame.money(amount, self.company.home)


def balance_sheet(company: Company, options: dict[str, str]) -> Body:
    """Assets; liabilities and equity, with the year's net income."""
    span = frame.period(company, options)
    balances = year_to(company, span.end)
    sheet = _Sheet(company, balances)
    current = sheet.whole("Current Assets", "CurrentAssets", [
        sheet.part("Bank Accounts", "BankAccounts", "Bank", 1),
        sheet.part("Accounts Receivable", "AR", "Accounts Receivable", 1),
        sheet.part("Other Current Assets", "OtherCurrentAssets", "Other Current Asset", 1),
    ])  # fmt: skip
    assets = sheet.whole("ASSETS", "TotalAssets", [
        current,
        sheet.part("Fixed Assets", "FixedAssets", "Fixed Asset", 1),
        sheet.part("Other Assets", "OtherAssets", "Other Asset", 1),
    ], "TOTAL ASSETS")  # fmt: skip
    owed = sheet.whole("Current Liabilities", "CurrentLiabilities", [
        sheet.part("Accounts Payable", "AP", "Accounts Payable", -1),
        sheet.part("Credit Cards", "CreditCards", "Credit Card", -1),
        sheet.part("Other Current Liabilities", "OtherCurrentLiabilities", "Other Current Liability", -1),
    ])  # fmt: skip
    long_term = sheet.part("Long-Term Liabilities", "LongTermLiabilities", "Long Term Liability", -1)
    liabilities = sheet.whole("Liabilities", "Liabilities", [owed, long_term])
    heading = "LIABILITIES AND EQUITY"
    other = sheet.whole(heading, "TotalLiabilitiesAndEquity", [liabilities, _equity(sheet)], f"TOTAL {heading}")
    rows = [assets[0], other[0]] if any(balances.values()) else []
    columns = [frame.column("", "Account", "account"), frame.column("Total", "Money", "total")]
    return frame.document(company, "BalanceSheet", span, columns, rows, options)


def _equity(sheet: _Sheet) -> tuple[Body, Decimal]:
    row, total = sheet.part("Equity", "Equity", "Equity", -1)
    profit = -sum(
        (
            sheet.balances.get(record.id, ZERO)
            for record in frame.accounts(sheet.company)
            if record.body["Classification"] in frame.PROFIT_AND_LOSS
        ),
        ZERO,
    )
    rows = [*row["Rows"]["Row"], {**frame.data("Net Income", [sheet.text(profit)]), "group": "NetIncome"}]
    return frame.section("Equity", rows, [sheet.text(total + profit)], "Equity"), total + profit
