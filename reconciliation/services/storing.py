"""Store what the engine found: keep what is the same, replace what is not, touch nothing that a person has decided."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection as database

from integrations.services.work import conclude
from reconciliation.allocation import Allocation, allocate
from reconciliation.matching import Proposal as Found
from reconciliation.models import BankAccount, BankLine, MatchRun, Proposal, ProposalEntry, ProposalLine
from reconciliation.services.entries import Candidate, is_recorded

Key = tuple[frozenset[UUID], frozenset[tuple[UUID, Decimal]], UUID | None]
_BATCH = 200
# Joined as a set: a list of all proposals, gone through for each line, took minutes on a table without statistics.
_POINT = """
UPDATE reconciliation_bankline b SET status = %s, proposal_id = p.proposal
FROM unnest(%s::uuid[], %s::uuid[]) AS p(line, proposal) WHERE b.id = p.line
"""
_AMONG_LINES = (Proposal.Kind.TRANSFER, Proposal.Kind.RETURN)


@dataclass(frozen=True, slots=True)
class _New:
    found: Found
    lines: list[BankLine]
    amounts: list[tuple[Candidate, Decimal]]
    original: UUID | None = None

    @property
    def key(self) -> Key:
        return (
            frozenset(line.pk for line in self.lines),
            frozenset((candidate.record_id, amount) for candidate, amount in self.amounts),
            self.original,
        )


def store(
    run: MatchRun,
    known: dict[str, Candidate],
    found: Sequence[Found],
    waited: Mapping[str, datetime | None],
    *,
    among: Collection[str] | None = None,
) -> None:
    """Replace the undecided proposals of the connection by what was found, and conclude the run; in the tenant's scope.

    `waited`: since when the lines that were asked about had waited; those that somebody let go meanwhile wait on.
    `among`: the lines that it was about, when not about all; nothing is done to others, nor to their proposals. Lines
    that somebody decided on while the engine worked are left alone. LeaseLostError when the run was taken over.
    """
    lines = _lock_lines(run, among)
    old = {_key(row): row for row in _lock_proposals(run, among)}
    accounts = _accounts(run)
    repeated = _repeated(run, found)
    new = [n for f in found if (n := _resolve(f, lines, known, accounts, repeated)) is not None]
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
    seen = [row.pk for key, row in lines.items() if row.waits_since and waited.get(key) == row.waits_since]
    BankLine.objects.filter(pk__in=seen).update(waits_since=None)
    explained = sum(len(n.lines) for n in new)
    conclude(
        run,
        status=MatchRun.Status.DONE,
        is_whole=among is None,
        lines=len(lines),
        entries=len(known),
        proposals=len(made),
        kept=len(kept),
        superseded=len(gone),
        unexplained=len(lines) - explained,
    )


def _lock_lines(run: MatchRun, among: Collection[str] | None) -> dict[str, BankLine]:
    rows = BankLine.objects.filter(bank_account__connection_id=run.connection_id).open()
    if among is not None:
        rows = rows.filter(pk__in=among)
    taken = (
        Proposal.objects.open()
        .filter(connection_id=run.connection_id)
        .exclude(pk__in=Proposal.objects.replaceable().filter(connection_id=run.connection_id))
    )
    locked = rows.exclude(proposal__in=taken).order_by("pk").select_for_update(of=("self",))
    return {str(row.pk): row for row in locked}


def _lock_proposals(run: MatchRun, among: Collection[str] | None) -> Iterable[Proposal]:
    rows = Proposal.objects.replaceable().filter(connection_id=run.connection_id).order_by("pk")
    if among is not None:
        speaking = BankLine.objects.filter(pk__in=among).exclude(proposal=None)
        rows = rows.filter(pk__in=speaking.values("proposal"))
    return rows.select_for_update(of=("self",)).prefetch_related("lines", "entries")


def _key(row: Proposal) -> Key:
    return (
        frozenset(line.bank_line_id for line in row.lines.all()),
        frozenset((entry.record_id, entry.amount) for entry in row.entries.all()),
        row.original_id,
    )


def _repeated(run: MatchRun, found: Sequence[Found]) -> dict[str, UUID]:
    """The lines that others repeat, decided or not, parts left out: a proposal about a copy leaves them as they are."""
    wanted = {f.bank_ids[1] for f in found if f.kind == Proposal.Kind.DUPLICATE}
    rows = BankLine.objects.filter(bank_account__connection_id=run.connection_id, pk__in=wanted, part_of=None)
    return {str(pk): pk for pk in rows.values_list("pk", flat=True)} if wanted else {}


def _resolve_copy(found: Found, lines: dict[str, BankLine], repeated: dict[str, UUID]) -> _New | None:
    """A proposal about the copy alone; parts of one line are alike and no second delivery."""
    copy, original = lines.get(found.bank_ids[0]), repeated.get(found.bank_ids[1])
    return _New(found, [copy], [], original) if copy and original and not copy.part_of_id else None


def _resolve(
    found: Found,
    lines: dict[str, BankLine],
    known: dict[str, Candidate],
    accounts: dict[str, UUID],
    repeated: dict[str, UUID],
) -> _New | None:
    if found.kind == Proposal.Kind.DUPLICATE:
        return _resolve_copy(found, lines, repeated)
    if any(line not in lines for line in found.bank_ids):
        return None
    chosen = [lines[line] for line in found.bank_ids]
    if found.kind in _AMONG_LINES and any(line.part_of_id for line in chosen):
        # Parts of one line are alike, and may cancel out: that is no transfer and no return.
        return None
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
            original_id=n.original,
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
    """Let each line of these new proposals name its proposal; two queries."""
    told = ProposalLine.objects.filter(proposal__in=[row.pk for row in made])
    pairs = list(told.values_list("bank_line", "proposal"))
    lines, proposals = [line for line, _ in pairs], [proposal for _, proposal in pairs]
    with database.cursor() as cursor:
        cursor.execute(_POINT, [BankLine.Status.PROPOSED, lines, proposals])
