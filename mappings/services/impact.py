"""What a version would set free: documents whose every missing word it names."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, Sum

from mappings.models import DocumentValue, MappingSet, SourceDocument, ValueMapping
from mappings.transform.money import text_of


@dataclass(frozen=True)
class Impact:
    """Waiting documents that will go, their sums by currency, and how many still wait."""

    goes: int
    amounts: tuple[tuple[str, Decimal], ...]
    stays: int

    @property
    def money(self) -> str:
        """Such as "1,200.00 GBP and 30.00 EUR"."""
        return " and ".join(text_of(amount, currency) for currency, amount in self.amounts)


def impact_of(mapping_set: MappingSet) -> Impact:
    """Two queries: documents waiting for mappings in this connection, split by whether this version names all words."""
    waiting = (
        SourceDocument.objects.for_tenant(mapping_set.tenant_id)
        .waiting()
        .filter(connection=mapping_set.connection, waits_for=SourceDocument.WaitsFor.MAPPING)
    )
    named = ValueMapping.objects.filter(
        Q(value=OuterRef("source_value__value")) | Q(value=""),
        Q(effective_from=None) | Q(effective_from__lte=OuterRef("document__issued_on")),
        mapping_set=mapping_set,
        subject=OuterRef("source_value__subject"),
        side=OuterRef("source_value__side"),
        conditions={},
    )
    unnamed = DocumentValue.objects.filter(document=OuterRef("pk")).exclude(Exists(named))
    going = waiting.exclude(Exists(unnamed))
    sums = list(going.values("currency").annotate(count=Count("id"), amount=Sum("total")).order_by("-amount"))
    goes = sum(row["count"] for row in sums)
    return Impact(goes, tuple((row["currency"], row["amount"]) for row in sums), waiting.count() - goes)
