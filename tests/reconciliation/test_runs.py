"""Runs are rows: claimed once, kept small on the second look, found by the sweeper, and told by the command."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Posting, SyncRun
from reconciliation.models import BankAccount, BankLine, MatchRun, Proposal
from reconciliation.services.approval import approve
from reconciliation.services.progress import refresh_match
from reconciliation.services.question import load_question
from reconciliation.services.runs import request_match_run, run_matching
from reconciliation.services.sweeping import start_due_run
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.reconciliation.factories import (
    bank_account_of,
    connection_of,
    line_of,
    matched,
    member,
    paid_invoice,
    proposal_of,
    record_of,
)


@pytest.fixture
def account(acme: Actors) -> BankAccount:
    with tenant_scope(acme.tenant.pk):
        return bank_account_of(connection_of(acme.tenant))


def _due() -> set[tuple[str, Any]]:
    with database.cursor() as cursor:
        cursor.execute("SELECT kind, row_id FROM reconciliation_due(%s, 100)", [timezone.now() + timedelta(seconds=1)])
        return set(cursor.fetchall())


def test_a_second_request_joins_the_unfinished_run(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        assert request_match_run(connection=account.connection) == request_match_run(connection=account.connection)


def test_a_run_is_done_once_and_its_second_delivery_does_nothing(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        paid_invoice(account)
        run = request_match_run(connection=account.connection)
    assert ("match_run", run.pk) in _due()
    done = run_matching(account.tenant_id, run.pk)
    assert done is not None
    assert (done.status, done.lines, done.proposals, done.unexplained) == ("done", 1, 1, 0)
    assert run_matching(account.tenant_id, run.pk) is None
    assert ("match_run", run.pk) not in _due()


def test_a_run_that_a_dead_worker_held_is_taken_again_and_given_up_in_the_end(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        run = request_match_run(connection=account.connection)
        held = MatchRun.objects.filter(pk=run.pk)
        held.update(status="running", lease_until=timezone.now() - timedelta(seconds=1), attempts=3)
    assert run_matching(account.tenant_id, run.pk) is None
    with tenant_scope(account.tenant_id):
        run.refresh_from_db()
    assert run.status == MatchRun.Status.FAILED
    assert "worker stopped" in run.error["message"]


def test_what_did_not_change_keeps_its_proposal(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        line, _ = paid_invoice(account)
        matched(account.connection)
        before = proposal_of(line)
        other, _ = paid_invoice(account, "61.00")
        matched(account.connection)
        assert proposal_of(line) == before
        run = MatchRun.objects.order_by("-id")[0]
        assert (run.kept, run.proposals, run.superseded) == (1, 1, 0)
        assert proposal_of(other).status == Proposal.Status.OPEN


def test_a_proposal_whose_document_was_paid_meanwhile_is_replaced(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        line, invoice = paid_invoice(account)
        matched(account.connection)
        before = proposal_of(line)
        invoice.open_amount = 0
        invoice.save()
        matched(account.connection)
        before.refresh_from_db()
        line.refresh_from_db()
        assert before.status == Proposal.Status.SUPERSEDED
        assert (line.status, line.proposal) == (BankLine.Status.UNMATCHED, None)


def test_a_payment_that_an_approval_posted_explains_no_other_line(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        line, invoice = paid_invoice(account, "333.00")
        matched(account.connection)
        (approval,) = approve(proposals=[proposal_of(line)], by=member(acme.tenant, acme.approver))
        payment = record_of(account.connection, "payments", "333.00", contact=invoice.contact_name)
        Posting.objects.filter(pk=approval.postings[0].pk).update(record=payment, status="posted", external_id="7")
        twin = line_of(account, "333.00", counterparty=invoice.contact_name)
        matched(account.connection)
        twin.refresh_from_db()
        assert twin.proposal is None


def test_a_payment_booked_on_another_bank_account_is_not_proposed(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        other = bank_account_of(account.connection)
        unified = {"memo": "", "reference": "", "account": {"id": other.external_account_id}}
        payment = record_of(account.connection, "payments", "480.00", number="PMT-77", unified=unified)
        wrong = line_of(account, "480.00", description="PMT-77", counterparty=payment.contact_name)
        matched(account.connection)
        wrong.refresh_from_db()
        assert wrong.proposal is None


def test_the_question_costs_the_same_number_of_queries_at_any_size(account: BankAccount) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            load_question(account.connection)
        return len(captured)

    with tenant_scope(account.tenant_id):
        paid_invoice(account)
        few = queries()
        for at in range(20):
            paid_invoice(account, f"{200 + at}.50")
        assert queries() == few


def test_storing_costs_no_query_per_line(account: BankAccount) -> None:
    def queries(count: int, start: int) -> int:
        with tenant_scope(account.tenant_id):
            for at in range(count):
                paid_invoice(account, f"{start + at}.25")
            run = request_match_run(connection=account.connection)
        with CaptureQueriesContext(database) as captured:
            run_matching(account.tenant_id, run.pk)
        return len(captured)

    few = queries(2, 100)
    # Replacing or refreshing what an earlier run had found may add its own few statements, never one a line.
    assert queries(40, 1000) <= few + 4


def test_the_sweeper_finds_matches_whose_posting_moved(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(acme.tenant.pk):
        line, invoice = paid_invoice(account)
        matched(account.connection)
        (approval,) = approve(proposals=[proposal_of(line)], by=member(acme.tenant, acme.approver))
    match = approval.match
    assert match is not None
    assert ("match", match.pk) not in _due()
    with tenant_scope(acme.tenant.pk):
        Posting.objects.update(status="posted", external_id="1", finished_at=timezone.now())
    assert ("match", match.pk) in _due()
    refresh_match(acme.tenant.pk, match.pk)
    assert ("match", match.pk) not in _due()
    with tenant_scope(acme.tenant.pk):
        invoice.open_amount, invoice.synced_at = 0, timezone.now()
        invoice.save()
    assert ("match", match.pk) in _due()
    refresh_match(acme.tenant.pk, match.pk)
    assert ("match", match.pk) not in _due()


def test_a_changed_mirror_starts_a_run_by_itself_and_an_unchanged_one_does_not(account: BankAccount) -> None:
    connection = account.connection
    with tenant_scope(account.tenant_id):
        paid_invoice(account)
        matched(connection)
        fields = {
            "tenant_id": account.tenant_id,
            "connection": connection,
            "trigger": "schedule",
            "status": "succeeded",
        }
        sync = SyncRun.objects.create(**fields, finished_at=timezone.now())
    assert ("connection", connection.pk) not in _due()
    with tenant_scope(account.tenant_id):
        sync.changed = 3
        sync.save()
    assert ("connection", connection.pk) in _due()
    run = start_due_run(account.tenant_id, connection.pk)
    assert run is not None
    assert ("connection", connection.pk) not in _due()


def test_the_command_prints_counts_as_one_json_object(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        paid_invoice(account)
        line_of(account, "-9.99", description="unknown")
    out = StringIO()
    call_command("reconcile", str(account.connection_id), "--wait", "--json", stdout=out)
    counts = json.loads(out.getvalue())
    assert (counts["status"], counts["lines"], counts["proposals"], counts["unexplained"]) == ("done", 2, 1, 1)


def test_the_command_says_what_to_do_about_an_unknown_connection(db: None) -> None:
    with pytest.raises(CommandError, match="There is no connection"):
        call_command("reconcile", str(uuid4()))
