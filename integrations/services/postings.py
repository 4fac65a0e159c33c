"""Writes to a ledger as rows: asked for once per key, cancelled while they wait, replayed when mended, reversed."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone
from django.utils.dateparse import parse_date

from integrations.models import Connection, Posting
from integrations.services import failures, policies
from integrations.services.connectors import check_operation, needs_day, reversal_of
from integrations.services.hashing import body_hash
from integrations.services.sending import send_posting
from tenants.models import User
from tenants.rls import tenant_scope

__all__ = ["cancel_posting", "replay_posting", "request_posting", "reverse_posting", "send_and_follow", "send_posting"]


def request_posting(
    *,
    connection: Connection,
    resource: str,
    operation: str = Posting.Operation.CREATE,
    body: dict[str, Any],
    origin_kind: str,
    origin_id: UUID | None = None,
    idempotency_key: str | None = None,
    depends_on: Posting | None = None,
    reverses: Posting | None = None,
    requested_by: User | None = None,
) -> Posting:
    """Write down a write, in the caller's tenant transaction; ring `send_posting` after commit.

    The same key with the same content returns the posting that exists; with other content it raises ValidationError, as
    do a disconnected connection, an operation that the ledger does not know, and a resource that is not written.
    """
    if connection.status == Connection.Status.DISCONNECTED:
        raise ValidationError(f"{connection} is disconnected: nothing can be posted to it.")
    check_operation(connection.connector, resource, operation)
    policies.check_writes(connection, resource, is_undoing=reverses is not None)
    digest = body_hash(resource, operation, body)
    posting, _ = Posting.objects.get_or_create(
        connection=connection,
        idempotency_key=idempotency_key or str(uuid4()),
        defaults={
            "tenant_id": connection.tenant_id,
            "resource": resource,
            "operation": operation,
            "body": body,
            "body_hash": digest,
            "origin_kind": origin_kind,
            "origin_id": origin_id,
            "depends_on": depends_on,
            "reverses": reverses,
            "requested_by": requested_by,
        },
    )
    if posting.body_hash != digest:
        raise ValidationError("This idempotency key was used before with other content. Use a new key.")
    return posting


def cancel_posting(posting: Posting) -> None:
    """Cancel what has not been sent or was refused, and what waits for it; ValidationError when it is too late.

    A refused posting that is cancelled can never be replayed: whoever writes another one in its place cancels it first.
    """
    at_home = [Posting.Status.PENDING, Posting.Status.REJECTED]
    waiting = Posting.objects.for_tenant(posting.tenant_id).filter(pk=posting.pk, status__in=at_home)
    changes = {"status": Posting.Status.CANCELLED, "finished_at": timezone.now(), "lease_until": None}
    # The fence moves, so that a worker that is just preparing it cannot send it any more.
    changed = waiting.update(fence=F("fence") + 1, **changes)
    posting.refresh_from_db()
    if not changed:
        raise ValidationError(f"It cannot be cancelled any more: {posting.get_status_display().lower()}.")
    for dependant in posting.dependants.filter(status=Posting.Status.PENDING):
        cancel_posting(dependant)


def replay_posting(*, posting: Posting, requested_by: User | None = None) -> Posting:
    """Send a refused posting again, or look up an unknown outcome now; ValidationError in any other state."""
    rows = Posting.objects.for_tenant(posting.tenant_id).filter(pk=posting.pk)
    now = timezone.now()
    fresh = {"status": Posting.Status.PENDING, "attempts": 0, "available_at": now, "finished_at": None}
    # A refusal is certain, so a new request id is safe; with the old one some ledgers would repeat the refusal.
    again = rows.filter(status=Posting.Status.REJECTED).update(
        edition=F("edition") + 1, requested_by=requested_by, **fresh, **failures.NO_ERROR
    )
    unfinished = [Posting.Status.PENDING, Posting.Status.UNKNOWN]
    if not again and not rows.filter(status__in=unfinished).update(available_at=now):
        raise ValidationError(f"There is nothing to replay: {posting.get_status_display().lower()}.")
    posting.refresh_from_db()
    return posting


def reverse_posting(*, posting: Posting, requested_by: User | None = None) -> Posting:
    """Undo a posted document in the ledger: void it where the ledger can, otherwise delete it.

    Asking twice returns the same reversal. ValidationError when there is nothing to undo or the ledger has no way.
    """
    if posting.status != Posting.Status.POSTED or posting.operation != Posting.Operation.CREATE:
        raise ValidationError("Only a document that was created in the ledger can be reversed.")
    earlier = list(posting.reversals.order_by("id"))
    for reversal in earlier:
        if reversal.status not in {Posting.Status.CANCELLED, Posting.Status.REJECTED}:
            return reversal
    operation = reversal_of(posting.connection.connector, posting.resource, posting.remote_type)
    body = {"external_id": posting.external_id, "remote_type": posting.remote_type}
    if needs_day(posting.connection.connector, posting.resource, operation, posting.remote_type):
        body["issued_on"] = _reversal_day(posting).isoformat()
    return request_posting(
        connection=posting.connection,
        resource=posting.resource,
        operation=operation,
        body=body,
        origin_kind=posting.origin_kind,
        origin_id=posting.origin_id,
        idempotency_key=str(uuid5(posting.pk, f"reversal {len(earlier)}")),
        reverses=posting,
        requested_by=requested_by,
    )


def _reversal_day(posting: Posting) -> date:
    """The document's own day, so that no period shows one without the other; today where that period is closed."""
    own, closed = parse_date(str(posting.body.get("issued_on") or "")), posting.connection.closed_through
    return timezone.localdate() if own is None or (closed is not None and own <= closed) else own


def send_and_follow(tenant_id: UUID | str, posting_id: UUID | str) -> list[UUID]:
    """`send_posting`, and the ids of the postings that waited for it and can go now."""
    posting = send_posting(tenant_id, posting_id)
    if posting is None or posting.status != Posting.Status.POSTED:
        return []
    with tenant_scope(tenant_id):
        waiting = posting.dependants.filter(status=Posting.Status.PENDING)
        return list(waiting.order_by("id").values_list("pk", flat=True))
