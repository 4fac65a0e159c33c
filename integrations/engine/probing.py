"""Finding out what became of a write whose answer was lost, before anything may be sent again.

Ways, as manifests name them:
- `replay`: the same bytes under the same key; the ledger answers what it answered first (while it remembers the key)
- `by_key`: read the record by the key that was written with it; where there is none, nothing was written
- `find`: look for the record by the properties that the declaration names, and compare it with what was written
- `compare`: read the record and see whether it holds what was written
- `gone`: it was to be deleted: is it?
- `status`: it was to be voided, or approved: is it?
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.engine import paths
from integrations.engine.compare import differences
from integrations.engine.declarations import Entity, Resource
from integrations.engine.errors import InvalidRecord, RejectedError
from integrations.engine.overlay import without
from integrations.engine.results import Deletion, Outcome, Probe, Record

if TYPE_CHECKING:
    from integrations.engine.ledger import Ledger

# How far the ledger's clock may be behind ours.
_SKEW = timedelta(minutes=5)
# By these a person recognises a record; two of one name are hardly made by chance.
_NAMES = frozenset({"number", "reference", "name", "code"})
# A call that was cut off may still be carried out; a repetition under its key would wait for it, a search does not.
_SETTLES_WITHOUT_KEY = 60.0


class Prober:
    """Asks a ledger what it knows of a write."""

    def __init__(self, ledger: "Ledger") -> None:
        self._ledger = ledger

    def probe(
        self,
        resource: Resource,
        operation: str,
        unified: Mapping[str, Any],
        *,
        key: str,
        sent_at: datetime | None,
        by_own_key: bool = True,
        may_repeat: bool = True,
        ignoring: Collection[str] = (),
    ) -> Probe:
        """The first definite outcome of the declared ways; UNKNOWN when none is definite.

        `ignoring`: fields written otherwise than the record says. Without `by_own_key` a common key carried it.
        A refused replay (RejectedError) is the outcome only when the other ways do not find what was written: a ledger
        that forgot the key refuses the number, name or version that the first writing has taken.
        """
        try:
            checked = without(resource.typed(unified, operation), ignoring)
        except InvalidRecord as error:
            return Probe(Outcome.UNKNOWN, reason=f"it can no longer be compared with the ledger's: {error.message}")
        entity = resource.entity_for(checked)
        native = self._ledger.connector.idempotency
        ways = ways_of(native.probe, entity, operation, by_own_key=by_own_key, may_repeat=may_repeat)
        settles = native.settle_seconds if by_own_key else max(native.settle_seconds, _SETTLES_WITHOUT_KEY)
        found = Probe(Outcome.UNKNOWN, reason="the ledger offers no way to find out")
        refusal: RejectedError | None = None
        for way in ways:
            try:
                if way == "replay":
                    found = self._replay(resource, operation, unified, key, sent_at)
                elif way == "by_key":
                    found = self._by_key(resource, entity, key)
                elif way == "find":
                    found = self._find(resource, entity, checked, sent_at)
                else:
                    found = self._look(way, operation, resource, entity, checked)
            except RejectedError as error:
                # Only the write itself can be refused; a refused question says nothing about it.
                is_answer = way == "replay" and not isinstance(error, InvalidRecord)
                refusal = error if is_answer else refusal
                found = Probe(Outcome.UNKNOWN, reason=f"the ledger could not be asked: {error.message}")
            found = _settled(found, sent_at, settles)
            if found.outcome is Outcome.POSTED or (found.outcome is Outcome.ABSENT and refusal is None):
                return found
        if refusal is not None and (found.outcome is Outcome.ABSENT or found.record is None):
            raise refusal
        return found

    def _replay(
        self, resource: Resource, operation: str, unified: Mapping[str, Any], key: str, sent_at: datetime | None
    ) -> Probe:
        remembered = timedelta(hours=self._ledger.connector.idempotency.ttl_hours)
        verb = resource.entity_for(unified).operations[operation].chosen({**unified, **self._ledger.context.values})
        is_old = not remembered or (sent_at is not None and datetime.now(UTC) - sent_at > remembered)
        if is_old and not verb.is_upsert:
            return Probe(Outcome.UNKNOWN, reason="the ledger may have forgotten the key of this write")
        record = self._ledger.post(resource.name, operation, unified, key=key)
        return Probe(Outcome.POSTED, record, "the same request under the same key was answered")

    def _by_key(self, resource: Resource, entity: Entity, key: str) -> Probe:
        try:
            record = self._ledger.read_by_key(resource.name, key, entity.remote_type)
        except RejectedError as error:
            if error.code != "not_found":
                raise
            return Probe(Outcome.ABSENT, reason="the ledger has no record of this key")
        return Probe(Outcome.POSTED, record, "the ledger has the record of this key")

    def _find(self, resource: Resource, entity: Entity, unified: Mapping[str, Any], sent_at: datetime | None) -> Probe:
        told = Probe(Outcome.UNKNOWN, reason="the record gives nothing to search by")
        for properties in entity.find:
            wanted = {name: paths.getter(path)(unified) for name, path in properties.items()}
            if any(value in (None, "") for value in wanted.values()):
                continue
            matched = self._ledger.reader.matching(
                resource, entity, {name: _literal(value) for name, value in wanted.items()}
            )
            if matched is None:
                return Probe(Outcome.UNKNOWN, reason="this ledger cannot be searched")
            found, unreadable = matched
            if unreadable:
                return Probe(Outcome.UNKNOWN, reason="the ledger has such a record, which cannot be read")
            told = _told(found, unified, sent_at)
            if told.outcome is not Outcome.ABSENT:
                return told
            if namesakes := _made_since(found, unified, _NAMES & set(properties.values()), sent_at):
                # Ledgers change what they take (tax, spaces): with our own number, made since, it may well be ours.
                return Probe(Outcome.UNKNOWN, namesakes[0], "the ledger has a newer record of that name, which differs")
            renumbered = _told(found, {name: value for name, value in unified.items() if name != "number"}, sent_at)
            if renumbered.outcome is not Outcome.ABSENT:
                # Some ledgers number documents themselves: this may be it, and a question is better than a second one.
                return Probe(Outcome.UNKNOWN, renumbered.record, "the ledger has such a record under another number")
        return told

    def _look(self, way: str, operation: str, resource: Resource, entity: Entity, unified: Mapping[str, Any]) -> Probe:
        identity = str(unified.get("external_id") or "")
        try:
            record = self._ledger.read(resource.name, identity, entity.remote_type)
        except RejectedError as error:
            if error.code != "not_found":
                raise
            if way == "gone":
                deletion = Deletion(
                    resource.name, entity.remote_type, identity, correlation_id=error.correlation_id or ""
                )
                return Probe(Outcome.POSTED, deletion, "the record is gone")
            return Probe(Outcome.UNKNOWN, reason="the record is not in the ledger")
        if way == "gone":
            return Probe(Outcome.ABSENT, record, "the record is still there")
        if way == "status":
            return _by_status(operation, record)
        missing = differences(
            {name: value for name, value in unified.items() if _is_readable(entity, name)}, record.unified
        )
        if missing:
            return Probe(Outcome.ABSENT, record, f"the record does not hold {', '.join(missing)}")
        return Probe(Outcome.POSTED, record, "the record holds what was written")


def ways_of(
    declared: Mapping[str, tuple[str, ...]],
    entity: Entity,
    operation: str,
    *,
    by_own_key: bool = True,
    may_repeat: bool = True,
) -> tuple[str, ...]:
    """The ways of finding out that apply to a write, strongest first."""
    ways = {**declared, **entity.probe}.get(operation, ())
    left_out = (set() if by_own_key else {"replay", "by_key"}) | (set() if may_repeat else {"replay"})
    return tuple(way for way in ways if way not in left_out)


def is_findable(declared: Mapping[str, tuple[str, ...]], entity: Entity, unified: Mapping[str, Any]) -> bool:
    """Whether a new record can be found again without its key: by a number, reference or name that it bears."""
    if "find" not in ways_of(declared, entity, "create", by_own_key=False):
        return False
    return any(
        _NAMES & set(properties.values())
        and all(paths.getter(path)(unified) not in (None, "") for path in properties.values())
        for properties in entity.find
    )


def _settled(found: Probe, sent_at: datetime | None, seconds: float) -> Probe:
    """`absent` is believed only when the ledger has had the time to finish what it may still be working on."""
    if found.outcome is not Outcome.ABSENT or sent_at is None:
        return found
    left = (sent_at + timedelta(seconds=seconds) - datetime.now(UTC)).total_seconds()
    if left <= 0:
        return found
    return Probe(Outcome.UNKNOWN, found.record, f"{found.reason}; it may still appear", wait=left)


def _by_status(operation: str, record: Record) -> Probe:
    """Void or not; approved is whatever is no draft any more."""
    status = record.unified.get("status")
    reason = f"its status is {status}"
    if status is None or operation not in {"void", "approve"}:
        return Probe(Outcome.UNKNOWN, record, reason)
    is_done = status == "void" if operation == "void" else status not in {"draft", "void"}
    return Probe(Outcome.POSTED if is_done else Outcome.ABSENT, record, reason)


def _told(found: list[Record], unified: Mapping[str, Any], sent_at: datetime | None) -> Probe:
    """What candidates prove: exactly one that equals what was written, and was made after it was sent, is it."""
    after = sent_at - _SKEW if sent_at is not None else None
    same = [
        record
        for record in found
        if not differences({k: v for k, v in unified.items() if k in record.unified}, record.unified)
        and (after is None or record.unified.get("created_at") is None or record.unified["created_at"] >= after)
    ]
    if len(same) == 1:
        return Probe(Outcome.POSTED, same[0], "the ledger has a record that holds what was written")
    if same:
        return Probe(Outcome.UNKNOWN, same[0], f"the ledger has {len(same)} records that hold what was written")
    return Probe(Outcome.ABSENT, reason="the ledger has no record that holds what was written")


def _made_since(
    found: list[Record], unified: Mapping[str, Any], names: frozenset[str], sent_at: datetime | None
) -> list[Record]:
    """Candidates that bear the number, reference or name that was written, and were made since it was sent."""
    if sent_at is None:
        return []
    borne = [record for record in found if any(record.unified.get(n) == unified.get(n) for n in names)]
    return [r for r in borne if r.unified.get("created_at") and r.unified["created_at"] >= sent_at - _SKEW]


def _is_readable(entity: Entity, name: str) -> bool:
    return any(field.name == name and field.read is not None for field in entity.shape.fields)


def _literal(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
