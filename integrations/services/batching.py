"""Who goes along: postings of one connection that wait, fit into one call, and can be found again without a key.

A single one goes at once, alone: nothing ever waits for company.
"""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from integrations.engine import batches
from integrations.engine.errors import IntegrationError
from integrations.models import Posting
from integrations.services.connectors import connector_of
from integrations.services.work import claim_several, keep, release
from tenants.rls import tenant_scope

Status = Posting.Status

# More are looked at than can go, because some of those that wait are of another kind.
_LOOKED_AT = 3


def mates(posting: Posting) -> list[Posting]:
    """Claimed postings that can go in one call with this claimed one; none where that saves nothing."""
    group = _group(posting)
    declared = connector_of(posting.connection).batch
    if group is None or declared is None:
        return []
    with tenant_scope(posting.tenant_id):
        free = _waiting_like(posting)
        ids = [row.pk for row in free[: declared.most * _LOOKED_AT] if _group(row) == group][: declared.most - 1]
        if not ids:
            return []
        rows = Posting.objects.for_tenant(posting.tenant_id).filter(pk__in=ids, status=Status.PENDING)
        found = claim_several(rows.order_by("id"), most=len(ids))
    for row in found:
        # One connection object: what one of them learns of it, such as its closing day, holds for all.
        row.connection = posting.connection
    return found


def lost_together(posting: Posting) -> list[Posting]:
    """The others of a call whose answer was lost, claimed: the same call under the same key tells what it did.

    None where the ledger does not remember keys so long, or where some of them are known already.
    """
    idempotency = connector_of(posting.connection).idempotency
    remembered = timedelta(hours=idempotency.ttl_hours)
    sent_at = posting.sent_at
    if posting.batch is None or idempotency.strategy != "native_key" or sent_at is None:
        return []
    if timezone.now() - sent_at > remembered:
        return []
    with tenant_scope(posting.tenant_id):
        rows = Posting.objects.for_tenant(posting.tenant_id).filter(batch=posting.batch).exclude(pk=posting.pk)
        lost = rows.filter(status__in=[Status.UNKNOWN, Status.SENT])
        count = rows.count()
        if lost.count() != count:
            return []
        # All wait alike for the next look: whoever comes first takes them all.
        lost.filter(lease_until=None).update(available_at=timezone.now())
        found = claim_several(lost.order_by("id"), most=count)
        if len(found) != count:
            for row in found:
                release(row)
            return []
        for row in found:
            keep(row, status=Status.UNKNOWN)
            row.connection = posting.connection
    return found


def _waiting_like(posting: Posting) -> "list[Posting]":
    now = timezone.now()
    rows = Posting.objects.for_tenant(posting.tenant_id).filter(
        Q(lease_until=None) | Q(lease_until__lte=now),
        Q(depends_on=None) | Q(depends_on__status=Status.POSTED),
        connection_id=posting.connection_id,
        status=Status.PENDING,
        operation=posting.operation,
        available_at__lte=now,
    )
    declared = connector_of(posting.connection).batch
    if declared is not None and declared.is_collection:
        rows = rows.filter(resource=posting.resource)
    found = list(rows.exclude(pk=posting.pk).order_by("id")[: (declared.most if declared else 0) * _LOOKED_AT])
    for row in found:
        row.connection = posting.connection
    return found


def _group(posting: Posting) -> tuple[str, ...] | None:
    if posting.status != Status.PENDING or posting.operation != Posting.Operation.CREATE:
        return None
    connector = connector_of(posting.connection)
    try:
        return batches.group_of(connector, posting.resource, posting.operation, posting.body)
    except IntegrationError:
        # It cannot even be said in the ledger's form: it is refused alone.
        return None
