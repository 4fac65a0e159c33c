"""Matching runs: ask for one, and do one. The engine works between two short transactions, on plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from integrations.models import Connection
from integrations.services.work import LeaseLostError, claim, conclude, keep
from reconciliation.matching import Account, Approved, Context, LedgerEntry, Rejected, match
from reconciliation.matching import BankLine as Line
from reconciliation.models import BankAccount, BankLine, Match, MatchRun, Proposal
from reconciliation.services.anomalies import look
from reconciliation.services.bank_rules import apply_rules
from reconciliation.services.entries import Candidate, by_entry_id, candidates, load_candidates
from reconciliation.services.storing import store
from tenants.models import User
from tenants.rls import tenant_scope

_MOST_ATTEMPTS = 3
_HISTORY = 2000


def request_match_run(
    *, connection: Connection, requested_by: User | None = None, wait: timedelta = timedelta(0)
) -> MatchRun:
    """A queued run for the connection, or the unfinished one; `wait` gathers several reasons in one run."""
    unfinished = MatchRun.objects.filter(connection=connection, status__in=["queued", "running"]).first()
    if unfinished is not None:
        return unfinished
    return MatchRun.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        requested_by=requested_by,
        available_at=timezone.now() + wait,
    )


def run_matching(tenant_id: UUID | str, run_id: UUID | str) -> MatchRun | None:
    """Claim a run, match, and store its proposals; None when somebody else has it or it is done.

    No network. A bug in the engine marks the run as failed and is raised again.
    """
    run = _take(tenant_id, run_id)
    if run is None:
        return None
    try:
        with tenant_scope(tenant_id):
            question = load_question(run.connection)
        found = match(question.lines, question.entries, question.context)
        with tenant_scope(tenant_id):
            store(run, question.candidates, found)
            apply_rules(run.connection)
            look(run.connection)
    except LeaseLostError:
        return None
    except Exception as error:
        with tenant_scope(tenant_id):
            conclude(run, status=MatchRun.Status.FAILED, error_code="bug", error=_bug(error))
        raise
    return run


def _take(tenant_id: UUID | str, run_id: UUID | str) -> MatchRun | None:
    with tenant_scope(tenant_id):
        run = claim(
            MatchRun, tenant_id=tenant_id, row_id=run_id, statuses=[MatchRun.Status.QUEUED, MatchRun.Status.RUNNING]
        )
        if run is None:
            return None
        if run.attempts >= _MOST_ATTEMPTS:
            conclude(run, status=MatchRun.Status.FAILED, error_code="worker_lost", error=_GAVE_UP)
            return None
        now = timezone.now()
        keep(run, status=MatchRun.Status.RUNNING, attempts=run.attempts + 1, started_at=run.started_at or now)
        return run


_GAVE_UP = {
    "message": f"The worker stopped {_MOST_ATTEMPTS} times during this run.",
    "remedy": "Start matching again; if it stops again, support finds the reason in the worker's log.",
    "who_can_fix": "Support",
}


def _bug(error: Exception) -> dict[str, str]:
    return {
        "message": "Matching stopped because of an error in the portal. Nothing was changed.",
        "remedy": "Start matching again; if it fails again, tell support.",
        "who_can_fix": "Support",
        "detail": f"{type(error).__name__}: {error}"[:500],
    }


@dataclass(frozen=True, slots=True)
class Question:
    """What the engine is asked, and the ledger records behind its entries."""

    lines: Sequence[Line]
    entries: Sequence[LedgerEntry]
    context: Context
    candidates: dict[str, Candidate]


def load_question(connection: Connection) -> Question:
    """All lines that wait, all records that could explain one, and past decisions; a fixed number of queries."""
    rows = list(_waiting_lines(connection))
    lines = [engine_line(row) for row in rows]
    if not lines:
        return Question([], [], Context(), {})
    days = [line.on for line in lines]
    found = load_candidates(connection, first_on=min(days), last_on=max(days))
    return Question(lines, [c.entry for c in found], _context(connection), by_entry_id(found))


def _waiting_lines(connection: Connection) -> Sequence[BankLine]:
    undecided = Q(proposal=None) | Q(proposal__proposed_by=None, proposal__first_approved_by=None)
    return BankLine.objects.of_connection(connection).open().filter(undecided).order_by("booked_on", "id")  # type: ignore[return-value]


def engine_line(row: BankLine) -> Line:
    """A bank line as the engine takes it."""
    return Line(
        id=str(row.pk),
        account_id=str(row.bank_account_id),
        on=row.booked_on,
        amount=row.amount,
        currency=row.currency,
        description=row.description,
        counterparty=row.counterparty,
        reference=row.reference,
    )


def _context(connection: Connection) -> Context:
    accounts = BankAccount.objects.filter(connection=connection)
    return Context(
        own_names=tuple(dict.fromkeys((connection.tenant.name, connection.name))),
        home_currency=connection.currency or connection.tenant.currency,
        accounts=tuple(Account(str(a.pk), a.currency, "card" if a.is_card else "current") for a in accounts),
        history=_history(connection),
        rejections=_rejections(connection),
    )


def _history(connection: Connection) -> tuple[Approved, ...]:
    matches = Match.objects.live().filter(connection=connection).order_by("-id")[:_HISTORY]
    found: dict[UUID, tuple[list[Line], list[UUID]]] = {}
    for row in matches.prefetch_related("lines__bank_line", "entries"):
        found[row.pk] = (
            [engine_line(line.bank_line) for line in row.lines.all()],
            [entry.record_id for entry in row.entries.all()],
        )
    wanted = {record for _, records in found.values() for record in records}
    known = _entries(connection, wanted)
    return tuple(
        Approved(tuple(lines), tuple(known[r] for r in dict.fromkeys(records) if r in known))
        for lines, records in found.values()
    )


def _entries(connection: Connection, wanted: set[UUID]) -> dict[UUID, LedgerEntry]:
    rows = connection.records.filter(pk__in=wanted)
    return {c.record_id: c.entry for c in candidates(rows, connection, keep_settled=True)}


def _rejections(connection: Connection) -> tuple[Rejected, ...]:
    rejected = Proposal.objects.filter(connection=connection, status=Proposal.Status.REJECTED)
    return tuple(
        Rejected(
            frozenset(str(line.bank_line_id) for line in row.lines.all()),
            frozenset(f"{e.record.remote_type} {e.record.external_id}" for e in row.entries.all()),
        )
        for row in rejected.prefetch_related("lines", "entries__record").defer("reasons", "alternatives")
    )
