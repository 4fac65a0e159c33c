"""The rules of a version in the order in which they are asked, and a rule tried on documents before it is saved."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from integrations.models import Connection
from mappings.models import MappingSet, SourceDocument, ValueMapping
from mappings.services.drafts import normal_word
from mappings.services.targets import find_targets
from mappings.services.versions import Word, rule_of, word_of
from mappings.transform import Book, Choice, Document, Rule, Target
from mappings.transform.fit import misfit
from mappings.transform.rules import conflicts

SHOWS = {
    "all": "All",
    "asking": "With conditions",
    "dated": "From a date",
    "default": "Defaults",
    "unfit": "Unhealthy",
}
_TRIED_ON = 5


@dataclass(frozen=True)
class Placed:
    """A rule, first (1) to last among the `of` rules that name the same word, and why its record cannot be used."""

    row: ValueMapping
    place: int
    of: int
    why_unfit: str

    @property
    def word(self) -> Word:
        """What it asks for."""
        return word_of(self.row)

    @property
    def asked(self) -> tuple[tuple[str, str], ...]:
        """Its conditions, by field."""
        return self.word.conditions


def placed_rules(mapping_set: MappingSet, *, subject: str, show: str = "all", text: str = "") -> list[Placed]:
    """A version's rules of one subject, word by word (defaults last), each word's in the order they are asked.

    `text` is looked for in the word, the conditions and the record; `show` is one of SHOWS. Two queries.
    """
    rows = ValueMapping.objects.for_tenant(mapping_set.tenant_id).filter(mapping_set=mapping_set, subject=subject)
    found = list(rows.select_related("changed_by"))
    targets = find_targets(mapping_set.connection, found)
    by_word: dict[tuple[str, str], list[ValueMapping]] = defaultdict(list)
    for row in found:
        by_word[(row.side, row.value)].append(row)
    placed = [
        Placed(row, place, len(group), misfit((row.subject, row.side, row.value), targets[row.target_key]))
        for _, group in sorted(by_word.items(), key=lambda item: (not item[0][1], item[0][1].casefold(), item[0]))
        for place, row in enumerate(_sorted(group), start=1)
    ]
    return [each for each in placed if _is_shown(each, show) and _has(each, text)]


def _sorted(rows: Iterable[ValueMapping]) -> list[ValueMapping]:
    nowhere = Target("", "")
    return sorted(rows, key=lambda row: (rule_of(row, nowhere).rank, sorted(row.conditions.items())), reverse=True)


def _is_shown(each: Placed, show: str) -> bool:
    row = each.row
    is_shown = {
        "asking": bool(row.conditions),
        "dated": row.effective_from is not None,
        "default": not row.value,
        "unfit": bool(each.why_unfit),
    }
    return is_shown.get(show, True)


def _has(each: Placed, text: str) -> bool:
    return text.casefold() in f"{each.row.words} {each.row.target_name}".casefold()


@dataclass(frozen=True)
class Tried:
    """What a word of a document means in the version as it is, and with the rule."""

    document: SourceDocument
    where: str
    value: str
    before: Choice | None
    after: Choice | None

    @property
    def is_change(self) -> bool:
        """Whether the rule would make a difference."""
        return (self.before and self.before.target) != (self.after and self.after.target)


@dataclass(frozen=True)
class Trial:
    """A rule among the others of its word, in the order in which they are asked, and what it does to documents."""

    order: tuple[Rule, ...]
    place: int
    conflict: tuple[Rule, Rule] | None
    tried: tuple[Tried, ...]


def try_rule(
    *,
    connection: Connection,
    version: MappingSet | None,
    word: Word,
    target: Target,
    documents: Sequence[SourceDocument],
    replaces: ValueMapping | None = None,
) -> Trial:
    """Put a rule beside those of a version, without saving anything, and map documents with and without it."""
    word = normal_word(word)
    since = word.effective_from.isoformat() if word.effective_from else ""
    rule = Rule(word.subject, word.side, word.value, target, dict(word.conditions), since)
    sources = [(each, Document.from_body(each.body)) for each in documents]
    values = {word.value, ""} | {key[2] for _, source in sources for _, key, _ in source.words()}
    rows = ValueMapping.objects.for_tenant(connection.tenant_id).filter(
        mapping_set=version, subject=word.subject, side=word.side, value__in=values
    )
    present = list(rows) if version else []
    targets = find_targets(connection, present)
    kept = [row for row in present if word_of(row) != word and (replaces is None or word_of(row) != word_of(replaces))]
    number = version.version if version else 0
    before = Book(number, [rule_of(row, targets[row.target_key]) for row in present])
    after = Book(number, [*(rule_of(row, targets[row.target_key]) for row in kept), rule])
    order = sorted((each for each in after.rules if each.value == rule.value), key=lambda each: each.rank, reverse=True)
    ties = conflicts(order)
    tried = tuple(each for document, source in sources for each in _tried(document, source, rule, before, after))
    return Trial(tuple(order), order.index(rule) + 1, ties[0] if ties else None, tried)


def _tried(document: SourceDocument, source: Document, rule: Rule, before: Book, after: Book) -> list[Tried]:
    return [
        Tried(document, where, key[2], before.choose(key, source, line), after.choose(key, source, line))
        for where, key, line in source.words()
        if key[:2] == (rule.subject, rule.side) and rule.value in ("", key[2])
    ]


def documents_with(connection: Connection, word: Word, number: str = "") -> list[SourceDocument]:
    """The document of a number or id, else the newest few in which a word (without one: the subject) is used."""
    rows = SourceDocument.objects.for_tenant(connection.tenant_id).filter(connection=connection).order_by("-id")
    if number:
        return list(rows.filter(Q(number__iexact=number) | Q(external_id__iexact=number))[:_TRIED_ON])
    uses = {"uses__source_value__subject": word.subject, "uses__source_value__side": word.side}
    if word.value:
        uses["uses__source_value__value"] = word.value
    return list(rows.filter(**uses).distinct()[:_TRIED_ON])
