"""Which ledger record a source's own id became, and which source a ledger record came from."""

from dataclasses import dataclass

from django.db.models import QuerySet

from integrations.models import Connection, CrossReference, LedgerRecord, Posting


@dataclass(frozen=True)
class Origin:
    """What a record of the ledger came from: the source's kind and id, and the posting that wrote it."""

    local_kind: str
    local_id: str
    posting: Posting | None


def ledger_ids(*, connection: Connection, local_kind: str, local_id: str) -> "QuerySet[CrossReference]":
    """What a source's id became in a ledger, one row a resource."""
    rows = CrossReference.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    return rows.filter(local_kind=local_kind, local_id=local_id).order_by("resource", "id")


def origin_of(record: LedgerRecord) -> Origin | None:
    """Where a record of the mirror came from; None when nobody posted it from here."""
    rows = CrossReference.objects.for_tenant(record.tenant_id).filter(
        connection_id=record.connection_id,
        resource=record.resource,
        remote_type=record.remote_type,
        external_id=record.external_id,
    )
    found = rows.select_related("posting").first()
    if found is None:
        return None
    posting = found.posting
    if found.local_kind == "posting" and posting is not None and posting.origin_id is not None:
        # The second of its source's documents of a kind: the source is named by the posting.
        return Origin(posting.origin_kind, str(posting.origin_id), posting)
    return Origin(found.local_kind, found.local_id, posting)
