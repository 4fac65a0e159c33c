"""What an announcement costs no call for: nothing of ours, known already, read since, or our own write coming back."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from integrations.engine.announcements import OTHER, Target
from integrations.models import Connection, Posting, SyncCursor, WebhookEvent
from integrations.services.connectors import connector_of
from integrations.services.records import State, states

Status = WebhookEvent.Status
_ENDINGS = frozenset({"deleted", "merged"})
_CLOCKS = timedelta(minutes=2)
"""The ledger's clock and ours may differ by so much."""
_OVERLAP = timedelta(minutes=5)
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_CREATED, _CHANGED = "created", "changed"


@dataclass
class Group:
    """The events of one remote record; the newest by the ledger's clock, else by arrival, stands for all."""

    kind: str
    record: str
    events: list[WebhookEvent] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        """How the reading names it."""
        return self.kind, self.record

    @property
    def latest(self) -> WebhookEvent:
        """The newest."""
        return max(self.events, key=lambda event: (event.occurred_at or _BEGINNING, event.pk))

    @property
    def earlier(self) -> list[WebhookEvent]:
        """The others."""
        latest = self.latest
        return [event for event in self.events if event is not latest]

    @property
    def is_deleted(self) -> bool:
        """Whether any of them says that it is gone."""
        return any(event.action in _ENDINGS for event in self.events)


def grouped(events: Iterable[WebhookEvent]) -> list[Group]:
    """Events by record; a ledger's words differ in case between its forms."""
    groups: dict[tuple[str, str], Group] = {}
    for event in events:
        key = (event.remote_type.lower(), event.external_id)
        groups.setdefault(key, Group(event.remote_type, event.external_id)).events.append(event)
    return list(groups.values())


def settled(
    connection: Connection, groups: Sequence[Group], *, unread: Collection[str] = ()
) -> list[tuple[str, Group]]:
    """Groups that need no call, with what becomes of them; `unread` resources are nobody's business here.

    Inside the tenant's scope.
    """
    return list(_Knowledge(connection, groups, unread).settled())


class _Knowledge:
    """What the mirror, the postings and the cursors say of the records of some groups; four queries in all."""

    def __init__(self, connection: Connection, groups: Sequence[Group], unread: Collection[str]) -> None:
        declared = connector_of(connection).announcements
        assert declared is not None  # noqa: S101 - without a declaration no event exists
        self._tells_each_change = declared.tells_each_change
        self._groups, own = groups, {"tenant": connection.tenant_id, "connection": connection}
        self._targets = {
            group.key: [each for each in declared.targets(group.kind) if each.resource not in unread]
            for group in groups
        }
        names = [
            (target.resource, target.remote_type, group.record)
            for group in groups
            for target in self._targets[group.key]
        ]
        self._states = states(connection, names)
        cursors = SyncCursor.objects.filter(**own).values_list("resource", "changed_through")
        self._through = dict(cursors)
        records = [group.record for group in groups]
        postings = Posting.objects.filter(**own, status=Posting.Status.POSTED, external_id__in=records)
        self._postings: dict[tuple[str, str], list[Posting]] = {}
        for posting in postings.only("resource", "external_id", "operation", "sent_at", "finished_at"):
            self._postings.setdefault((posting.resource, posting.external_id), []).append(posting)
        echoes = WebhookEvent.objects.filter(**own, status=Status.ECHO, external_id__in=records)
        self._echoes: dict[str, list[WebhookEvent]] = {}
        for event in echoes.only("external_id", "action", "occurred_at"):
            self._echoes.setdefault(event.external_id, []).append(event)

    def settled(self) -> Iterator[tuple[str, Group]]:
        for group in self._groups:
            targets = self._targets[group.key]
            if not targets:
                yield Status.IGNORED, group
            elif self._is_read_since(group, targets):
                yield Status.SUPERSEDED, group
            elif self._is_echo(group, targets):
                yield Status.ECHO, group
            elif self._is_known(group, targets):
                yield Status.UNCHANGED, group

    def _is_read_since(self, group: Group, targets: Sequence[Target]) -> bool:
        """A sync that began later has read it; what is gone it may not have noticed."""
        at = group.latest.occurred_at
        if at is None or group.is_deleted:
            return False
        through = [self._through.get(target.resource) for target in targets]
        return all(each is not None and each - _OVERLAP > at for each in through)

    def _is_known(self, group: Group, targets: Sequence[Target]) -> bool:
        """The mirror holds a state that the ledger dates later than the announcement.

        A stamp of whole seconds says too little about the same second: then it is read.
        """
        at = group.latest.occurred_at
        if at is None or group.is_deleted:
            return False
        held = self._held(group.record, targets)
        return bool(held) and all(_is_newer(state, at) for state in held)

    def _is_echo(self, group: Group, targets: Sequence[Target]) -> bool:
        """These are our own writes coming back, and the mirror holds what they made of the record.

        Stamps are of seconds, so somebody else's change may bear that of ours. It has an event of its own: more events
        than we wrote are read. Where two changes of a second may come as one event, changes are read.
        """
        held = self._held(group.record, targets)
        own = [each for target in targets for each in self._postings.get((target.resource, group.record), [])]
        if not held or not all(_covers(state, event.occurred_at) for state in held for event in group.events):
            return False
        moments = [event.occurred_at for event in group.events if event.occurred_at is not None]
        ours = [each for each in own if any(_is_near(each, at) for at in moments)]
        told = [*group.events, *(each for each in self._echoes.get(group.record, []) if _is_of(each, ours))]
        if not all(event.occurred_at and any(_is_near(each, event.occurred_at) for each in ours) for event in told):
            return False
        if not self._tells_each_change and any(_is_coarse(event) for event in group.events):
            return False
        return _no_more(Counter(map(_said, told)), Counter(map(_wrote, ours)))

    def _held(self, record: str, targets: Sequence[Target]) -> list[State]:
        names = [(target.resource, target.remote_type, record) for target in targets]
        return [self._states[name] for name in names if name in self._states]


def _is_newer(state: State, at: datetime) -> bool:
    modified = state.modified_at
    if modified is None or state.deleted_at is not None:
        return False
    return modified > at or (modified == at and bool(modified.microsecond))


def _covers(state: State, at: datetime | None) -> bool:
    if at is None:
        return False
    if state.deleted_at is not None:
        return True
    return state.modified_at is not None and state.modified_at >= at.replace(microsecond=0)


# Echoes ---------------------------------------------------------------------------------------------------------------


def _is_near(posting: Posting, at: datetime) -> bool:
    sent, finished = posting.sent_at, posting.finished_at
    return sent is not None and finished is not None and sent - _CLOCKS <= at <= finished + _CLOCKS


def _is_of(event: WebhookEvent, postings: Sequence[Posting]) -> bool:
    return event.occurred_at is not None and any(_is_near(posting, event.occurred_at) for posting in postings)


def _is_coarse(event: WebhookEvent) -> bool:
    """Another change of the same second would have said the very same. A creation happens once."""
    return _said(event) == _CHANGED and event.occurred_at is not None and not event.occurred_at.microsecond


def _said(event: WebhookEvent) -> str:
    return {"created": _CREATED, OTHER: ""}.get(event.action, _CHANGED)


def _wrote(posting: Posting) -> str:
    return _CREATED if posting.operation == Posting.Operation.CREATE else _CHANGED


def _no_more(told: Mapping[str, int], written: Mapping[str, int]) -> bool:
    """No more events than writes: a write may come without an event, an event without our write is somebody else's.

    Where a ledger does not say what was done, only their number tells.
    """
    named = all(count <= written.get(what, 0) for what, count in told.items() if what)
    return named and sum(told.values()) <= sum(written.values())
