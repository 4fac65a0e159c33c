"""What people decide about differences: accept, send ours again, read again, ignore with a reason; and take it back.

Each runs in the caller's tenant transaction and raises ValidationError, in words, for what cannot be decided so.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid5

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_date

from integrations.models import Baseline, Connection, Discrepancy, LedgerRecord, Posting, SyncRun
from integrations.services import baselines, policies
from integrations.services.baselines import LOOK_AGAIN, NUMBER_TAKEN, ORIGIN, next_number
from integrations.services.postings import cancel_posting, request_posting
from integrations.services.sync import request_sync
from tenants.models import User

Kind, Status = Discrepancy.Kind, Discrepancy.Status

DRIFTED = frozenset({Kind.DRIFT, Kind.VOIDED, Kind.DELETED})
_FIGURES = frozenset({Kind.COUNT, Kind.AMOUNT, Kind.BANK_BALANCE})
_AFTER_READING = timedelta(minutes=5)


def accept(*, discrepancy: Discrepancy, by: User | None, reason: str = "") -> None:
    """The ledger is right: its version of a document is the new measure, a figure's difference is known from now on."""
    row = _open(discrepancy)
    if row.kind == Kind.TRIAL_BALANCE:
        raise ValidationError("Books that do not balance cannot be accepted. Ignore it with a reason, or mend them.")
    if row.kind in _FIGURES and not reason.strip():
        raise ValidationError("Say why the difference is known, such as an opening balance that is not told.")
    if row.kind in DRIFTED:
        baselines.accept_state(row)
    _decide(discrepancy, Status.ACCEPTED, by, reason)


def ignore(*, discrepancy: Discrepancy, by: User | None, reason: str) -> None:
    """Nothing is to be done; it comes back only if it says something else."""
    _open(discrepancy)
    if not reason.strip():
        raise ValidationError("Say why it may be ignored: whoever reads it later has only that.")
    _decide(discrepancy, Status.IGNORED, by, reason)


def repush(*, discrepancy: Discrepancy, by: User | None) -> Posting:
    """Ours is right: change the document back, or create it anew where it is gone; ring `send_posting` after commit."""
    row = _open(discrepancy)
    record, baseline = _written(row)
    _may_be_written(row, baseline)
    before = repushes(row)
    is_gone = row.kind != Kind.DRIFT
    posting = request_posting(
        connection=row.connection,
        resource=row.resource,
        operation=Posting.Operation.CREATE if is_gone else Posting.Operation.UPDATE,
        body=_anew(baseline, before) if is_gone else _back(record, baseline),
        origin_kind=ORIGIN,
        origin_id=row.pk,
        idempotency_key=str(uuid5(row.pk, f"repush {len(before)}")),
        requested_by=by,
    )
    if is_gone:
        baselines.let_go(row)
    _decide(discrepancy, Status.REPUSHED, by, "")
    return posting


def reread(*, discrepancy: Discrepancy, by: User | None) -> SyncRun:
    """Read what a figure is made of again in full; the next proof, soon after, closes it. Ring `run_sync`."""
    row = _open(discrepancy)
    names = [name for name in row.proposal.get("resources", []) if policies.reads(row.connection, name)]
    if not names:
        raise ValidationError("There is nothing to read again for this one.")
    run = request_sync(
        connection=row.connection,
        trigger=SyncRun.Trigger.MANUAL,
        resources=names,
        is_full=True,
        requested_by=by,
    )
    Connection.objects.filter(pk=row.connection_id).usable().update(next_proof_at=timezone.now() + _AFTER_READING)
    return run


def reopen(*, discrepancy: Discrepancy, by: User | None) -> None:
    """Take a decision back, as long as nothing has left the portal because of it."""
    row = _locked(discrepancy)
    if row.status not in {Status.ACCEPTED, Status.IGNORED, Status.REPUSHED}:
        raise ValidationError(f"There is no decision to take back: {row.get_status_display().lower()}.")
    others = Discrepancy.objects.for_tenant(row.tenant_id).filter(connection_id=row.connection_id, key=row.key)
    if others.filter(status=Status.OPEN).exclude(pk=row.pk).exists():
        raise ValidationError("The same difference has been found again since: decide on that one.")
    if row.status == Status.REPUSHED:
        _call_back(row)
    if row.kind in DRIFTED and row.status != Status.IGNORED:
        baselines.take_back(row)
        if row.record_id is not None:
            records = LedgerRecord.objects.for_tenant(row.tenant_id).filter(pk=row.record_id)
            records.update(compared_hash=LOOK_AGAIN)
    words = f"Taken back{f' by {by}' if by else ''}: {row.get_status_display().lower()}."
    _write(discrepancy, status=Status.OPEN, decided_by=None, decided_at=None, reason=words)


def may_be_taken_back(row: Discrepancy) -> bool:
    """Whether `reopen` has a chance: a decision was made, and what it sent was not sent yet or was refused."""
    if row.status != Status.REPUSHED:
        return row.status in {Status.ACCEPTED, Status.IGNORED}
    return all(each.status in _NOT_SENT for each in repushes(row))


def repushes(row: Discrepancy) -> list[Posting]:
    """What was sent because of it, newest first."""
    return list(Posting.objects.for_tenant(row.tenant_id).of_origin(ORIGIN, row.pk).order_by("-id"))


_NOT_SENT = (Posting.Status.PENDING, Posting.Status.REJECTED, Posting.Status.CANCELLED)


def _call_back(row: Discrepancy) -> None:
    for posting in repushes(row):
        if posting.status not in _NOT_SENT:
            raise ValidationError(f"It has left already: {posting.get_status_display().lower()}.")
        if posting.status != Posting.Status.CANCELLED:
            cancel_posting(posting)


# Documents -----------------------------------------------------------------------------------------------------------


def _written(row: Discrepancy) -> tuple[LedgerRecord, Baseline]:
    if row.kind not in DRIFTED:
        raise ValidationError("Only a document that the portal wrote can be sent again.")
    baseline = Baseline.objects.for_tenant(row.tenant_id).filter(record_id=row.record_id).first()
    if row.record is None or baseline is None:
        raise ValidationError("The portal no longer expects anything of this document. Accept or ignore it.")
    return row.record, baseline


def _may_be_written(row: Discrepancy, baseline: Baseline) -> None:
    policies.check_writes(row.connection, row.resource)
    if row.connection.is_read_only:
        raise ValidationError(f"{row.connection} is read only. Allow postings there, or accept the ledger's version.")
    closed, day = row.connection.closed_through, parse_date(str(baseline.body.get("issued_on") or ""))
    if closed is not None and day is not None and day <= closed:
        raise ValidationError(
            f"The document is dated {day:%d %B %Y}, and the books are closed through {closed:%d %B %Y}. "
            "Accept the ledger's version, or open the period in the ledger first."
        )


def _anew(baseline: Baseline, refused: Sequence[Posting]) -> dict[str, Any]:
    """All that we wrote, without the names that the gone document had in the ledger.

    Some ledgers keep the number of a voided document. Once that was the reason to refuse it, it gets the next number.
    """
    body = {name: value for name, value in baseline.body.items() if name not in ("external_id", "remote_type")}
    taken = sum(each.error_code == NUMBER_TAKEN for each in refused)
    return {**body, "number": next_number(str(body["number"]), taken)} if taken and body.get("number") else body


def _back(record: LedgerRecord, baseline: Baseline) -> dict[str, Any]:
    """What we wrote, at the lines that were agreed on; whatever was added beside them goes."""
    body = {**baseline.body, "external_id": record.external_id, "remote_type": record.remote_type}
    present = {str(line.get("id")) for line in record.unified.get("lines") or [] if line.get("id")}
    agreed = [str(line.get("id") or "") for line in baseline.state.get("lines") or []]
    written = body.get("lines") or []
    if written and len(agreed) == len(written):
        body["lines"] = [
            {**line, "id": key} if key in present else line for line, key in zip(written, agreed, strict=True)
        ]
    return body


# Rows ----------------------------------------------------------------------------------------------------------------


def _locked(discrepancy: Discrepancy) -> Discrepancy:
    rows = Discrepancy.objects.for_tenant(discrepancy.tenant_id).select_related("connection", "record")
    return rows.select_for_update(of=("self",)).get(pk=discrepancy.pk)


def _open(discrepancy: Discrepancy) -> Discrepancy:
    row = _locked(discrepancy)
    if row.status != Status.OPEN:
        raise ValidationError(f"This difference is decided already: {row.get_status_display().lower()}.")
    return row


def _decide(discrepancy: Discrepancy, status: str, by: User | None, reason: str) -> None:
    _write(discrepancy, status=status, decided_by=by, decided_at=timezone.now(), reason=reason.strip()[:500])


def _write(discrepancy: Discrepancy, **changes: Any) -> None:
    Discrepancy.objects.for_tenant(discrepancy.tenant_id).filter(pk=discrepancy.pk).update(**changes)
    discrepancy.refresh_from_db()


__all__ = ["DRIFTED", "accept", "ignore", "may_be_taken_back", "reopen", "repush", "repushes", "reread"]
