"""Versions as rows: find them, copy them, let one person at a time change them."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection as database
from django.db.models import Max, Q

from integrations.models import Connection
from mappings.models import MappingSet, ValueMapping
from mappings.transform import Rule, Target
from tenants.models import User

_COPIED = (
    "subject",
    "side",
    "value",
    "conditions",
    "effective_from",
    "target_resource",
    "target_external_id",
    "target_remote_type",
    "target_name",
    "confidence",
    "reason",
    "changed_by_id",
    "changed_at",
)


class VersionError(ValidationError):
    """A step that this version or this person may not take; the message says why and what to do."""


@dataclass(frozen=True)
class Word:
    """What a rule asks for: a word of the source in its use (empty: any), and beside it conditions and a date."""

    subject: str
    side: str
    value: str
    conditions: tuple[tuple[str, str], ...] = ()
    effective_from: date | None = None


def word_of(row: ValueMapping) -> Word:
    """What a stored rule asks for."""
    return Word(row.subject, row.side, row.value, tuple(sorted(row.conditions.items())), row.effective_from)


def rule_of(row: ValueMapping, target: Target) -> Rule:
    """A stored rule as the transformation takes it, with its record as the ledger is now."""
    since = row.effective_from.isoformat() if row.effective_from else ""
    return Rule(row.subject, row.side, row.value, target, row.conditions, since, row.reason)


def active_set(connection: Connection) -> MappingSet | None:
    """The version that was approved last; documents dated before its `holds_from` have an earlier one."""
    return MappingSet.objects.for_tenant(connection.tenant_id).active().filter(connection=connection).first()


def set_for(connection: Connection, issued_on: date) -> MappingSet | None:
    """The version that maps documents of a date: the last approved one that holds on it."""
    rows = MappingSet.objects.for_tenant(connection.tenant_id).approved().filter(connection=connection)
    return rows.filter(Q(holds_from=None) | Q(holds_from__lte=issued_on)).order_by("-approved_at", "-version").first()


def open_set(connection: Connection) -> MappingSet | None:
    """The draft, or the version that waits for approval."""
    return MappingSet.objects.for_tenant(connection.tenant_id).open().filter(connection=connection).first()


def get_set(*, tenant_id: UUID, set_id: UUID | str) -> MappingSet:
    """A version of this tenant; MappingSet.DoesNotExist otherwise."""
    return MappingSet.objects.for_tenant(tenant_id).select_related("connection").get(pk=set_id)


def copy_set(
    connection: Connection,
    *,
    source: MappingSet | None,
    by: User,
    editors: list[int] | None = None,
    status: str = MappingSet.Status.DRAFT,
) -> MappingSet:
    rows = MappingSet.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    last = rows.aggregate(last=Max("version"))["last"] or 0
    made = MappingSet.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        version=last + 1,
        based_on=source,
        created_by=by,
        editors=editors or [],
        status=status,
    )
    if source is not None:
        values = ValueMapping.objects.for_tenant(source.tenant_id).filter(mapping_set=source)
        ValueMapping.objects.bulk_create(
            ValueMapping(
                tenant_id=connection.tenant_id, mapping_set=made, **{name: getattr(row, name) for name in _COPIED}
            )
            for row in values
        )
    return made


def remember_editor(draft: MappingSet, by: User) -> None:
    if by.pk not in draft.editors:
        draft.editors = [*draft.editors, by.pk]
        draft.save(update_fields=["editors"])


def locked(mapping_set: MappingSet, status: str, otherwise: str) -> MappingSet:
    serialise(mapping_set.connection)
    rows = MappingSet.objects.for_tenant(mapping_set.tenant_id).select_for_update(of=("self",))
    found = rows.select_related("connection").get(pk=mapping_set.pk)
    if found.status != status:
        raise VersionError(f"{otherwise} Version {found.version} is {found.get_status_display().lower()} now.")
    return found


def serialise(connection: Connection) -> None:
    # Two people deciding at once: the second waits and then sees what the first did.
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [str(connection.pk)])
