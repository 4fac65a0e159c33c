"""Split a bank line into parts that are always the whole of it, and put it together again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from integrations.models import LedgerRecord
from reconciliation.models import BankLine, BankRule, Decision, Proposal, ProposalLine
from reconciliation.money import money
from reconciliation.services.bank_rules import bookings_of
from reconciliation.services.board import Entry
from reconciliation.services.decisions import RefusedError, record, require
from reconciliation.services.entries import candidates
from reconciliation.services.rejection import clear, lock_waiting, propose_by_hand
from reconciliation.services.storing import point_lines
from tenants.models import Membership
from tenants.permissions import PROPOSE_MATCHES

MOST_PARTS = 20
_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Part:
    """So much (with its sign) goes to a document, is booked as a bank rule says, or stays open (neither)."""

    amount: Decimal
    record: UUID | None = None
    rule: UUID | None = None


def rules_for(line: BankLine) -> list[BankRule]:
    """The bank rules in use that may book a part of this line, in their order."""
    rows = BankRule.objects.filter(connection=line.bank_account.connection, is_active=True).in_order()
    return [
        rule for rule in rows.select_related("other_account") if rule.bank_account_id in (None, line.bank_account_id)
    ]


def in_full(line: BankLine, entries: Iterable[Entry], rules: Sequence[BankRule]) -> list[Part]:
    """Parts that settle these documents in full; what the money lacks, or has too much, is booked by the first
    write-off whose limits hold it, or left to choose. Empty when the money is just what is open.
    """
    parts = [Part(entry.free, record=entry.record.pk) for entry in entries if entry.free]
    rest = line.amount - sum((part.amount for part in parts), Decimal(0))
    if not parts or not rest:
        return []
    small = (rule for rule in rules if rule.outcome == BankRule.Outcome.WRITE_OFF)
    rule = next((rule for rule in small if not _why_not_booked(rule, rest, line.currency)), None)
    return [*parts, Part(rest, rule=rule.pk if rule else None)]


@transaction.atomic
def split(*, line: BankLine, parts: Sequence[Part], by: Membership) -> list[BankLine]:
    """The line's parts, each a line of its own with a proposal where it has somewhere to go; somebody else approves.

    RefusedError when the parts are not the line to the cent, or one of them does not fit where it is to go.
    """
    require(by, PROPOSE_MATCHES, "Your role does not split lines; ask a finance editor.")
    (locked,) = lock_waiting([line.pk], by)
    if locked.part_of_id is not None:
        raise RefusedError("This is a part already: put its line together again, then split that anew.")
    _check_sum(locked, parts)
    records = _records(locked, parts)
    rules = {rule.pk: rule for rule in rules_for(locked)}
    for part in parts:
        _check_part(part, locked, rules)
    former = locked.proposal
    clear([locked])
    made = _make_parts(locked, parts)
    BankLine.objects.filter(pk=locked.pk).update(status=BankLine.Status.SPLIT, proposal=None)
    record(Decision.Kind.SPLIT, by, bank_line=locked, reason=_in_words(locked, parts), about=former)
    for row, part in zip(made, parts, strict=True):
        if part.record is not None:
            owner = locked.bank_account.connection
            propose_by_hand(connection=owner, lines=[row], records=[records[part.record]], by=by, reason=_WHY)
        elif part.rule is not None:
            _propose_booking(row, rules[part.rule], by)
    return made


_WHY = "a part of a split line"


def _check_sum(line: BankLine, parts: Sequence[Part]) -> None:
    if not 2 <= len(parts) <= MOST_PARTS:
        raise RefusedError(f"A line is split into 2 to {MOST_PARTS} parts.")
    if any(part.amount == 0 or part.amount != part.amount.quantize(_PLACES) for part in parts):
        raise RefusedError("Every part needs an amount.")
    rest = line.amount - sum((part.amount for part in parts), Decimal(0))
    if rest:
        raise RefusedError(
            f"The parts are not the line: {money(rest, line.currency)} of {money(line.amount, line.currency)} remain."
        )
    named = [part.record for part in parts if part.record is not None]
    if len(set(named)) != len(named):
        raise RefusedError("One document stands in two parts: put them together.")


def _records(line: BankLine, parts: Sequence[Part]) -> dict[UUID, LedgerRecord]:
    """The documents of the parts; each has to have that much open in the part's direction."""
    connection = line.bank_account.connection
    rows = connection.records.filter(pk__in=[part.record for part in parts if part.record], deleted_at=None)
    free = {candidate.record_id: candidate for candidate in candidates(rows, connection)}
    for part in parts:
        if part.record is None:
            continue
        found = free.get(part.record)
        if found is None or found.free * part.amount <= 0 or found.entry.currency != line.currency:
            raise RefusedError("One of the documents has nothing open for this money any more. Choose again.")
        if abs(part.amount) > abs(found.free):
            raise RefusedError(
                f"Only {money(abs(found.free), line.currency)} of {found.entry.number or 'the document'} are open; "
                "leave the rest open or give it to another document."
            )
    return {row.pk: row for row in rows}


def _check_part(part: Part, line: BankLine, rules: dict[UUID, BankRule]) -> None:
    if part.rule is None:
        return
    if part.record is not None:
        raise RefusedError("A part goes to a document or to an account, not to both.")
    rule = rules.get(part.rule)
    if rule is None:
        raise RefusedError("This bank rule is not in use any more. Choose again.")
    if reason := _why_not_booked(rule, part.amount, line.currency):
        raise RefusedError(reason)


def _why_not_booked(rule: BankRule, amount: Decimal, currency: str) -> str:
    """Why a rule does not book this much money, empty when it does."""
    size = abs(amount)
    if rule.most is not None and size > rule.most or rule.least is not None and size < rule.least:
        return f"“{rule}” does not book {money(size, currency)}: it is outside its limits."
    way = BankRule.Direction.IN if amount > 0 else BankRule.Direction.OUT
    if rule.direction not in (BankRule.Direction.ANY, way):
        return f"“{rule}” books {rule.get_direction_display().lower()} only."
    return ""


def _make_parts(line: BankLine, parts: Sequence[Part]) -> list[BankLine]:
    # Ids of parts that were put together again stay taken: nothing of a former split is lost.
    first = line.parts.count() + 1
    rows = [
        BankLine(
            tenant_id=line.tenant_id,
            bank_account=line.bank_account,
            external_id=f"{line.pk}/{at}",
            booked_on=line.booked_on,
            amount=part.amount,
            currency=line.currency,
            description=line.description,
            counterparty=line.counterparty,
            reference=line.reference or line.external_id,
            part_of=line,
        )
        for at, part in enumerate(parts, first)
    ]
    return BankLine.objects.bulk_create(rows)


def _propose_booking(row: BankLine, rule: BankRule, by: Membership) -> None:
    proposal = Proposal.objects.create(
        tenant_id=row.tenant_id,
        connection=row.bank_account.connection,
        kind=Proposal.Kind.RULE,
        rule=rule,
        booking=bookings_of(rule.connection, [rule])[rule.pk],
        confidence=Decimal(1),
        reasons=[{"code": "person", "text": f"{_WHY}, booked by “{rule}”: chosen by {by.user}", "weight": 0}],
        amount=row.amount,
        currency=row.currency,
        lead=row,
        proposed_by=by.user,
    )
    ProposalLine.objects.create(tenant_id=row.tenant_id, proposal=proposal, bank_line=row)
    point_lines([proposal])
    record(Decision.Kind.PROPOSE, by, proposal=proposal, reason=_WHY)


def _in_words(line: BankLine, parts: Sequence[Part]) -> str:
    return "into " + ", ".join(money(part.amount, line.currency) for part in parts)


def live_parts(line: BankLine) -> list[BankLine]:
    """The parts of a line that is split now, in their order."""
    rows = line.parts.exclude(status=BankLine.Status.JOINED)
    return list(rows.select_related("bank_account", "proposal").order_by("pk"))


@transaction.atomic
def join(*, line: BankLine, by: Membership) -> BankLine:
    """Put a line together again: as it was, with the proposal it had. Its parts stay in the record, and count no more.

    RefusedError while a part is matched or set aside.
    """
    require(by, PROPOSE_MATCHES, "Your role does not put lines together; ask a finance editor.")
    locked = BankLine.objects.for_tenant(by.tenant).select_for_update(of=("self",)).get(pk=line.pk)
    if locked.status != BankLine.Status.SPLIT:
        raise RefusedError("This line is not split.")
    parts = lock_waiting([part.pk for part in live_parts(locked)], by)
    clear(parts)
    BankLine.objects.filter(pk__in=[part.pk for part in parts]).update(status=BankLine.Status.JOINED, proposal=None)
    former = _former_proposal(locked)
    locked.status = BankLine.Status.PROPOSED if former else BankLine.Status.UNMATCHED
    locked.proposal = former
    locked.waits_since = None if former else timezone.now()
    locked.save(update_fields=["status", "proposal", "waits_since"])
    record(Decision.Kind.JOIN, by, bank_line=locked)
    return locked


def _former_proposal(line: BankLine) -> Proposal | None:
    """What spoke for the line alone before it was split, opened again."""
    done = Decision.objects.filter(kind=Decision.Kind.SPLIT, bank_line=line).order_by("-id").first()
    former = done.proposal if done else None
    if former is None or former.status != Proposal.Status.SUPERSEDED or former.lines.count() != 1:
        return None
    Proposal.objects.filter(pk=former.pk).update(
        status=Proposal.Status.OPEN, first_approved_by=None, first_approved_at=None
    )
    return former
