"""What an announcement costs no call for: nothing of ours, known already, read since, or our own write coming back."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from integrations.engine.announcements import Target
from integrations.models import Connection, Posting, SyncCursor, WebhookEvent
from integrations.services.connectors import connector_of
from integrations.services.records import State, states

Status = WebhookEvent.Status
_ENDINGS = frozenset({"deleted", "merged"})
_CLOCKS = timedelta(minutes=2)
"""The ledger's clock and ours may differ by so much."""
_OVERLAP = timedelta(minutes=5)
_BEGINNING = datetime.min.replace(tzinfo=UTC)


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
    """What the mirror, the postings and the cursors say of the records of some groups; three queries in all."""

    def __init__(self, connection: Connection, groups: Sequence[Group], unread: Collection[str]) -> None:
        declared = connector_of(connection).announcements
        assert declared is not None  # noqa: S101 - without a declaration no event exists
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

    def settled(self) -> Iterator[tuple[str, Group]]:
        for group in self._groups:
            targets = self._targets[group.key]
            if not targets:
                yield Status.IGNORED, group
            elif self._is_read_since(group, targets):
                yield Status.SUPERSEDED, group
            elif all(self._is_echo(event, targets) for event in group.events):
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

    def _is_echo(self, event: WebhookEvent, targets: Sequence[Target]) -> bool:
        """One of our postings wrote this record at that moment, and the mirror holds what it became."""
        at = event.occurred_at
        if at is None:
            return False
        held = self._held(event.external_id, targets)
        own = [each for target in targets for each in self._postings.get((target.resource, event.external_id), [])]
        is_ours = any(
            posting.sent_at and posting.finished_at and posting.sent_at - _CLOCKS <= at <= posting.finished_at + _CLOCKS
            for posting in own
        )
        return is_ours and bool(held) and all(_covers(state, at) for state in held)

    def _held(self, record: str, targets: Sequence[Target]) -> list[State]:
        names = [(target.resource, target.remote_type, record) for target in targets]
        return [self._states[name] for name in names if name in self._states]


def _is_newer(state: State, at: datetime) -> bool:
    modified = state.modified_at
    if modified is None or state.deleted_at is not None:
        return False
    return modified > at or (modified == at and bool(modified.microsecond))


def _covers(state: State, at: datetime) -> bool:
    if state.deleted_at is not None:
        return True
    return state.modified_at is not None and state.modified_at >= at.replace(microsecond=0)
