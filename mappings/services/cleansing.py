"""Duplicate contacts over the ledger and the sources: found after syncs, kept as groups for a person to decide on."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db.models import Count, Max
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.utils import timezone

from integrations.models import Connection, LedgerRecord
from mappings.cleansing import Group, Party, find_groups
from mappings.models import ContactAlias, ContactsApart, DuplicateGroup, HealthWatch, SourceDocument
from mappings.models.cleansing import ContactKind
from mappings.services.aliases import spelling
from tenants.rls import tenant_scope

Status = DuplicateGroup.Status
LEDGER, SOURCE = "ledger", "source"

_OF_CUSTOMERS = ("sale", "refund", "credit")
_COLUMNS = ("members", "evidence", "confidence", "is_exact", "documents", "status")


@dataclass(frozen=True)
class Member:
    """A contact of the ledger, or a name in documents; `documents` name it."""

    key: str
    origin: str
    name: str
    external_id: str = ""
    remote_type: str = ""
    email: str = ""
    tax_number: str = ""
    documents: int = 0

    def as_dict(self) -> dict[str, Any]:
        """As it is stored and shown."""
        return dict(vars(self))


def search(tenant_id: UUID | str, connection_id: UUID | str) -> int:
    """Look for duplicates in one connection now; returns how many groups wait for a decision."""
    with tenant_scope(tenant_id):
        rows = Connection.objects.for_tenant(UUID(str(tenant_id)))
        connection = rows.select_for_update(of=("self",), no_key=True).filter(pk=connection_id).first()
        return find_duplicates(connection) if connection else 0


def search_if_changed(tenant_id: UUID | str, connection_id: UUID | str) -> None:
    """The same when contacts or documents have come or changed since the last look; two cheap queries else."""
    with tenant_scope(tenant_id):
        watch = HealthWatch.objects.filter(tenant_id=tenant_id, connection_id=connection_id).first()
        since = watch.contacts_checked_at if watch else None
        contacts = LedgerRecord.objects.filter(tenant_id=tenant_id, connection_id=connection_id, resource="contacts")
        documents = SourceDocument.objects.filter(tenant_id=tenant_id, connection_id=connection_id)
        is_due = since is None or (
            contacts.filter(synced_at__gt=since).exists() or documents.filter(received_at__gt=since).exists()
        )
    if is_due:
        search(tenant_id, connection_id)


def find_duplicates(connection: Connection) -> int:
    """The same inside the tenant's transaction; a fixed number of queries."""
    now = timezone.now()
    apart = ContactsApart.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    separate = list(apart.values_list("first", "second"))
    for kind in ContactKind.values:
        members = {each.key: each for each in _members(connection, kind)}
        groups = find_groups((_party(each) for each in members.values()), separate)
        # Names that the ledger does not have yet cannot be told to use one of its contacts.
        known = [group for group in groups if any(members[key].origin == LEDGER for key in group.keys)]
        _store(connection, kind, known, members)
    HealthWatch.objects.update_or_create(
        tenant_id=connection.tenant_id,
        connection=connection,
        defaults={"contacts_checked_at": now},
        create_defaults={"contacts_checked_at": now, "checked_at": now},
    )
    return DuplicateGroup.objects.for_tenant(connection.tenant_id).filter(connection=connection).open().count()


def _members(connection: Connection, kind: str) -> Iterable[Member]:
    """Active contacts of the ledger, and names in documents that neither are one of those nor have an alias."""
    named = _named(connection, kind)
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, "contacts")
    columns = ("external_id", "remote_type", "name", "unified__email", "unified__tax_number")
    for external_id, remote_type, name, email, tax in rows.filter(kind=kind, is_active=True).values_list(*columns):
        _, documents = named.pop(spelling(name), ("", 0))[:2]
        yield Member(f"l:{external_id}", LEDGER, name, external_id, remote_type, email or "", tax or "", documents)
    aliases = ContactAlias.objects.for_tenant(connection.tenant_id).filter(connection=connection, kind=kind)
    for name in aliases.values_list("name", flat=True):
        named.pop(name, None)
    for key, (name, documents, email) in named.items():
        yield Member(f"s:{key}"[:400], SOURCE, name, email=email, documents=documents)


def _named(connection: Connection, kind: str) -> dict[str, tuple[str, int, str]]:
    documents = SourceDocument.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    of_customers = documents.filter(kind__in=_OF_CUSTOMERS)
    of_kind = of_customers if kind == ContactKind.CUSTOMER else documents.exclude(kind__in=_OF_CUSTOMERS)
    email = Max(KeyTextTransform("email", KeyTransform("counterparty", "body")))
    found: dict[str, tuple[str, int, str]] = {}
    counted = of_kind.exclude(counterparty="").values("counterparty").annotate(count=Count("id"), email=email)
    for row in counted.order_by("-count"):
        key = spelling(row["counterparty"])
        name, count, mail = found.get(key, (row["counterparty"], 0, ""))
        found[key] = (name, count + row["count"], mail or row["email"] or "")
    return found


def _party(member: Member) -> Party:
    return Party(member.key, member.name, member.email, member.tax_number, in_ledger=member.origin == LEDGER)


def _store(connection: Connection, kind: str, groups: list[Group], members: dict[str, Member]) -> None:
    rows = DuplicateGroup.objects.for_tenant(connection.tenant_id).filter(connection=connection, kind=kind)
    stored = {row.key: row for row in rows.select_for_update()}
    merged = [{each["key"] for each in row.members} for row in stored.values() if row.status == Status.MERGED]
    again: list[DuplicateGroup] = []
    fresh: list[DuplicateGroup] = []
    met = set()
    for group in groups:
        if any(set(group.keys) <= together for together in merged):
            continue
        key = sha256("\n".join(group.keys).encode()).hexdigest()
        met.add(key)
        row = stored.get(key)
        if row is not None and row.status not in (Status.OPEN, Status.GONE):
            continue
        is_new = row is None
        row = row or DuplicateGroup(tenant_id=connection.tenant_id, connection=connection, kind=kind, key=key)
        _fill(row, group, members)
        (fresh if is_new else again).append(row)
    DuplicateGroup.objects.bulk_update(again, _COLUMNS, batch_size=500)
    DuplicateGroup.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=500)
    gone = [row.pk for key, row in stored.items() if row.status == Status.OPEN and key not in met]
    if gone:
        rows.filter(pk__in=gone).update(status=Status.GONE)


def _fill(row: DuplicateGroup, group: Group, members: dict[str, Member]) -> None:
    inside = sorted((members[key] for key in group.keys), key=lambda each: (each.origin, -each.documents, each.name))
    row.members = [each.as_dict() for each in inside]
    row.evidence = [
        {
            "a": members[pair.first].name,
            "b": members[pair.second].name,
            "confidence": pair.confidence,
            "reasons": list(pair.reasons),
        }
        for pair in group.pairs
    ]
    row.confidence, row.is_exact, row.status = group.confidence, group.is_exact, Status.OPEN
    row.documents = sum(each.documents for each in inside)
