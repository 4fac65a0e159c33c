"""Statements made of what every account moved, for ledgers whose interfaces tell sums but no statements.

An account is `id`, `code`, `name`, its unified `type`, and the sums of its `debit` and `credit`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from integrations.engine.scalars import decimal

_SECTIONS: Mapping[str, tuple[str, frozenset[str]]] = {
    "income": ("Income", frozenset({"income"})),
    "cost_of_sales": ("Cost of goods sold", frozenset({"cost_of_sales"})),
    "expenses": ("Expenses", frozenset({"expense"})),
    "other_income": ("Other income", frozenset({"other_income"})),
    "other_expenses": ("Other expenses", frozenset({"other_expense"})),
    "assets": (
        "Assets",
        frozenset({"bank", "accounts_receivable", "current_asset", "fixed_asset", "other_asset"}),
    ),
    "liabilities": (
        "Liabilities",
        frozenset({"accounts_payable", "credit_card", "current_liability", "long_term_liability"}),
    ),
    "equity": ("Equity", frozenset({"equity"})),
}
_RESULT_PARTS = {"income": 1, "cost_of_sales": -1, "expenses": -1, "other_income": 1, "other_expenses": -1}
_CREDITS = frozenset({"income", "other_income", "liabilities", "equity"})
_AMOUNT = "total"

Row = dict[str, Any]
Account = Mapping[str, Any]


def statement(name: str, accounts: Sequence[Account]) -> dict[str, Any]:
    """A trial balance, profit and loss or balance sheet, by its unified name."""
    columns, make = _REPORTS[name]
    nothing = {"basis": "accrual", "currency": None, "made_at": None, "start_on": None, "end_on": None}
    return {"external_id": name, "name": name.replace("_", " ").capitalize(), **nothing,
            "columns": [{"key": "label", "title": "Account", "type": ""}, *columns], "rows": make(accounts),
            "is_cut_short": False}  # fmt: skip


def _trial_balance(accounts: Iterable[Mapping[str, Any]]) -> list[Row]:
    rows = []
    for account in accounts:
        balance = _balance(account)
        values = {"debit": balance if balance > 0 else None, "credit": -balance if balance < 0 else None}
        if balance:
            rows.append(_row("data", _label(account), values, account=account, level=0))
    return rows


def _profit_and_loss(accounts: Sequence[Mapping[str, Any]]) -> list[Row]:
    above = ("income", "cost_of_sales")
    rows = [row for part in above for row in _section(part, accounts)]
    rows.append(_result("gross_profit", "Gross profit", _earned(accounts, above)))
    rows += [row for part in _RESULT_PARTS if part not in above for row in _section(part, accounts)]
    return [*rows, _result("net_profit", "Net income", _earned(accounts, _RESULT_PARTS))]


def _balance_sheet(accounts: Sequence[Mapping[str, Any]]) -> list[Row]:
    # No account holds what was earned: such ledgers work out retained earnings and net income when they show them.
    earned = _earned(accounts, _RESULT_PARTS)
    own = [_row("data", "Retained earnings and net income", {_AMOUNT: earned})]
    equity = _total("equity", accounts) + earned
    return [
        *_section("assets", accounts),
        *_section("liabilities", accounts),
        *_section("equity", accounts, own),
        _result("liabilities_and_equity", "Liabilities and equity", _total("liabilities", accounts) + equity),
    ]


def _section(part: str, accounts: Sequence[Mapping[str, Any]], extra: Iterable[Row] = ()) -> list[Row]:
    label, _ = _SECTIONS[part]
    lines = [
        _row("data", _label(account), {_AMOUNT: _amount(part, account)}, account=account)
        for account in _of(part, accounts)
        if _amount(part, account)
    ]
    return [{**_row("section", label, {}), "group": part, "level": 0}, *lines, *extra]


def _result(group: str, label: str, amount: Decimal) -> Row:
    return {**_row("summary", label, {_AMOUNT: amount}), "group": group, "level": 0}


def _row(
    kind: str, label: str, values: Mapping[str, Any], *, account: Mapping[str, Any] | None = None, level: int = 1
) -> Row:
    key = str(account["id"]) if account else None
    return {"kind": kind, "label": label, "id": key, "group": None, "level": level, "values": dict(values)}


def _label(account: Mapping[str, Any]) -> str:
    return f"{account.get('code') or ''} {account.get('name') or ''}".strip()


def _of(part: str, accounts: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    _, types = _SECTIONS[part]
    return (account for account in accounts if account.get("type") in types)


def _balance(account: Mapping[str, Any]) -> Decimal:
    return decimal(account["debit"] or "0") - decimal(account["credit"] or "0")


def _amount(part: str, account: Mapping[str, Any]) -> Decimal:
    return -_balance(account) if part in _CREDITS else _balance(account)


def _total(part: str, accounts: Iterable[Mapping[str, Any]]) -> Decimal:
    return sum((_amount(part, account) for account in _of(part, accounts)), Decimal(0))


def _earned(accounts: Sequence[Mapping[str, Any]], parts: Iterable[str]) -> Decimal:
    return sum((_RESULT_PARTS[part] * _total(part, accounts) for part in parts), Decimal(0))


_MONEY = {"key": _AMOUNT, "title": "Total", "type": "money"}
_SIDES = [{"key": "debit", "title": "Debit", "type": "money"}, {"key": "credit", "title": "Credit", "type": "money"}]
_REPORTS: Mapping[str, tuple[list[dict[str, str]], Callable[[Sequence[Mapping[str, Any]]], list[Row]]]] = {
    "trial_balance": (_SIDES, _trial_balance),
    "profit_and_loss": ([_MONEY], _profit_and_loss),
    "balance_sheet": ([_MONEY], _balance_sheet),
}
