"""Xero's reports as flat rows: sections of cells, whose totals are rows of a kind of their own.

A heading without rows (`Assets`) holds the sections after it until its total; a row that stands alone in a section
without a title is a result (`Gross Profit`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from integrations.engine.scalars import decimal

# A trial balance shows the month beside the year to date; the balance at the day is the latter.
_KEYS = {
    "YTD Debit": "debit", "YTD Credit": "credit", "Debit": "month_debit", "Credit": "month_credit",
}  # fmt: skip
_ACCOUNTS = ("account", "accountID")

Row = dict[str, Any]


def xero_cells(name: str, body: Any) -> dict[str, Any]:
    """The first report of an answer: profit and loss, balance sheet, trial balance."""
    report = (body.get("Reports") or [{}])[0]
    told: Sequence[Mapping[str, Any]] = report.get("Rows") or []
    header = next((row for row in told if row.get("RowType") == "Header"), {})
    columns = [_column(cell.get("Value") or "", position) for position, cell in enumerate(header.get("Cells") or [])]
    if len(columns) == 2:
        columns[1]["key"] = "total"
    keys = [column["key"] for column in columns]
    nothing = {"basis": None, "currency": None, "made_at": None, "start_on": None, "end_on": None}
    sections = [row for row in told if row.get("RowType") == "Section"]
    return {"external_id": name, "name": report.get("ReportName") or name, **nothing, "columns": columns,
            "rows": list(_rows(sections, keys)), "is_cut_short": False}  # fmt: skip


def _column(title: str, position: int) -> dict[str, str]:
    if position == 0:
        return {"key": "label", "title": title, "type": ""}
    key = _KEYS.get(title) or re.sub(r"\W+", "_", title.lower()).strip("_") or f"column_{position}"
    return {"key": key, "title": title, "type": "money"}


def _rows(sections: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> Iterator[Row]:
    heading = ""
    for section in sections:
        title, inside = section.get("Title") or "", section.get("Rows") or []
        if title and not inside:
            heading = title
            yield _row("section", [{"Value": title}], keys, 0, title)
        elif title:
            yield from _section(title, inside, keys, 1 if heading else 0)
        else:
            for row in inside:
                is_total = _label(row) == f"Total {heading}"
                yield _row("summary", row.get("Cells") or [], keys, 0, heading if is_total else None)
                heading = "" if is_total else heading


def _section(title: str, inside: Sequence[Mapping[str, Any]], keys: Sequence[str], level: int) -> Iterator[Row]:
    yield _row("section", [{"Value": title}], keys, level, title)
    for row in inside:
        is_total = row.get("RowType") == "SummaryRow"
        cells = row.get("Cells") or []
        yield _row("summary" if is_total else "data", cells, keys, level + (not is_total), title if is_total else None)


def _label(row: Mapping[str, Any]) -> str:
    cells = row.get("Cells") or [{}]
    return str(cells[0].get("Value") or "")


def _row(kind: str, cells: Sequence[Mapping[str, Any]], keys: Sequence[str], level: int, group: str | None) -> Row:
    values = {key: _amount(cell.get("Value")) for key, cell in list(zip(keys, cells, strict=False))[1:]}
    first = cells[0] if cells else {}
    facts = {fact.get("Id"): fact.get("Value") for fact in first.get("Attributes") or []}
    account = next((facts[key] for key in _ACCOUNTS if facts.get(key)), None)
    return {"kind": kind, "label": str(first.get("Value") or ""), "id": account, "group": group, "level": level,
            "values": values}  # fmt: skip


def _amount(text: Any) -> Decimal | None:
    return None if text in (None, "") else decimal(str(text).replace(",", ""))
