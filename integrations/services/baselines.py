"""What both sides agree on about a document that the portal wrote, kept when a write has landed."""

from typing import Any

from django.utils import timezone

from integrations.engine.results import Record
from integrations.models import Baseline, LedgerRecord, Posting
from integrations.services.content import content_hash
from integrations.unified import SCHEMAS

Operation = Posting.Operation

# Lists (contacts, items, accounts) are edited on both sides as a matter of course; documents are not.
DOCUMENTS = frozenset(name for name, schema in SCHEMAS.items() if "issued_on" in schema)
_UNDONE = frozenset({Operation.VOID, Operation.DELETE})
_WRITES = frozenset({Operation.CREATE, Operation.UPDATE, Operation.ALLOCATE})


def agree(posting: Posting, posted: Record | None) -> None:
    """Keep what the ledger answered to our write, inside the caller's transaction; what we undid has no baseline."""
    if posting.resource not in DOCUMENTS:
        return
    if posted is None or posting.operation in _UNDONE:
        forget(posting)
        return
    record = posting.record
    if record is None:
        return
    before = Baseline.objects.for_tenant(posting.tenant_id).filter(record=record).first()
    if before is None and posting.operation not in _WRITES:
        return
    Baseline.objects.update_or_create(
        record=record,
        defaults={
            "tenant_id": posting.tenant_id,
            "connection_id": posting.connection_id,
            # An approval or a sending says nothing of its own.
            "posting": posting if before is None or posting.operation in _WRITES else before.posting,
            "body": _written(before.body if before else {}, posting),
            "state": posted.unified,
            "previous": None,
            "agreed_at": timezone.now(),
        },
    )
    rows = LedgerRecord.objects.for_tenant(posting.tenant_id).filter(pk=record.pk)
    rows.update(compared_hash=content_hash(posted))


def forget(posting: Posting) -> None:
    """What we took back ourselves is compared with nothing any more."""
    rows = LedgerRecord.objects.for_tenant(posting.tenant_id).filter(
        connection_id=posting.connection_id, resource=posting.resource, external_id=posting.external_id
    )
    if posting.remote_type:
        rows = rows.filter(remote_type=posting.remote_type)
    rows.update(compared_hash="")
    Baseline.objects.for_tenant(posting.tenant_id).filter(record__in=rows).delete()


def _written(before: dict[str, Any], posting: Posting) -> dict[str, Any]:
    """All that we wrote of a document so far: later values over earlier ones, allocations beside earlier ones."""
    if posting.operation not in _WRITES:
        return before
    body = {name: value for name, value in posting.body.items() if name not in ("external_id", "version")}
    if posting.operation == Operation.ALLOCATE:
        body = {"allocations": [*before.get("allocations", []), *body.get("allocations", [])]}
    return {**before, **body}
