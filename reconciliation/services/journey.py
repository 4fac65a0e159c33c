"""A match's journey for people: proposed, decided, sent, answered, read back, and what the documents say now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from integrations.models import Posting
from reconciliation.models import Decision, Match, Proposal
from reconciliation.money import money, percent
from reconciliation.services.plan import noun_of
from reconciliation.services.situations import ledger_name

DONE, NOW, FAILED, LATER = "done", "now", "failed", "later"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `state` is done, now, failed or later; `postings` have pages of their own."""

    title: str
    state: str
    text: str = ""
    at: datetime | None = None
    by: str = ""
    posting: Posting | None = None
    link: str = ""


def journey(match: Match, postings: Sequence[Posting], decisions: Sequence[Decision]) -> list[Step]:
    """The steps in order, the later ones as what is still to come."""
    ledger = ledger_name(match.connection)
    steps = [_proposed(match), *(_decided(d) for d in decisions if d.kind in _BEFORE)]
    steps += [_sent(posting, ledger) for posting in postings]
    if postings and match.ended_at is None:
        steps.append(_read_back(match, postings, ledger))
    steps += [_decided(d) for d in decisions if d.kind not in _BEFORE]
    steps += [_reversed(r, ledger) for posting in postings for r in posting.reversals.all()]
    return steps


_BEFORE = frozenset({Decision.Kind.PROPOSE, Decision.Kind.CHOOSE, Decision.Kind.FIRST_APPROVE, Decision.Kind.APPROVE})


def _proposed(match: Match) -> Step:
    proposal = match.proposal
    who = str(proposal.proposed_by) if proposal.proposed_by else "The matching engine"
    return Step(
        "Proposed",
        DONE,
        _how_sure(proposal),
        at=proposal.created_at,
        by=who,
    )


def _how_sure(proposal: Proposal) -> str:
    """A person's own choice has no probability that anybody measured."""
    if proposal.kind == Proposal.Kind.MANUAL:
        return f"{proposal.get_kind_display()}."
    return f"{proposal.get_kind_display()}, {percent(proposal.confidence)} confident."


def _decided(decision: Decision) -> Step:
    return Step(
        decision.get_kind_display(), DONE, decision.reason, at=decision.decided_at, by=str(decision.by or "the portal")
    )


_STATES = {
    Posting.Status.PENDING: (NOW, "Waits to be sent; until then the approval can be undone."),
    Posting.Status.SENT: (NOW, "Sent; the answer is not here yet."),
    Posting.Status.UNKNOWN: (NOW, "The answer got lost; the portal is looking it up before anything is sent again."),
    Posting.Status.POSTED: (DONE, ""),
    Posting.Status.REJECTED: (FAILED, ""),
    Posting.Status.CANCELLED: (LATER, "Cancelled before it was sent."),
}


def _sent(posting: Posting, ledger: str) -> Step:
    state, text = _STATES[Posting.Status(posting.status)]
    name = noun_of(posting.resource)
    total = money_of(posting)
    if posting.status == Posting.Status.POSTED:
        text = f"{total}; {ledger} calls it {posting.remote_type or name} {posting.external_id}."
    elif posting.status == Posting.Status.REJECTED:
        text = " ".join(str(posting.error.get(key) or "") for key in ("message", "remedy")).strip()
    title = f"{name.capitalize()} {'posted to' if state == DONE else 'for'} {ledger}"
    return Step(title, state, text, at=posting.finished_at or posting.sent_at, posting=posting)


def money_of(posting: Posting) -> str:
    """The amount of a payment as it was asked for."""
    return money(Decimal(str(posting.body.get("total", "0"))), str(posting.body.get("currency", "")))


def _read_back(match: Match, postings: Sequence[Posting], ledger: str) -> Step:
    if match.read_back_at is not None:
        return Step("Read back", DONE, f"{ledger} shows it on the documents.", at=match.read_back_at)
    posted = all(posting.status == Posting.Status.POSTED for posting in postings)
    text = f"The documents are being read from {ledger}." if posted else "After posting, the documents are read again."
    return Step("Read back", NOW if posted else LATER, text)


def _reversed(reversal: Posting, ledger: str) -> Step:
    state, text = _STATES[Posting.Status(reversal.status)]
    if reversal.status == Posting.Status.REJECTED:
        text = " ".join(str(reversal.error.get(key) or "") for key in ("message", "remedy")).strip()
    if reversal.status == Posting.Status.PENDING:
        text = "Waits to be sent."
    verb = "taken back in" if state == DONE else "to be taken back in"
    title = f"{noun_of(reversal.resource).capitalize()} {verb} {ledger}"
    return Step(title, state, text, at=reversal.finished_at or reversal.sent_at, posting=reversal)
