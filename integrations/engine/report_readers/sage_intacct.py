"""Sage Intacct's reports from its trial balance (`get_trialbalance` of the XML gateway) and its accounts.

Intacct has no financial statements in its interfaces; the accounts' types make them of the trial balance's rows. The
names of a row's elements are not verified against the ledger; they stand together below.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from integrations.engine import paths
from integrations.engine.errors import UnexpectedShape
from integrations.engine.report_readers.statements import statement
from integrations.engine.scalars import decimal

_ACCOUNT, _END, _CURRENCY = "glaccountno", "endbalance", "currency"
_DEBITS, _CREDITS = ("debits", "adjdebits"), ("credits", "adjcredits")
_ROWS = paths.every("response.operation.result.data.trialbalance")


def intacct_trial_balance(name: str, body: Any) -> dict[str, Any]:
    """A trial balance, balance sheet (balances at the end) or profit and loss (what moved in the period).

    `accounts` of the body are the unified accounts. Raises UnexpectedShape for a row without one.
    """
    accounts = {str(account.get("code")): account for account in body.get("accounts") or ()}
    sums = _moved if name == "profit_and_loss" else _held
    # Rows of nothing may be those of accounts that are gone.
    rows = [_account(row, accounts, amounts) for row in _told(body) if any(amounts := sums(row))]
    currency = next((row.get(_CURRENCY) for row in _told(body)), None)
    return {**statement(name, rows), "currency": currency}


def _told(body: Any) -> Iterator[dict[str, Any]]:
    for found in _ROWS(body):
        yield from (row for row in (found if isinstance(found, list) else [found]) if isinstance(row, dict))


def _account(row: Mapping[str, Any], accounts: Mapping[str, Any], sums: tuple[Decimal, Decimal]) -> dict[str, Any]:
    number = str(row.get(_ACCOUNT) or "")
    account = accounts.get(number)
    if account is None:
        raise UnexpectedShape(f"The trial balance names an account that is not in the ledger: {number or 'none'}.")
    return {"id": account["external_id"], "code": number, "name": account.get("name"), "type": account.get("type"),
            "debit": sums[0], "credit": sums[1]}  # fmt: skip


def _held(row: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    """The balance at the end, on its side."""
    balance = decimal(row.get(_END) or "0")
    return (balance, Decimal(0)) if balance > 0 else (Decimal(0), -balance)


def _moved(row: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    """Debits and credits of the period, adjustments among them."""
    return _sum(row, _DEBITS), _sum(row, _CREDITS)


def _sum(row: Mapping[str, Any], names: tuple[str, ...]) -> Decimal:
    return sum((decimal(row.get(name) or "0") for name in names), Decimal(0))
