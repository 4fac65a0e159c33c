"""What a version would set free: documents whose every missing word it names."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from integrations.models import LedgerRecord
from mappings.models import DocumentValue, MappingSet, SourceDocument
from mappings.services.practice import practice_of
from mappings.services.targets import find_targets
from mappings.services.versions import rule_of
from mappings.transform import Book, Document
from mappings.transform.fit import misfit
from mappings.transform.money import text_of
from mappings.transform.naming import used

MOST_READ = 2_000


@dataclass(frozen=True)
class Impact:
    """Waiting documents that will go, their sums by currency, and how many still wait.

    `unread` of those that stay were too many to ask the rules with conditions of; some of them may go as well.
    """

    goes: int
    amounts: tuple[tuple[str, Decimal], ...]
    stays: int
    unread: int = 0

    @property
    def money(self) -> str:
        """Such as "1,200.00 GBP and 30.00 EUR"."""
        return " and ".join(text_of(amount, currency) for currency, amount in self.amounts)


def impact_of(mapping_set: MappingSet, *, most_read: int = MOST_READ) -> Impact:
    """Documents waiting for mappings in this connection, split by whether this version names all their words.

    A rule whose record is inactive or gone names nothing. Words named without conditions are settled in the database;
    conditions are asked of each document, of at most `most_read` that have a word which only such rules name.
    """
    waiting = (
        SourceDocument.objects.for_tenant(mapping_set.tenant_id)
        .waiting()
        .filter(connection=mapping_set.connection, waits_for=SourceDocument.WaitsFor.MAPPING)
    )
    is_open = _unsettled(mapping_set, whatever_else=True)
    sums = waiting.exclude(is_open).values("currency").annotate(count=Count("id"), amount=Sum("total"))
    goes, amounts = 0, dict[str, Decimal]()
    for row in sums:
        goes, amounts[row["currency"]] = goes + row["count"], row["amount"]
    maybe = waiting.filter(is_open).exclude(_unsettled(mapping_set, whatever_else=False)).order_by("id")
    open_ones = maybe if _asks(mapping_set) else waiting.none()
    for document in _named(mapping_set, open_ones[:most_read]):
        goes += 1
        amounts[document.currency] = amounts.get(document.currency, Decimal(0)) + document.total
    largest_first = tuple(sorted(amounts.items(), key=lambda each: -each[1]))
    return Impact(goes, largest_first, waiting.count() - goes, max(0, open_ones.count() - most_read))


def _asks(mapping_set: MappingSet) -> bool:
    return mapping_set.values.exclude(conditions={}).exists()


def _unsettled(mapping_set: MappingSet, *, whatever_else: bool) -> Exists:
    """Whether a document has a word for which no rule holds, or one whose record the ledger would refuse.

    `whatever_else`: only rules without conditions count; otherwise any rule about the word, be it met or not.
    """
    rules = mapping_set.values.filter(
        Q(effective_from=None) | Q(effective_from__lte=OuterRef("document__issued_on")),
        subject=OuterRef("source_value__subject"),
        side=OuterRef("source_value__side"),
    )
    rules = rules.filter(conditions={}) if whatever_else else rules
    own, default = rules.filter(value=OuterRef("source_value__value")), rules.filter(value="")
    records = LedgerRecord.objects.filter(
        connection=mapping_set.connection_id,
        resource=OuterRef("target_resource"),
        remote_type=OuterRef("target_remote_type"),
        external_id=OuterRef("target_external_id"),
        is_active=True,
        deleted_at=None,
    )
    usable = Exists(records)
    # The word's own rule wins over the default even where its record cannot be used.
    is_settled = Exists(own.filter(usable)) | (~Exists(own) & Exists(default.filter(usable)))
    if not whatever_else:
        is_settled = Exists(own) | Exists(default)
    return Exists(DocumentValue.objects.filter(document=OuterRef("pk")).exclude(is_settled))


def _named(mapping_set: MappingSet, rows: QuerySet[SourceDocument]) -> Iterator[Document]:
    """Those of some documents for whose every word a rule holds that leads to a record which can be used."""
    documents = [Document.from_body(body) for body in rows.values_list("body", flat=True)]
    values = {key[2] for document in documents for _, key, _ in document.words()}
    rules = list(mapping_set.values.filter(value__in=values | {""}))
    targets = find_targets(mapping_set.connection, rules)
    book = Book(0, [rule_of(row, targets[row.target_key]) for row in rules])
    practices = {kind: practice_of(mapping_set.connection, kind) for kind in {document.kind for document in documents}}
    for document in documents:
        asked = used(book, document, practices[document.kind])
        found = [(key, book.target(key, document, line)) for _, key, line in document.words() if key in asked]
        if all(target and not misfit(key, target, document.currency) for key, target in found):
            yield document
