"""Close a period of a bank account: what stands behind it, what has to be done, and the two signatures under it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from reconciliation.models import (
    Anomaly,
    BankAccount,
    BankLine,
    CloseStep,
    Match,
    MatchLine,
    PeriodClose,
    StatementBalance,
    StatementImport,
)
from reconciliation.models.close import in_words
from reconciliation.money import money
from reconciliation.services.decisions import RefusedError, require
from reconciliation.services.ledger_balance import Comparison, Told, compare
from reconciliation.services.statements import account_proof
from reconciliation.services.threads import Thread, threads_of
from reconciliation.statements import DayProof
from tenants.models import Membership
from tenants.permissions import APPROVE_MATCHES, PROPOSE_MATCHES
from tenants.rls import tenant_scope

_Status, _Kind = PeriodClose.Status, CloseStep.Kind
OK, LOOK, BLOCKED = "ok", "look", "blocked"
_AGES = ((30, "up to 30 days"), (60, "31 to 60 days"), (90, "61 to 90 days"))
_MOVING = (Match.Status.APPROVED, Match.Status.REFUSED, Match.Status.REVERSING)
_PREPARES = "Your role does not prepare a close; ask a finance editor."
_CERTIFIES = "Your role does not certify a close; ask a finance approver."


@dataclass(frozen=True, slots=True)
class Check:
    """One point of the checklist: `state` is ok, look (say something about it) or blocked."""

    title: str
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A line that is neither matched nor set aside on the period's last day."""

    line: BankLine
    days: int
    thread: Thread | None = None

    @property
    def with_whom(self) -> str:
        """Who looks into it and until when, or an empty text."""
        case = self.thread.case if self.thread else None
        if case is None:
            return ""
        return f"{case.assignee or 'nobody'}, due {case.due_on.day} {case.due_on:%b %Y}"

    @property
    def last_said(self) -> str:
        """The newest comment, with whose it is."""
        last = self.thread.comments[-1] if self.thread and self.thread.comments else None
        return f"{last.by or 'Somebody'}: {last.text or 'a file'}" if last else ""

    @property
    def age(self) -> str:
        """How old, in the steps that people ask for."""
        return next((words for most, words in _AGES if self.days <= most), "over 90 days")


@dataclass(slots=True)
class Ground:
    """Everything that stands behind a close, as it is now."""

    lines: Sequence[BankLine]
    proofs: Sequence[DayProof]
    open_items: Sequence[OpenItem]
    matches: dict[UUID, Match]
    figures: dict[str, Any] = field(default_factory=dict)
    checks: Sequence[Check] = ()
    print: str = ""
    comparison: Comparison = Comparison(Told("unasked"), None)

    @property
    def ages(self) -> list[tuple[str, int, Decimal]]:
        """The open items by age: how many, and their money, signed."""
        bands: dict[str, tuple[int, Decimal]] = {}
        for item in sorted(self.open_items, key=lambda each: each.days):
            count, amount = bands.get(item.age, (0, Decimal(0)))
            bands[item.age] = count + 1, amount + item.line.amount
        return [(words, count, amount) for words, (count, amount) in bands.items()]

    @property
    def is_blocked(self) -> bool:
        """Whether something has to be done before anybody can sign."""
        return any(check.state == BLOCKED for check in self.checks)

    @property
    def needs_note(self) -> bool:
        """Whether the preparer has to say something."""
        return any(check.state == LOOK for check in self.checks)


@transaction.atomic
def start_close(*, bank_account: BankAccount, first_on: date, last_on: date, by: Membership) -> PeriodClose:
    """A new period of an account. ValidationError when it overlaps another one, or is not over yet."""
    require(by, PROPOSE_MATCHES, _PREPARES)
    if first_on > last_on:
        raise ValidationError("The period ends before it begins.")
    if last_on >= timezone.localdate():
        raise ValidationError("The period is not over yet: its last day has to be in the past.")
    others = PeriodClose.objects.filter(bank_account=bank_account, first_on__lte=last_on, last_on__gte=first_on)
    if other := others.first():
        raise ValidationError(f"It overlaps with {other}.")
    return PeriodClose.objects.create(
        tenant_id=bank_account.tenant_id, bank_account=bank_account, first_on=first_on, last_on=last_on
    )


def ground_of(close: PeriodClose) -> Ground:
    """What stands behind the close now; a fixed number of queries."""
    account = close.bank_account
    rows = BankLine.objects.moving().filter(bank_account=account, booked_on__lte=close.last_on)
    lines = list(rows.filter(booked_on__gte=close.first_on).order_by("booked_on", "pk"))
    waiting = list(rows.open().order_by("booked_on", "pk"))
    threads = threads_of(line.pk for line in waiting)
    live = MatchLine.objects.filter(bank_line__in=lines, is_live=True).select_related("match")
    ground = Ground(
        lines=lines,
        proofs=account_proof(account, close.first_on, close.last_on),
        open_items=[OpenItem(x, (close.last_on - x.booked_on).days, threads.get(x.pk)) for x in waiting],
        matches={row.bank_line_id: row.match for row in live},
    )
    ground.figures = _figures(ground)
    ground.comparison = compare(close, ground.figures["stated"], lines, ground.figures["opening"])
    if ground.comparison.told.balance is not None:
        ground.figures |= {"ledger": ground.comparison.told.balance, "unexplained": ground.comparison.unexplained}
    ground.print = _print(close, ground)
    ground.checks = list(_checks(close, ground))
    return ground


def _figures(ground: Ground) -> dict[str, Any]:
    amounts = [line.amount for line in ground.lines]
    stated = [proof.stated for proof in ground.proofs if proof.stated is not None]
    states = Counter(line.status for line in ground.lines)
    zero = Decimal(0)
    return {
        "opening": ground.proofs[0].opening if ground.proofs else None,
        "money_in": sum((each for each in amounts if each > 0), zero),
        "money_out": -sum((each for each in amounts if each < 0), zero),
        "closing": ground.proofs[-1].closing if ground.proofs else None,
        "stated": stated[-1] if stated else None,
        "lines": len(amounts),
        "matched": states[BankLine.Status.MATCHED],
        "set_aside": states[BankLine.Status.IGNORED],
        "open": len(ground.open_items),
        "open_money": sum((item.line.amount for item in ground.open_items), zero),
    }


def _print(close: PeriodClose, ground: Ground) -> str:
    """Changes with every line of the period, what it is matched with, every open item and every balance."""
    said = StatementBalance.objects.filter(
        bank_account_id=close.bank_account_id, on__range=(close.first_on, close.last_on)
    ).values_list("pk", "amount")
    whole = [
        [
            [
                str(line.pk),
                str(line.amount),
                str(line.booked_on),
                line.status,
                _match_print(ground.matches.get(line.pk)),
            ]
            for line in ground.lines
        ],
        sorted(str(item.line.pk) for item in ground.open_items),
        sorted([str(pk), str(amount)] for pk, amount in said),
    ]
    return sha256(orjson.dumps(whole)).hexdigest()


def _match_print(match: Match | None) -> str:
    return f"{match.pk} {match.status}" if match else ""


def _checks(close: PeriodClose, ground: Ground) -> list[Check]:
    found = [_check_balances(close, ground), _check_gaps(close, ground), _check_files(close)]
    moving = sum(match.status in _MOVING for match in ground.matches.values())
    found.append(
        _check("Approved matches have arrived in the ledger", moving, BLOCKED, "on the way, refused or being reversed")
    )
    found.append(_check("Every line is matched or set aside", len(ground.open_items), LOOK, "still open"))
    odd = Anomaly.objects.open().filter(bank_line__in=ground.lines).count()
    found.append(_check("Odd payments were looked at", odd, LOOK, "not looked at yet"))
    found.append(_check_before(close))
    found.append(_check_ledger(close, ground.comparison))
    return found


def _check(title: str, count: int, state: str, words: str) -> Check:
    return Check(title, state, f"{count} {words}.") if count else Check(title, OK, "")


def _check_balances(close: PeriodClose, ground: Ground) -> Check:
    title = "The bank's balance is there for the end of the period"
    stated = [proof.on for proof in ground.proofs if proof.stated is not None]
    last_line = max((line.booked_on for line in ground.lines), default=None)
    if not stated:
        return Check(title, BLOCKED, "No statement names one: upload CAMT.053, MT940, OFX or a table with balances.")
    if last_line is not None and stated[-1] < last_line:
        return Check(
            title,
            BLOCKED,
            f"The last one is of {in_words(stated[-1])}, and there are lines until {in_words(last_line)}.",
        )
    return Check(title, OK, f"Of {in_words(stated[-1])}.")


def _check_gaps(close: PeriodClose, ground: Ground) -> Check:
    title = "Opening balance and lines give the bank's balance on every day"
    gaps = [proof for proof in ground.proofs if proof.difference]
    if not gaps:
        if all(proof.difference is None for proof in ground.proofs):
            return Check(title, LOOK, "Nothing is proved: that takes balances of two days with the lines between.")
        return Check(title, OK, "")
    first = gaps[0]
    assert first.difference is not None  # noqa: S101 - chosen by it
    gap = money(first.difference, close.bank_account.currency)
    return Check(title, BLOCKED, f"{len(gaps)} day(s) differ; the first is {first.on}, by {gap}.")


def _check_files(close: PeriodClose) -> Check:
    rows = StatementImport.objects.filter(
        bank_account_id=close.bank_account_id, first_on__lte=close.last_on, last_on__gte=close.first_on
    )
    waiting = rows.filter(status=StatementImport.Status.PREVIEWED).count()
    if waiting:
        return Check("Every uploaded statement is imported", BLOCKED, f"{waiting} previewed only: import or discard.")
    failed = rows.filter(failed__gt=0).count()
    title = "Every row of the statements could be read"
    return _check(title, failed, LOOK, "file(s) with rows that could not; the balances tell whether one is missing")


def _check_ledger(close: PeriodClose, comparison: Comparison) -> Check:
    title, told = "The ledger's own balance is explained", comparison.told
    if told.state == "cannot":
        return Check(title, OK, told.note)
    if told.state == "unasked":
        return Check(title, LOOK, f"{told.note} Ask it below, or say in the note why not.")
    if comparison.unexplained is None:
        return Check(title, LOOK, told.note if told.balance is None else "The bank's balance is missing.")
    gap = money(comparison.unexplained, close.bank_account.currency)
    if not comparison.unexplained:
        return Check(title, OK, told.note)
    if comparison.before is None:
        return Check(title, LOOK, f"{gap} are not.")
    arisen = money(comparison.arisen or Decimal(0), close.bank_account.currency)
    return Check(title, LOOK, f"{gap} are not, {arisen} of it since {in_words(comparison.before.on)}.")


def _check_before(close: PeriodClose) -> Check:
    title = "The period before is certified"
    rows = PeriodClose.objects.filter(bank_account_id=close.bank_account_id, last_on__lt=close.first_on)
    before = rows.order_by("-last_on").first()
    if before is None:
        return Check(title, OK, "This is the first.")
    if before.status != _Status.CERTIFIED:
        return Check(title, LOOK, f"{before}: {before.get_status_display().lower()}.")
    if (close.first_on - before.last_on).days > 1:
        return Check(title, LOOK, f"The last one ends on {before.last_on}; the days between belong to none.")
    return Check(title, OK, "")


@transaction.atomic
def prepare(*, close: PeriodClose, by: Membership, note: str = "") -> PeriodClose:
    """Sign as preparer what stands behind the close now. RefusedError while something blocks it."""
    require(by, PROPOSE_MATCHES, _PREPARES)
    row = _lock(close, by)
    if row.status not in (_Status.OPEN, _Status.CHANGED):
        raise RefusedError(f"This period is not being prepared: {row.get_status_display().lower()}.")
    ground = ground_of(row)
    if ground.is_blocked:
        raise RefusedError("The checklist is not done: see what is marked there.")
    if ground.needs_note and not note.strip():
        raise RefusedError("Say something about what is still open: whoever approves reads it.")
    row.status, row.note, row.figures, row.print = _Status.PREPARED, note.strip()[:1000], ground.figures, ground.print
    row.prepared_by, row.prepared_at, row.approved_by, row.approved_at = by.user, timezone.now(), None, None
    row.save()
    _step(row, _Kind.PREPARE, by, note.strip())
    return row


@transaction.atomic
def certify(*, close: PeriodClose, by: Membership) -> PeriodClose:
    """Sign as the second person exactly what was prepared. RefusedError when it changed since, or by the preparer."""
    require(by, APPROVE_MATCHES, _CERTIFIES)
    row = _lock(close, by)
    if row.status != _Status.PREPARED:
        raise RefusedError(f"This period does not wait for approval: {row.get_status_display().lower()}.")
    if row.prepared_by_id == by.user_id:
        raise RefusedError("You prepared it yourself; somebody else has to approve it.")
    ground = ground_of(row)
    if ground.print != row.print:
        raise RefusedError("Something changed since it was prepared: send it back, so that it is prepared anew.")
    row.status, row.approved_by, row.approved_at = _Status.CERTIFIED, by.user, timezone.now()
    row.checked_at = timezone.now()
    row.save()
    _step(row, _Kind.APPROVE, by, "")
    return row


@transaction.atomic
def send_back(*, close: PeriodClose, by: Membership, reason: str) -> PeriodClose:
    """Ask the preparer to do it again. RefusedError without a reason."""
    require(by, APPROVE_MATCHES, _CERTIFIES)
    return _open_again(close, by, _Status.PREPARED, _Kind.SEND_BACK, reason, "This period does not wait for approval")


@transaction.atomic
def reopen(*, close: PeriodClose, by: Membership, reason: str) -> PeriodClose:
    """Take a certificate back; it stays in the record. RefusedError without a reason."""
    require(by, APPROVE_MATCHES, _CERTIFIES)
    return _open_again(close, by, _Status.CERTIFIED, _Kind.REOPEN, reason, "This period is not certified")


def recheck(tenant_id: UUID | str, close_id: UUID | str) -> PeriodClose | None:
    """Compare a certified period with what stands behind it now; it is certified no longer when that changed."""
    with tenant_scope(tenant_id):
        rows = PeriodClose.objects.filter(pk=close_id, status=_Status.CERTIFIED).select_for_update(of=("self",))
        row = rows.select_related("bank_account").first()
        if row is None:
            return None
        row.checked_at = timezone.now()
        ground = ground_of(row)
        if ground.print != row.print:
            row.status = _Status.CHANGED
            _step(row, _Kind.CHANGE, None, _what_changed(row, ground))
        row.save(update_fields=["status", "checked_at"])
        return row


def _what_changed(close: PeriodClose, ground: Ground) -> str:
    """Which figures differ from the signed ones; the matches behind equal figures when none does."""
    signed = orjson.loads(orjson.dumps(close.figures, default=str))
    found = []
    for name, value in ground.figures.items():
        if name not in signed:
            continue
        was = signed.get(name)
        now = str(value) if isinstance(value, Decimal) else value
        is_same = Decimal(was) == value if isinstance(value, Decimal) and was is not None else was == now
        if not is_same:
            found.append(f"{name.replace('_', ' ')} from {was} to {now}")
    return "; ".join(found) or "the figures are the same, but not the lines, balances or matches behind them"


def _open_again(close: PeriodClose, by: Membership, status: str, kind: str, reason: str, otherwise: str) -> PeriodClose:
    if not reason.strip():
        raise RefusedError("Say why: it stays in the record of this period.")
    row = _lock(close, by)
    if row.status != status:
        raise RefusedError(f"{otherwise}: {row.get_status_display().lower()}.")
    row.status, row.approved_by, row.approved_at = _Status.OPEN, None, None
    row.save()
    _step(row, kind, by, reason.strip())
    return row


def _lock(close: PeriodClose, by: Membership) -> PeriodClose:
    rows = PeriodClose.objects.for_tenant(by.tenant).select_for_update(of=("self",))
    return rows.select_related("bank_account").get(pk=close.pk)


def _step(close: PeriodClose, kind: str, by: Membership | None, reason: str) -> CloseStep:
    return CloseStep.objects.create(
        tenant_id=close.tenant_id,
        close=close,
        kind=kind,
        by=by.user if by else None,
        reason=reason[:1000],
        figures=close.figures,
    )
