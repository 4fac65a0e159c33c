"""Many words at once into the draft: one lock, one look at the ledger, one write, all or nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.utils import timezone

from integrations.models import Connection, LedgerRecord
from mappings.models import MappingSet, ValueMapping
from mappings.services.drafts import Evidence
from mappings.services.targets import name_of, target_of
from mappings.services.versions import VersionError, Word, active_set, locked, remember_editor, word_of
from mappings.transform.fit import RESOURCES, misfit
from tenants.models import User

_WRITTEN = (
    "target_resource", "target_external_id", "target_remote_type", "target_name", "confidence", "reason",
    "changed_by", "changed_at",
)  # fmt: skip
_NAMED = 5


@dataclass(frozen=True)
class Assignment:
    """What a word shall mean: the ledger's id of a record, or nothing when it is empty."""

    word: Word
    external_id: str
    evidence: Evidence = field(default_factory=Evidence)


def assign(*, draft: MappingSet, assignments: Sequence[Assignment], by: User) -> int:
    """Say what many words mean in the draft; refused as a whole when any record is gone or does not fit."""
    draft = locked(draft, MappingSet.Status.DRAFT, "Only a draft can be changed.")
    remember_editor(draft, by)
    records = _records(draft.connection, assignments)
    _refuse_unfit(records, assignments)
    present = _present(draft, assignments)
    kept = _evidence_of_active(draft.connection, assignments)
    now = timezone.now()
    fresh: list[ValueMapping] = []
    gone: list[UUID] = []
    changed: list[ValueMapping] = []
    for each in assignments:
        row = present.get(each.word)
        if not each.external_id:
            gone += [row.pk] if row else []
            continue
        (changed if row else fresh).append(row := row or _blank(draft, each.word))
        evidence = each.evidence if each.evidence.reason else kept.get((each.word, each.external_id), each.evidence)
        _point(row, records[(RESOURCES[each.word.subject], each.external_id)], evidence)
        row.changed_by, row.changed_at = by, now
    ValueMapping.objects.for_tenant(draft.tenant_id).filter(pk__in=gone).delete()
    ValueMapping.objects.bulk_create(fresh, batch_size=1000)
    ValueMapping.objects.bulk_update(changed, _WRITTEN, batch_size=500)
    return len(assignments)


def _records(connection: Connection, assignments: Iterable[Assignment]) -> dict[tuple[str, str], LedgerRecord]:
    wanted = {(RESOURCES[each.word.subject], each.external_id) for each in assignments if each.external_id}
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).filter(
        connection=connection,
        deleted_at=None,
        resource__in={resource for resource, _ in wanted},
        external_id__in={external_id for _, external_id in wanted},
    )
    found = {(row.resource, row.external_id): row for row in rows.defer("raw", "search").order_by("-id")}
    if wanted - found.keys():
        raise VersionError("That record is not in this ledger any more; sync and choose another.")
    return found


def _refuse_unfit(records: dict[tuple[str, str], LedgerRecord], assignments: Iterable[Assignment]) -> None:
    judged: dict[tuple[str, str, str], str] = {}
    refused: dict[str, list[str]] = {}
    for each in assignments:
        if not each.external_id:
            continue
        record = records[(RESOURCES[each.word.subject], each.external_id)]
        use = (each.word.subject, each.word.side, each.external_id)
        if use not in judged:
            judged[use] = misfit((use[0], use[1], ""), target_of(record))
        if judged[use]:
            refused.setdefault(f"{name_of(record)} cannot be used here: {judged[use]}", []).append(each.word.value)
    if refused:
        raise VersionError([f"{why} ({_some(values)})." for why, values in refused.items()])


def _some(values: list[str]) -> str:
    named = ", ".join(f"“{value}”" for value in values[:_NAMED])
    return f"{named} and {len(values) - _NAMED} more" if len(values) > _NAMED else named


def _present(mapping_set: MappingSet, assignments: Iterable[Assignment]) -> dict[Word, ValueMapping]:
    rows = ValueMapping.objects.for_tenant(mapping_set.tenant_id).filter(
        mapping_set=mapping_set, value__in={each.word.value for each in assignments}
    )
    return {word_of(row): row for row in rows}


def _evidence_of_active(connection: Connection, assignments: Iterable[Assignment]) -> dict[tuple[Word, str], Evidence]:
    # Taking a change back restores why the active version says so, not only what it says.
    active = active_set(connection)
    rows = _present(active, assignments) if active else {}
    return {(word, row.target_external_id): Evidence(row.confidence, row.reason) for word, row in rows.items()}


def _blank(draft: MappingSet, word: Word) -> ValueMapping:
    return ValueMapping(
        tenant_id=draft.tenant_id,
        mapping_set=draft,
        subject=word.subject,
        side=word.side,
        value=word.value,
    )


def _point(row: ValueMapping, record: LedgerRecord, evidence: Evidence) -> None:
    row.target_resource, row.target_remote_type = record.resource, record.remote_type
    row.target_external_id, row.target_name = record.external_id, name_of(record)[:300]
    row.confidence, row.reason = evidence.confidence, evidence.reason[:300]
