"""Neutral reports, each made of the journal's lines by date, so that all of them agree with the trial balance."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from integrations.sandbox.books.company import Company, is_posted
from integrations.sandbox.books.kinds import INCOME_TYPES, RESULT_TYPES
from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.books.store import Record

ASSETS = ("bank", "receivable", "current_asset", "fixed_asset", "other_asset")
LIABILITIES = ("payable", "credit_card", "current_liability", "long_liability")
_CREDIT_TYPES = INCOME_TYPES | {*LIABILITIES, "equity"}
_AGED = {
    "receivable": {"invoice": 1, "credit_note": -1, "payment": -1},
    "payable": {"bill": 1, "vendor_credit": -1, "bill_payment": -1},
}
_ACTIVITY = {
    "fixed_asset": "investing",
    "other_asset": "investing",
    "long_liability": "financing",
    "equity": "financing",
}


@dataclass(frozen=True, slots=True)
class Row:
    """An account with its amount in home currency, positive on the side where its type usually stands."""

    account: str
    code: str | None
    name: str
    amount: Decimal


@dataclass
class Report:
    """Rows by section (an account type or activity), and the totals worked out of them."""

    sections: dict[str, list[Row]] = field(default_factory=dict)
    totals: dict[str, Decimal] = field(default_factory=dict)

    def total(self, *sections: str) -> Decimal:
        """The sum of some sections' rows."""
        return sum((row.amount for name in sections for row in self.sections.get(name, ())), ZERO)


def sums(company: Company, start: date | None = None, end: date | None = None) -> dict[str, Decimal]:
    """Account → debits minus credits posted from `start` to `end`, both included."""
    first, last = start.isoformat() if start else "", end.isoformat() if end else "9999"
    found: dict[str, Decimal] = defaultdict(Decimal)
    for record in company.posted():
        if first <= record.body["on"] <= last:
            for line in record.lines:
                found[line.account] += line.amount
    return {account: amount for account, amount in found.items() if amount}


def trial_balance(company: Company, on: date | None = None) -> list[Row]:
    """Debits minus credits of every account that moved; the amounts sum to zero."""
    rows = [_row(company, account, amount) for account, amount in sums(company, None, on).items()]
    return sorted(rows, key=_order)


def _row(company: Company, account: str, amount: Decimal) -> Row:
    body = company.store.tables["account"][account].body
    return Row(account, body.get("code"), str(body["name"]), amount)


def _order(row: Row) -> tuple[str, str]:
    return (row.code or "", row.name)


def _by_type(company: Company, amounts: dict[str, Decimal], types: Iterable[str]) -> Report:
    """One section per account type, rows on their usual side."""
    report = Report({name: [] for name in types})
    for account, amount in amounts.items():
        kind = company.store.tables["account"][account].body["type"]
        if kind in report.sections:
            report.sections[kind].append(_row(company, account, -amount if kind in _CREDIT_TYPES else amount))
    for rows in report.sections.values():
        rows.sort(key=_order)
    return report


def profit_and_loss(company: Company, start: date, end: date) -> Report:
    """Income and costs of a period; totals gross_profit, operating_profit, net_profit."""
    types = ("income", "cost_of_sales", "expense", "other_income", "other_expense")
    report = _by_type(company, sums(company, start, end), types)
    gross = report.total("income") - report.total("cost_of_sales")
    operating = gross - report.total("expense")
    net = operating + report.total("other_income") - report.total("other_expense")
    report.totals = {"gross_profit": gross, "operating_profit": operating, "net_profit": net}
    return report


def balance_sheet(company: Company, on: date, year_start: date | None = None) -> Report:
    """What is owned and owed; totals assets, liabilities, equity, retained_earnings, current_earnings.

    `equity` holds both earnings, so assets = liabilities + equity. Earnings before `year_start` (the first of January
    when left out) are retained.
    """
    report = _by_type(company, sums(company, None, on), (*ASSETS, *LIABILITIES, "equity"))
    begin = year_start or on.replace(month=1, day=1)
    retained = _earned(company, sums(company, None, begin - timedelta(days=1)))
    current = _earned(company, sums(company, begin, on))
    report.totals = {
        "assets": report.total(*ASSETS), "liabilities": report.total(*LIABILITIES), "retained_earnings": retained,
        "current_earnings": current, "equity": report.total("equity") + retained + current,
    }  # fmt: skip
    return report


def _earned(company: Company, amounts: dict[str, Decimal]) -> Decimal:
    accounts = company.store.tables["account"]
    return -sum((amount for key, amount in amounts.items() if accounts[key].body["type"] in RESULT_TYPES), ZERO)


def cash_flow(company: Company, start: date, end: date) -> Report:
    """Where bank money came from and went, by the other side's account; totals per activity, opening, closing, net."""
    accounts = company.store.tables["account"]
    banks = {key for key, record in accounts.items() if record.body["type"] == "bank"}
    first, last = start.isoformat(), end.isoformat()
    moved: dict[str, Decimal] = defaultdict(Decimal)
    for record in company.posted():
        if first <= record.body["on"] <= last and any(line.account in banks for line in record.lines):
            for line in record.lines:
                if line.account not in banks:
                    moved[line.account] -= line.amount
    report = Report({name: [] for name in ("operating", "investing", "financing")})
    for account, amount in moved.items():
        if amount:
            activity = _ACTIVITY.get(accounts[account].body["type"], "operating")
            report.sections[activity].append(_row(company, account, amount))
    for rows in report.sections.values():
        rows.sort(key=_order)
    before = sums(company, None, start - timedelta(days=1))
    opening = sum((before.get(key, ZERO) for key in banks), ZERO)
    net = report.total(*report.sections)
    totals = {name: report.total(name) for name in report.sections}
    report.totals = {**totals, "net": net, "opening": opening, "closing": opening + net}
    return report


@dataclass(frozen=True, slots=True)
class AgedItem:
    """An open document on a day: what is open in its own and in home currency, and how many days it is overdue."""

    record: Record
    open: Decimal
    home: Decimal
    overdue: int


@dataclass(frozen=True, slots=True)
class AgedRow:
    """One contact: home amounts per bucket (not due first), their sum, and the documents behind it."""

    contact: str
    name: str
    amounts: tuple[Decimal, ...]
    total: Decimal
    items: tuple[AgedItem, ...]


def aged(company: Company, side: str, on: date, edges: Sequence[int] = (0, 30, 60, 90)) -> list[AgedRow]:
    """What contacts owed (`receivable`) or were owed (`payable`) at the end of a day, credits negative.

    `edges` are the most days overdue of each bucket; a last bucket takes what is older.
    """
    by_contact: dict[str, list[AgedItem]] = defaultdict(list)
    for kind, sign in _AGED[side].items():
        for record in company.live(kind):
            if is_posted(record) and record.body["on"] <= on.isoformat():
                item = _aged_item(company, record, sign, on)
                if item.open:
                    by_contact[record.body["contact"]].append(item)
    rows = [_aged_row(company, contact, items, edges) for contact, items in by_contact.items()]
    return sorted(rows, key=lambda row: row.name)


def _aged_item(company: Company, record: Record, sign: int, on: date) -> AgedItem:
    """What was open then: settlements and allocations count from their own day on."""
    day, body = on.isoformat(), record.body
    gone = sum((each.amount for each in company.settlements(record) if each.on <= day), ZERO)
    gone += sum((each["amount"] for each in body["allocations"] if each["on"] <= day), ZERO)
    amount = sign * (body["total"] - gone)
    home = amount if body["currency"] == company.home else cents(amount * body["rate"], company.home)
    overdue = (on - date.fromisoformat(body.get("due_on") or body["on"])).days
    return AgedItem(record, amount, home, overdue)


def _aged_row(company: Company, contact: str, items: list[AgedItem], edges: Sequence[int]) -> AgedRow:
    amounts = [ZERO] * (len(edges) + 1)
    for item in items:
        amounts[sum(item.overdue > edge for edge in edges)] += item.home
    name = str(company.store.tables["contact"][contact].body["name"])
    return AgedRow(contact, name, tuple(amounts), sum(amounts, ZERO), tuple(items))
