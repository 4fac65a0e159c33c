"""Store what the engine found: keep what is the same, replace what is not, touch nothing that a person has decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery

from integrations.services.work import conclude
from reconciliation.allocation import Allocation, allocate
from reconciliation.matching import Proposal as Found
from reconciliation.models import BankAccount, BankLine, MatchRun, Proposal, ProposalEntry, ProposalLine
from reconciliation.services.entries import Candidate, is_recorded

Key = tuple[frozenset[UUID], frozenset[tuple[UUID, Decimal]]]
_BATCH = 200


@dataclass(frozen=True, slots=True)
class _New:
    found: Found
    lines: list[BankLine]
    amounts: list[tuple[Candidate, Decimal]]

    @property
    def key(self) -> Key:
        return (
            frozenset(line.pk for line in self.lines),
            frozenset((candidate.record_id, amount) for candidate, amount in self.amounts),
        )


def store(run: MatchRun, known: dict[str, Candidate], found: Sequence[Found]) -> None:
    """Replace the connection's undecided proposals by what was found, and conclude the run; inside the tenant's scope.

    Lines that somebody decided on while the engine worked are left alone. LeaseLostError when the run was taken over.
    """
    lines = _lock_lines(run)
    old = {_key(row): row for row in _lock_proposals(run)}
    accounts = _accounts(run)
    new = [n for f in found if (n := _resolve(f, lines, known, accounts)) is not None]
    keys = {n.key for n in new}
    kept = [(old[n.key], n) for n in new if n.key in old]
    _refresh(kept, known)
    spoken_for = {line.pk for n in new for line in n.lines}
    # A bank rule's proposal stands until the engine explains its line by a document.
    gone = [row.pk for key, row in old.items() if key not in keys and not (row.booking and not key[0] & spoken_for)]
    Proposal.objects.filter(pk__in=gone).update(status=Proposal.Status.SUPERSEDED)
    BankLine.objects.filter(proposal__in=gone).update(status=BankLine.Status.UNMATCHED, proposal=None)
    made = _create(run, [n for n in new if n.key not in old], known)
    point_lines(made)
    explained = sum(len(n.lines) for n in new)
    conclude(
        run,
        status=MatchRun.Status.DONE,
        lines=len(lines),
        entries=len(known),
        proposals=len(made),
        kept=len(kept),
        superseded=len(gone),
        unexplained=len(lines) - explained,
    )


def _lock_lines(run: MatchRun) -> dict[str, BankLine]:
    rows = BankLine.objects.filter(bank_account__connection_id=run.connection_id).open()
    taken = (
        Proposal.objects.open()
        .filter(connection_id=run.connection_id)
        .exclude(pk__in=Proposal.objects.replaceable().filter(connection_id=run.connection_id))
    )
    locked = rows.exclude(proposal__in=taken).order_by("pk").select_for_update(of=("self",))
    return {str(row.pk): row for row in locked}


def _lock_proposals(run: MatchRun) -> Iterable[Proposal]:
    rows = Proposal.objects.replaceable().filter(connection_id=run.connection_id).order_by("pk")
    return rows.select_for_update(of=("self",)).prefetch_related("lines", "entries")


def _key(row: Proposal) -> Key:
    return (
        frozenset(line.bank_line_id for line in row.lines.all()),
        frozenset((entry.record_id, entry.amount) for entry in row.entries.all()),
    )


def _resolve(
    found: Found, lines: dict[str, BankLine], known: dict[str, Candidate], accounts: dict[str, UUID]
) -> _New | None:
    if any(line not in lines for line in found.bank_ids):
        return None
    chosen = [lines[line] for line in found.bank_ids]
    entries = [known[entry] for entry in found.ledger_ids]
    if _other_account(chosen, entries, accounts):
        return None
    spread = share_out(chosen, entries)
    sums = {c.record_id: Decimal(0) for c in entries}
    for share in spread.shares:
        sums[share.entry.record_id] += share.amount
    return _New(found, chosen, [(c, sums[c.record_id]) for c in entries])


def share_out(lines: Sequence[BankLine], entries: Sequence[Candidate]) -> Allocation[BankLine, Candidate]:
    """How the lines' money falls on the records: recorded bookings first, they are whole; then documents in order."""
    ordered = sorted(entries, key=lambda c: not is_recorded(c.resource))
    return allocate([(line, line.amount) for line in lines], [(c, c.free) for c in ordered])


def _accounts(run: MatchRun) -> dict[str, UUID]:
    rows = BankAccount.objects.filter(connection_id=run.connection_id).exclude(external_account_id="")
    return dict(rows.values_list("external_account_id", "pk"))


def _other_account(lines: Sequence[BankLine], entries: Sequence[Candidate], accounts: dict[str, UUID]) -> bool:
    """Whether a recorded booking stands in the ledger on another of the tenant's bank accounts than these lines."""
    own = {line.bank_account_id for line in lines}
    booked = {accounts.get(c.external_account_id) for c in entries if is_recorded(c.resource)}
    return bool(booked - own - {None})


def _fields(new: _New, known: dict[str, Candidate]) -> dict[str, Any]:
    found = new.found
    return {
        "kind": found.kind,
        "confidence": Decimal(str(round(found.confidence, 6))),
        "reasons": [{"code": r.code, "text": r.text, "weight": r.weight} for r in found.reasons],
        "alternatives": [
            {"records": [str(known[i].record_id) for i in a.ledger_ids], "confidence": a.confidence}
            for a in found.alternatives
            if a.ledger_ids and all(i in known for i in a.ledger_ids)
        ],
        "difference": found.difference,
    }


def _refresh(kept: Sequence[tuple[Proposal, _New]], known: dict[str, Candidate]) -> None:
    changed = []
    for row, new in kept:
        fields = _fields(new, known)
        if any(getattr(row, name) != value for name, value in fields.items()):
            for name, value in fields.items():
                setattr(row, name, value)
            changed.append(row)
    names = ["kind", "confidence", "reasons", "alternatives", "difference"]
    Proposal.objects.bulk_update(changed, names, batch_size=_BATCH)


def _create(run: MatchRun, new: Sequence[_New], known: dict[str, Candidate]) -> list[Proposal]:
    shared = {"tenant_id": run.tenant_id, "connection_id": run.connection_id, "run": run}
    rows = [
        Proposal(
            **shared,
            **_fields(n, known),
            amount=sum((line.amount for line in n.lines), Decimal(0)),
            currency=n.lines[0].currency,
            lead=n.lines[0],
        )
        for n in new
    ]
    Proposal.objects.bulk_create(rows, batch_size=_BATCH)
    lines, entries = [], []
    for row, n in zip(rows, new, strict=True):
        owner = {"tenant_id": run.tenant_id, "proposal": row}
        lines += [ProposalLine(**owner, bank_line=x, position=i) for i, x in enumerate(n.lines)]
        entries += [
            ProposalEntry(**owner, record_id=c.record_id, amount=amount, position=i)
            for i, (c, amount) in enumerate(n.amounts)
        ]
    ProposalLine.objects.bulk_create(lines, batch_size=_BATCH)
    ProposalEntry.objects.bulk_create(entries, batch_size=_BATCH)
    return rows


def point_lines(made: Sequence[Proposal]) -> None:
    """Let each line of these new proposals name its proposal; one query."""
    own = ProposalLine.objects.filter(bank_line=OuterRef("pk"), proposal__in=[row.pk for row in made])
    BankLine.objects.filter(proposal_lines__proposal__in=[row.pk for row in made]).update(
        status=BankLine.Status.PROPOSED, proposal=Subquery(own.values("proposal")[:1])
    )
