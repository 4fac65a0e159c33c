"""Take an approved match back: undo it while nothing has left the portal, reverse it in the ledger afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from integrations.models import Posting
from integrations.services.postings import cancel_posting
from integrations.services.reversing import reverse_posting
from reconciliation.models import BankLine, Decision, Match, MatchLine, Proposal
from reconciliation.services.automatic_marks import note_taken_back
from reconciliation.services.decisions import RefusedError, record, require
from tenants.models import Membership
from tenants.permissions import APPROVE_MATCHES

_MAY_NOT = "Your role does not take matches back; ask a finance approver."
# Nothing of these has reached the ledger.
_AT_HOME = frozenset({Posting.Status.PENDING, Posting.Status.REJECTED, Posting.Status.CANCELLED})


@dataclass(frozen=True, slots=True)
class Options:
    """What can be done about a match now, with a sentence for people."""

    can_undo: bool
    can_reverse: bool
    sentence: str


def postings_of(match: Match) -> list[Posting]:
    """The payments made for a match, oldest first, without their reversals."""
    rows = Posting.objects.for_tenant(match.tenant_id).of_origin("match", match.pk).filter(reverses=None)
    return list(rows.select_related("record"))


def options_of(match: Match, postings: Sequence[Posting]) -> Options:
    """Whether the match can be undone here, or has to be reversed in the ledger."""
    if match.ended_at is not None:
        return Options(False, False, "")
    if match.status == Match.Status.REVERSING:
        return Options(False, False, "The reversal is on its way to the ledger.")
    if all(posting.status in _AT_HOME for posting in postings):
        return Options(True, False, "Nothing has reached the ledger: undoing puts everything back as it was.")
    if any(posting.status in (Posting.Status.SENT, Posting.Status.UNKNOWN) for posting in postings):
        return Options(
            False, False, "The payment is being sent; wait for the ledger's answer, then it can be reversed."
        )
    if not _booked(postings):
        return Options(
            False, True, "The ledger has matched its own line: this ends the match here; unmatch the line there, too."
        )
    return Options(False, True, "The payment is in the ledger: reversing voids it there, and the documents open again.")


@transaction.atomic
def undo(*, match: Match, by: Membership, reason: str = "") -> Match:
    """Put lines, proposal and open amounts back as they were before the approval; nothing has left the portal yet.

    RefusedError once a payment was sent: reverse it instead.
    """
    require(by, APPROVE_MATCHES, _MAY_NOT)
    locked = _lock(match, by)
    postings = postings_of(locked)
    options = options_of(locked, postings)
    if not options.can_undo:
        raise RefusedError(options.sentence or f"This match is over: {locked.get_status_display().lower()}.")
    for posting in postings:
        _withdraw(posting)
    end_match(locked, Match.Status.UNDONE, line_status=BankLine.Status.PROPOSED)
    # The two-person rule starts again; the proposal itself is what it was.
    Proposal.objects.filter(pk=locked.proposal_id).update(
        status=Proposal.Status.OPEN, first_approved_by=None, first_approved_at=None
    )
    note_taken_back(locked, by, reason.strip())
    record(Decision.Kind.UNDO, by, match=locked, proposal=locked.proposal, reason=reason)
    return locked


@transaction.atomic
def reverse(*, match: Match, by: Membership, reason: str) -> list[Posting]:
    """Void the posted payments in the ledger; the match ends when the ledger has confirmed all of them.

    Returns the reversing postings, to be rung after the commit. RefusedError when there is nothing to reverse.
    """
    require(by, APPROVE_MATCHES, _MAY_NOT)
    if not reason.strip():
        raise RefusedError("Say why: a reversal stays visible in the ledger.")
    locked = _lock(match, by)
    postings = postings_of(locked)
    options = options_of(locked, postings)
    if not options.can_reverse:
        raise RefusedError(options.sentence or f"This match is over: {locked.get_status_display().lower()}.")
    reversals = []
    for posting in _booked(postings):
        if posting.status == Posting.Status.POSTED:
            reversals.append(_reverse(posting, by))
        else:
            _withdraw(posting)
    if reversals:
        Match.objects.filter(pk=locked.pk).update(status=Match.Status.REVERSING)
    else:
        end_match(locked, Match.Status.REVERSED, line_status=BankLine.Status.UNMATCHED)
        Proposal.objects.filter(pk=locked.proposal_id).update(status=Proposal.Status.SUPERSEDED)
    note_taken_back(locked, by, reason.strip())
    record(Decision.Kind.REVERSE, by, match=locked, proposal=locked.proposal, reason=reason.strip())
    return reversals


def _booked(postings: Sequence[Posting]) -> list[Posting]:
    """Those that made a document; one that matched a line of the ledger's feed made none."""
    return [posting for posting in postings if posting.operation == Posting.Operation.CREATE]


def _lock(match: Match, by: Membership) -> Match:
    rows = Match.objects.for_tenant(by.tenant).select_for_update(of=("self",))
    return rows.select_related("connection", "proposal").get(pk=match.pk)


def _reverse(posting: Posting, by: Membership) -> Posting:
    try:
        return reverse_posting(posting=posting, requested_by=by.user)
    except ValidationError as error:
        raise RefusedError(" ".join(error.messages)) from error


def _withdraw(posting: Posting) -> None:
    """Take back what is not in the ledger; a refused payment too, so that nobody replays it without its match."""
    if posting.status == Posting.Status.CANCELLED:
        return
    try:
        cancel_posting(posting)
    except ValidationError as error:
        raise RefusedError("The payment was just being sent. Wait for the ledger's answer, then reverse it.") from error


def end_match(match: Match, status: str, *, line_status: str) -> None:
    """End a live match and free its lines: back to the proposal (proposed), or to matching anew (unmatched)."""
    match.status, match.ended_at = status, timezone.now()
    match.save(update_fields=["status", "ended_at"])
    MatchLine.objects.filter(match=match).update(is_live=False)
    lines = BankLine.objects.filter(match_lines__match=match)
    if line_status == BankLine.Status.UNMATCHED:
        lines.let_go()
    else:
        lines.update(status=line_status)
