"""Which way each resource of a connection flows, whose word holds, how often it is read; obeyed wherever calls begin.

Reading off: no sync, announcement, read-back or question touches the resource; rows that are there stay, and are
marked as no longer refreshed. Writing off: nothing is posted, except what undoes an earlier posting. Two things are
not reading: the answer to our own write is kept (else nobody could find, prove or undo what was posted), and so is the
company itself (its currency and closed period decide what may be posted).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from integrations.engine.errors import RejectedError
from integrations.engine.operations import READS
from integrations.models import Connection, Posting, Resource, ResourcePolicy, SeenRecord, SyncCursor, SyncRun
from integrations.services.connectors import connector_of, readable_resources

Direction, Truth = ResourcePolicy.Direction, ResourcePolicy.Truth

ALWAYS_READ = frozenset({Resource.COMPANY_INFO.value})
LEAST_MINUTES, MOST_MINUTES = 5, 7 * 1440
_READING, _WRITING = frozenset({Direction.BOTH, Direction.READ}), frozenset({Direction.BOTH, Direction.WRITE})


@dataclass(frozen=True, slots=True)
class Policy:
    """What is wanted of one resource of one connection."""

    resource: str
    direction: str = Direction.BOTH.value
    source_of_truth: str = Truth.LEDGER.value
    sync_minutes: int | None = None
    """Every so many minutes; None: as often as it changes."""
    is_read_only: bool = False
    """Whether the whole connection is, whatever the resource's own direction."""

    @property
    def reads(self) -> bool:
        """Whether it is read from the ledger."""
        return self.direction in _READING or self.resource in ALWAYS_READ

    @property
    def writes(self) -> bool:
        """Whether new writes go to the ledger."""
        return self.direction in _WRITING and not self.is_read_only

    @property
    def label(self) -> str:
        """Its name on pages."""
        return str(Resource(self.resource).label)


class DirectionError(ValidationError):
    """Asked for what the resource's direction does not allow; the API tells `code` and `remedy` apart."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message} {remedy}", code="direction")
        self.what, self.remedy = message, remedy


def of(connection: Connection, resource: str) -> Policy:
    """The wishes for one resource; the default without a row."""
    return _given(connection, [resource])[resource]


def all_of(connection: Connection) -> dict[str, Policy]:
    """The wishes for every resource that the ledger has, in the manifest's order; one query."""
    return _given(connection, connector_of(connection).resources)


def reads(connection: Connection, resource: str) -> bool:
    """Whether anything of the resource may be read from the ledger."""
    return of(connection, resource).reads


def read_resources(connection: Connection) -> list[str]:
    """The resources that a sync of everything reads."""
    wanted = all_of(connection)
    return [name for name in readable_resources(connector_of(connection)) if wanted[name].reads]


def check_reads(connection: Connection, resources: Sequence[str]) -> None:
    """DirectionError names the resource that is asked for although it is not read."""
    for policy in _given(connection, resources).values():
        if not policy.reads:
            raise DirectionError(
                f"{policy.label} are not read from {connection}: somebody turned reading off.", _turn_on("reading")
            )


def check_writes(connection: Connection, resource: str, *, is_undoing: bool = False) -> None:
    """DirectionError when the resource is not written; undoing what was posted stays possible."""
    policy = of(connection, resource)
    if policy.direction not in _WRITING and not is_undoing:
        raise DirectionError(_not_written(connection, policy), _turn_on("writing"))


def lets(posting: Posting) -> bool:
    """Whether switches and directions let the write leave now; inside the tenant's scope."""
    policy = of(posting.connection, posting.resource)
    return not policy.is_read_only and (policy.direction in _WRITING or posting.reverses_id is not None)


def check_posting(posting: Posting) -> None:
    """RejectedError when the direction was changed after the write was asked for; inside the tenant's scope."""
    policy = of(posting.connection, posting.resource)
    if policy.direction not in _WRITING and posting.reverses_id is None:
        raise RejectedError(
            _not_written(posting.connection, policy),
            code="direction",
            remedy=f"{_turn_on('writing')} Then replay this one.",
            who_can_fix="owner",
        )


def set_policy(
    *,
    connection: Connection,
    resource: str,
    direction: str = Direction.BOTH,
    source_of_truth: str = Truth.LEDGER,
    sync_minutes: int | None = None,
) -> Policy:
    """Say what is wanted of one resource; ValidationError in words. Who and when stands in the audit trail."""
    policy = Policy(resource, direction, source_of_truth, sync_minutes, connection.is_read_only)
    set_policies(connection=connection, wanted=[policy])
    return policy


def set_policies(*, connection: Connection, wanted: Iterable[Policy]) -> list[Policy]:
    """Keep wishes for several resources, all or none; returns those that were changed."""
    present = all_of(connection)
    changed = [each for each in wanted if _checked(connection, present, each) != present[each.resource]]
    with transaction.atomic():
        for each in changed:
            ResourcePolicy.objects.update_or_create(
                connection=connection,
                resource=each.resource,
                defaults={
                    "direction": each.direction,
                    "source_of_truth": each.source_of_truth,
                    "sync_minutes": each.sync_minutes,
                },
                create_defaults={
                    "tenant_id": connection.tenant_id,
                    "direction": each.direction,
                    "source_of_truth": each.source_of_truth,
                    "sync_minutes": each.sync_minutes,
                },
            )
        began = [each.resource for each in changed if each.reads and not present[each.resource].reads]
        ended = [each.resource for each in changed if present[each.resource].reads and not each.reads]
        _begin_reading(connection, began)
        _end_reading(connection, ended)
    return changed


def only_read(connection: Connection) -> list[Policy]:
    """The wishes by which everything is read and nothing is written; the rest of each stays as it is."""
    return [replace(each, direction=Direction.READ.value) for each in all_of(connection).values()]


def defaults(connection: Connection) -> list[Policy]:
    """The wishes of a new connection."""
    return [Policy(name) for name in connector_of(connection).resources]


def is_writable(connection: Connection, resource: str) -> bool:
    """Whether the ledger takes writes of the resource at all."""
    entities = connector_of(connection).resources[resource].entities.values()
    return any(operation not in READS for entity in entities for operation in entity.operations)


def _checked(connection: Connection, present: Mapping[str, Policy], policy: Policy) -> Policy:
    """The policy as it is compared and kept."""
    if policy.resource not in present:
        raise ValidationError(f"This ledger has no {policy.resource.replace('_', ' ')}.")
    if policy.direction not in Direction.values or policy.source_of_truth not in Truth.values:
        raise ValidationError(f"{policy.label}: choose one of the offered directions, and whose word holds.")
    if policy.resource in ALWAYS_READ and policy.direction not in _READING:
        raise ValidationError(f"{policy.label} is always read: its currency and closed period decide what is posted.")
    minutes = policy.sync_minutes
    if minutes is not None and not LEAST_MINUTES <= minutes <= MOST_MINUTES:
        raise ValidationError(f"{policy.label}: choose between {LEAST_MINUTES} and {MOST_MINUTES} minutes (a week).")
    return replace(policy, is_read_only=connection.is_read_only)


def _begin_reading(connection: Connection, resources: Sequence[str]) -> None:
    """What was not read for a while is read in full first: nothing tells what happened meanwhile."""
    if resources:
        rows = SyncCursor.objects.for_tenant(connection.tenant_id).filter(connection=connection)
        rows.filter(resource__in=resources).update(full_synced_at=None, due_at=None)
        mine = Connection.objects.for_tenant(connection.tenant_id).filter(pk=connection.pk)
        mine.exclude(next_sync_at=None).update(next_sync_at=timezone.now())


def _end_reading(connection: Connection, resources: Sequence[str]) -> None:
    """A run under way leaves these out: its worker loses it with the next page, and the next one goes on without."""
    if not resources:
        return
    runs = SyncRun.objects.for_tenant(connection.tenant_id).filter(connection=connection).unfinished()
    for run in runs.select_for_update():
        if touched := set(run.progress) & set(resources):
            progress = {name: state for name, state in run.progress.items() if name not in touched}
            SyncRun.objects.filter(pk=run.pk).update(progress=progress, fence=F("fence") + 1, lease_until=None)
            SeenRecord.objects.filter(sync_run=run, resource__in=touched).delete()


def _given(connection: Connection, resources: Iterable[str]) -> dict[str, Policy]:
    names = list(resources)
    rows = ResourcePolicy.objects.for_tenant(connection.tenant_id).filter(connection=connection, resource__in=names)
    found = {row.resource: Policy(row.resource, row.direction, row.source_of_truth, row.sync_minutes) for row in rows}
    return {name: replace(found.get(name, Policy(name)), is_read_only=connection.is_read_only) for name in names}


def _not_written(connection: Connection, policy: Policy) -> str:
    return f"{policy.label} are not written to {connection}: somebody turned writing off."


def _turn_on(what: str) -> str:
    return f"An owner can turn {what} on again, in the table of resources that the connection's page leads to."
