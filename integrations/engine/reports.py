"""Reports as one table, whatever tree the ledger sends: columns, and rows with a level, a label and their values."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from integrations.engine import conditions, paths, templates
from integrations.engine.declarations import ReportCall
from integrations.engine.errors import RejectedError
from integrations.engine.intacct_reports import intacct_trial_balance
from integrations.engine.messages import RemoteRequest
from integrations.engine.netsuite_reports import netsuite_accounts
from integrations.engine.scalars import moment
from integrations.engine.xero_reports import xero_cells
from integrations.engine.zoho_reports import zoho_postings, zoho_profit_and_loss
from integrations.unified.report_tree import nested

ReadReport = Callable[[str, Any], dict[str, Any]]

# QuickBooks writes this into a row, with status 200, when a report has more cells than it may show.
_CUT_SHORT = "Unable to display more data"


def request(call: ReportCall, places: Mapping[str, str], asked: Mapping[str, Any]) -> RemoteRequest:
    """The call of a report. `asked` uses our words: start_on, end_on, on, basis, by. Raises RejectedError."""
    unknown = [name for name, value in asked.items() if value is not None and name not in call.params]
    if unknown:
        raise RejectedError(
            f"The report {call.name} has no {', '.join(unknown)}.",
            code="unsupported",
            remedy=f"It can be asked for by {', '.join(call.params)}.",
        )
    if call.body is not None:
        body = templates.filled_structure(call.body, {**places, **_dates(asked)})
        path = templates.filled_path(call.path, places)
        return RemoteRequest(
            "POST", path, headers=call.headers, body=body, operation="read", kind="report", interface=call.interface
        )
    params = {
        str(call.params[name]): value.isoformat() if isinstance(value, date) else str(value)
        for name, value in asked.items()
        if value is not None
    }
    return RemoteRequest("GET", templates.filled_path(call.path, places), params, operation="read", kind="report")


def period(call: ReportCall, asked: Mapping[str, Any]) -> dict[str, date | None]:
    """`start_on` and `end_on` as they were asked for; a report at a day has no start."""
    days = _days(asked) if call.body is not None else {**asked, "end_on": asked.get("end_on") or asked.get("on")}
    return {"start_on": days.get("start_on") if "start_on" in call.params else None, "end_on": days["end_on"]}


def _days(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is not asked is this year until today."""
    end = asked.get("end_on") or asked.get("on") or datetime.now(UTC).date()
    return {"start_on": asked.get("start_on") or end.replace(month=1, day=1), "end_on": end, "on": end}


def _dates(asked: Mapping[str, Any]) -> dict[str, str]:
    """`start_on`, `end_on` and their parts."""
    days = _days(asked)
    parts = {
        f"{name}.{part}": str(getattr(day, part)) for name, day in days.items() for part in ("year", "month", "day")
    }
    return {**parts, **{name: day.isoformat() for name, day in days.items()}}


def read(call: ReportCall, body: Any) -> dict[str, Any]:
    """The unified report of an answer: rows in their tree, totals worked out again and compared."""
    flat = READERS[call.rows](call.name, body)
    for row in flat["rows"]:
        row["group"] = call.groups.get(row["group"] or row["label"], row["group"])
    return nested(flat)


def of_body(calls: Mapping[str, ReportCall], body: Any) -> ReportCall | None:
    """Which report a ledger's answer is; None when it is none of these."""
    for call in calls.values():
        if call.known_by and conditions.compiled(call.known_by, call.name)(body):
            return call
    return None


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


READERS: Mapping[str, ReadReport] = {
    "quickbooks_table": quickbooks_table,
    "zoho_profit_and_loss": zoho_profit_and_loss,
    "zoho_postings": zoho_postings,
    "intacct_trial_balance": intacct_trial_balance,
    "netsuite_accounts": netsuite_accounts,
    "xero_cells": xero_cells,
}
