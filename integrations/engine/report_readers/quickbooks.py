"""QuickBooks' reports as flat rows: groups of rows with headers and summaries, cells by their columns."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.engine import conditions, paths
from integrations.engine.scalars import moment

# It writes this into a row, with status 200, when a report has more cells than it may show.
_CUT_SHORT = "Unable to display more data"


def quickbooks_table(name: str, body: Any) -> dict[str, Any]:
    """A QuickBooks report: columns are known by their key or title, never by what they usually are."""
    header = body.get("Header") or {}
    columns = [_column(item) for item in paths.getter("Columns.Column")(body) or []]
    rows = list(_rows(body.get("Rows") or {}, columns, 0))
    return {
        "external_id": name,
        "name": header.get("ReportName") or name,
        "basis": (header.get("ReportBasis") or "").lower() or None,
        "start_on": _day(header.get("StartPeriod")),
        "end_on": _day(header.get("EndPeriod")),
        "currency": header.get("Currency"),
        "made_at": moment(header["Time"]) if header.get("Time") else None,
        "columns": columns,
        "rows": rows,
        "is_cut_short": any(row["label"].startswith(_CUT_SHORT) for row in rows),
    }


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if value else None


def _column(item: Mapping[str, Any]) -> dict[str, Any]:
    facts = {fact.get("Name"): fact.get("Value") for fact in item.get("MetaData") or []}
    title = item.get("ColTitle") or ""
    return {"key": facts.get("ColKey") or title or "label", "title": title, "type": (item.get("ColType") or "").lower()}


def _rows(group: Mapping[str, Any], columns: list[dict[str, Any]], level: int) -> Iterator[dict[str, Any]]:
    for item in group.get("Row") or []:
        name = item.get("group")
        if item.get("ColData"):
            yield _row("data", item["ColData"], columns, level, name)
        if item.get("Header"):
            yield _row("section", item["Header"].get("ColData") or [], columns, level, name)
        yield from _rows(item.get("Rows") or {}, columns, level + 1)
        if item.get("Summary"):
            yield _row("summary", item["Summary"].get("ColData") or [], columns, level, name)


def _row(
    kind: str, cells: list[Mapping[str, Any]], columns: list[dict[str, Any]], level: int, group: str | None
) -> dict[str, Any]:
    first = cells[0] if cells else {}
    # Some reports send more cells than columns: what has no column has no name.
    values = {
        column["key"]: _cell(cell.get("value"), column["type"])
        for column, cell in list(zip(columns, cells, strict=False))[1:]
    }
    return {
        "kind": kind,
        "label": str(first.get("value") or ""),
        "id": first.get("id") or None,
        "group": group,
        "level": level,
        "values": values,
    }


def _cell(value: Any, column_type: str) -> Decimal | str | None:
    if value in (None, ""):
        return None
    return conditions.amount(value) if column_type in {"money", "rate"} else str(value)
