"""What a person decides about duplicate contacts: merge as alias, keep apart, undo. The ledger stays as it is."""

from collections.abc import Collection
from itertools import combinations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from integrations.models import Connection, LedgerRecord
from mappings.models import ContactAlias, ContactsApart, DuplicateGroup
from mappings.services.aliases import spelling
from mappings.services.cleansing import LEDGER
from tenants.models import User

Status = DuplicateGroup.Status


def merge(*, group: DuplicateGroup, chosen: str, by: User, keys: Collection[str] | None = None) -> int:
    """Documents that name any of the members use the ledger contact `chosen` from now on; returns how many aliases.

    `keys`: only these members; those left out are kept apart from the chosen one. ValidationError when it is decided
    already, or `chosen` is no active contact of the ledger.
    """
    with transaction.atomic():
        row = _locked(group, Status.OPEN)
        record = _contact(row.connection, row.kind, chosen)
        named = set(keys) if keys is not None else {each["key"] for each in row.members}
        inside = [each for each in row.members if each["key"] in named and each["external_id"] != chosen]
        outside = [each["key"] for each in row.members if each["key"] not in named and each["external_id"] != chosen]
        names = {spelling(each["name"]) for each in inside} - {spelling(record.name)}
        if not inside:
            raise ValidationError("Tick at least one other contact to merge with the chosen one.")
        _refuse_taken(row, names, chosen)
        ContactAlias.objects.bulk_create(
            [
                ContactAlias(
                    tenant_id=row.tenant_id,
                    connection=row.connection,
                    group=row,
                    kind=row.kind,
                    name=name[:300],
                    target_external_id=record.external_id,
                    target_name=record.name,
                    made_by=by,
                )
                for name in sorted(names)
            ],
            ignore_conflicts=True,
        )
        own = next((each["key"] for each in row.members if each["external_id"] == chosen), f"l:{chosen}")
        _separate(row, [(own, key) for key in outside])
        _decide(row, Status.MERGED, by, chosen)
        return len(names)


def keep_apart(*, group: DuplicateGroup, by: User) -> None:
    """These are different: never propose any two of them together again."""
    with transaction.atomic():
        row = _locked(group, Status.OPEN)
        _separate(row, list(combinations([each["key"] for each in row.members], 2)))
        _decide(row, Status.APART, by, "")


def undo(*, group: DuplicateGroup, by: User) -> None:
    """Take a decision back: its aliases and separations are removed, and the group waits again."""
    with transaction.atomic():
        row = _locked(group, Status.MERGED, Status.APART)
        ContactAlias.objects.for_tenant(row.tenant_id).filter(group=row).delete()
        ContactsApart.objects.for_tenant(row.tenant_id).filter(group=row).delete()
        _decide(row, Status.OPEN, by, "")


def merge_exact(*, connection: Connection, by: User) -> int:
    """Merge every group that is the same beyond doubt, into the member with most documents; returns how many."""
    rows = DuplicateGroup.objects.for_tenant(connection.tenant_id).filter(connection=connection, is_exact=True).open()
    done = 0
    for row in rows.order_by("id"):
        try:
            merge(group=row, chosen=first_choice(row), by=by)
        except ValidationError:
            # Its contact was archived, or another group has the name: a person decides on that one.
            continue
        done += 1
    return done


def first_choice(group: DuplicateGroup) -> str:
    """The ledger contact proposed to stay: the one that most documents name, else the first."""
    inside = [each for each in group.members if each["origin"] == LEDGER]
    best = max(
        inside, key=lambda each: (each["documents"], bool(each["tax_number"]), bool(each["email"])), default=None
    )
    return str(best["external_id"]) if best else ""


def _locked(group: DuplicateGroup, *states: str) -> DuplicateGroup:
    rows = DuplicateGroup.objects.for_tenant(group.tenant_id).select_related("connection")
    row = rows.select_for_update(of=("self",)).get(pk=group.pk)
    if row.status not in states:
        raise ValidationError(f"This group is {row.get_status_display().lower()} already. Reload the page.")
    return row


def _contact(connection: Connection, kind: str, external_id: str) -> LedgerRecord:
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, "contacts")
    record = rows.filter(kind=kind, is_active=True, external_id=external_id).first()
    if record is None:
        raise ValidationError("Choose an active contact of the ledger to stay; sync first if it has just been made.")
    return record


def _refuse_taken(row: DuplicateGroup, names: set[str], chosen: str) -> None:
    aliases = ContactAlias.objects.for_tenant(row.tenant_id).filter(connection=row.connection, kind=row.kind)
    taken = aliases.filter(name__in=names).exclude(target_external_id=chosen).first()
    if taken is not None:
        raise ValidationError(f"“{taken.name}” is an alias of {taken.target_name} already. Undo that first.")


def _separate(row: DuplicateGroup, pairs: list[tuple[str, str]]) -> None:
    ContactsApart.objects.bulk_create(
        [
            ContactsApart(
                tenant_id=row.tenant_id, connection=row.connection, group=row, first=min(pair), second=max(pair)
            )
            for pair in pairs
        ],
        ignore_conflicts=True,
    )


def _decide(row: DuplicateGroup, status: str, by: User, chosen: str) -> None:
    row.status, row.decided_by, row.decided_at, row.chosen = status, by, timezone.now(), chosen
    row.save(update_fields=["status", "decided_by", "decided_at", "chosen"])
