"""The map as an auditor reads it: what in the source is what in the ledger, since which version, and by whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, OuterRef

from mappings.models import MappingSet, SourceValue, ValueMapping
from mappings.services.differences import unfit_values
from mappings.services.versions import Word, word_of

# What the fields of a document become, whatever its words; see `mappings.transform`.
FIELDS = (
    ("number", "number of the document"),
    ("issued_on", "date of the document"),
    ("due_on", "due date"),
    ("currency", "currency"),
    ("counterparty", "contact: found by its name, else created"),
    ("tax_mode, tax_total", "tax: included, added or none; compared with what the mapped rates give"),
    ("total", "total"),
    ("memo", "memo"),
    ("lines: category", "account of the line, by the values below"),
    ("lines: tax_code", "tax rate of the line, by the values below"),
    ("lines: amount, quantity, unit_price", "amount, quantity and price of the line"),
    ("lines: description", "description of the line"),
    ("payment_method", "account that was paid from or into, by the values below"),
    ("attributes", "custom fields, as set up for the connection"),
)


@dataclass(frozen=True)
class Entry:
    """One rule: the source's words, the ledger's record, and since when; `why_unfit` is empty when it can be used.

    `documents` have its word, whatever else it asks for; of a default, a word that no other rule holds for anyway.
    """

    subject: str
    side: str
    asked: str
    target: str
    target_id: str
    why_unfit: str
    documents: int
    since: MappingSet
    changed_by: str
    changed_at: datetime
    reason: str


@dataclass(frozen=True)
class Map:
    """One version of one connection, documented."""

    version: MappingSet
    entries: tuple[Entry, ...]
    history: tuple[MappingSet, ...]


def document_map(version: MappingSet) -> Map:
    """The version's rules, each with the approved version that brought it; a fixed number of queries."""
    history = _approved_until(version)
    since = _since(version, history)
    unfit = {row.pk: why for row, why in unfit_values(version)}
    used = _uses(version)
    rows = ValueMapping.objects.for_tenant(version.tenant_id).filter(mapping_set=version).select_related("changed_by")
    ordered = sorted(rows, key=lambda row: (row.subject, row.side, row.value.casefold(), row.words))
    entries = tuple(_entry(row, since, unfit, used, version) for row in ordered)
    return Map(version, entries, tuple(reversed(history)))


def rows_of(found: Map) -> Iterator[tuple[str, ...]]:
    """The table as text, heads first: for files."""
    yield (
        "Kind", "Side", "In the source", "In the ledger", "Id in the ledger", "Documents with it", "Since version",
        "Submitted by", "Approved by", "Approved at (UTC)", "Chosen by", "Chosen at (UTC)", "Reason",
        "Cannot be used because",
    )  # fmt: skip
    for each in found.entries:
        yield (
            each.subject, each.side, each.asked, each.target, each.target_id, str(each.documents),
            str(each.since.version), _name(each.since.submitted_by), _name(each.since.approved_by),
            _moment(each.since.approved_at), each.changed_by, _moment(each.changed_at), each.reason, each.why_unfit,
        )  # fmt: skip


def heading(found: Map) -> list[tuple[str, str]]:
    """What stands above the table: whose map, which version, who decided."""
    version = found.version
    return [
        ("Ledger", str(version.connection)),
        ("Version", f"{version.version} ({version.get_status_display().lower()})"),
        ("Holds for", f"documents dated from {version.holds_from}" if version.holds_from else "all documents"),
        ("Submitted", f"by {_name(version.submitted_by)} {_moment(version.submitted_at)}: {version.submitted_comment}"),
        (
            "Approved",
            f"by {_name(version.approved_by)} {_moment(version.approved_at)} {version.decision_comment}".strip(),
        ),
        ("Rules", f"{len(found.entries):,}"),
    ]


def _approved_until(version: MappingSet) -> list[MappingSet]:
    rows = MappingSet.objects.for_tenant(version.tenant_id).approved().filter(connection_id=version.connection_id)
    earlier = rows.filter(version__lt=version.version).select_related("approved_by", "submitted_by")
    return [*earlier.order_by("version"), version]


def _since(version: MappingSet, history: list[MappingSet]) -> dict[Word, MappingSet]:
    """For each rule the version from which on it has meant, without a break, what it means now."""
    by_id = {each.pk: each for each in history}
    rows = ValueMapping.objects.for_tenant(version.tenant_id).filter(mapping_set__in=list(by_id))
    plain = rows.only(
        "mapping_set_id", "subject", "side", "value", "conditions", "effective_from", "target_resource",
        "target_remote_type", "target_external_id",
    ).order_by("mapping_set__version")  # fmt: skip
    place = {each.pk: number for number, each in enumerate(history)}
    last: dict[Word, tuple[int, int, tuple[str, str, str]]] = {}
    for row in plain.iterator(chunk_size=2000):
        word, at = word_of(row), place[row.mapping_set_id]
        first, before, target = last.get(word, (at, at - 1, row.target_key))
        is_same = target == row.target_key and before == at - 1
        last[word] = (first if is_same else at, at, row.target_key)
    return {word: history[first] for word, (first, _, _) in last.items()}


def _uses(version: MappingSet) -> dict[tuple[str, str, str], int]:
    """Documents by word; those of a default under the empty word."""
    words = SourceValue.objects.for_tenant(version.tenant_id).filter(connection_id=version.connection_id)
    found = {row[:3]: row[3] for row in words.values_list("subject", "side", "value", "occurrences")}
    own = version.values.filter(
        subject=OuterRef("subject"), side=OuterRef("side"), value=OuterRef("value"), conditions={}, effective_from=None
    )
    rest = words.exclude(Exists(own)).values("subject", "side")
    for row in rest.annotate(documents=Count("uses__document", distinct=True)):
        found[(row["subject"], row["side"], "")] = row["documents"]
    return found


def _entry(
    row: ValueMapping,
    since: dict[Word, MappingSet],
    unfit: dict[UUID, str],
    used: dict[tuple[str, str, str], int],
    version: MappingSet,
) -> Entry:
    return Entry(
        subject=row.get_subject_display(),
        side=row.get_side_display(),
        asked=row.words,
        target=row.target_name,
        target_id=row.target_external_id,
        why_unfit=unfit.get(row.pk, ""),
        documents=used.get((row.subject, row.side, row.value), 0),
        since=since.get(word_of(row), version),
        changed_by=_name(row.changed_by),
        changed_at=row.changed_at,
        reason=row.reason,
    )


def _name(person: object) -> str:
    return str(person) if person else ""


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""
