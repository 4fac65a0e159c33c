"""Reading a change feed: one call for many kinds of record, split when it says less than everything."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.engine import paths, templates
from integrations.engine.declarations import ChangeFeed, Entity, Resource
from integrations.engine.messages import RemoteRequest
from integrations.engine.paging import Since
from integrations.engine.results import Changes, Deletion, Record, Unreadable
from integrations.engine.scalars import moment

if TYPE_CHECKING:
    from integrations.engine.ledger import Ledger


class FeedReader:
    """Collects the changes of some resources."""

    def __init__(self, ledger: "Ledger") -> None:
        self._ledger = ledger
        self._records: dict[str, list[Record]] = {}
        self._deletions: list[Deletion] = []
        self._unreadable: list[Unreadable] = []
        self._incomplete: set[str] = set()
        self._through: datetime | None = None

    def changes(self, resources: Sequence[Resource], since: datetime) -> Changes:
        """The changes since a moment; older than the feed remembers, everything is incomplete."""
        feed = self._ledger.connector.changes
        self._records = {resource.name: [] for resource in resources}
        if feed is None or datetime.now(UTC) - since > timedelta(days=feed.look_back_days):
            self._incomplete = {resource.name for resource in resources}
            return self._result()
        asked: dict[str, list[Resource]] = {}
        for resource in resources:
            for entity in self._ledger.reader.kinds(resource):
                if entity.in_changes:
                    asked.setdefault(entity.key, []).append(resource)
                else:
                    self._incomplete.add(resource.name)
        if asked:
            self._ask(feed, asked, since)
        return self._result()

    def _result(self) -> Changes:
        return Changes(self._records, self._deletions, frozenset(self._incomplete), self._through, self._unreadable)

    def _ask(self, feed: ChangeFeed, asked: dict[str, list[Resource]], since: datetime) -> None:
        """One call; where it is full, its halves; where one kind alone fills it, that kind is incomplete."""
        places = {**self._ledger.context.values, **Since().places(since), "entities": ",".join(asked)}
        request = RemoteRequest(
            "GET", templates.filled_path(feed.path, places), templates.filled_all(feed.params, places)
        )
        answer = self._ledger.client.send(request)
        self._ledger.needs_json(answer)
        groups = paths.getter(feed.records)(answer.body) or []
        found = {key: list(group.get(key) or []) for group in groups for key in group if key in asked}
        is_full = sum(map(len, found.values())) >= feed.most
        if is_full and len(asked) > 1:
            keys = list(asked)
            for half in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
                self._ask(feed, {key: asked[key] for key in half}, since)
            return
        # The earliest clock of several calls: nothing may fall between them.
        time = self._ledger.time(answer)
        if time is not None:
            self._through = time if self._through is None else min(time, self._through)
        for key, resources in asked.items():
            for resource in resources:
                if is_full:
                    self._incomplete.add(resource.name)
                self._take(feed, resource, key, found.get(key, []))

    def _take(self, feed: ChangeFeed, resource: Resource, key: str, items: list[Any]) -> None:
        entity = next(entity for entity in resource.entities.values() if entity.key == key)
        gone = paths.getter(feed.deleted_path)
        present = [item for item in items if gone(item) != feed.deleted_value]
        records, unreadable = self._ledger.readable(resource, entity, present, self._ledger.context_for(resource))
        self._records[resource.name].extend(records)
        self._unreadable.extend(unreadable)
        for item in items:
            if gone(item) == feed.deleted_value:
                self._deletions.append(_deletion(feed, resource, entity, item))


def _deletion(feed: ChangeFeed, resource: Resource, entity: Entity, item: Any) -> Deletion:
    at = paths.getter(feed.deleted_at)(item)
    identity = str(paths.getter(feed.deleted_id)(item))
    return Deletion(resource.name, entity.remote_type, identity, moment(at) if at else None)
