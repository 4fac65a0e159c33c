"""What the workbench shows: one card per question, with its explanations, and how far the statement is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Sum

from integrations.models import LedgerRecord
from reconciliation.models import Anomaly, BankLine, MatchLine, Proposal, ProposalEntry, ProposalLine
from reconciliation.money import percent
from reconciliation.services.anomalies import open_by_line
from reconciliation.services.approval import at_stake, needs_second_person
from reconciliation.services.entries import Candidate
from reconciliation.services.figures import figures_of, moving_of
from reconciliation.services.filters import Filters, all_lines
from reconciliation.services.periods import next_month
from reconciliation.services.plan import Plan, make_plan, noun_of
from reconciliation.services.situations import Ground
from reconciliation.services.threads import Thread, threads_of
from tenants.models import Membership, Tenant

# Of these the difference is nobody's debt: a fee, a discount, cents.
_CLOSED_BY_A_BOOKING = frozenset(
    Proposal.Kind(kind) for kind in ("fee", "discount", "rounding", "overpaid", "payout", "combined", "manual")
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One ledger record on a card: what it is, what is open, and how much of it the bank line takes."""

    record: LedgerRecord
    noun: str
    free: Decimal
    applied: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Variant:
    """One explanation of the lines: the proposal itself, or one of its alternatives."""

    confidence: Decimal
    entries: Sequence[Entry]
    plan: Plan
    difference: Decimal
    reasons: Sequence[dict[str, Any]] = ()
    is_current: bool = False

    @property
    def percent(self) -> str:
        """The confidence for people."""
        return percent(self.confidence)

    @property
    def records(self) -> str:
        """The ids that the decision names, so that nobody approves what was not on the screen."""
        return ",".join(str(entry.record.pk) for entry in self.entries)


@dataclass(slots=True)
class Card:
    """One question: the bank lines on the left, explanations on the right, and what this person may do."""

    lead: BankLine
    lines: Sequence[BankLine]
    proposal: Proposal | None = None
    variants: list[Variant] = field(default_factory=list)
    settled: Sequence[Entry] = ()
    match_line: MatchLine | None = None
    needs_second: bool = False
    hint: str = ""
    odd: Sequence[Anomaly] = ()
    thread: Thread | None = None

    @property
    def amount(self) -> Decimal:
        """The sum of the lines."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def may_settle_in_full(self) -> bool:
        """Whether the line can be split into its documents in full and a booking of the difference."""
        if self.proposal is None or len(self.lines) != 1 or self.lead.part_of_id is not None:
            return False
        return bool(self.proposal.difference) and self.proposal.kind in _CLOSED_BY_A_BOOKING


def cards_of(lines: Sequence[BankLine], *, by: Membership) -> list[Card]:
    """A card for each leading line; a fixed number of queries for a page of them."""
    proposals = _proposals({line.proposal_id for line in lines if line.proposal_id})
    matches = _matches([line.pk for line in lines if line.status == BankLine.Status.MATCHED])
    wanted = {pk for proposal in proposals.values() for pk in _record_ids(proposal)}
    ground = Ground({p.connection_id: p.connection for p in proposals.values()}.values(), wanted)
    cards = [_card(line, proposals.get(line.proposal_id), matches.get(line.pk), ground, by) for line in lines]
    odd = open_by_line(line.pk for card in cards for line in card.lines)
    threads = threads_of(card.lead.pk for card in cards)
    for card in cards:
        card.thread = threads.get(card.lead.pk)
        card.odd = [each for line in card.lines for each in odd.get(line.pk, ())]
    return cards


def _proposals(ids: Iterable[UUID | None]) -> dict[UUID | None, Proposal]:
    shown = ("bank_account", "part_of__feed_record", "feed_record")
    lines = ProposalLine.objects.select_related(*(f"bank_line__{name}" for name in shown))
    rows = Proposal.objects.filter(pk__in=[pk for pk in ids if pk]).select_related(
        "connection", "first_approved_by", *(f"original__{name}" for name in shown)
    )
    return {row.pk: row for row in rows.prefetch_related(Prefetch("lines", lines), "entries")}


def _matches(line_ids: Sequence[UUID]) -> dict[UUID, MatchLine]:
    rows = MatchLine.objects.filter(bank_line__in=line_ids, is_live=True) if line_ids else MatchLine.objects.none()
    return {row.bank_line_id: row for row in rows.select_related("match__approved_by")}


def _record_ids(proposal: Proposal) -> set[UUID]:
    own = {entry.record_id for entry in proposal.entries.all()}
    return own | {UUID(pk) for a in proposal.alternatives for pk in a["records"]}


def _card(
    line: BankLine, proposal: Proposal | None, match_line: MatchLine | None, ground: Ground, by: Membership
) -> Card:
    if proposal is None:
        return Card(line, [line], match_line=match_line)
    lines = [row.bank_line for row in proposal.lines.all()]
    card = Card(line, lines, proposal, match_line=match_line)
    if proposal.status == Proposal.Status.OPEN:
        card.needs_second = needs_second_person(at_stake(proposal.amount, lines), by.tenant)
        card.hint = _hint(proposal, by)
        card.variants = variants_of(proposal, lines, ground)
    else:
        card.settled = [
            _settled(entry, ground) for entry in proposal.entries.all() if entry.record_id in ground.records
        ]
    return card


def _settled(entry: ProposalEntry, ground: Ground) -> Entry:
    record = ground.records[entry.record_id]
    return Entry(record, noun_of(record.resource), entry.amount, entry.amount, record.currency)


def _hint(proposal: Proposal, by: Membership) -> str:
    if proposal.proposed_by_id == by.user_id:
        return "You proposed this yourself; somebody else has to approve it."
    if proposal.first_approved_by_id == by.user_id:
        return "You gave the first approval; a second person has to approve too."
    if proposal.first_approved_by_id:
        return f"{proposal.first_approved_by} gave the first approval; yours is the second."
    return ""


def variants_of(proposal: Proposal, lines: Sequence[BankLine], ground: Ground) -> list[Variant]:
    """The proposal's own explanation first, then the alternatives whose records are still there."""
    own = [entry.record_id for entry in proposal.entries.all()]
    found = [_variant(proposal, lines, own, proposal.confidence, ground, is_current=True)]
    for alternative in proposal.alternatives:
        ids = [UUID(pk) for pk in alternative["records"]]
        if ground.has_all(ids):
            confidence = Decimal(str(alternative["confidence"]))
            found.append(_variant(proposal, lines, ids, confidence, ground, is_current=False))
    return found


def _variant(
    proposal: Proposal,
    lines: Sequence[BankLine],
    record_ids: Sequence[UUID],
    confidence: Decimal,
    ground: Ground,
    *,
    is_current: bool,
) -> Variant:
    situation = ground.situation(proposal, lines, record_ids)
    plan = make_plan(situation)
    applied: dict[UUID, Decimal] = {}
    for share in plan.shares:
        applied[share.entry.record_id] = applied.get(share.entry.record_id, Decimal(0)) + share.amount
    entries = [_entry(c, ground.records[c.record_id], applied.get(c.record_id)) for c in situation.candidates]
    owed = sum((c.free for c in situation.candidates), Decimal(0))
    difference = sum((line.amount for line in lines), Decimal(0)) - owed if not is_current else proposal.difference
    reasons = proposal.reasons if is_current else ()
    return Variant(confidence, entries, plan, difference, reasons, is_current)


def _entry(candidate: Candidate, record: LedgerRecord, applied: Decimal | None) -> Entry:
    return Entry(record, noun_of(record.resource), candidate.free, applied or Decimal(0), candidate.entry.currency)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the lines are: counts by status, and the money that is done, per currency."""

    counts: dict[str, int]
    waiting_for_second: int
    money: Sequence[tuple[str, Decimal, Decimal]]

    @property
    def total(self) -> int:
        """All lines."""
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """Matched or set aside."""
        return self.counts.get(BankLine.Status.MATCHED, 0) + self.counts.get(BankLine.Status.IGNORED, 0)


def progress_of(tenant: Tenant, filters: Filters) -> Progress:
    """The progress of the tenant's lines, or of the chosen account and month; two queries."""
    before = next_month(filters.month) if filters.month else None
    figures = moving_of(figures_of(tenant, account=filters.account, first_on=filters.month, before=before))
    counts: dict[str, int] = {}
    money: dict[str, list[Decimal]] = {}
    for row in figures.values("status", "currency").annotate(n=Sum("lines"), moved=Sum("money")):
        if not row["n"]:
            continue
        counts[row["status"]] = counts.get(row["status"], 0) + row["n"]
        sums = money.setdefault(row["currency"], [Decimal(0), Decimal(0)])
        sums[1] += row["moved"]
        if row["status"] in (BankLine.Status.MATCHED, BankLine.Status.IGNORED):
            sums[0] += row["moved"]
    second = Proposal.objects.for_tenant(tenant).open().exclude(first_approved_by=None)
    waiting = second.filter(Exists(all_lines(tenant, filters).filter(proposal=OuterRef("pk"))))
    return Progress(counts, waiting.count(), [(currency, done, all_) for currency, (done, all_) in money.items()])
