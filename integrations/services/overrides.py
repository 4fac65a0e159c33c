"""Versions of a tenant's expressions: draft, submit, approve by another person, send back, roll back, out of force.

What comes into force, or leaves it, has the stored records of its resource laid over anew, and lets go the postings
that its predecessor had held.
"""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import connection as database
from django.db.models import Max
from django.utils import timezone

from integrations.engine.overlay import target_problem
from integrations.models import Connection, FieldOverride, Rereading
from integrations.services.connectors import connector_of
from integrations.services.overlays import evaluator_for
from integrations.services.overriding import release_held
from integrations.services.rereading import request_rereading
from tenants.models import User

Status, Direction = FieldOverride.Status, FieldOverride.Direction


class OverrideError(ValidationError):
    """A step that this version or this person may not take; the message says why and what to do."""


def draft(
    *, connection: Connection, resource: str, direction: str, target: str, expression: str, by: User
) -> FieldOverride:
    """A new draft for a field; refused while there is one, or where the field cannot be overridden."""
    _serialise(connection)
    target = target.strip()
    check_place(connection, resource, direction, target)
    check_expression(connection, expression)
    made = FieldOverride(
        tenant_id=connection.tenant_id,
        connection=connection,
        resource=resource,
        direction=direction,
        target=target,
        expression=expression.strip(),
        editors=[by.pk],
        created_by=by,
        version=1,
    )
    if FieldOverride.objects.beside(made).open().exists():
        raise OverrideError("There is a draft for this field already: open that one.")
    last = FieldOverride.objects.beside(made).aggregate(last=Max("version"))["last"] or 0
    made.version = last + 1
    made.full_clean(exclude=["tenant"])
    made.save()
    return made


def change(*, row: FieldOverride, expression: str, by: User) -> FieldOverride:
    """Another text for a draft."""
    found = _locked(row, Status.DRAFT, "Only a draft can be changed.")
    check_expression(found.connection, expression)
    found.expression = expression.strip()
    found.editors = [*dict.fromkeys([*found.editors, by.pk])]
    found.save(update_fields=["expression", "editors"])
    return found


def discard(*, row: FieldOverride) -> None:
    """Throw a draft away."""
    _locked(row, Status.DRAFT, "Only a draft can be thrown away.").delete()


def submit(*, row: FieldOverride, by: User, reason: str) -> FieldOverride:
    """Hand a draft to an approver."""
    found = _locked(row, Status.DRAFT, "Only a draft can be submitted.")
    if not reason.strip():
        raise OverrideError("Say in a sentence what it is for; the approver reads it.")
    check_expression(found.connection, found.expression)
    active = FieldOverride.objects.beside(found).active().first()
    if active is not None and active.expression == found.expression:
        raise OverrideError(f"Nothing differs from version {active.version}, which is in force.")
    found.editors = [*dict.fromkeys([*found.editors, by.pk])]
    found.status, found.submitted_by, found.submitted_at = Status.SUBMITTED, by, timezone.now()
    found.reason = reason.strip()
    found.save()
    return found


def withdraw(*, row: FieldOverride, by: User) -> FieldOverride:
    """Take a submitted version back to go on with it."""
    found = _locked(row, Status.SUBMITTED, "Only a submitted version can be withdrawn.")
    if by.pk not in found.editors:
        raise OverrideError("Only somebody who worked on it can withdraw it; an approver sends it back.")
    found.status, found.submitted_by, found.submitted_at = Status.DRAFT, None, None
    found.save()
    return found


def approve(*, row: FieldOverride, by: User, decision: str = "") -> Rereading | None:
    """Bring a submitted version into force; returns the re-reading that it needs, to be rung after commit."""
    found = _locked(row, Status.SUBMITTED, "Only a submitted version can be approved.")
    _refuse_own(found, by)
    check_expression(found.connection, found.expression)
    return _bring_into_force(found, by=by, decision=decision)


def send_back(*, row: FieldOverride, by: User, decision: str) -> FieldOverride:
    """Refuse a submitted version with a reason; the work goes on in a new draft, which is returned."""
    found = _locked(row, Status.SUBMITTED, "Only a submitted version can be sent back.")
    _refuse_own(found, by)
    if not decision.strip():
        raise OverrideError("Say what should be different; the editor reads it.")
    found.status, found.decided_by, found.decided_at = Status.REJECTED, by, timezone.now()
    found.decision = decision.strip()
    found.save()
    return _copy(found, status=Status.DRAFT, by=found.submitted_by or by)


def roll_back(*, row: FieldOverride, by: User, decision: str) -> Rereading | None:
    """Bring a version that was in force before into force again, as a new version."""
    _serialise(row.connection)
    old = FieldOverride.objects.for_tenant(row.tenant_id).select_related("connection").get(pk=row.pk)
    if old.status != Status.SUPERSEDED:
        raise OverrideError("Only a version that was in force before can be rolled back to.")
    if not decision.strip():
        raise OverrideError("Say why; it stays in the history.")
    _refuse_own(old, by)
    again = _copy(old, status=Status.SUBMITTED, by=old.submitted_by or old.created_by or by)
    again.submitted_by, again.submitted_at = old.submitted_by, old.submitted_at
    again.reason = f"Version {old.version} again: {old.reason}"
    return _bring_into_force(again, by=by, decision=decision)


def end(*, row: FieldOverride, by: User, decision: str) -> Rereading | None:
    """Take the version in force out of force: the declaration alone holds again. A safe step, so one person's."""
    found = _locked(row, Status.ACTIVE, "Only what is in force can be taken out of force.")
    if not decision.strip():
        raise OverrideError("Say why; it stays in the history.")
    now = timezone.now()
    told = f"{found.decision}\nTaken out of force by {by} on {now:%Y-%m-%d %H:%M} UTC: {decision.strip()}".strip()
    found.status, found.ended_at, found.decision = Status.SUPERSEDED, now, told
    found.save()
    return _follow_up(found, by)


def check_place(connection: Connection, resource: str, direction: str, target: str) -> None:
    """OverrideError where a field cannot be overridden in this direction."""
    if resource not in connector_of(connection).resources:
        raise OverrideError(f"{connection} has no {resource.replace('_', ' ')}.")
    if direction not in Direction.values:
        raise OverrideError("Say whether it is for reading or for writing.")
    if why := target_problem(resource, target, is_reading=direction == Direction.READ):
        raise OverrideError(why)


def check_expression(connection: Connection, expression: str) -> None:
    """OverrideError, with line and column, where an expression cannot be parsed or uses what it may not."""
    with evaluator_for(connection.tenant_id) as evaluator:
        problem = evaluator.problem(expression)
    if problem is not None:
        raise OverrideError(str(problem), code=problem.kind)


def active_places(connection: Connection) -> Iterable[tuple[str, str]]:
    """(resource, direction) with something in force."""
    rows = FieldOverride.objects.for_tenant(connection.tenant_id).active().filter(connection=connection)
    return rows.values_list("resource", "direction").distinct()


def _bring_into_force(found: FieldOverride, *, by: User, decision: str) -> Rereading | None:
    now = timezone.now()
    beside = FieldOverride.objects.beside(found).active()
    beside.update(status=Status.SUPERSEDED, ended_at=now)
    found.status, found.decided_by, found.decided_at = Status.ACTIVE, by, now
    found.decision = decision.strip()
    found.save()
    return _follow_up(found, by)


def _follow_up(found: FieldOverride, by: User) -> Rereading | None:
    if found.direction == Direction.WRITE:
        release_held(found.connection, found.resource)
        return None
    return request_rereading(connection=found.connection, resource=found.resource, by=by)


def _copy(old: FieldOverride, *, status: str, by: User) -> FieldOverride:
    last = FieldOverride.objects.beside(old).aggregate(last=Max("version"))["last"] or 0
    if FieldOverride.objects.beside(old).open().exists() and status != Status.DRAFT:
        raise OverrideError("There is an open draft for this field: have it decided, or throw it away, first.")
    return FieldOverride.objects.create(
        tenant_id=old.tenant_id,
        connection=old.connection,
        resource=old.resource,
        direction=old.direction,
        target=old.target,
        expression=old.expression,
        version=last + 1,
        status=status,
        editors=old.editors,
        created_by=by,
    )


def _refuse_own(found: FieldOverride, by: User) -> None:
    if by.pk in found.editors or by.pk == found.submitted_by_id:
        raise OverrideError("Nobody approves their own change: another person with the right must decide on it.")


def _locked(row: FieldOverride, status: str, otherwise: str) -> FieldOverride:
    _serialise(row.connection)
    rows = FieldOverride.objects.for_tenant(row.tenant_id).select_for_update(of=("self",))
    found = rows.select_related("connection").get(pk=row.pk)
    if found.status != status:
        raise OverrideError(f"{otherwise} Version {found.version}: {found.get_status_display().lower()}.")
    return found


def _serialise(connection: Connection) -> None:
    # Two people deciding at once: the second waits and then sees what the first did.
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 23))", [str(connection.pk)])


__all__ = [
    "OverrideError",
    "active_places",
    "approve",
    "change",
    "check_expression",
    "check_place",
    "discard",
    "draft",
    "end",
    "roll_back",
    "send_back",
    "submit",
    "withdraw",
]
