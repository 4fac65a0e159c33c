"""Zoho Books' reports as flat rows: trees of names with totals, and lists of postings.

Only the outer keys of these answers are in a source; what is inside (`account_transactions`) was seen in another
client's code and is not verified against the ledger.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.engine.scalars import decimal

_AMOUNT = {"key": "total", "title": "Total", "type": "money"}
_POSTING = (
    ("date", "Date", ""), ("transaction_type", "Type", ""), ("entity_number", "Number", ""),
    ("reference_number", "Reference", ""), ("debit", "Debit", "money"), ("credit", "Credit", "money"),
)  # fmt: skip


def zoho_profit_and_loss(name: str, body: Any) -> dict[str, Any]:
    """`profit_and_loss`: results (gross profit …) with the sections that lead to them inside."""
    rows: list[dict[str, Any]] = []
    for node in body.get("profit_and_loss") or []:
        rows += _result(node) if _holds_sections(node) else _section(node, 0)
    return _table(name, [{"key": "label", "title": "", "type": ""}, _AMOUNT], rows)


def zoho_postings(name: str, body: Any) -> dict[str, Any]:
    """`account_transactions`: every posting of a period, one page of them."""
    groups: Sequence[Any] = body.get("account_transactions") or []
    rows = [_posting(row) for group in groups for row in group.get("account_transactions") or []]
    columns = [{"key": "label", "title": "Account", "type": ""}]
    columns += [{"key": key, "title": title, "type": kind} for key, title, kind in _POSTING]
    is_cut_short = bool((body.get("page_context") or {}).get("has_more_page"))
    return _table(name, columns, rows) | {"is_cut_short": is_cut_short}


def zoho_balances(name: str, body: Any) -> dict[str, Any]:
    """`chartofaccounts` with `showbalance`, or `bankaccounts`: each account's balance of now.

    In the books' currency, and that of the account for banks; a balance stands on its account's usual side.
    """
    banks = "bankaccounts" in body
    rows = [
        {"kind": "data", "label": str(row.get("account_name") or ""), "id": row.get("account_id") or None,
         "group": None, "level": 0, "values": {"balance": _money(row.get("balance" if banks else "current_balance")),
                                               "currency": row.get("currency_code") if banks else None}}
        for row in body.get("bankaccounts" if banks else "chartofaccounts") or []
    ]  # fmt: skip
    columns = [
        {"key": "label", "title": "Account", "type": ""},
        {"key": "balance", "title": "Balance", "type": "money"},
    ]
    columns += [{"key": "currency", "title": "Currency", "type": ""}] if banks else []
    is_cut_short = bool((body.get("page_context") or {}).get("has_more_page"))
    return _table(name, columns, rows) | {"is_cut_short": is_cut_short}


def _money(value: Any) -> Decimal | None:
    return None if value in (None, "") else decimal(value)


def _table(name: str, columns: list[dict[str, str]], rows: list[dict[str, Any]]) -> dict[str, Any]:
    nothing: dict[str, date | None] = {"start_on": None, "end_on": None}
    told = {"basis": None, "currency": None, "made_at": None, "is_cut_short": False, **nothing}
    return {"external_id": name, "name": name, "columns": columns, "rows": rows, **told}


def _inside(node: Mapping[str, Any]) -> list[Any]:
    found = node.get("account_transactions")
    return found if isinstance(found, list) else []


def _holds_sections(node: Mapping[str, Any]) -> bool:
    """A result holds sections, a section accounts."""
    return any(not inner.get("account_id") for inner in _inside(node))


def _result(node: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for inner in _inside(node):
        yield from _result(inner) if _holds_sections(inner) else _section(inner, 0)
    yield _row("summary", node, 0)


def _section(node: Mapping[str, Any], level: int) -> Iterator[dict[str, Any]]:
    """A section with its accounts and total; an account alone is a line."""
    if node.get("account_id") and not _inside(node):
        yield _row("data", node, level)
        return
    yield _row("section", node, level, has_total=False)
    for inner in _inside(node):
        yield from _section(inner, level + 1)
    yield _row("summary", node, level)


def _row(kind: str, node: Mapping[str, Any], level: int, *, has_total: bool = True) -> dict[str, Any]:
    total = node.get("total")
    values: dict[str, Decimal | None] = {"total": decimal(total) if has_total and total not in (None, "") else None}
    return {"kind": kind, "label": str(node.get("name") or ""), "id": node.get("account_id") or None, "group": None,
            "level": level, "values": values}  # fmt: skip


def _posting(row: Mapping[str, Any]) -> dict[str, Any]:
    values = {
        key: (decimal(row[key]) if kind == "money" else str(row[key])) if row.get(key) not in (None, "") else None
        for key, _, kind in _POSTING
    }
    return {"kind": "data", "label": str(row.get("account_name") or ""), "id": row.get("account_id") or None,
            "group": None, "level": 0, "values": values}  # fmt: skip
