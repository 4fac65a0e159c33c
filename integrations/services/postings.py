"""Writes to a ledger as rows: asked for once per key, cancelled while they wait, replayed when mended."""

from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone

from integrations.models import Connection, Posting
from integrations.services import failures, policies
from integrations.services.connectors import check_operation
from integrations.services.hashing import body_hash
from integrations.services.ordering import followers, touches
from integrations.services.sending import send_and_follow, send_posting
from integrations.services.work import wake
from tenants.models import User

__all__ = ["cancel_posting", "replay_posting", "request_posting", "send_and_follow", "send_posting"]


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
    corrects: Posting | None = None,
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
            "corrects": corrects,
            "touches": touches(resource, operation, body, reverses),
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
    at_home = [Posting.Status.PENDING, Posting.Status.REJECTED, Posting.Status.HELD, Posting.Status.RESTING]
    waiting = Posting.objects.for_tenant(posting.tenant_id).filter(pk=posting.pk, status__in=at_home)
    changes = {"status": Posting.Status.CANCELLED, "finished_at": timezone.now(), "lease_until": None}
    # The fence moves, so that a worker that is just preparing it cannot send it any more.
    changed = waiting.update(fence=F("fence") + 1, **changes)
    posting.refresh_from_db()
    if not changed:
        raise ValidationError(f"It cannot be cancelled any more: {posting.get_status_display().lower()}.")
    for dependant in posting.dependants.filter(status__in=at_home):
        cancel_posting(dependant)
    # What only had to keep its turn goes on without it.
    wake(followers(posting))


def replay_posting(*, posting: Posting, requested_by: User | None = None) -> Posting:
    """Send a refused or resting posting again, or look up an unknown outcome now; ValidationError otherwise."""
    rows = Posting.objects.for_tenant(posting.tenant_id).filter(pk=posting.pk)
    now = timezone.now()
    fresh = {"status": Posting.Status.PENDING, "attempts": 0, "available_at": now, "finished_at": None}
    fresh |= {"requested_by": requested_by, **failures.NO_ERROR}
    # A refusal is certain, so a new request id is safe; with the old one some ledgers would repeat the refusal.
    again = rows.filter(status=Posting.Status.REJECTED).update(edition=F("edition") + 1, **fresh)
    again = again or rows.filter(status=Posting.Status.RESTING).update(**fresh)
    unfinished = [Posting.Status.PENDING, Posting.Status.UNKNOWN]
    if not again and not rows.filter(status__in=unfinished).update(available_at=now):
        raise ValidationError(f"There is nothing to replay: {posting.get_status_display().lower()}.")
    posting.refresh_from_db()
    return posting
