"""After a lost answer: what the ledger knows of a write, and what may be concluded from it."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import pytest

from integrations.engine.errors import LedgerUnavailable, OutcomeUnknown, RejectedError
from integrations.engine.results import Deletion, Outcome, Record
from tests.integrations.engine.company import Company, fault

LONG_AGO = datetime.now(UTC) - timedelta(days=3)
INVOICE: dict[str, Any] = {
    "number": "A-1",
    "contact": {"id": "1"},
    "issued_on": "2026-01-15",
    "lines": [{"item": {"id": "1"}, "amount": "100.00", "description": "Work"}],
}
STORED = {
    "Id": "155",
    "SyncToken": "0",
    "DocNumber": "A-1",
    "TxnDate": "2026-01-15",
    "CustomerRef": {"value": "1", "name": "Amy"},
    "Line": [
        {"Id": "1", "Description": "Work", "Amount": 100, "DetailType": "SalesItemLineDetail",
         "SalesItemLineDetail": {"ItemRef": {"value": "1"}}},
        {"Amount": 100, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
    ],
    "TotalAmt": 100,
    "Balance": 100,
}  # fmt: skip


def found(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"QueryResponse": {"Invoice": list(rows)} if rows else {}}


def test_while_the_key_is_remembered_the_same_bytes_are_sent_again() -> None:
    company = Company([httpx.ReadTimeout("lost"), {"Invoice": STORED}])
    with pytest.raises(OutcomeUnknown):
        company.ledger.post("invoices", "create", INVOICE, key="k")
    probe = company.ledger.probe("invoices", "create", INVOICE, key="k", sent_at=datetime.now(UTC))
    assert probe.outcome is Outcome.POSTED
    assert isinstance(probe.record, Record)
    first, second = company.requests
    assert (first.url, first.content) == (second.url, second.content)


def test_a_refusal_of_the_repetition_is_the_outcome() -> None:
    company = Company([fault("6240"), found(), found()])
    with pytest.raises(RejectedError, match="name is already used"):
        company.ledger.probe("invoices", "create", INVOICE, key="k", sent_at=datetime.now(UTC))


def test_a_repetition_refused_because_the_first_one_landed_is_posted() -> None:
    # The ledger had forgotten the key, and refuses the number that the first writing has taken.
    company = Company([fault("6140"), found(STORED)])
    probe = company.ledger.probe("invoices", "create", INVOICE, key="k", sent_at=datetime.now(UTC))
    assert probe.outcome is Outcome.POSTED


def test_a_void_refused_because_it_is_done_already_is_posted() -> None:
    voided = {**STORED, "PrivateNote": "Voided", "TotalAmt": 0, "Balance": 0}
    company = Company([fault("5010"), {"Invoice": voided}])
    body = {"external_id": "155", "version": "0"}
    probe = company.ledger.probe("invoices", "void", body, key="k", sent_at=datetime.now(UTC))
    assert probe.outcome is Outcome.POSTED


def test_a_refused_question_is_no_refusal_of_the_write() -> None:
    company = Company([fault("4000", "Error parsing query")])
    probe = company.ledger.probe("invoices", "create", INVOICE, key="k", sent_at=LONG_AGO)
    assert probe.outcome is Outcome.UNKNOWN
    look = Company([fault("2010")])
    body = {"external_id": "155", "version": "0"}
    assert look.ledger.probe("invoices", "void", body, key="k", sent_at=LONG_AGO).outcome is Outcome.UNKNOWN


def test_a_record_that_cannot_be_read_proves_no_absence() -> None:
    strange = found({**STORED, "TxnDate": "no date"})
    probe = Company([strange] * 2).ledger.probe("invoices", "create", INVOICE, key="k", sent_at=LONG_AGO)
    assert probe.outcome is Outcome.UNKNOWN


def test_a_record_of_our_number_made_since_and_changed_by_the_ledger_proves_no_absence() -> None:
    since = {"CreateTime": (LONG_AGO + timedelta(seconds=2)).isoformat()}
    line = {**cast(list[dict[str, object]], STORED["Line"])[0], "Amount": 100.01}
    changed = {**STORED, "MetaData": since, "Line": [line], "TotalAmt": 100.01}
    probe = Company([found(changed)] * 2).ledger.probe("invoices", "create", INVOICE, key="k", sent_at=LONG_AGO)
    assert probe.outcome is Outcome.UNKNOWN


def test_when_the_key_may_be_forgotten_nothing_is_sent_only_looked_for() -> None:
    company = Company([found(STORED)])
    probe = company.ledger.probe("invoices", "create", INVOICE, key="k", sent_at=LONG_AGO)
    assert probe.outcome is Outcome.POSTED
    assert [request.method for request in company.requests] == ["GET"]
    assert "WHERE DocNumber = 'A-1' ORDERBY" in company.queries[0]


def test_a_record_with_the_same_number_and_other_content_is_another_one() -> None:
    other = {**STORED, "CustomerRef": {"value": "2"}}
    probe = Company([found(other), found()]).ledger.probe("invoices", "create", INVOICE, key="k", sent_at=LONG_AGO)
    assert probe.outcome is Outcome.ABSENT


def test_a_record_made_before_the_write_was_sent_is_another_one() -> None:
    earlier = {**STORED, "MetaData": {"CreateTime": (LONG_AGO - timedelta(hours=1)).isoformat()}}
    probe = Company([found(earlier)] * 2).ledger.probe("invoices", "create", INVOICE, key="k", sent_at=LONG_AGO)
    assert probe.outcome is Outcome.ABSENT


def test_two_records_that_fit_leave_the_outcome_unknown() -> None:
    twins = found(STORED, {**STORED, "Id": "156"})
    probe = Company([twins]).ledger.probe("invoices", "create", INVOICE, key="k", sent_at=LONG_AGO)
    assert probe.outcome is Outcome.UNKNOWN
    assert "2 records" in probe.reason


def test_a_ledger_that_gave_another_number_leaves_a_question_rather_than_a_second_document() -> None:
    renumbered = {**STORED, "DocNumber": "1043"}
    company = Company([found(), found(renumbered)])
    probe = company.ledger.probe("invoices", "create", INVOICE, key="k", sent_at=LONG_AGO)
    assert probe.outcome is Outcome.UNKNOWN
    assert "another number" in probe.reason


def test_without_a_number_the_customer_and_the_day_are_searched() -> None:
    company = Company([found()])
    unnumbered = {name: value for name, value in INVOICE.items() if name != "number"}
    probe = company.ledger.probe("invoices", "create", unnumbered, key="k", sent_at=LONG_AGO)
    assert probe.outcome is Outcome.ABSENT
    assert "WHERE CustomerRef = '1' AND TxnDate = '2026-01-15' ORDERBY" in company.queries[0]


def test_quotes_in_a_searched_value_cannot_change_the_query() -> None:
    company = Company([found(), found()])
    company.ledger.probe("invoices", "create", {**INVOICE, "number": "O'Neil\\"}, key="k", sent_at=LONG_AGO)
    assert "WHERE DocNumber = 'O\\'Neil\\\\' ORDERBY" in company.queries[0]


@pytest.mark.parametrize(
    ("operation", "answer", "outcome"),
    [
        ("delete", fault("610", "Another user has deleted this transaction."), Outcome.POSTED),
        ("delete", {"Invoice": STORED}, Outcome.ABSENT),
        ("void", {"Invoice": {**STORED, "PrivateNote": "Voided", "TotalAmt": 0, "Balance": 0}}, Outcome.POSTED),
        ("void", {"Invoice": STORED}, Outcome.ABSENT),
    ],
)
def test_a_deletion_or_a_void_is_seen_in_the_record(operation: str, answer: Any, outcome: Outcome) -> None:
    body = {"external_id": "155", "version": "0"}
    probe = Company([answer]).ledger.probe("invoices", operation, body, key="k", sent_at=LONG_AGO)
    assert probe.outcome is outcome
    if operation == "delete" and outcome is Outcome.POSTED:
        assert isinstance(probe.record, Deletion)


@pytest.mark.parametrize(("memo", "outcome"), [("Work", Outcome.POSTED), ("Other", Outcome.ABSENT)])
def test_an_update_is_seen_in_the_values_it_gave(memo: str, outcome: Outcome) -> None:
    change = {"external_id": "155", "version": "0", "memo": "Work"}
    company = Company([{"Invoice": {**STORED, "PrivateNote": memo}}])
    assert company.ledger.probe("invoices", "update", change, key="k", sent_at=LONG_AGO).outcome is outcome


def test_a_ledger_that_cannot_be_asked_leaves_the_question_open() -> None:
    with pytest.raises(LedgerUnavailable):
        Company([httpx.ConnectError("down")]).ledger.probe("invoices", "create", INVOICE, key="k", sent_at=LONG_AGO)
