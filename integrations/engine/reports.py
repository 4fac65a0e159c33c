"""Reports as one table, whatever tree the ledger sends: columns, and rows with a level, a label and their values."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from integrations.engine import conditions, templates
from integrations.engine.declarations import ReportCall
from integrations.engine.errors import RejectedError
from integrations.engine.messages import RemoteRequest
from integrations.engine.report_readers.netsuite import netsuite_accounts
from integrations.engine.report_readers.quickbooks import quickbooks_table
from integrations.engine.report_readers.sage_intacct import intacct_trial_balance
from integrations.engine.report_readers.xero import xero_cells
from integrations.engine.report_readers.zoho_books import zoho_balances, zoho_postings, zoho_profit_and_loss
from integrations.unified.report_tree import nested

ReadReport = Callable[[str, Any], dict[str, Any]]


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
    params = dict(call.query) | {
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


READERS: Mapping[str, ReadReport] = {
    "quickbooks_table": quickbooks_table,
    "zoho_profit_and_loss": zoho_profit_and_loss,
    "zoho_postings": zoho_postings,
    "zoho_balances": zoho_balances,
    "intacct_trial_balance": intacct_trial_balance,
    "netsuite_accounts": netsuite_accounts,
    "xero_cells": xero_cells,
}
