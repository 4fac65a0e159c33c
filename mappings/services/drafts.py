"""Work on the draft: what each word of the source means in the ledger."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from integrations.models import Connection, LedgerRecord
from mappings.models import MappingSet, ValueMapping
from mappings.services.targets import name_of, target_of
from mappings.services.versions import (
    VersionError,
    Word,
    active_set,
    copy_set,
    locked,
    open_set,
    remember_editor,
    serialise,
)
from mappings.transform.fit import RESOURCES, misfit
from tenants.models import User


@dataclass(frozen=True)
class Evidence:
    """Why a record was chosen, if a suggestion was taken."""

    confidence: Decimal | None = None
    reason: str = ""


def ensure_draft(*, connection: Connection, by: User) -> MappingSet:
    """The connection's draft, else a copy of the active version; refused while a version waits for approval."""
    serialise(connection)
    current = open_set(connection)
    if current is None:
        return copy_set(connection, source=active_set(connection), by=by)
    if not current.is_draft:
        raise VersionError(
            f"Version {current.version} waits for approval. It must be approved, sent back or withdrawn before "
            "anything can be changed."
        )
    return current


def set_value(
    *, draft: MappingSet, word: Word, record: LedgerRecord | None, by: User, evidence: Evidence | None = None
) -> ValueMapping | None:
    """Say what a word means in the draft, or (`record` None) that it means nothing; refuses records that do not fit."""
    draft = locked(draft, MappingSet.Status.DRAFT, "Only a draft can be changed.")
    rows = ValueMapping.objects.for_tenant(draft.tenant_id).filter(
        mapping_set=draft, subject=word.subject, side=word.side, value=word.value
    )
    remember_editor(draft, by)
    if record is None:
        rows.delete()
        return None
    if record.connection_id != draft.connection_id or record.resource != RESOURCES[word.subject]:
        raise VersionError("That record belongs to another ledger.")
    if why := misfit((word.subject, word.side, word.value), target_of(record)):
        raise VersionError(f"{name_of(record)} cannot be used here: {why}.")
    evidence = evidence or Evidence()
    row, _ = ValueMapping.objects.update_or_create(
        tenant_id=draft.tenant_id,
        mapping_set=draft,
        subject=word.subject,
        side=word.side,
        value=word.value,
        defaults={
            "target_resource": record.resource,
            "target_external_id": record.external_id,
            "target_remote_type": record.remote_type,
            "target_name": name_of(record)[:300],
            "confidence": evidence.confidence,
            "reason": evidence.reason[:300],
            "changed_by": by,
            "changed_at": timezone.now(),
        },
    )
    return row
