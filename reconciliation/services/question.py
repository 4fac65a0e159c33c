"""What the engine is asked: everything that waits with everything open, or what changed with what that touches."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from integrations.models import Connection
from reconciliation.matching import BankLine as Line
from reconciliation.matching import Census, Context, LedgerEntry
from reconciliation.matching.clues import asks_of, likely_names, name_asks
from reconciliation.matching.names import ContactIndex, NameMatch
from reconciliation.matching.neighbours import OpenLine, Statement
from reconciliation.matching.normalise import words
from reconciliation.models import BankLine, MatchEntry, MatchMark, Proposal, ProposalEntry
from reconciliation.services import clues
from reconciliation.services.entries import RECORDED, Candidate, by_entry_id, load_candidates
from reconciliation.services.learned import context_near, context_of, engine_line

MOST_RECORDS = 1000
"""More changed records than this, or more lines asking, and everything is matched."""
MOST_LINES = 200
_MOST_ASKED = 400
_ENOUGH_BACK = timedelta(days=60)
"""Bookings that explain a line are hardly older; the clues reach back twice as far from the oldest line there was."""


@dataclass(frozen=True, slots=True)
class Question:
    """Lines with the state in which they were read, entries with the records behind them, and the context.

    `whole` and `held` are there when it is about a few lines only: what words weigh in all of them, and which entries
    proposals about other lines hold.
    """

    lines: Sequence[Line]
    entries: Sequence[LedgerEntry]
    context: Context
    candidates: dict[str, Candidate]
    waited: Mapping[str, datetime | None] = field(default_factory=dict)
    whole: Census | None = None
    held: frozenset[str] = frozenset()


def load_question(connection: Connection) -> Question:
    """All lines that wait, all records that could explain one, and past decisions; a fixed number of queries."""
    rows = list(BankLine.objects.of_connection(connection).undecided().order_by("booked_on", "id"))
    lines = [engine_line(row) for row in rows]
    if not lines:
        return Question([], [], Context(), {})
    found = load_candidates(connection, first_on=lines[0].on, last_on=lines[-1].on)
    context = context_of(connection, lines, [c.entry for c in found])
    waited = {str(row.pk): row.waits_since for row in rows}
    return Question(lines, [c.entry for c in found], context, by_entry_id(found), waited)


@dataclass(frozen=True, slots=True)
class _Waiting:
    line: Line
    waits_since: datetime | None
    proposal: UUID | None
    confidence: Decimal | None


def load_nearby(connection: Connection, mark: MatchMark) -> Question | None:
    """The lines that wait to be asked, or that changed records touch, with what competes with them and may explain
    them; None when that is so much, or so old, that everything has to be matched.

    Brings the clues up to date with the mirror. The number of queries does not depend on any size; of the documents
    only those near are read, of the lines all that wait.
    """
    clues.lock(connection)
    changed = clues.changed_since(connection, mark.read_through, MOST_RECORDS)
    waiting = _waiting(connection)
    if len(changed) > MOST_RECORDS:
        return None
    days = [each.line.on for each in waiting.values()]
    known = (
        load_candidates(connection, first_on=min(days), last_on=max(days), among=changed) if changed and days else []
    )
    fresh = clues.write(connection, changed, known) if changed else 0
    if fresh:
        MatchMark.objects.filter(pk=mark.pk).update(names=F("names") + fresh)
        mark.names += fresh
    statement = Statement(
        OpenLine(each.line, None if each.confidence is None else float(each.confidence)) for each in waiting.values()
    )
    seeds = {key for key, each in waiting.items() if each.waits_since is not None}
    seeds |= statement.meant_by([c.entry for c in known])
    seeds |= _holding(connection, waiting, changed) | _disputed(connection, waiting)
    is_older = any(waiting[key].line.on - _ENOUGH_BACK < mark.since for key in seeds)
    if len(seeds) > MOST_LINES or is_older:
        return None
    return _Near(connection, mark, waiting, statement).question(seeds)


def _waiting(connection: Connection) -> dict[str, _Waiting]:
    rows = BankLine.objects.of_connection(connection).undecided().order_by("booked_on", "id")
    told = rows.values_list(
        "pk", "bank_account", "booked_on", "amount", "currency", "description", "counterparty", "reference",
        "waits_since", "proposal", "proposal__confidence",
    )  # fmt: skip
    return {
        str(pk): _Waiting(Line(str(pk), str(account), *of_line), *rest)  # type: ignore[arg-type]
        for pk, account, *of_line, rest in ((*row[:8], row[8:]) for row in told)
    }


def _holding(connection: Connection, waiting: Mapping[str, _Waiting], records: Collection[UUID]) -> set[str]:
    """The lines whose proposals hold one of these records."""
    if not records:
        return set()
    rows = ProposalEntry.objects.filter(record__in=records, proposal__in=_replaceable(connection))
    return _lines_of(waiting, set(rows.values_list("proposal", flat=True)))


def _disputed(connection: Connection, waiting: Mapping[str, _Waiting]) -> set[str]:
    """The lines whose proposals hold a record that a match uses and the ledger does not show yet."""
    used = MatchEntry.objects.filter(record=OuterRef("record"), match__connection=connection, match__ended_at=None)
    used = used.filter(Q(match__read_back_at=None) | Q(record__resource__in=RECORDED))
    rows = ProposalEntry.objects.filter(Exists(used), proposal__in=_replaceable(connection))
    return _lines_of(waiting, set(rows.values_list("proposal", flat=True)))


def _replaceable(connection: Connection) -> QuerySet[Proposal]:
    return Proposal.objects.replaceable().filter(connection=connection)


def _lines_of(waiting: Mapping[str, _Waiting], proposals: Collection[UUID]) -> set[str]:
    return {key for key, each in waiting.items() if each.proposal in proposals} if proposals else set()


class _Near:
    """Gathers the neighbourhood of some lines."""

    def __init__(
        self, connection: Connection, mark: MatchMark, waiting: Mapping[str, _Waiting], statement: Statement
    ) -> None:
        self._connection, self._waiting, self._statement, self._mark = connection, waiting, statement, mark
        self._names: set[str] = set()
        self._blocks: dict[str, int] = {}
        self._cited: dict[str, int] = {}
        self._borne: dict[str, int] = {}
        self._records: set[UUID] = set()

    def question(self, seeds: set[str]) -> Question | None:
        """Seeds, their rivals, and the entries near all of them; None when those are too many."""
        if not seeds:
            return Question([], [], Context(), {})
        asked = seeds | {key for seed in seeds for key in self._statement.near(seed)}
        wanted = self._look(self._whole_proposals(asked), seeds)
        rivals = self._whole_proposals(_holding(self._connection, self._waiting, wanted)) - asked
        asked = self._whole_proposals(asked | rivals)
        if len(asked) > _MOST_ASKED:
            return None
        if rivals:
            self._look(rivals, set())
        lines = [self._waiting[key].line for key in sorted(asked)]
        days = [line.on for line in lines]
        found = load_candidates(self._connection, first_on=min(days), last_on=max(days), among=self._records)
        entries = [c.entry for c in found]
        return Question(
            lines,
            entries,
            context_near(self._connection, lines, entries),
            by_entry_id(found),
            {key: self._waiting[key].waits_since for key in asked},
            self._census(),
            self._held(found, asked),
        )

    def _whole_proposals(self, asked: set[str]) -> set[str]:
        """These lines, and every other line of a proposal that one of them is in."""
        proposals = {self._waiting[key].proposal for key in asked} - {None}
        return asked | _lines_of(self._waiting, proposals)  # type: ignore[arg-type]

    def _look(self, keys: Collection[str], seeds: Collection[str]) -> set[UUID]:
        """Find the records near these lines; returned are those that a seed pays to the cent or cites."""
        contacts = self._contacts(keys)
        asks = {key: asks_of(self._waiting[key].line, contacts[key]) for key in keys}
        found = clues.nearest(self._connection, list(dict.fromkeys(ask for own in asks.values() for ask in own)))
        self._cited |= {key[2:]: len(records) for key, records in found.items() if key.startswith("k ")}
        telling = {key: records for key, records in found.items() if not clues.crowded(key, records)}
        self._records.update(record for records in telling.values() for record in records)
        strong = {ask.key for key in seeds for ask in asks.get(key, ()) if ask.key[:2] in ("a ", "k ")}
        return {record for key in strong for record in telling.get(key, ())}

    def _contacts(self, keys: Collection[str]) -> dict[str, dict[str, NameMatch]]:
        """The contacts that each of these lines may name."""
        texts, said, lines = self._statement.texts, self._statement.said, len(self._waiting)
        asks = {key: name_asks(texts[key], lines, said) for key in keys}
        found = clues.names_under(self._connection, {name for own in asks.values() for name in own})
        self._blocks |= {key.removeprefix("n "): len(names) for key, names in found.items()}
        likely = {key: likely_names(own, found, self._mark.names) for key, own in asks.items()}
        declared = {
            key: {name for ask in own if ask.startswith("n as:") for name in found.get(ask, ())[:3]}
            for key, own in asks.items()
        }
        self._names.update(name for own in likely.values() for name in own)
        fresh = {word for name in self._names for word in words(name)} - self._borne.keys()
        self._borne |= clues.times_borne(self._connection, fresh)
        ordered = sorted(self._names)
        index = ContactIndex(ordered, (), 0, self._census())
        return {
            key: {name: NameMatch(1.0, 1.0, True) for name in declared[key]}
            | {ordered[at]: match for at, match in index.find(texts[key]).items()}
            for key in keys
        }

    def _census(self) -> Census:
        said, lines = self._statement.said, len(self._waiting)
        return Census(lines, said, self._mark.names, self._borne, self._blocks, self._cited)

    def _held(self, found: Sequence[Candidate], asked: Collection[str]) -> frozenset[str]:
        """Entries that open proposals about other lines hold, whoever made them."""
        own = {self._waiting[key].proposal for key in asked} - {None}
        rows = ProposalEntry.objects.filter(
            record__in=[c.record_id for c in found],
            proposal__status=Proposal.Status.OPEN,
            proposal__connection=self._connection,
        )
        holders: dict[UUID, set[UUID]] = defaultdict(set)
        for record, proposal in rows.values_list("record", "proposal"):
            holders[record].add(proposal)
        return frozenset(c.entry.id for c in found if holders.get(c.record_id, set()) - own)
