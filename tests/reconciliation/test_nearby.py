"""A run for what changed: it reads the neighbourhood, agrees with the whole match, and loses nothing on its way."""

import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import LedgerRecord
from reconciliation.models import BankAccount, BankLine, Clue, MatchMark, MatchRun, Proposal
from reconciliation.services import runs
from reconciliation.services.approval import approve
from reconciliation.services.question import load_nearby
from reconciliation.services.rejection import reject
from reconciliation.services.reversal import undo
from reconciliation.services.runs import request_match_run, run_matching
from reconciliation.services.storing import store
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.reconciliation.factories import (
    TODAY,
    bank_account_of,
    connection_of,
    line_of,
    member,
    proposal_of,
    record_of,
)

FIRST = ("Harrow", "Lantern", "Quill", "Bracken", "Thistle", "Marlow", "Pembroke", "Sutton", "Wexford", "Calder")
SECOND = ("Textiles", "Foundry", "Bakery", "Optics", "Timber", "Printing", "Logistics", "Ceramics", "Nurseries")


@pytest.fixture(autouse=True)
def _every_connection_is_large(settings: Any) -> None:
    settings.MATCH_WHOLE_BELOW = 1


@pytest.fixture
def account(acme: Actors) -> BankAccount:
    with tenant_scope(acme.tenant.pk):
        return bank_account_of(connection_of(acme.tenant))


def name_of(number: int) -> str:
    """One of ninety names."""
    return f"{FIRST[number % 10]} {SECOND[number // 10 % 9]} Ltd"


def document(account: BankAccount, amount: str, **fields: Any) -> LedgerRecord:
    """An open invoice that a sync has just stored."""
    return record_of(account.connection, "invoices", amount, **{"synced_at": timezone.now(), **fields})


def payment(account: BankAccount, invoice: LedgerRecord, amount: str = "", **fields: Any) -> BankLine:
    """The line that cites and pays an invoice."""
    told = {"description": f"PAYMENT {invoice.number}", "counterparty": invoice.contact_name.upper()}
    return line_of(account, amount or str(invoice.amount), **{**told, **fields})


def run(account: BankAccount, *, is_whole: bool = False) -> MatchRun:
    """Match here and now; the run as it ended."""
    asked = request_match_run(connection=account.connection, is_whole=is_whole)
    done = run_matching(account.tenant_id, asked.pk)
    assert done is not None
    return done


def stood(account: BankAccount, count: int = 12) -> list[tuple[BankLine, LedgerRecord]]:
    """A statement that was matched as a whole."""
    made = []
    for at in range(count):
        long_ago = timezone.now() - timedelta(minutes=5)
        invoice = document(account, f"{100 + at}.{10 + at}", contact=name_of(at * 7), synced_at=long_ago)
        made.append((payment(account, invoice), invoice))
    run(account, is_whole=True)
    return made


def told(account: BankAccount) -> dict[Any, tuple[frozenset[Any], frozenset[Any]]]:
    """Of every line the lines and records of its proposal."""
    rows = Proposal.objects.open().filter(connection=account.connection).prefetch_related("lines", "entries")
    sides = {
        row.pk: (
            frozenset(x.bank_line_id for x in row.lines.all()),
            frozenset((x.record_id, x.amount) for x in row.entries.all()),
        )
        for row in rows
    }
    lines = BankLine.objects.filter(bank_account=account).values_list("pk", "proposal")
    return {pk: sides.get(proposal, (frozenset(), frozenset())) for pk, proposal in lines}


def laws_hold(account: BankAccount) -> None:
    """No line and no record twice among open proposals, and every proposal's sums are those of its lines."""
    open_ones = Proposal.objects.open().filter(connection=account.connection)
    rows = list(open_ones.prefetch_related("lines__bank_line", "entries"))
    lines = Counter(x.bank_line_id for row in rows for x in row.lines.all())
    records = Counter(x.record_id for row in rows for x in row.entries.all())
    assert max(lines.values(), default=1) == 1
    assert max(records.values(), default=1) == 1
    for row in rows:
        money = sum((x.bank_line.amount for x in row.lines.all()), Decimal(0))
        assert row.amount == money
        if row.kind == Proposal.Kind.MATCH:
            assert money == sum((x.amount for x in row.entries.all()), Decimal(0))


def test_a_new_line_is_matched_without_the_rest(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        made = stood(account)
        before = told(account)
        invoice = document(account, "777.70", contact="Otterburn Kites GmbH")
        line = payment(account, invoice)
        done = run(account)
        assert (done.is_whole, done.lines, done.proposals) == (False, 1, 1)
        assert proposal_of(line).entries.get().record == invoice
        assert done.entries < len(made)
        assert {key: value for key, value in told(account).items() if key != line.pk} == before


def test_a_new_document_finds_the_line_that_waited_for_it(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        stood(account)
        line = line_of(account, "555.50", description="RENT 3RD FLOOR", counterparty="OTTERBURN KITES")
        assert run(account).unexplained == 1
        invoice = document(account, "555.50", contact="Otterburn Kites GmbH")
        assert run(account).is_whole is False
        assert proposal_of(line).entries.get().record == invoice


def test_what_was_paid_in_the_ledger_meanwhile_is_proposed_no_longer(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        (line, invoice), *rest = stood(account)
        before = proposal_of(line)
        invoice.open_amount, invoice.synced_at = 0, timezone.now()
        invoice.save()
        done = run(account)
        line.refresh_from_db()
        before.refresh_from_db()
        assert (done.is_whole, done.superseded) == (False, 1)
        assert (line.proposal, before.status) == (None, Proposal.Status.SUPERSEDED)
        assert all(proposal_of(other) for other, _ in rest)


def test_a_document_that_is_gone_takes_its_proposal_along(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        (line, invoice), *_ = stood(account)
        invoice.deleted_at = invoice.synced_at = timezone.now()
        invoice.save()
        assert run(account).is_whole is False
        line.refresh_from_db()
        assert line.proposal is None
        assert not Clue.objects.filter(record=invoice).exists()


def test_a_line_that_was_deleted_holds_nothing(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        (line, invoice), *_ = stood(account)
        proposal = proposal_of(line)
        proposal.delete()
        line.delete()
        again = payment(account, invoice)
        assert run(account).is_whole is False
        assert proposal_of(again).entries.get().record == invoice


def test_a_better_line_takes_the_document_from_the_one_that_held_it(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        stood(account)
        invoice = document(account, "640.00", contact="Otterburn Kites GmbH")
        guess = line_of(account, "640.00", description="TRANSFER", counterparty="")
        run(account)
        right = payment(account, invoice)
        assert run(account).is_whole is False
        guess.refresh_from_db()
        assert proposal_of(right).entries.get().record == invoice
        assert guess.proposal is None
        laws_hold(account)


def test_a_proposal_that_somebody_decides_on_is_left_alone(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        (line, invoice), *_ = stood(account)
        first = proposal_of(line)
        first.first_approved_by, first.first_approved_at = acme.approver, timezone.now()
        first.save()
        invoice.synced_at = timezone.now()
        invoice.save()
        twin = payment(account, invoice)
        assert run(account).is_whole is False
        first.refresh_from_db()
        twin.refresh_from_db()
        assert (first.status, proposal_of(line)) == (Proposal.Status.OPEN, first)
        assert twin.proposal is None


def test_a_run_that_was_cut_off_is_done_again_with_the_same_changes(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        (held, settled), *_ = stood(account)
        line = payment(account, document(account, "777.70", contact="Otterburn Kites GmbH"))
        settled.open_amount, settled.synced_at = 0, timezone.now()
        settled.save()
        # What a worker does until it is killed while the engine works: clues are written, the mark stands.
        lost = request_match_run(connection=account.connection, is_whole=False)
        mark = MatchMark.objects.get(connection=account.connection)
        assert load_nearby(account.connection, mark) is not None
        MatchRun.objects.filter(pk=lost.pk).update(
            status="running", attempts=1, lease_until=timezone.now() - timedelta(seconds=1)
        )
        done = run_matching(account.tenant_id, lost.pk)
        held.refresh_from_db()
        assert done is not None
        assert (done.is_whole, held.proposal) == (False, None)
        assert proposal_of(line).status == Proposal.Status.OPEN
        laws_hold(account)


def test_a_line_that_is_let_go_while_the_engine_works_waits_on(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        stood(account)
        line = payment(account, document(account, "777.70", contact="Otterburn Kites GmbH"))
        asked = request_match_run(connection=account.connection, is_whole=False)
        taken = runs._take(account.tenant_id, asked.pk)
        assert taken is not None
        question = load_nearby(account.connection, MatchMark.objects.get())
        assert question is not None
        BankLine.objects.filter(pk=line.pk).let_go()
        store(taken, question.candidates, [], question.waited, among=[str(line.pk)])
        line.refresh_from_db()
        assert line.waits_since is not None


def test_what_somebody_refused_is_not_proposed_again(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        (line, invoice), *_ = stood(account)
        reject(proposal=proposal_of(line), by=member(acme.tenant, acme.approver), reason="Another customer paid it.")
        assert run(account).is_whole is False
        line.refresh_from_db()
        held = line.proposal.entries.values_list("record", flat=True) if line.proposal else []
        assert invoice.pk not in held


def test_an_approval_that_was_undone_frees_its_document_for_others(acme: Actors, account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        (line, invoice), *_ = stood(account)
        by = member(acme.tenant, acme.approver)
        (approval,) = approve(proposals=[proposal_of(line)], by=by)
        assert approval.match is not None
        twin = payment(account, invoice, booked_on=TODAY)
        run(account)
        twin.refresh_from_db()
        assert twin.proposal is None
        undo(match=approval.match, by=by)
        reject(proposal=proposal_of(line), by=by, reason="The other line pays it.")
        BankLine.objects.filter(pk=twin.pk).let_go()
        assert run(account).is_whole is False
        assert proposal_of(twin).entries.get().record == invoice


def test_asking_for_everything_widens_the_run_that_waits(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        made = stood(account)
        few = request_match_run(connection=account.connection, is_whole=False)
        assert request_match_run(connection=account.connection) == few
        done = run_matching(account.tenant_id, few.pk)
        assert done is not None
        assert (done.is_whole, done.lines) == (True, len(made))


def test_asking_for_everything_while_a_few_lines_are_matched_matches_everything_after(account: BankAccount) -> None:
    with tenant_scope(account.tenant_id):
        stood(account)
        few = request_match_run(connection=account.connection, is_whole=False)
        taken = runs._take(account.tenant_id, few.pk)
        assert taken is not None
        request_match_run(connection=account.connection)
        assert runs._match_nearby(taken, MatchMark.objects.get())
        few.refresh_from_db()
        assert (few.status, few.is_whole) == (MatchRun.Status.QUEUED, True)
        done = run_matching(account.tenant_id, few.pk)
        assert done is not None
        assert (done.status, done.is_whole) == (MatchRun.Status.DONE, True)


@pytest.mark.parametrize("change", ["a day", "a name", "an older line", "many lines"])
def test_what_reaches_far_is_matched_as_a_whole(account: BankAccount, change: str) -> None:
    with tenant_scope(account.tenant_id):
        stood(account)
        if change == "a day":
            MatchMark.objects.update(whole_at=timezone.now() - timedelta(days=1, minutes=1))
        elif change == "a name":
            account.connection.name = "Other books"
            account.connection.save()
        elif change == "an older line":
            line_of(account, "9.99", booked_on=TODAY - timedelta(days=200))
        else:
            for at in range(201):
                line_of(account, f"{3000 + at}.00")
        assert run(account).is_whole is True
        assert run(account).is_whole is False


def test_small_connections_are_matched_as_a_whole_and_keep_no_clues(account: BankAccount, settings: Any) -> None:
    with tenant_scope(account.tenant_id):
        stood(account)
        assert Clue.objects.filter(connection=account.connection).exists()
        settings.MATCH_WHOLE_BELOW = 1000
        run(account, is_whole=True)
        assert not Clue.objects.filter(connection=account.connection).exists()
        assert run(account).is_whole is True


def test_the_queries_of_a_new_line_do_not_grow_with_the_open_documents(account: BankAccount) -> None:
    def queries(at: int) -> int:
        line = payment(account, document(account, f"{700 + at}.70", contact=f"Otterburn Kites {at} GmbH"))
        with CaptureQueriesContext(database) as captured:
            assert run(account).is_whole is False
        assert proposal_of(line)
        return len(captured)

    with tenant_scope(account.tenant_id):
        stood(account)
        queries(0)
        few = queries(1)
        for at in range(150):
            document(account, f"{2000 + at}.33", contact=name_of(at))
        run(account, is_whole=True)
        assert queries(2) <= few


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lines_and_documents_in_any_order_end_as_the_whole_match_does(account: BankAccount, seed: int) -> None:
    """Arrivals, settlements and losses at random, a run after every few; then one whole match beside it."""
    rng = random.Random(seed)
    with tenant_scope(account.tenant_id):
        stood(account, 8)
        waiting: list[Any] = []
        for at in range(60):
            contact, amount = name_of(rng.randrange(90)), f"{rng.choice((120, 250, 480, rng.randrange(50, 900)))}.00"
            number, day = f"INV-{70000 + seed * 1000 + at}", TODAY - timedelta(days=rng.randrange(5, 40))
            dated = {"issued_on": day - timedelta(days=20), "due_on": day}
            waiting.append(
                lambda c=contact, a=amount, n=number, d=dated: document(account, a, contact=c, number=n, **d)
            )
            cites = f"PAYMENT {number}" if rng.random() < 0.6 else "CREDIT TRANSFER"
            named = contact.upper() if rng.random() < 0.8 else ""
            late = day + timedelta(days=rng.randrange(4))
            paid = {"description": cites, "counterparty": named, "booked_on": late}
            if rng.random() < 0.85:
                waiting.append(partial(line_of, account, amount, **paid))
        rng.shuffle(waiting)
        whole_runs = 0
        while waiting:
            for _ in range(min(len(waiting), rng.randrange(1, 5))):
                waiting.pop()()
            if rng.random() < 0.2:
                gone = rng.choice(list(LedgerRecord.objects.filter(connection=account.connection, resource="invoices")))
                gone.open_amount, gone.synced_at = 0, timezone.now()
                gone.save()
            whole_runs += run(account).is_whole
            laws_hold(account)
        assert whole_runs == 0, "every run was about what changed"
        nearby = told(account)
        run(account, is_whole=True)
        whole = told(account)
        laws_hold(account)
        same = sum(nearby[key] == whole[key] for key in whole)
        assert same >= 0.95 * len(whole), f"{same} of {len(whole)} lines"
