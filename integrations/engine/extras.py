"""Verbs beside the records of the unified model: reports, exchange rates, batches."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.engine import batches, paths, reports, templates
from integrations.engine.errors import RejectedError, UnexpectedShape
from integrations.engine.messages import RemoteRequest
from integrations.engine.results import BatchItem, BatchResult, ReportTable

if TYPE_CHECKING:
    from integrations.engine.ledger import Ledger


def report(ledger: "Ledger", name: str, **asked: Any) -> ReportTable:
    """A report by its unified name, such as profit_and_loss.

    `asked`: start_on, end_on or on (dates), basis (`Accrual`, `Cash`), by (`Month`…). Raises RejectedError.
    """
    call = ledger.connector.reports.get(name.replace("-", "_"))
    if call is None:
        known = ", ".join(ledger.connector.reports)
        raise RejectedError(
            f"{ledger.connector.label} has no report {name}.", code="unsupported", remedy=f"It has {known}."
        )
    answer = ledger.client.send(reports.request(call, ledger.context.values, asked))
    if not isinstance(answer.body, dict):
        raise UnexpectedShape(f"{ledger.connector.label} sent no report.", correlation_id=answer.correlation_id)
    told = answer.body
    if call.uses_accounts:
        told = {**told, "accounts": [each.unified for page in ledger.pages("accounts") for each in page.records]}
    found = reports.read(call, told)
    # What the ledger does not repeat is what it was asked.
    days = {name: day for name, day in reports.period(call, asked).items() if found.get(name) is None}
    return ReportTable({**found, **days}, answer.body)


def exchange_rate(ledger: "Ledger", currency: str, on: date) -> Decimal | None:
    """Home currency for one unit of a currency on a day; None where the ledger knows no rate."""
    declared = ledger.connector.exchange_rates
    if not declared:
        raise RejectedError(f"{ledger.connector.label} tells no exchange rates.", code="unsupported")
    places = {**ledger.context.values, "currency": currency, "on": on.isoformat()}
    params, body = templates.filled_all(declared.get("params", {}), places), declared.get("body")
    path, asked = templates.filled_path(declared["path"], places), templates.filled_structure(body, places)
    request = RemoteRequest("POST" if body else "GET", path, params, body=asked, operation="read")
    rate = paths.getter(declared["rate"])(ledger.client.send(request).body)
    return None if rate is None else Decimal(str(rate))


def post_batch(ledger: "Ledger", items: Sequence[BatchItem]) -> list[BatchResult]:
    """Several independent writes in one call; one result an item, errors among them.

    Raises what concerns all of them: InvalidRecord (nothing was sent), RateLimited, LedgerUnavailable, OutcomeUnknown.
    """
    request, alone = batches.request(ledger, items)
    return batches.outcomes(ledger, items, alone, ledger.client.send(request))
