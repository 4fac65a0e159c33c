"""What the mapping screen shows: each word with what waits for it, what it means, and the exact suggestion."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from integrations.models import Connection
from mappings.models import DocumentValue, MappingSet, SourceDocument, SourceValue, ValueMapping
from mappings.services.assigning import Assignment, assign
from mappings.services.drafts import Evidence
from mappings.services.impact import Impact, impact_of
from mappings.services.pilots import verdict
from mappings.services.refusing import Refusal, refuse, refused_of, take_back
from mappings.services.suggestions import Suggesters, suggest_for
from mappings.services.targets import find_targets
from mappings.services.versions import VersionError, Word, active_set, open_set, word_of
from mappings.suggest import Suggestion
from mappings.transform.fit import misfit
from mappings.transform.money import text_of
from tenants.models import User

MOST_ROWS = 20_000
MOST_SUGGESTED = 100
_NO_MORE = ((), None)
_PLAIN: dict[str, Any] = {"conditions": {}, "effective_from": None}
"""Rules that hold whatever else the document says."""


@dataclass(frozen=True)
class Waiting:
    """Documents that one word keeps waiting."""

    count: int = 0
    money: str = ""


@dataclass(frozen=True)
class Row:
    """One word on the screen; `suggestion` is the record with the same code or name, for words without a usable one.

    `mapping` is the rule that asks for nothing but the word; `default` the one of its subject and side, which holds
    where there is none; `rules` counts those that ask for more beside the word. `refused`: what somebody said no to.
    """

    source: SourceValue
    waiting: Waiting
    mapping: ValueMapping | None
    default: ValueMapping | None
    rules: int
    active: ValueMapping | None
    why_unfit: str
    suggestion: Suggestion | None
    refused: Sequence[Refusal] = ()

    @property
    def is_changed(self) -> bool:
        """Whether the draft says something else than the active version."""
        return _target(self.mapping) != _target(self.active)

    @property
    def state(self) -> str:
        """unmapped, partly (only by rules that ask for more), default, unfit, changed or mapped."""
        if self.mapping is None:
            return "default" if self.default else "partly" if self.rules else "unmapped"
        if self.why_unfit:
            return "unfit"
        return "changed" if self.is_changed else "mapped"


@dataclass(frozen=True)
class Board:
    """The head of the screen; `shown` is the open version, else the active one; counts are over all subjects.

    Of `total` words `unmapped` have no rule at all; `by_default` only that of their subject and side, `partly` only
    rules that ask for more than the word.
    """

    connection: Connection
    shown: MappingSet | None
    active: MappingSet | None
    total: int
    unmapped: int
    by_default: int
    partly: int
    changes: int
    impact: Impact | None
    waiting: Waiting
    pilot: str = ""
    """What the pilot of a version that waits for approval came to, in words."""

    @property
    def mapped(self) -> int:
        """Words that mean something in the shown version, be it by a default or under conditions."""
        return self.total - self.unmapped

    @property
    def percent(self) -> int:
        """Completeness."""
        return 100 * self.mapped // self.total if self.total else 0


def board_of(connection: Connection) -> Board:
    """Counts, and what approving the open version would set free; a fixed number of queries."""
    active, opened = active_set(connection), open_set(connection)
    shown = opened or active
    words = SourceValue.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    counts = _counts(words, shown)
    return Board(
        connection=connection,
        shown=shown,
        active=active,
        **counts,
        changes=count_changes(opened, active) if opened else 0,
        impact=impact_of(opened) if opened else None,
        pilot=verdict(opened) if opened and opened.status == MappingSet.Status.SUBMITTED else "",
        waiting=_all_waiting(connection),
    )


def _counts(words: QuerySet[SourceValue], shown: MappingSet | None) -> dict[str, int]:
    total = words.count()
    if shown is None:
        return {"total": total, "unmapped": total, "by_default": 0, "partly": 0}
    rules = _values(shown).filter(subject=OuterRef("subject"), side=OuterRef("side"))
    own, default = rules.filter(value=OuterRef("value")), rules.filter(value="", **_PLAIN)
    open_ones = words.exclude(Exists(own.filter(**_PLAIN)))
    by_default = open_ones.filter(Exists(default)).count()
    left = open_ones.exclude(Exists(default))
    partly = left.filter(Exists(own)).count()
    return {"total": total, "unmapped": left.count() - partly, "by_default": by_default, "partly": partly}


def count_changes(opened: MappingSet, active: MappingSet | None) -> int:
    """Words that mean something else in the open version than in the active one, counted in the database."""
    mine = _values(opened)
    if active is None:
        return mine.count()
    theirs, same = _values(active), ("target_resource", "target_remote_type", "target_external_id")
    keeps = _twin(theirs).filter(**{name: OuterRef(name) for name in same})
    return mine.exclude(Exists(keeps)).count() + theirs.exclude(Exists(_twin(mine))).count()


def rows_of(connection: Connection, *, subject: str = "", only: Iterable[UUID] | None = None) -> list[Row]:
    """The words, those that keep most documents waiting first; `subject` and `only` limit to some of them.

    At most MOST_ROWS; the number of queries does not depend on the number of words.
    """
    sources = list(_sources(connection, subject, only))
    sources.sort(key=lambda each: -each.occurrences)
    sources = sources[:MOST_ROWS]
    values = None if only is None else {source.value for source in sources} | {""}
    active, opened = active_set(connection), open_set(connection)
    in_active = _by_word(active, values) if active else {}
    in_shown = _by_word(opened, values) if opened else in_active
    unfit = _unfit(connection, list(in_shown.values()))
    waiting = waiting_by_value(connection, subject, only=[each.pk for each in sources] if only is not None else None)
    suggesters = Suggesters(connection)
    refused = refused_of(connection, None if only is None else sources)
    more = Counter(word[:3] for word in map(astuple, in_shown) if word[3:] != _NO_MORE)
    rows = []
    for source in sources:
        word = _word_of(source)
        mapping, default = in_shown.get(word), in_shown.get(replace(word, value=""))
        why = unfit.get(word, "")
        suggestion = suggesters.exact(source) if mapping is None or why else None
        waits, active_rule = waiting.get(source.pk, Waiting()), in_active.get(word)
        rules = more[(source.subject, source.side, source.value)]
        said_no = refused.get((source.subject, source.side, source.value), ())
        rows.append(Row(source, waits, mapping, default, rules, active_rule, why, suggestion, said_no))
    return sorted(rows, key=_urgency)


def suggestions_for(connection: Connection, words: Iterable[UUID]) -> dict[UUID, Suggestion | None]:
    """The likeliest record for each of some words of this connection (at most MOST_SUGGESTED)."""
    return suggest_for(connection, _sources(connection, "", words)[:MOST_SUGGESTED])


@dataclass(frozen=True)
class Wish:
    """What a word shall mean: the ledger's id, empty for nothing; `suggested` when a suggestion was taken."""

    word: UUID
    external_id: str
    suggested: bool = False


def save(*, draft: MappingSet, wishes: Sequence[Wish], by: User) -> int:
    """Put wishes into the draft, all or none; a taken suggestion keeps its confidence and reason."""
    sources = {each.pk: each for each in _sources(draft.connection, "", [wish.word for wish in wishes])}
    if any(wish.word not in sources for wish in wishes):
        raise VersionError("A value is not listed any more; reload the page.")
    taken = [sources[wish.word] for wish in wishes if wish.suggested]
    suggested = suggest_for(draft.connection, taken) if taken else {}
    assignments = [
        Assignment(_word_of(sources[wish.word]), wish.external_id, _evidence(suggested.get(wish.word), wish))
        for wish in wishes
    ]
    return assign(draft=draft, assignments=assignments, by=by)


def say_no(
    *, connection: Connection, refused: Sequence[Wish], taken_back: Sequence[Wish], by: User
) -> list[tuple[Row, Suggestion | None]]:
    """Refuse suggestions, take refusals back; each wish names the record. Returns the words with what is likeliest now.

    VersionError when a word or a record is not listed any more.
    """
    sources = {each.pk: each for each in _sources(connection, "", [wish.word for wish in (*refused, *taken_back)])}
    if any(wish.word not in sources for wish in (*refused, *taken_back)):
        raise VersionError("A value is not listed any more; reload the page.")
    refuse(connection=connection, refusals=[_refusal(sources[wish.word], wish) for wish in refused], by=by)
    take_back(connection=connection, refusals=[_refusal(sources[wish.word], wish) for wish in taken_back])
    likeliest = suggest_for(connection, sources.values())
    return [(row, likeliest[row.source.pk]) for row in rows_of(connection, only=sources)]


def _refusal(source: SourceValue, wish: Wish) -> Refusal:
    return Refusal(source.subject, source.side, source.value, wish.external_id)


def accept_exact(*, draft: MappingSet, by: User, only: Iterable[UUID] | None = None) -> list[UUID]:
    """Take every suggestion that is certain (same code or name) for words without a meaning; returns which words."""
    exact = [
        (row.source, row.suggestion)
        for row in rows_of(draft.connection, only=only)
        if row.mapping is None and row.suggestion and row.suggestion.is_exact
    ]
    assignments = [
        Assignment(_word_of(source), found.candidate.external_id, Evidence(found.confidence, found.reason))
        for source, found in exact
    ]
    if assignments:
        assign(draft=draft, assignments=assignments, by=by)
    return [source.pk for source, _ in exact]


def waiting_by_value(
    connection: Connection, subject: str = "", *, only: list[UUID] | None = None
) -> dict[UUID, Waiting]:
    """How many documents, and how much, wait for each word: one query."""
    uses = DocumentValue.objects.for_tenant(connection.tenant_id).filter(
        is_missing=True,
        source_value__connection=connection,
        document__status=SourceDocument.Status.WAITING,
    )
    uses = uses.filter(source_value__subject=subject) if subject else uses
    uses = uses.filter(source_value__in=only) if only is not None else uses
    sums = uses.values("source_value", "document__currency").annotate(count=Count("id"), amount=Sum("document__total"))
    found: dict[UUID, list[tuple[int, Decimal, str]]] = defaultdict(list)
    for row in sums:
        found[row["source_value"]].append((row["count"], row["amount"], row["document__currency"]))
    return {key: _waiting(parts) for key, parts in found.items()}


def _word_of(source: SourceValue) -> Word:
    return Word(source.subject, source.side, source.value)


def _evidence(found: Suggestion | None, wish: Wish) -> Evidence:
    if found is None or found.candidate.external_id != wish.external_id:
        return Evidence()
    return Evidence(found.confidence, found.reason)


def _sources(connection: Connection, subject: str, only: Iterable[UUID] | None) -> QuerySet[SourceValue]:
    rows: QuerySet[SourceValue] = SourceValue.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    rows = rows.filter(subject=subject) if subject else rows
    return rows if only is None else rows.filter(pk__in=list(only))


def _values(mapping_set: MappingSet) -> QuerySet[ValueMapping]:
    rows: QuerySet[ValueMapping] = ValueMapping.objects.for_tenant(mapping_set.tenant_id).filter(
        mapping_set=mapping_set
    )
    return rows.annotate(since=Coalesce("effective_from", Value(date.min)))


def _twin(rows: QuerySet[ValueMapping]) -> QuerySet[ValueMapping]:
    # The rule with the same question in another version.
    return rows.filter(**{name: OuterRef(name) for name in ("subject", "side", "value", "conditions", "since")})


def _by_word(mapping_set: MappingSet, values: set[str] | None) -> dict[Word, ValueMapping]:
    rows = _values(mapping_set)
    rows = rows if values is None else rows.filter(value__in=values)
    return {word_of(row): row for row in rows}


def _unfit(connection: Connection, rows: list[ValueMapping]) -> dict[Word, str]:
    targets = find_targets(connection, rows)
    judged = [(word_of(row), misfit((row.subject, row.side, row.value), targets[row.target_key])) for row in rows]
    return {word: why for word, why in judged if why}


def _all_waiting(connection: Connection) -> Waiting:
    rows = SourceDocument.objects.for_tenant(connection.tenant_id).waiting().filter(connection=connection)
    sums = rows.values("currency").annotate(count=Count("id"), amount=Sum("total"))
    return _waiting([(row["count"], row["amount"], row["currency"]) for row in sums])


def _waiting(parts: list[tuple[int, Decimal, str]]) -> Waiting:
    largest_first = sorted(parts, key=lambda part: -part[1])
    return Waiting(sum(part[0] for part in parts), " + ".join(text_of(each[1], each[2]) for each in largest_first))


def _urgency(row: Row) -> tuple[int, int, int, str]:
    order = {"unmapped": 0, "unfit": 0, "partly": 1, "changed": 2, "default": 3, "mapped": 4}
    return (order[row.state], -row.waiting.count, -row.source.occurrences, row.source.value.casefold())


def _target(row: ValueMapping | None) -> str:
    return row.target_external_id if row else ""
