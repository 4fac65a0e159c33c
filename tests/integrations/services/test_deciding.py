"""When the portal's tries are used up: a posting rests with its cause, and a lost outcome is a person's to settle."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.engine.errors import LedgerUnavailable, OutcomeUnknown, RateLimited, ReauthorizationNeeded
from integrations.models import Connection, CrossReference, Discrepancy, LedgerRecord, Posting
from integrations.services import budgets, deciding, inbox, postings, sums, variance
from integrations.services.crossing import ledger_ids, origin_of
from integrations.services.reversing import correct_posting, reverse_posting
from tenants.models import new_id
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Company, Sandbox
from tests.integrations.services.writes import WRITES, ask, entry, fresh, in_books, invoice, send

Status = Posting.Status


@pytest.fixture(autouse=True)
def no_waiting(settings: Any) -> None:
    """Retries are due at once."""
    settings.RETRY_BASE_SECONDS = 0


def test_a_ledger_that_cannot_be_reached_uses_up_the_budget_and_a_replay_begins_anew(
    acme: Actors, connected: Connection, company: Company, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    posting = ask(connected, "invoices", invoice(company, "D-1"))
    monkeypatch.setenv("PORTAL_SANDBOX_URL", "http://127.0.0.1:9")
    tries = budgets.BUDGETS["LedgerUnavailable"].tries or 0
    for _ in range(tries - 1):
        assert send(posting).status == Status.PENDING
    posting = send(posting)
    assert (posting.status, posting.error_code) == (Status.RESTING, "unreachable")
    with tenant_scope(connected.tenant_id):
        assert any(posting in group.examples for group in inbox.failure_groups(acme.tenant))
        monkeypatch.setenv("PORTAL_SANDBOX_URL", sandbox.url)
        postings.replay_posting(posting=posting)
    assert (send(posting).status, in_books(company, "D-1")) == (Status.POSTED, 1)


def test_budgets_count_what_fails_alike_and_begin_anew_with_another_cause() -> None:
    before: dict[str, Any] = {}
    for count in range(1, 13):
        columns = budgets.told(LedgerUnavailable("No answer."), before)
        before = columns["error"]
        assert budgets.is_used_up(LedgerUnavailable(""), columns) == (count >= 12)
    columns = budgets.told(RateLimited("Slow down."), before)
    assert (columns["error"]["tries"], budgets.is_used_up(RateLimited(""), columns)) == (1, False)
    columns["error"]["since"] = (timezone.now() - timedelta(hours=25)).isoformat()
    assert budgets.is_used_up(RateLimited(""), columns)
    assert not budgets.is_used_up(ReauthorizationNeeded(""), columns)


def unknown(connected: Connection, company: Company, sandbox: Sandbox, number: str, action: str) -> Posting:
    """A posting whose outcome the ledger does not tell, for so long that a person is asked."""
    posting = ask(connected, "invoices", invoice(company, number), origin_id=new_id())
    sandbox.fault(action, **WRITES)
    send(posting)
    sandbox.fault({"status": 503}, method="GET", path="/v3/company/", times=50)
    sandbox.fault({"status": 503}, method="POST", path="/v3/company/", times=50)
    for _ in range(budgets.BUDGETS["OutcomeUnknown"].tries or 0):
        send(posting)
    sandbox.lift_faults()
    return fresh(posting)


@pytest.mark.integration
def test_a_lost_outcome_stays_unknown_and_a_person_links_the_record_it_became(
    acme: Actors, connected: Connection, company: Company, sandbox: Sandbox
) -> None:
    posting = unknown(connected, company, sandbox, "D-2", "drop_after_commit")
    assert (posting.status, posting.question["code"]) == (Status.UNKNOWN, "outcome_unknown")
    found = next(row for row in company.documents("invoices") if row.get("DocNumber") == "D-2")
    with tenant_scope(connected.tenant_id):
        record = LedgerRecord.objects.create(
            tenant_id=connected.tenant_id, connection=connected, resource="invoices", remote_type="Invoice",
            external_id=found["Id"], number="D-2", unified={"external_id": found["Id"]}, raw={}, content_hash="",
            synced_at=timezone.now(),
        )  # fmt: skip
        assert deciding.candidates(posting) == [record]
        deciding.settle_as(posting=posting, record=record, settled_by=acme.editor)
        assert [row.external_id for row in ledger_ids(
            connection=connected, local_kind="api", local_id=str(posting.origin_id)
        )] == [found["Id"]]  # fmt: skip
        origin = origin_of(record)
        assert origin is not None
        assert (origin.local_id, origin.posting) == (str(posting.origin_id), posting)
        with pytest.raises(ValidationError, match="too late"):
            deciding.send_again(posting=posting, reason="I looked everywhere in the ledger")
    assert (fresh(posting).status, in_books(company, "D-2")) == (Status.POSTED, 1)


@pytest.mark.integration
@pytest.mark.parametrize("action", ["drop_before", "drop_after_commit"])
def test_a_person_may_have_it_sent_again_with_a_reason_and_even_then_it_lands_once(
    acme: Actors, connected: Connection, company: Company, sandbox: Sandbox, action: str
) -> None:
    posting = unknown(connected, company, sandbox, "D-3", action)
    with tenant_scope(connected.tenant_id):
        with pytest.raises(ValidationError, match="where you looked"):
            deciding.send_again(posting=posting, reason="no")
        deciding.send_again(posting=posting, reason="Searched the invoices by number", decided_by=acme.owner)
    assert (send(posting).status, in_books(company, "D-3")) == (Status.POSTED, 1)
    assert "Searched the invoices" in fresh(posting).question["reason"]


def test_unknown_is_looked_up_ever_more_seldom(settings: Any) -> None:
    settings.RETRY_BASE_SECONDS = 2
    now = timezone.now()
    waits = [budgets.next_look(now - timedelta(hours=hours)) for hours in (0, 2, 10, 100)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(minutes=15), budgets.LONGEST_LOOK)
    assert budgets.is_used_up(OutcomeUnknown(""), {"error": {"tries": 8}})


@pytest.mark.integration
def test_tax_and_total_beyond_the_tolerance_are_a_discrepancy_and_within_it_are_not(
    connected: Connection, company: Company
) -> None:
    exact = send(ask(connected, "invoices", invoice(company, "D-4")))
    assert exact.record is not None
    told = exact.record.unified
    with tenant_scope(connected.tenant_id):
        assert not Discrepancy.objects.exists()
    other = invoice(company, "D-5", tax_total="99.00", total="179.00")
    posting = send(ask(connected, "invoices", other))
    with tenant_scope(connected.tenant_id):
        (found,) = Discrepancy.objects.all()
        assert (found.kind, found.posting_id) == ("tax", posting.pk)
        assert found.differences[0]["ours"] == "99.00"
        assert found.differences[0]["theirs"] == str(told["tax_total"])
        assert found.proposal["action"] == "correct_mapping"


def test_only_what_a_document_states_is_compared() -> None:
    theirs = {"tax_total": "6.40", "total": "86.40"}
    line = {"amount": "80.00"}
    assert variance.apart({"lines": [line]}, theirs, Decimal("0.05")) == (None, [])
    assert variance.apart({"tax_total": "6.42"}, theirs, Decimal("0.05")) == (None, [])
    stated = {"lines": [{**line, "tax_amount": "6.00"}], "total": "86.40"}
    kind, differences = variance.apart(stated, theirs, Decimal("0.05"))
    assert (kind, [each["field"] for each in differences]) == ("tax", ["tax_total"])


@pytest.mark.parametrize(
    ("body", "is_refused"),
    [
        ({"lines": [{"amount": "80"}], "total": "80.00", "tax_mode": "none"}, False),
        ({"lines": [{"amount": "80"}], "total": "90.00", "tax_mode": "none"}, True),
        ({"lines": [{"amount": "80"}], "total": "90.00"}, False),
        ({"lines": [{"amount": "80", "tax_amount": "8"}], "total": "88.00"}, False),
        ({"lines": [{"amount": "80"}], "tax_total": "9", "total": "88.00"}, True),
        ({"lines": [{"amount": "80"}], "total": "90.00", "tax_mode": "none", "discount": "5"}, False),
    ],
)
def test_lines_come_to_the_total_as_far_as_the_document_says(body: dict[str, Any], is_refused: bool) -> None:
    from integrations.engine.errors import RejectedError

    if not is_refused:
        sums.check("invoices", body)
        return
    with pytest.raises(RejectedError, match="come to"):
        sums.check("invoices", body)


@pytest.mark.integration
def test_what_cannot_be_voided_is_offset_by_its_opposite_and_both_stay_in_the_books(
    connected: Connection, company: Company
) -> None:
    posting = send(ask(connected, "journal_entries", entry(company)))
    assert posting.status == Status.POSTED, posting.error
    with tenant_scope(connected.tenant_id):
        undo, again = (reverse_posting(posting=posting) for _ in range(2))
    undone = send(undo)
    assert undo.pk == again.pk
    assert (undone.status, undone.operation) == (Status.POSTED, "create"), undone.error
    assert len([row for row in company.documents("journal_entries") if row["TxnDate"] == "2026-11-04"]) == 2
    assert company.is_balanced()
    with tenant_scope(connected.tenant_id):
        assert LedgerRecord.objects.get(external_id=posting.external_id).deleted_at is None
        assert not CrossReference.objects.filter(posting=posting).exists()


@pytest.mark.integration
def test_a_correction_is_a_reversal_and_then_another_document_that_takes_its_place(
    connected: Connection, company: Company
) -> None:
    origin = new_id()
    posting = send(ask(connected, "invoices", invoice(company, "D-6"), origin_id=origin))
    better = invoice(company, "D-6b")
    with tenant_scope(connected.tenant_id):
        correction, again = (correct_posting(posting=posting, body=better) for _ in range(2))
        (undo,) = posting.reversals.all()
    assert correction.pk == again.pk
    assert send(correction).status == Status.PENDING
    assert send(undo).status == Status.POSTED
    assert send(correction).status == Status.POSTED
    with tenant_scope(connected.tenant_id):
        (reference,) = CrossReference.objects.filter(local_id=str(origin))
        assert reference.external_id == fresh(correction).external_id
        assert correction.corrects == posting


@pytest.mark.integration
def test_a_currency_that_the_ledger_does_not_have_never_leaves(connected: Connection, company: Company) -> None:
    with tenant_scope(connected.tenant_id):
        LedgerRecord.objects.create(
            tenant_id=connected.tenant_id, connection=connected, resource="currencies", remote_type="CompanyCurrency",
            external_id="1", name="Euro", unified={"code": "EUR"}, raw={}, content_hash="", synced_at=timezone.now(),
        )  # fmt: skip
    posting = send(ask(connected, "invoices", invoice(company, "D-7", currency="JPY")))
    assert (posting.status, posting.error_code) == (Status.REJECTED, "currency_not_enabled")
    assert "EUR" in posting.error["message"]


def test_outside_the_united_states_a_line_without_a_tax_code_never_leaves(acme: Actors) -> None:
    from tests.integrations.services.factories import make_connection

    british = make_connection(acme.tenant, country="GB", currency="GBP")
    body = {"contact": {"id": "7"}, "issued_on": "2026-11-02", "lines": [{"amount": "80.00", "item": {"id": "1"}}]}
    posting = send(ask(british, "invoices", body))
    assert (posting.status, posting.error_code) == (Status.REJECTED, "tax_code_missing")
    assert "Line 1" in posting.error["message"]
