"""What follows a write that landed: the mirror, the cross-reference, and the documents it changed along the way."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Least
from django.utils import timezone

from integrations.engine.errors import IntegrationError, RateLimited
from integrations.engine.results import Deletion, Record
from integrations.models import Connection, CrossReference, LedgerRecord, Posting
from integrations.services import attaching, baselines, drift, policies, records, variance
from integrations.services.attaching import Attached
from integrations.services.connectors import connector_of
from integrations.services.failures import NO_ERROR
from integrations.services.hashing import body_hash
from integrations.services.ledgers import Session
from integrations.services.ordering import followers, touches
from integrations.services.references import references
from integrations.services.work import conclude, wake
from tenants.rls import tenant_scope

log = structlog.get_logger(__name__)

# Our clock and the ledger's differ; asking a little earlier costs nothing.
_BEFORE_SENDING = timedelta(minutes=5)
_WHILE_CROWDED = timedelta(minutes=1)


def conclude_posted(posting: Posting, posted: Record | Deletion | Attached, *, correlation_id: str = "") -> None:
    """Write down, in one transaction, that the ledger has it: record, cross-reference, status; wake what waited."""
    with tenant_scope(posting.tenant_id):
        record = _mirror(posting, posted) if isinstance(posted, Record) else None
        kept = attaching.note(posting, posted) if isinstance(posted, Attached) else record
        conclude(
            posting,
            status=Posting.Status.POSTED,
            external_id=posted.external_id,
            remote_type=posted.remote_type,
            record=kept,
            correlation_id=correlation_id[:100],
            **_without_question(posting),
            **NO_ERROR,
        )
        if isinstance(posted, Attached):
            # It changes no figure of the record: nothing is agreed anew, nothing is read back.
            wake(followers(posting))
            return
        baselines.agree(posting, posted if isinstance(posted, Record) else None)
        if isinstance(posted, Deletion):
            gone = [(posting.resource, posted.remote_type, posted.external_id, posted.at)]
            records.mark_deleted(connection=posting.connection, gone=gone)
        after_posting(posting, record)


def _without_question(posting: Posting) -> dict[str, Any]:
    """What nobody has answered is no longer asked: the ledger has told."""
    asks = posting.question.get("code") == "outcome_unknown" and "answer" not in posting.question
    return {"question": {}} if asks else {}


def after_posting(posting: Posting, record: LedgerRecord | None) -> None:
    """What follows from a posted row, in the caller's transaction: its source, approval, figures and followers."""
    _cross_reference(posting)
    if record is not None:
        _put_in_force(posting, record)
        variance.compare(posting, record)
    wake(followers(posting))


def _put_in_force(posting: Posting, posted: LedgerRecord) -> None:
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
        touches=touches(posting.resource, Posting.Operation.APPROVE, body),
        idempotency_key=str(uuid5(posting.pk, "approve")),
        origin_kind="approval",
        origin_id=posting.pk,
        depends_on=posting,
        requested_by=posting.requested_by,
    )
    waiting = posting.dependants.filter(status=Posting.Status.PENDING).exclude(pk=approval.pk)
    waiting.update(depends_on=approval)


def read_back(written: Sequence[Posting], session: Session, affected: set[tuple[str, str]]) -> None:
    """Read the documents that writes changed (paid invoices): one read, or one question for changes if several.

    `written` were sent in one call. A failure here does not undo them: the next sync is asked for instead.
    """
    first = written[0]
    for posting in written:
        if posting.record is not None and posting.operation != Posting.Operation.ATTACH:
            named = references(posting.record.unified)
            affected |= {(name, key) for name, key, field in named if field == "allocations"}
    try:
        _read_affected(first, session, affected)
    except IntegrationError as error:
        log.warning("read_back_failed", posting=str(first.pk), code=error.code)
        # While the limits are used up, one sync reads what many postings changed: it need not come at once.
        soon = timezone.now() + (_WHILE_CROWDED if isinstance(error, RateLimited) else timedelta(0))
        with tenant_scope(first.tenant_id):
            rows = Connection.objects.filter(pk=first.connection_id)
            rows.update(next_sync_at=Least("next_sync_at", Value(soon)))


def _read_affected(first: Posting, session: Session, affected: set[tuple[str, str]]) -> None:
    with tenant_scope(first.tenant_id):
        refreshed = set(policies.read_resources(first.connection))
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
        since = (first.sent_at or timezone.now()) - _BEFORE_SENDING
        found = session.ledger.changes(names, since).records
    with tenant_scope(first.tenant_id):
        for resource, rows in found.items():
            records.upsert_page(connection=first.connection, resource=resource, records=rows)
    drift.look(first.connection)


def _mirror(posting: Posting, posted: Record) -> LedgerRecord:
    records.upsert_page(connection=posting.connection, resource=posting.resource, records=[posted])
    rows = LedgerRecord.objects.for_tenant(posting.tenant_id).filter(connection_id=posting.connection_id)
    return rows.get(resource=posting.resource, remote_type=posted.remote_type, external_id=posted.external_id)


def _cross_reference(posting: Posting) -> None:
    if posting.reverses_id:
        # What is undone is no longer what its source became; a document that corrects it may take its place.
        CrossReference.objects.for_tenant(posting.tenant_id).filter(posting_id=posting.reverses_id).delete()
    if posting.operation != Posting.Operation.CREATE:
        return
    is_own = posting.reverses_id is None
    if not is_own or not _link(posting, posting.origin_kind, posting.origin_id):
        # One source with several documents of a kind (a match with two payments), or one that undoes another: each is
        # found by its posting.
        _link(posting, "posting", posting.pk)


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
