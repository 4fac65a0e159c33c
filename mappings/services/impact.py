"""What a version would set free: documents whose every missing word it names."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from mappings.models import DocumentValue, MappingSet, SourceDocument, ValueMapping
from mappings.services.versions import rule_of
from mappings.transform import Book, Document, Target
from mappings.transform.money import text_of

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

    Words named without conditions are settled in the database. Conditions are asked of each document, of at most
    `most_read` that have a word which only rules with conditions name.
    """
    waiting = (
        SourceDocument.objects.for_tenant(mapping_set.tenant_id)
        .waiting()
        .filter(connection=mapping_set.connection, waits_for=SourceDocument.WaitsFor.MAPPING)
    )
    is_unnamed, may_be_named = _unnamed(mapping_set, conditions={}), _unnamed(mapping_set)
    sums = waiting.exclude(is_unnamed).values("currency").annotate(count=Count("id"), amount=Sum("total"))
    goes, amounts = 0, dict[str, Decimal]()
    for row in sums:
        goes, amounts[row["currency"]] = goes + row["count"], row["amount"]
    open_ones = (
        waiting.filter(is_unnamed).exclude(may_be_named).order_by("id") if _asks(mapping_set) else waiting.none()
    )
    for document in _named(mapping_set, open_ones[:most_read]):
        goes += 1
        amounts[document.currency] = amounts.get(document.currency, Decimal(0)) + document.total
    largest_first = tuple(sorted(amounts.items(), key=lambda each: -each[1]))
    return Impact(goes, largest_first, waiting.count() - goes, max(0, open_ones.count() - most_read))


def _asks(mapping_set: MappingSet) -> bool:
    return (
        ValueMapping.objects.for_tenant(mapping_set.tenant_id)
        .filter(mapping_set=mapping_set)
        .exclude(conditions={})
        .exists()
    )


def _unnamed(mapping_set: MappingSet, **rules: object) -> Exists:
    """Whether a document has a word that none of these rules is about."""
    named = ValueMapping.objects.filter(
        Q(value=OuterRef("source_value__value")) | Q(value=""),
        Q(effective_from=None) | Q(effective_from__lte=OuterRef("document__issued_on")),
        mapping_set=mapping_set,
        subject=OuterRef("source_value__subject"),
        side=OuterRef("source_value__side"),
        **rules,
    )
    return Exists(DocumentValue.objects.filter(document=OuterRef("pk")).exclude(Exists(named)))


def _named(mapping_set: MappingSet, rows: QuerySet[SourceDocument]) -> Iterator[Document]:
    """Those of some documents for whose every word a rule holds."""
    documents = [Document.from_body(body) for body in rows.values_list("body", flat=True)]
    values = {key[2] for document in documents for _, key, _ in document.words()}
    rules = ValueMapping.objects.for_tenant(mapping_set.tenant_id).filter(
        mapping_set=mapping_set, value__in=values | {""}
    )
    # Which record a rule leads to does not matter here, only whether it holds.
    book = Book(0, [rule_of(row, Target(row.target_external_id, row.target_name)) for row in rules])
    for document in documents:
        if all(book.choose(key, document, line) for _, key, line in document.words()):
            yield document
