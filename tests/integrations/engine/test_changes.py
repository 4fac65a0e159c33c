"""The change feed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from integrations.engine import manifest
from tests.integrations.engine.company import Company, said

SINCE = datetime.now(UTC) - timedelta(days=1)


def feed(*groups: dict[str, Any], time: str = "2026-05-05T07:52:34-07:00") -> httpx.Response:
    return said({"CDCResponse": [{"QueryResponse": list(groups)}], "time": time})


def test_one_call_tells_records_and_deletions_of_many_kinds() -> None:
    gone = {
        "domain": "QBO",
        "status": "Deleted",
        "Id": "99",
        "MetaData": {"LastUpdatedTime": "2026-05-01T10:00:00-07:00"},
    }
    company = Company([feed({"Customer": [{"Id": "63", "DisplayName": "Ecker"}]}, {"Invoice": [gone]}, {})])
    changes = company.ledger.changes(["contacts", "invoices"], SINCE)
    assert [record.unified["name"] for record in changes.records["contacts"]] == ["Ecker"]
    (deletion,) = changes.deletions
    assert (deletion.resource, deletion.remote_type, deletion.external_id) == ("invoices", "Invoice", "99")
    assert deletion.at == datetime(2026, 5, 1, 17, tzinfo=UTC)
    assert changes.is_complete
    assert changes.through == datetime(2026, 5, 5, 14, 52, 34, tzinfo=UTC)
    assert company.requests[0].url.params["entities"] == "Customer,Vendor,Invoice"


def test_a_record_that_two_resources_share_reaches_both() -> None:
    company = Company([feed({"Purchase": [{"Id": "5", "PaymentType": "Cash", "TotalAmt": 7}]})])
    changes = company.ledger.changes(["expenses", "bank_transactions"], SINCE)
    assert [record.external_id for record in changes.records["expenses"]] == ["5"]
    assert [str(record.unified["amount"]) for record in changes.records["bank_transactions"]] == ["-7"]


def test_a_full_feed_is_asked_in_halves_and_what_still_fills_one_is_incomplete() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        kinds = request.url.params["entities"].split(",")
        groups = [{"Invoice": [{"Id": str(n)} for n in range(1000)]} if kind == "Invoice" else {} for kind in kinds]
        return feed(*groups)

    changes = Company(answer).ledger.changes(["invoices", "bills", "payments"], SINCE)
    assert changes.incomplete == {"invoices"}
    assert not changes.is_complete


def test_older_than_the_feed_remembers_nothing_is_asked() -> None:
    company = Company([])
    changes = company.ledger.changes(["invoices"], datetime.now(UTC) - timedelta(days=40))
    assert changes.incomplete == {"invoices"}
    assert company.requests == []


def test_what_the_feed_does_not_cover_is_named() -> None:
    changes = Company([feed({})]).ledger.changes(["tax_rates", "accounts"], SINCE)
    assert changes.incomplete == {"tax_rates"}
    assert "tax_rates" in manifest.load("quickbooks").resources


def test_the_earliest_clock_of_several_calls_counts() -> None:
    times = iter(["2026-05-05T07:00:10-07:00", "2026-05-05T07:00:05-07:00", "2026-05-05T07:00:07-07:00"])

    def answer(request: httpx.Request) -> httpx.Response:
        is_first = "," in request.url.params["entities"]
        return feed({"Invoice": [{"Id": str(n)} for n in range(1000)]} if is_first else {}, time=next(times))

    through = Company(answer).ledger.changes(["invoices", "bills"], SINCE).through
    assert through == datetime(2026, 5, 5, 14, 0, 5, tzinfo=UTC)
