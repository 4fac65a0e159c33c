"""What the mapping screen shows: each word with what waits for it, what it means, and the best suggestion."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum

from integrations.models import Connection, LedgerRecord
from mappings.models import DocumentValue, MappingSet, Side, SourceDocument, SourceValue, Subject, ValueMapping
from mappings.services.differences import Difference, differences, values_of
from mappings.services.drafts import Evidence, set_value
from mappings.services.impact import Impact, impact_of
from mappings.services.targets import find_targets, target_of
from mappings.services.versions import Word, active_set, open_set, word_of
from mappings.suggest import Candidate, Suggester, Suggestion
from mappings.transform.fit import RESOURCES, kinds_for, misfit
from mappings.transform.money import text_of
from tenants.models import User

# Every document has such words; the others get a tab when one is used.
_ALWAYS_SHOWN = (Subject.CATEGORY, Subject.TAX_CODE, Subject.PAYMENT_METHOD)


@dataclass(frozen=True)
class Waiting:
    """Documents that one word keeps waiting."""

    count: int = 0
    money: str = ""


@dataclass(frozen=True)
class Row:
    """One word on the screen."""

    source: SourceValue
    waiting: Waiting
    mapping: ValueMapping | None
    active: ValueMapping | None
    why_unfit: str
    suggestion: Suggestion | None

    @property
    def is_changed(self) -> bool:
        """Whether the draft says something else than the active version."""
        return _target(self.mapping) != _target(self.active)

    @property
    def state(self) -> str:
        """unmapped, unfit, changed or mapped."""
        if self.mapping is None:
            return "unmapped"
        if self.why_unfit:
            return "unfit"
        return "changed" if self.is_changed else "mapped"

    @property
    def is_wanting(self) -> bool:
        """Whether a likely record should still be looked for."""
        return self.suggestion is None and self.state in ("unmapped", "unfit")

    @property
    def percent(self) -> int:
        """Confidence of the suggestion for people."""
        return int((self.suggestion.confidence * 100).to_integral_value()) if self.suggestion else 0


@dataclass(frozen=True)
class Tab:
    """One subject: its words and how many have no meaning yet."""

    subject: str
    label: str
    total: int
    unmapped: int


@dataclass(frozen=True)
class Board:
    """The head of the screen; `shown` is the open version, else the active one."""

    connection: Connection
    shown: MappingSet | None
    active: MappingSet | None
    tabs: tuple[Tab, ...]
    changes: tuple[Difference, ...]
    impact: Impact | None
    waiting: Waiting

    @property
    def total(self) -> int:
        """Words of all subjects."""
        return sum(tab.total for tab in self.tabs)

    @property
    def mapped(self) -> int:
        """Words that mean something in the shown version."""
        return self.total - sum(tab.unmapped for tab in self.tabs)

    @property
    def percent(self) -> int:
        """Completeness."""
        return 100 * self.mapped // self.total if self.total else 0


def board_of(connection: Connection) -> Board:
    """Counts over all subjects, the open version's changes and what approving it would set free."""
    active, opened = active_set(connection), open_set(connection)
    shown = opened or active
    named = set(values_of(shown)) if shown else set()
    words = SourceValue.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    keys = [Word(*row) for row in words.values_list("subject", "side", "value")]
    tabs = tuple(
        Tab(
            subject.value,
            str(subject.label),
            sum(word.subject == subject for word in keys),
            sum(word.subject == subject and word not in named for word in keys),
        )
        for subject in Subject
        if subject in _ALWAYS_SHOWN or any(word.subject == subject for word in keys)
    )
    changes = tuple(each for each in differences(opened) if each.is_change) if opened else ()
    return Board(
        connection, shown, active, tabs, changes, impact_of(opened) if opened else None, _all_waiting(connection)
    )


def rows_of(connection: Connection, subject: str, *, only: Iterable[UUID] | None = None) -> list[Row]:
    """The words of one subject, those that keep most documents waiting first; `only` limits to some of them.

    Only certain suggestions are in; `with_suggestions` adds the others to the rows of a page.
    """
    sources = SourceValue.objects.for_tenant(connection.tenant_id).of(connection, subject)
    if only is not None:
        sources = sources.filter(pk__in=list(only))
    active, opened = active_set(connection), open_set(connection)
    in_active = values_of(active) if active else {}
    in_shown = values_of(opened) if opened else in_active
    unfit = _unfit(connection, [row for row in in_shown.values() if row.subject == subject])
    suggesters = {side: _suggester(connection, subject, side) for side in Side.values}
    waiting = waiting_by_value(connection, subject)
    rows = []
    for source in sources:
        word = Word(source.subject, source.side, source.value)
        mapping, why = in_shown.get(word), unfit.get(word, "")
        suggestion = suggesters[source.side].exact(source.value) if mapping is None or why else None
        rows.append(Row(source, waiting.get(source.pk, Waiting()), mapping, in_active.get(word), why, suggestion))
    return sorted(rows, key=_urgency)


def with_suggestions(connection: Connection, rows: list[Row]) -> list[Row]:
    """The same rows, each without a usable meaning now with the likeliest record."""
    wanting = {row.source.side for row in rows if row.is_wanting}
    suggesters = {side: _suggester(connection, rows[0].source.subject, side) for side in wanting}
    return [
        replace(row, suggestion=suggesters[row.source.side].suggest(row.source.value)) if row.is_wanting else row
        for row in rows
    ]


def waiting_by_value(connection: Connection, subject: str) -> dict[UUID, Waiting]:
    """How many documents, and how much, wait for each word: one query."""
    uses = DocumentValue.objects.for_tenant(connection.tenant_id).filter(
        is_missing=True,
        source_value__connection=connection,
        source_value__subject=subject,
        document__status=SourceDocument.Status.WAITING,
    )
    sums = uses.values("source_value", "document__currency").annotate(count=Count("id"), amount=Sum("document__total"))
    found: dict[UUID, list[tuple[int, Decimal, str]]] = defaultdict(list)
    for row in sums:
        found[row["source_value"]].append((row["count"], row["amount"], row["document__currency"]))
    return {key: _waiting(parts) for key, parts in found.items()}


def accept_exact(*, draft: MappingSet, by: User, subject: str = "") -> int:
    """Take every suggestion that is certain (same code or name) for words without a meaning; returns how many."""
    taken = 0
    for each in [subject] if subject else Subject.values:
        for row in rows_of(draft.connection, each):
            if row.mapping is None and row.suggestion and row.suggestion.is_exact:
                taken += accept(draft=draft, row=row, by=by)
    return taken


def accept(*, draft: MappingSet, row: Row, by: User) -> bool:
    """Take a row's suggestion into the draft; False when there is none."""
    if row.suggestion is None:
        return False
    records = LedgerRecord.objects.for_tenant(draft.tenant_id).of(draft.connection, RESOURCES[row.source.subject])
    record = records.get(external_id=row.suggestion.candidate.external_id)
    evidence = Evidence(row.suggestion.confidence, row.suggestion.reason)
    word = Word(row.source.subject, row.source.side, row.source.value)
    set_value(draft=draft, word=word, record=record, by=by, evidence=evidence)
    return True


def _suggester(connection: Connection, subject: str, side: str) -> Suggester:
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, RESOURCES[subject])
    kinds = kinds_for(subject, side)
    fitting = (rows.filter(kind__in=kinds) if kinds else rows).filter(is_active=True).order_by("id")
    return Suggester([_candidate(row) for row in fitting if not misfit((subject, side, ""), target_of(row))])


def _candidate(record: LedgerRecord) -> Candidate:
    unified: dict[str, Any] = record.unified
    rate = unified.get("rate")
    return Candidate(
        external_id=record.external_id,
        name=record.name or str(unified.get("name") or ""),
        code=str(unified.get("code") or ""),
        full_name=str(unified.get("full_name") or ""),
        percent=None if rate is None else Decimal(str(rate)),
    )


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
    order = {"unmapped": 0, "unfit": 0, "changed": 1, "mapped": 2}
    return (order[row.state], -row.waiting.count, -row.source.occurrences, row.source.value.casefold())


def _target(row: ValueMapping | None) -> str:
    return row.target_external_id if row else ""
