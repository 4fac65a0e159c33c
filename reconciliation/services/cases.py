"""Exceptions: raise them, give them to somebody, talk about them, and say until when they are due."""

from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from integrations.models import Connection, Discrepancy, LedgerRecord
from reconciliation.attachments import Attachment
from reconciliation.due import DEFAULT, Bands, due_on, read_bands
from reconciliation.models import BankLine, Case, CaseComment, CaseFile, DuePolicy
from reconciliation.services.decisions import RefusedError
from reconciliation.services.entries import sign_of
from tenants.models import Membership, Role, Tenant, User
from tenants.permissions import APPROVE_MATCHES, PROPOSE_MATCHES, may

_MAY_NOT = "Your role looks at exceptions, it does not work on them; ask a finance editor or approver."
_WORKERS = (Role.OWNER, Role.EDITOR, Role.APPROVER)
_BATCH = 500
_MOST_FILES = 20
Subject = BankLine | LedgerRecord | Discrepancy


def require_worker(by: Membership) -> None:
    """RefusedError unless the role proposes or approves."""
    if not (may(by, APPROVE_MATCHES) or may(by, PROPOSE_MATCHES)):
        raise RefusedError(_MAY_NOT)


def workers(tenant: Tenant) -> list[User]:
    """Everybody an exception can be given to, by name; one query."""
    rows = Membership.objects.for_tenant(tenant).current().filter(role__in=_WORKERS).select_related("user")
    return sorted((row.user for row in rows), key=str)


def policy_of(tenant_id: UUID) -> Bands:
    """The tenant's bands, or the portal's own."""
    row = DuePolicy.objects.for_tenant(tenant_id).first()
    return read_bands(row.bands, row.late_days) if row else DEFAULT


def raise_unexplained(connection: Connection, among: Collection[str] | None = None) -> int:
    """An exception for every line of the connection, or of those given, without a proposal; how many are new."""
    rows = BankLine.objects.of_connection(connection).filter(status=BankLine.Status.UNMATCHED, cases=None)
    if among is not None:
        rows = rows.filter(pk__in=among)
    return raise_cases(rows, connection.tenant_id)


def raise_cases(subjects: Iterable[Subject], tenant_id: UUID, *, by_policy: bool = False) -> int:
    """An exception about each of these of one tenant; how many that is. What has one keeps it."""
    bands = policy_of(tenant_id)
    fresh = [new_case(subject, bands, by_policy=by_policy) for subject in subjects]
    Case.objects.bulk_create(fresh, batch_size=_BATCH, ignore_conflicts=True)
    return len(fresh)


def new_case(subject: Subject, bands: Bands, *, by_policy: bool = False) -> Case:
    """An exception that is not stored yet, due by these bands."""
    amount, currency, since = _facts(subject)
    field = {BankLine: "bank_line", LedgerRecord: "record", Discrepancy: "discrepancy"}[type(subject)]
    return Case(
        tenant_id=subject.tenant_id,
        amount=amount,
        currency=currency,
        since=since,
        due_on=due_on(amount, since, timezone.localdate(), bands),
        is_by_policy=by_policy,
        **{field: subject},
    )


def _facts(subject: Subject) -> tuple[Decimal, str, date]:
    if isinstance(subject, BankLine):
        return subject.amount, subject.currency, subject.booked_on
    if isinstance(subject, LedgerRecord):
        since = subject.due_on or subject.issued_on or timezone.localdate()
        worth = abs(subject.open_amount or subject.amount or Decimal(0))
        return worth * sign_of(subject.resource), subject.currency, since
    record = subject.record
    return _gap(subject), record.currency if record else "", timezone.localdate(subject.found_at)


_OF_MONEY = frozenset({
    Discrepancy.Kind.TAX, Discrepancy.Kind.TOTAL, Discrepancy.Kind.AMOUNT, Discrepancy.Kind.TRIAL_BALANCE,
    Discrepancy.Kind.BANK_BALANCE,
})  # fmt: skip


def _gap(subject: Discrepancy) -> Decimal:
    """How much money a discrepancy is about: its largest difference; 0 where it is not one of money."""
    if subject.kind not in _OF_MONEY:
        return Decimal(0)
    gaps = [Decimal(0)]
    for each in subject.differences:
        try:
            gaps.append(Decimal(each["theirs"]) - Decimal(each["ours"]))
        except InvalidOperation:
            continue  # a difference of words, such as another contact, beside the one of money
    return max(gaps, key=abs)


def case_of(subject: Subject) -> Case:
    """The exception about a line, document or discrepancy, raised now when there is none."""
    fresh = new_case(subject, policy_of(subject.tenant_id))
    Case.objects.bulk_create([fresh], ignore_conflicts=True)
    return Case.objects.for_tenant(subject.tenant_id).get(**_about(fresh))


def _about(case: Case) -> dict[str, Any]:
    pairs = {"bank_line": case.bank_line_id, "record": case.record_id, "discrepancy": case.discrepancy_id}
    return {name: pk for name, pk in pairs.items() if pk is not None}


@transaction.atomic
def assign(*, cases: Collection[Case], to: User | None, by: Membership) -> int:
    """Give exceptions to somebody who works on them, or take them back from everybody; how many changed hands.

    Whoever gets some from somebody else is told once, by mail. RefusedError when that person does not work here.
    """
    require_worker(by)
    if to is not None and to not in workers(by.tenant):
        raise RefusedError("Choose an owner, finance editor or finance approver of this tenant.")
    rows = Case.objects.for_tenant(by.tenant).filter(pk__in=[case.pk for case in cases]).order_by("pk")
    changed = [row for row in rows.select_for_update(of=("self",)) if row.assignee_id != (to.pk if to else None)]
    now = timezone.now()
    # Nobody needs a mail about what they took themselves.
    told_at = now if to is None or to.pk == by.user_id else None
    Case.objects.filter(pk__in=[row.pk for row in changed]).update(
        assignee=to, assigned_by=by.user, assigned_at=now, told_at=told_at
    )
    return len(changed)


@transaction.atomic
def comment(*, case: Case, by: Membership, text: str, file: Attachment | None = None) -> CaseComment:
    """Say something, with a file or without. RefusedError when there is neither."""
    require_worker(by)
    said = text.replace("\0", "").strip()
    if not said and file is None:
        raise RefusedError("Write something, or attach a file.")
    if len(said) > 2000:
        raise RefusedError("A comment holds 2,000 characters; attach a longer text as a file.")
    # Two people who attach the twentieth file wait for each other here.
    locked = Case.objects.for_tenant(by.tenant).select_for_update(of=("self",)).get(pk=case.pk)
    if file is not None and locked.files.count() >= _MOST_FILES:
        raise RefusedError(f"There are {_MOST_FILES} files here already; put the rest into one PDF.")
    owner = {"tenant_id": locked.tenant_id, "case": locked, "by": by.user}
    row = CaseComment.objects.create(**owner, text=said)
    if file is not None:
        CaseFile.objects.create(
            **owner,
            comment=row,
            name=file.name,
            content_type=file.content_type,
            size=len(file.content),
            content=file.content,
        )
    return row


@transaction.atomic
def set_due(*, case: Case, by: Membership, on: date | None, reason: str) -> Case:
    """Another day than amount and age give, with a reason; None goes back to what they give."""
    require_worker(by)
    row = Case.objects.for_tenant(by.tenant).select_for_update(of=("self",)).get(pk=case.pk)
    if on is None:
        row.due_on, row.due_reason = computed_due(row, policy_of(row.tenant_id)), ""
    elif not reason.strip():
        raise RefusedError("Say why another day holds: it stays with the exception.")
    elif on < row.since:
        raise RefusedError("This day is before the money moved.")
    else:
        row.due_on, row.due_reason = on, reason.strip()[:300]
    row.save(update_fields=["due_on", "due_reason"])
    return row


def computed_due(case: Case, bands: Bands) -> date:
    """The day that amount and age give."""
    return due_on(case.amount, case.since, timezone.localdate(case.raised_at), bands)
