"""What follows a write that landed: the mirror, the cross-reference, and the documents it changed along the way."""

from datetime import timedelta
from uuid import UUID, uuid5

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.engine.errors import IntegrationError
from integrations.engine.results import Deletion, Record
from integrations.models import Connection, CrossReference, LedgerRecord, Posting
from integrations.services import baselines, drift, policies, records
from integrations.services.connectors import connector_of
from integrations.services.failures import NO_ERROR
from integrations.services.hashing import body_hash
from integrations.services.ledgers import Session
from integrations.services.readiness import references
from integrations.services.work import conclude, wake
from tenants.rls import tenant_scope

log = structlog.get_logger(__name__)

# Our clock and the ledger's differ; asking a little earlier costs nothing.
_BEFORE_SENDING = timedelta(minutes=5)


def conclude_posted(posting: Posting, posted: Record | Deletion, *, correlation_id: str = "") -> None:
    """Write down, in one transaction, that the ledger has it: record, cross-reference, status; wake what waited."""
    with tenant_scope(posting.tenant_id):
        record = _mirror(posting, posted) if isinstance(posted, Record) else None
        conclude(
            posting,
            status=Posting.Status.POSTED,
            external_id=posted.external_id,
            remote_type=posted.remote_type,
            record=record,
            correlation_id=correlation_id[:100],
            **NO_ERROR,
        )
        _cross_reference(posting)
        baselines.agree(posting, posted if isinstance(posted, Record) else None)
        if isinstance(posted, Deletion):
            gone = [(posting.resource, posted.remote_type, posted.external_id, posted.at)]
            records.mark_deleted(connection=posting.connection, gone=gone)
        if isinstance(posted, Record):
            _put_in_force(posting, posted)
        wake(posting.dependants.filter(status=Posting.Status.PENDING))


def _put_in_force(posting: Posting, posted: Record) -> None:
    """A document that the ledger keeps as a draft is approved next, and what waited for it waits for that.

    Partner applications that write records themselves decide for themselves.
    """
    entity = connector_of(posting.connection).resources[posting.resource].entities.get(posted.remote_type)
    is_ours = posting.operation == Posting.Operation.CREATE and posting.origin_kind != "api"
    is_draft = posted.unified.get("status") == "draft" and entity is not None and "approve" in entity.operations
    if not is_ours or not is_draft:
        return
    body = {"external_id": posted.external_id, "remote_type": posted.remote_type}
    approval = Posting.objects.create(
        tenant_id=posting.tenant_id,
        connection=posting.connection,
        resource=posting.resource,
        operation=Posting.Operation.APPROVE,
        body=body,
        body_hash=body_hash(posting.resource, Posting.Operation.APPROVE, body),
        idempotency_key=str(uuid5(posting.pk, "approve")),
        origin_kind="approval",
        origin_id=posting.pk,
        depends_on=posting,
        requested_by=posting.requested_by,
    )
    waiting = posting.dependants.filter(status=Posting.Status.PENDING).exclude(pk=approval.pk)
    waiting.update(depends_on=approval)


def read_back(posting: Posting, session: Session, affected: set[tuple[str, str]], posted: Record | Deletion) -> None:
    """Read the documents that the write changed (a paid invoice): one read, or one question for changes if several.

    A failure here does not undo the posting: the next sync is asked for at once instead.
    """
    if isinstance(posted, Record):
        named = references(posted.unified)
        affected |= {(name, key) for name, key, field in named if field == "allocations"}
    try:
        _read_affected(posting, session, affected)
    except IntegrationError as error:
        log.warning("read_back_failed", posting=str(posting.pk), code=error.code)
        with tenant_scope(posting.tenant_id):
            Connection.objects.filter(pk=posting.connection_id).update(next_sync_at=timezone.now())


def _read_affected(posting: Posting, session: Session, affected: set[tuple[str, str]]) -> None:
    with tenant_scope(posting.tenant_id):
        refreshed = set(policies.read_resources(posting.connection))
    # Our own document is kept whatever its direction; what it changed along the way only where we read that.
    affected = {each for each in affected if each[0] in refreshed}
    if not affected:
        return
    names = sorted({resource for resource, _ in affected})
    if len(affected) == 1:
        found = {names[0]: [session.ledger.read(names[0], external_id) for _, external_id in affected]}
    elif len(names) == 1:
        found = {names[0]: session.ledger.read_many(names[0], sorted(external_id for _, external_id in affected))}
    else:
        since = (posting.sent_at or timezone.now()) - _BEFORE_SENDING
        found = session.ledger.changes(names, since).records
    with tenant_scope(posting.tenant_id):
        for resource, rows in found.items():
            records.upsert_page(connection=posting.connection, resource=resource, records=rows)
    drift.look(posting.connection)


def _mirror(posting: Posting, posted: Record) -> LedgerRecord:
    records.upsert_page(connection=posting.connection, resource=posting.resource, records=[posted])
    rows = LedgerRecord.objects.for_tenant(posting.tenant_id).filter(connection_id=posting.connection_id)
    return rows.get(resource=posting.resource, remote_type=posted.remote_type, external_id=posted.external_id)


def _cross_reference(posting: Posting) -> None:
    if posting.operation == Posting.Operation.CREATE:
        if not _link(posting, posting.origin_kind, posting.origin_id):
            # One source with several documents of a kind (a match with two payments): each is found by its posting.
            _link(posting, "posting", posting.pk)
    elif posting.reverses_id:
        CrossReference.objects.for_tenant(posting.tenant_id).filter(posting_id=posting.reverses_id).delete()


def _link(posting: Posting, kind: str, local_id: UUID | None) -> bool:
    if local_id is None:
        return False
    try:
        with transaction.atomic():
            CrossReference.objects.create(
                tenant_id=posting.tenant_id,
                connection_id=posting.connection_id,
                local_kind=kind,
                local_id=str(local_id),
                resource=posting.resource,
                remote_type=posting.remote_type,
                external_id=posting.external_id,
                posting=posting,
            )
    except IntegrityError:
        return False
    return True
