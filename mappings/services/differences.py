"""What differs between two versions, and what in a version cannot be used as the ledger is now."""

from dataclasses import dataclass

from mappings.models import MappingSet, ValueMapping
from mappings.services.targets import find_targets
from mappings.services.versions import Word, active_set, rule_of, word_of
from mappings.transform import Rule, Target
from mappings.transform.fit import misfit
from mappings.transform.rules import conflicts


@dataclass(frozen=True)
class Difference:
    """One word in two versions; a missing side is None."""

    word: Word
    before: ValueMapping | None
    after: ValueMapping | None

    @property
    def is_change(self) -> bool:
        """Whether the word means something else."""
        return _identity(self.before) != _identity(self.after)

    @property
    def what(self) -> str:
        """added, removed, changed or same."""
        if not self.is_change:
            return "same"
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


def differences(mapping_set: MappingSet, against: MappingSet | None = None) -> list[Difference]:
    """Word by word against another version (without one: the active version), changes only first by subject."""
    other = against or active_set(mapping_set.connection)
    before = values_of(other) if other and other.pk != mapping_set.pk else {}
    after = values_of(mapping_set)
    words = sorted(before.keys() | after.keys(), key=_order)
    return [Difference(word, before.get(word), after.get(word)) for word in words]


def values_of(mapping_set: MappingSet) -> dict[Word, ValueMapping]:
    """All mappings of a version."""
    rows = ValueMapping.objects.for_tenant(mapping_set.tenant_id).filter(mapping_set=mapping_set)
    return {word_of(row): row for row in rows.select_related("changed_by")}


def unfit_values(mapping_set: MappingSet) -> list[tuple[ValueMapping, str]]:
    """Mappings whose record cannot be used as the ledger is now, each with the reason."""
    rows = list(values_of(mapping_set).values())
    targets = find_targets(mapping_set.connection, rows)
    judged = [(row, misfit((row.subject, row.side, row.value), targets[row.target_key])) for row in rows]
    return [(row, why) for row, why in judged if why]


def tied_rules(mapping_set: MappingSet) -> list[tuple[Rule, Rule]]:
    """Pairs of rules that could win equally; files and copies may bring them, and no such version is submitted."""
    rows = values_of(mapping_set).values()
    return conflicts(rule_of(row, Target(row.target_external_id, row.target_name)) for row in rows)


def _order(word: Word) -> tuple[str, str, str, str, tuple[tuple[str, str], ...], str]:
    since = word.effective_from.isoformat() if word.effective_from else ""
    return (word.subject, word.side, word.value.lower(), word.value, word.conditions, since)


def _identity(row: ValueMapping | None) -> tuple[str, str, str] | None:
    return (row.target_resource, row.target_remote_type, row.target_external_id) if row else None
