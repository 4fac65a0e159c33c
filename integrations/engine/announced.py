"""Reading what was announced: each record once, as it is now, by the ledger's feed or its ids, whichever costs less."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.engine.announcements import Target
from integrations.engine.declarations import Entity
from integrations.engine.errors import IntegrationError, RejectedError, UnexpectedShape
from integrations.engine.results import Deletion, Record

if TYPE_CHECKING:
    from integrations.engine.ledger import Ledger

Wanted = Mapping[str, Mapping[str, bool]]
"""The ledger's word for a kind of record → id → whether it was announced as deleted."""
Key = tuple[str, str]

# Older than this, a question for everything that changed tells more than was announced and costs more than it saves.
_RECENTLY = timedelta(hours=1)
_FEW = 2
_ONE_BY_ONE = 10
"""Records read one by one are handed over after so many: what fails then costs at most these again."""


@dataclass
class Told:
    """What became of some of the wanted records, named by (word, id).

    A key is in `found` with all that it is here (nothing: of no kind that is read), in `gone`, or in `failed`.
    """

    found: dict[Key, list[tuple[str, Record]]] = field(default_factory=dict)
    gone: dict[Key, list[Deletion]] = field(default_factory=dict)
    failed: dict[Key, IntegrationError] = field(default_factory=dict)

    @property
    def keys(self) -> set[Key]:
        """The records that are decided."""
        return {*self.found, *self.gone, *self.failed}


class AnnouncedReader:
    """Reads announced records of one ledger."""

    def __init__(self, ledger: "Ledger") -> None:
        self._ledger = ledger
        self._reader = ledger.reader

    def read(self, wanted: Wanted, since: datetime | None) -> Iterator[Told]:
        """All of them, in parts; TransientError and ConfigurationError pass through, what came before them counts."""
        recent = since if since is not None and datetime.now(UTC) - since < _RECENTLY else None
        rest = {word: dict(ids) for word, ids in wanted.items()}
        if recent is not None and self._feed_is_cheaper(rest):
            told = self._from_feed(rest, recent)
            yield told
            rest = {
                word: {id: gone for id, gone in ids.items() if (word, id) not in told.keys}
                for word, ids in rest.items()
            }
        for word, ids in rest.items():
            if ids:
                yield from self._word(word, ids, recent)

    def _targets(self, word: str) -> list[tuple[Target, Entity]]:
        """What the word is here, with the connection's settings."""
        connector = self._ledger.connector
        declared = connector.announcements.targets(word) if connector.announcements else ()
        found = []
        for target in declared:
            resource = connector.resources[target.resource]
            entity = resource.entities[target.remote_type]
            if entity in self._reader.kinds(resource):
                found.append((target, entity))
        return found

    # The feed

    def _feed_is_cheaper(self, wanted: Wanted) -> bool:
        calls = sum(-(-len(ids) // self._at_once(word)) for word, ids in wanted.items() if self._is_in_feed(word))
        return self._ledger.connector.changes is not None and calls > 1

    def _is_in_feed(self, word: str) -> bool:
        targets = self._targets(word)
        return bool(targets) and all(entity.in_changes for _, entity in targets)

    def _at_once(self, word: str) -> int:
        entity = self._targets(word)[0][1]
        return entity.paging.match.most if self._reader.can_ask_among(entity) else 1

    def _from_feed(self, wanted: Wanted, since: datetime) -> Told:
        """Only what was announced is taken: what nobody announced is for polling to find, and to say so."""
        words = {word: self._targets(word) for word in wanted if self._is_in_feed(word)}
        names = sorted({target.resource for targets in words.values() for target, _ in targets})
        changes = self._ledger.changes(names, since)
        records = {
            (name, record.remote_type, record.external_id): record for name in names for record in changes.records[name]
        }
        gone = {(each.resource, each.remote_type, each.external_id): each for each in changes.deletions}
        told = Told()
        for word, targets in words.items():
            for identity in wanted[word]:
                keys = [(target.resource, target.remote_type, identity) for target, _ in targets]
                if found := [(key[0], records[key]) for key in keys if key in records]:
                    told.found[word, identity] = found
                elif deleted := [gone[key] for key in keys if key in gone]:
                    told.gone[word, identity] = deleted
        return told

    # By ids

    def _word(self, word: str, ids: Mapping[str, bool], recent: datetime | None) -> Iterator[Told]:
        targets = self._targets(word)
        if not targets:
            yield Told(found={(word, identity): [] for identity in ids})
            return
        entity, names = targets[0][1], list(ids)
        if self._reader.can_ask_among(entity):
            for start in range(0, len(names), entity.paging.match.most):
                yield from self._chunk(
                    word, targets, {id: ids[id] for id in names[start : start + entity.paging.match.most]}
                )
            return
        if recent is not None and len(names) > _FEW and entity.detail is None and entity.paging.tells_changes:
            told = self._sorted(
                word,
                targets,
                self._reader.rows_since(entity, recent, of_any_kind=_is_mixed(targets)),
                ids,
                are_whole=False,
            )
            yield told
            names = [identity for identity in names if (word, identity) not in told.keys]
        for start in range(0, len(names), _ONE_BY_ONE):
            yield self._one_by_one(word, targets, names[start : start + _ONE_BY_ONE])

    def _chunk(self, word: str, targets: Sequence[tuple[Target, Entity]], ids: Mapping[str, bool]) -> Iterator[Told]:
        entity = targets[0][1]
        try:
            rows = self._reader.rows_among(entity, list(ids), of_any_kind=_is_mixed(targets))
        except RejectedError:
            # One of them may be no id of this ledger at all: the others are not held up by it.
            yield self._one_by_one(word, targets, list(ids))
            return
        told = self._sorted(word, targets, rows, ids, are_whole=False)
        verb = entity.operations.get("read")
        missing = [identity for identity in ids if (word, identity) not in told.keys]
        # Announced as deleted and not in the list: two witnesses. Otherwise the record itself is asked for.
        certain = [each for each in missing if ids[each] or verb is None or verb.by_list]
        told.gone |= {(word, each): _gone(targets, each) for each in certain}
        yield told
        if doubtful := [each for each in missing if each not in certain]:
            yield self._one_by_one(word, targets, doubtful)

    def _one_by_one(self, word: str, targets: Sequence[tuple[Target, Entity]], ids: Sequence[str]) -> Told:
        told = Told()
        for identity in ids:
            try:
                row = self._reader.row(targets[0][1], identity)
                found = self._sorted(word, targets, [row], [identity], are_whole=True)
            except RejectedError as error:
                if error.code == "not_found":
                    told.gone[word, identity] = _gone(targets, identity)
                else:
                    told.failed[word, identity] = error
            except UnexpectedShape as error:
                told.failed[word, identity] = error
            else:
                told.found |= found.found
                told.gone |= found.gone
                told.failed |= found.failed
        return told

    def _sorted(
        self,
        word: str,
        targets: Sequence[tuple[Target, Entity]],
        rows: Sequence[Any],
        ids: Sequence[str] | Mapping[str, bool],
        *,
        are_whole: bool,
    ) -> Told:
        """Rows of one list as the kinds of record that they are here."""
        by_id = {identity: row for row in rows if (identity := targets[0][1].identity(row)) in ids}
        told = Told(found={(word, identity): [] for identity in by_id})
        for target, entity in targets:
            fitting = {id: row for id, row in by_id.items() if target.when is None or target.when(row)}
            for identity in [id for id, row in fitting.items() if entity.gone is not None and entity.gone(row)]:
                at = entity.modified(fitting.pop(identity))
                told.gone.setdefault((word, identity), []).append(
                    Deletion(target.resource, target.remote_type, identity, at)
                )
            if not fitting:
                continue
            resource = self._ledger.connector.resources[target.resource]
            records, unreadable = self._reader.made_of(resource, entity, fitting, are_whole=are_whole)
            for record in records:
                told.found[word, record.external_id].append((target.resource, record))
            told.failed |= {(word, entity.identity(each.raw)): each.error for each in unreadable}
        for key in [*told.gone, *told.failed]:
            told.found.pop(key, None)
        return told


def _is_mixed(targets: Sequence[tuple[Target, Entity]]) -> bool:
    """Whether one list of the ledger holds several kinds of ours."""
    return any(target.when is not None for target, _ in targets)


def _gone(targets: Sequence[tuple[Target, Entity]], identity: str) -> list[Deletion]:
    return [Deletion(target.resource, target.remote_type, identity) for target, _ in targets]
