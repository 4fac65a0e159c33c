"""Load what plans depend on, for one proposal or a page of them, in a fixed number of queries."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from integrations.models import Connection, LedgerRecord
from integrations.services.connectors import connector_of
from reconciliation.models import BankLine, Proposal
from reconciliation.services.entries import Candidate, candidates
from reconciliation.services.plan import Situation


def ledger_name(connection: Connection) -> str:
    """How people call the ledger behind a connection."""
    return connector_of(connection).label


class Ground:
    """Records and what is free of them, for all proposals of a page."""

    def __init__(self, connections: Iterable[Connection], record_ids: Iterable[UUID], *, lock: bool = False) -> None:
        wanted = set(record_ids)
        rows = LedgerRecord.objects.filter(pk__in=wanted).defer("raw", "unified", "search")
        if lock:
            # Two approvals that use the same invoice wait for each other here, always in the same order.
            rows = rows.order_by("pk").select_for_update(of=("self",))
        self.records = {row.pk: row for row in rows}
        self.candidates: dict[UUID, Candidate] = {}
        for connection in connections:
            own = LedgerRecord.objects.filter(pk__in=wanted, connection=connection)
            for candidate in candidates(own, connection, keep_settled=True):
                self.candidates[candidate.record_id] = candidate

    def situation(self, proposal: Proposal, lines: Sequence[BankLine], record_ids: Sequence[UUID]) -> Situation:
        """What the plan for these lines and records depends on; records that are gone from the ledger are left out."""
        return Situation(
            proposal=proposal,
            connection=proposal.connection,
            ledger=ledger_name(proposal.connection),
            lines=lines,
            candidates=[self.candidates[pk] for pk in record_ids if pk in self.candidates],
            records=self.records,
        )

    def has_all(self, record_ids: Iterable[UUID]) -> bool:
        """Whether every record is still in the ledger."""
        return all(pk in self.candidates and self.records[pk].deleted_at is None for pk in record_ids)
