"""Sage Intacct's trial balance (`get_trialbalance` of its XML gateway) as flat rows.

The names of a row's elements are not verified against the ledger; they stand together in `_END` and `_ACCOUNT`.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from integrations.engine import paths
from integrations.engine.scalars import decimal

_ACCOUNT, _TITLE, _END = "glaccountno", "title", "endbalance"
_ROWS = paths.every("response.operation.result.data.trialbalance")
_COLUMNS = (
    {"key": "label", "title": "Account", "type": ""},
    {"key": "debit", "title": "Debit", "type": "money"},
    {"key": "credit", "title": "Credit", "type": "money"},
)


def intacct_trial_balance(name: str, body: Any) -> dict[str, Any]:
    """A line an account with its balance at the end of the period, on the side where it stands."""
    rows = [_row(row) for row in _told(body)]
    nothing = {"basis": None, "made_at": None, "start_on": None, "end_on": None, "is_cut_short": False}
    currency = next((row.get("currency") for row in _told(body)), None)
    return {"external_id": name, "name": "Trial balance", "columns": list(_COLUMNS), "rows": rows,
            "currency": currency, **nothing}  # fmt: skip


def _told(body: Any) -> Iterator[dict[str, Any]]:
    for found in _ROWS(body):
        yield from (row for row in (found if isinstance(found, list) else [found]) if isinstance(row, dict))


def _row(row: dict[str, Any]) -> dict[str, Any]:
    balance = decimal(row.get(_END) or "0")
    values: dict[str, Decimal | None] = {
        "debit": balance if balance > 0 else None,
        "credit": -balance if balance < 0 else None,
    }
    number, title = str(row.get(_ACCOUNT) or ""), str(row.get(_TITLE) or "")
    return {"kind": "data", "label": f"{number} {title}".strip(), "id": number or None, "group": None, "level": 0,
            "values": values}  # fmt: skip
