"""Proof from outside: what the Xero connector says, and what the simulated Xero answers, fits Xero's own OpenAPI.

Everything that the coverage promises is done once; every request and every answer is held against the description.
What Xero's service is known to do otherwise stands in tests/specs/xero_deviations.yaml, with the reason.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any

import httpx
import pytest

from integrations.engine.errors import RejectedError
from integrations.engine.results import Outcome, Record
from tests.integrations.connectors.simulation import Simulation
from tests.integrations.connectors.test_every_cell import CELLS, DONE, REPORTS, _Draws
from tests.integrations.connectors.test_round_trip import MAKERS, WRITABLE, Books, known
from tests.specs import deviations, openapi

_KEYS = count(1)
_LONG_AGO = datetime.now(UTC) - timedelta(days=300)


class Recorded(Simulation):
    """A simulation that keeps every call of the Accounting API, and those that ask which organisations there are."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self.calls: list[tuple[httpx.Request, httpx.Response]] = []
        self.connections: list[tuple[httpx.Request, httpx.Response]] = []
        super().__init__(*given, **named)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        response = super()._answer(request)
        if "/api.xro/" in request.url.path:
            self.calls.append((request, response))
        elif "/connections" in request.url.path:
            self.connections.append((request, response))
        return response


def _of_xero(cells: Iterable[Any]) -> Iterator[tuple[str, ...]]:
    """What cells of all ledgers say beside the ledger, where it is Xero."""
    for each in cells:
        name, *rest = (str(value) for value in each.values)
        if name == "xero":
            yield tuple(rest)


@lru_cache(maxsize=1)
def calls() -> list[tuple[httpx.Request, httpx.Response]]:
    """Every call of the connector's whole coverage: lists, changes, records, writes, files, reports, searches."""
    simulation = Recorded("xero", currencies=["EUR"], expenses=4, credit_notes=3, purchase_orders=3)
    place = Books(simulation)
    for resource in place.ledger.connector.resources:
        list(place.ledger.pages(resource))
        list(place.ledger.pages(resource, since=_LONG_AGO))
    for country, currency in (("US", "USD"), ("NZ", "NZD")):
        elsewhere = Recorded("xero", country=country, currency=currency, expenses=2, credit_notes=2, vendor_credits=2)
        for resource in elsewhere.ledger.connector.resources:
            list(elsewhere.ledger.pages(resource))
        simulation.calls += elsewhere.calls
    for (resource,) in _of_xero(WRITABLE):
        _created_and_found(place, resource)
    for resource, operation in _of_xero(CELLS):
        DONE[operation](place, resource)
    for (report,) in _of_xero(REPORTS):
        place.ledger.report(report)
    return simulation.calls


def _created_and_found(place: Books, resource: str) -> None:
    """Made, and searched for when the key is forgotten."""
    body = known(place, resource, MAKERS[resource](place, _Draws()))  # type: ignore[arg-type]
    key = f"openapi-{next(_KEYS)}"
    written = place.ledger.post(resource, "create", body, key=key)
    assert isinstance(written, Record)
    place.ledger.read(resource, written.external_id, written.remote_type)
    later = datetime.now(UTC) - timedelta(hours=1)
    assert place.ledger.probe(resource, "create", body, key=key, sent_at=later).outcome is not Outcome.ABSENT
    place.put_in_force(resource, written)
    if resource in ("contacts", "invoices", "items"):
        with pytest.raises(RejectedError, match=r"taken|used"):
            place.ledger.post(resource, "create", body, key=f"openapi-{next(_KEYS)}")


@lru_cache(maxsize=1)
def description() -> openapi.Description:
    """Xero's own."""
    document = openapi.load("xero_accounting.yaml.gz")
    return openapi.Description(document, host_url="https://api.xero.com", before="/xero")


@lru_cache(maxsize=1)
def faults() -> list[openapi.Fault]:
    """Whatever does not fit, in requests and answers."""
    found = [fault for request, _ in calls() for fault in description().request(request)]
    return found + [fault for call in calls() for fault in description().answer(*call)]


def unexplained(side: str) -> list[str]:
    """The faults of a side that no known deviation of the service explains, each once."""
    passed = deviations.load("xero_deviations.yaml")
    return sorted(
        {str(each) for each in set(faults()) if each.side == side and not any(row.fits(each) for row in passed)}
    )


def test_every_request_of_the_connector_fits_the_official_description() -> None:
    assert unexplained("request") == []


def test_every_answer_of_the_simulated_ledger_fits_the_official_description() -> None:
    assert unexplained("answer") == []


@pytest.mark.parametrize("row", deviations.load("xero_deviations.yaml"), ids=lambda row: f"{row.rule} {row.place}")
def test_a_deviation_that_is_let_pass_is_met_and_has_its_reason(row: deviations.Deviation) -> None:
    assert row.why
    assert any(row.fits(each) for each in faults())


def test_the_proof_covers_every_operation_that_the_connector_uses(capsys: pytest.CaptureFixture[str]) -> None:
    used = Counter(description().operation(request) for request, _ in calls())
    with capsys.disabled():
        rows = "".join(f"  {operation:45} {times:4}\n" for operation, times in sorted(used.items()))
        sys.stdout.write(f"\n{len(calls())} requests and answers of {len(used)} operations fit Xero's OpenAPI:\n{rows}")
    assert "" not in used
    assert len(used) >= 50
    assert len(used) >= 60
    assert len(calls()) >= 250


def test_the_question_for_organisations_fits_the_official_description() -> None:
    ((request, response),) = Recorded("xero").connections
    described = openapi.Description(openapi.load("xero_identity.yaml"), host_url="https://api.xero.com", before="/xero")
    # The description writes the address with a capital; the service reads both.
    spelled = httpx.Request("GET", str(request.url).replace("/connections", "/Connections"), headers=request.headers)
    assert described.operation(spelled) == "getConnections"
    assert described.request(spelled) == []
    # Moments have no zone there, in the description's own example too.
    assert {fault.place for fault in described.answer(spelled, response)} <= {"createdDateUtc", "updatedDateUtc"}


def test_a_message_that_does_not_fit_is_told() -> None:
    request = httpx.Request("PUT", "http://x/xero/api.xro/2.0/Invoices?nonsense=1", json={"Invoices": [{"Typ": "A"}]})
    told = {(fault.place, fault.rule) for fault in description().request(request)}
    assert told >= {
        ("?nonsense", "unknown"),
        ("Invoice.Typ", "unknown"),
        ("?xero-tenant-id", "MissingRequiredParameter"),
    }
    read_only = httpx.Request(
        "PUT", "http://x/xero/api.xro/2.0/Invoices", json={"Invoices": [{"HasAttachments": True}]}
    )
    assert ("Invoices.HasAttachments", "readOnly") in {
        (fault.place, fault.rule) for fault in description().request(read_only)
    }
    answer = httpx.Response(200, json={"Invoices": [{"Date": "1 May", "Total": "12", "Status": "OPEN"}]})
    told = {(fault.place, fault.rule) for fault in description().answer(request, answer)}
    assert told == {("Invoices.Date", "pattern"), ("Invoices.Total", "type"), ("Invoices.Status", "enum")}
