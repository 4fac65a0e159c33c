"""Look for odd payments after every run, and let a person say what became of each."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from integrations.models import Connection
from reconciliation.anomalies import Finding, Paid, find
from reconciliation.models import Anomaly, BankLine
from reconciliation.services.decisions import RefusedError
from tenants.models import Membership
from tenants.permissions import APPROVE_MATCHES, PROPOSE_MATCHES, may

_HISTORY = timedelta(days=400)
_MOST = 50_000
_BATCH = 500


@transaction.atomic
def look(connection: Connection, among: Collection[str] | None = None) -> int:
    """Note what is odd about the connection's undecided lines, forget what is no longer; how many are new.

    `among`: look at these lines only. What somebody has decided stays decided.
    """
    open_lines = BankLine.objects.of_connection(connection).delivered().open()
    if among is not None:
        # Nothing is ever found about money in.
        open_lines = open_lines.filter(pk__in=among, amount__lt=0)
    asked = {str(pk) for pk in open_lines.values_list("pk", flat=True)}
    lines = _lines(connection) if asked else []
    waiting = {line.id for line in lines if line.id in asked}
    limit = connection.tenant.two_person_limit
    found = {(each.id, each.kind): each for each in find(lines, limit=limit, among=waiting)}
    known = Anomaly.objects.filter(bank_line__in=[UUID(pk) for pk in waiting])
    before = {(str(line), kind) for line, kind in known.values_list("bank_line", "kind")}
    stale = [row.pk for row in known.open() if (str(row.bank_line_id), row.kind) not in found]
    Anomaly.objects.filter(pk__in=stale).delete()
    fresh = [_row(connection, each) for key, each in found.items() if key not in before]
    Anomaly.objects.bulk_create(fresh, batch_size=_BATCH, ignore_conflicts=True)
    return len(fresh)


def _lines(connection: Connection) -> list[Paid]:
    rows = BankLine.objects.of_connection(connection).delivered()
    last = rows.order_by("-booked_on").values_list("booked_on", flat=True).first()
    if last is None:
        return []
    told = rows.filter(booked_on__gte=last - _HISTORY).order_by("-booked_on", "-id").values_list(
        "pk", "bank_account", "booked_on", "amount", "currency", "counterparty", "description", "reference"
    )  # fmt: skip
    return [Paid(str(row[0]), str(row[1]), *row[2:]) for row in told[:_MOST]]


def _row(connection: Connection, found: Finding) -> Anomaly:
    return Anomaly(
        tenant_id=connection.tenant_id,
        bank_line_id=UUID(found.id),
        kind=found.kind,
        reason=found.reason[:500],
        is_strong=found.is_strong,
        others=list(found.others),
    )


def open_by_line(line_ids: Iterable[UUID]) -> dict[UUID, list[Anomaly]]:
    """What nobody has looked at yet, by line; one query."""
    found: dict[UUID, list[Anomaly]] = {}
    for row in Anomaly.objects.open().filter(bank_line__in=list(line_ids)).order_by("pk"):
        found.setdefault(row.bank_line_id, []).append(row)
    return found


@transaction.atomic
def decide(*, anomaly: Anomaly, by: Membership, is_in_order: bool, note: str) -> Anomaly:
    """Say that a payment is in order or not, and why. RefusedError without a reason, or when it was decided before."""
    if not (may(by, APPROVE_MATCHES) or may(by, PROPOSE_MATCHES)):
        raise RefusedError("Your role does not decide on payments; ask a finance editor or approver.")
    if not note.strip():
        raise RefusedError("Say why: the next person reads it.")
    row = Anomaly.objects.for_tenant(by.tenant).select_for_update(of=("self",)).get(pk=anomaly.pk)
    if row.status != Anomaly.Status.OPEN:
        raise RefusedError(f"{row.decided_by or 'Somebody'} has decided on this already. Reload the page.")
    row.status = Anomaly.Status.EXPLAINED if is_in_order else Anomaly.Status.CONFIRMED
    row.decided_by, row.decided_at, row.note = by.user, timezone.now(), note.strip()[:300]
    row.save()
    return row
