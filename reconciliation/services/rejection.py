"""Say no to a proposal for good, take that back, choose another explanation, match by hand, set lines aside."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from integrations.models import Connection, LedgerRecord
from reconciliation.models import BankLine, Decision, Proposal, ProposalEntry, ProposalLine
from reconciliation.services.approval import lock_lines, lock_open
from reconciliation.services.decisions import RefusedError, record, require
from reconciliation.services.situations import Ground
from reconciliation.services.storing import share_out
from tenants.models import Membership
from tenants.permissions import APPROVE_MATCHES, PROPOSE_MATCHES, may

_MAY_NOT = "Your role does not decide on matches; ask a finance editor or approver."


def _require_any(by: Membership) -> None:
    if not (may(by, APPROVE_MATCHES) or may(by, PROPOSE_MATCHES)):
        raise RefusedError(_MAY_NOT)


@transaction.atomic
def reject(*, proposal: Proposal, by: Membership, reason: str) -> Decision:
    """Refuse this combination for good: the engine never proposes it again. RefusedError without a reason."""
    _require_any(by)
    if not reason.strip():
        raise RefusedError("Say why: the reason is kept, and the combination is not proposed again.")
    locked = lock_open(proposal.pk, by)
    lines = lock_lines(locked)
    Proposal.objects.filter(pk=locked.pk).update(status=Proposal.Status.REJECTED)
    _free(lines)
    return record(Decision.Kind.REJECT, by, proposal=locked, bank_line=lines[0], reason=reason.strip())


@transaction.atomic
def undo_rejection(*, proposal: Proposal, by: Membership) -> Decision:
    """Open a rejected proposal again, in place of what the engine proposed for its lines since."""
    _require_any(by)
    locked = Proposal.objects.for_tenant(by.tenant).select_for_update(of=("self",)).get(pk=proposal.pk)
    if locked.status != Proposal.Status.REJECTED:
        raise RefusedError("This proposal is not rejected.")
    lines = lock_waiting([line.bank_line_id for line in locked.lines.all()], by)
    clear(lines)
    Proposal.objects.filter(pk=locked.pk).update(
        status=Proposal.Status.OPEN, first_approved_by=None, first_approved_at=None
    )
    _point(lines, locked)
    return record(Decision.Kind.UNDO, by, proposal=locked, reason="Rejection taken back")


@transaction.atomic
def choose_alternative(*, proposal: Proposal, records: Collection[UUID], by: Membership) -> Proposal:
    """Put the engine's alternative with these records in the proposal's place; the old one becomes an alternative.

    Both are the engine's own, so the person who chooses may also approve; a first approval of the old one is void.
    """
    _require_any(by)
    locked = lock_open(proposal.pk, by)
    lines = lock_lines(locked)
    chosen = next((a for a in locked.alternatives if {UUID(pk) for pk in a["records"]} == set(records)), None)
    if chosen is None:
        raise RefusedError("This explanation is gone: somebody chose another one meanwhile. Reload the page.")
    said = locked.confidence
    former = {
        "records": [str(entry.record_id) for entry in locked.entries.all()],
        "confidence": float(locked.confidence),
    }
    _replace_entries(locked, lines, [UUID(pk) for pk in chosen["records"]])
    locked.alternatives = [former, *(a for a in locked.alternatives if a is not chosen)]
    locked.confidence = Decimal(str(chosen["confidence"]))
    locked.reasons = [{"code": "chosen", "text": f"chosen by {by.user} among the alternatives", "weight": 0}]
    locked.kind = _kind_of(locked)
    locked.first_approved_by, locked.first_approved_at = None, None
    locked.save()
    record(Decision.Kind.CHOOSE, by, proposal=locked, confidence=said)
    return locked


def _kind_of(proposal: Proposal) -> str:
    if proposal.difference > 0:
        return Proposal.Kind.OVERPAID if proposal.amount > 0 else Proposal.Kind.PARTIAL
    if proposal.difference < 0:
        return Proposal.Kind.PARTIAL if proposal.amount > 0 else Proposal.Kind.OVERPAID
    return Proposal.Kind.MATCH


def _replace_entries(proposal: Proposal, lines: Sequence[BankLine], record_ids: Sequence[UUID]) -> None:
    ground = Ground([proposal.connection], record_ids, lock=True)
    if not ground.has_all(record_ids):
        raise RefusedError("A ledger record was deleted in the ledger meanwhile. Match again.")
    chosen = [ground.candidates[pk] for pk in record_ids]
    spread = share_out(lines, chosen)
    sums = dict.fromkeys(record_ids, Decimal(0))
    for share in spread.shares:
        sums[share.entry.record_id] += share.amount
    proposal.entries.all().delete()
    ProposalEntry.objects.bulk_create(
        ProposalEntry(tenant_id=proposal.tenant_id, proposal=proposal, record_id=pk, amount=amount, position=at)
        for at, (pk, amount) in enumerate(sums.items())
    )
    owed = sum((c.free for c in chosen), Decimal(0))
    proposal.difference = sum((line.amount for line in lines), Decimal(0)) - owed


@transaction.atomic
def propose_by_hand(
    *,
    connection: Connection,
    lines: Sequence[BankLine],
    records: Sequence[LedgerRecord],
    by: Membership,
    reason: str = "",
) -> Proposal:
    """A person's own proposal for lines that are still open; somebody else has to approve it."""
    require(by, PROPOSE_MATCHES, "Your role does not propose matches; ask a finance editor.")
    if not lines or not records:
        raise RefusedError("Choose at least one bank line and one ledger record.")
    locked = lock_waiting([line.pk for line in lines], by)
    if {line.currency for line in locked} != {locked[0].currency}:
        raise RefusedError("The lines are in different currencies; match them one by one.")
    clear(locked)
    proposal = Proposal.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        kind=Proposal.Kind.MANUAL,
        confidence=Decimal(1),
        reasons=[{"code": "person", "text": reason.strip() or f"matched by hand by {by.user}", "weight": 0}],
        amount=sum((line.amount for line in locked), Decimal(0)),
        currency=locked[0].currency,
        lead=locked[0],
        proposed_by=by.user,
    )
    ProposalLine.objects.bulk_create(
        ProposalLine(tenant_id=connection.tenant_id, proposal=proposal, bank_line=line, position=at)
        for at, line in enumerate(locked)
    )
    _replace_entries(proposal, locked, [row.pk for row in records])
    proposal.save()
    _point(locked, proposal)
    record(Decision.Kind.PROPOSE, by, proposal=proposal, reason=reason)
    return proposal


@transaction.atomic
def set_aside(*, line: BankLine, by: Membership, reason: str) -> Decision:
    """Take a line out of matching, with a reason; nothing is posted and the line stays in the statement."""
    _require_any(by)
    if not reason.strip():
        raise RefusedError("Say why this line needs no match.")
    (locked,) = lock_waiting([line.pk], by)
    clear([locked])
    BankLine.objects.filter(pk=locked.pk).update(status=BankLine.Status.IGNORED)
    return record(Decision.Kind.IGNORE, by, bank_line=locked, reason=reason.strip())


@transaction.atomic
def bring_back(*, line: BankLine, by: Membership) -> Decision:
    """Put a line that was set aside back into matching."""
    _require_any(by)
    locked = BankLine.objects.for_tenant(by.tenant).select_for_update(of=("self",)).get(pk=line.pk)
    if locked.status != BankLine.Status.IGNORED:
        raise RefusedError("This line is not set aside.")
    BankLine.objects.filter(pk=locked.pk).let_go()
    return record(Decision.Kind.RESTORE, by, bank_line=locked)


def lock_waiting(line_ids: Sequence[UUID], by: Membership) -> list[BankLine]:
    """These lines, locked, in this order; RefusedError when one of them is decided already."""
    rows = BankLine.objects.for_tenant(by.tenant).filter(pk__in=line_ids).order_by("pk")
    locked = {row.pk: row for row in rows.select_for_update(of=("self",)).select_related("bank_account")}
    if len(locked) != len(set(line_ids)) or any(
        row.status not in (BankLine.Status.UNMATCHED, BankLine.Status.PROPOSED) for row in locked.values()
    ):
        raise RefusedError("A bank line is matched or set aside already; undo that first.")
    return [locked[pk] for pk in dict.fromkeys(line_ids)]


def clear(lines: Sequence[BankLine]) -> None:
    """Supersede open proposals that speak for these lines, and free all their lines."""
    open_ids = {line.proposal_id for line in lines if line.proposal_id}
    Proposal.objects.filter(pk__in=open_ids).open().update(status=Proposal.Status.SUPERSEDED)
    BankLine.objects.filter(proposal__in=open_ids).open().let_go()


def _free(lines: Sequence[BankLine]) -> None:
    BankLine.objects.filter(pk__in=[line.pk for line in lines]).let_go()


def _point(lines: Sequence[BankLine], proposal: Proposal) -> None:
    BankLine.objects.filter(pk__in=[line.pk for line in lines]).update(
        status=BankLine.Status.PROPOSED, proposal=proposal
    )
