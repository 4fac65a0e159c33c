"""Questions asked on demand: written down, asked by a worker, answered, forgotten.

The web process never calls a ledger, so a report or a file is a row that a page or a partner looks at until it is done.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.engine.errors import IntegrationError, RejectedError, TransientError
from integrations.models import Connection, Fetch
from integrations.services import aged, failures, ledgers, policies
from integrations.services.calls import Recorder
from integrations.services.connectors import connector_of
from integrations.services.custom_fields import remember
from integrations.services.ledgers import Session
from integrations.services.work import LeaseLostError, backoff, claim, conclude, release
from tenants.models import User
from tenants.rls import tenant_scope

log = structlog.get_logger(__name__)

FRESH = timedelta(minutes=5)
"""An answer that is no older is given again instead of asking the ledger once more."""

KEPT = timedelta(hours=24)
MOST_ATTEMPTS = 6

Answer = tuple[Any, bytes | None]


def request_fetch(
    *,
    connection: Connection,
    kind: str,
    params: dict[str, Any],
    requested_by: User | None = None,
    fresh: timedelta = FRESH,
) -> Fetch:
    """Write a question down, in the caller's tenant transaction; ring `perform_fetch` after commit.

    The same question that waits, or was answered within `fresh`, is returned instead. ValidationError, in words, when
    the connection cannot be called or the ledger has no such report.
    """
    if connection.status != Connection.Status.ACTIVE:
        raise ValidationError(f"{connection} is not active: {connection.get_status_display().lower()}.")
    _known(connection, kind, params)
    now = timezone.now()
    same = Fetch.objects.for_tenant(connection.tenant_id).filter(connection=connection, kind=kind, params=params)
    recent = same.filter(created_at__gt=now - fresh, expires_at__gt=now).exclude(status=Fetch.Status.FAILED)
    existing = same.filter(status=Fetch.Status.QUEUED).first() or recent.order_by("-id").first()
    return existing or Fetch.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        kind=kind,
        params=params,
        requested_by=requested_by,
        expires_at=now + KEPT,
    )


def _known(connection: Connection, kind: str, params: Mapping[str, Any]) -> None:
    connector = connector_of(connection)
    name = params.get("name", "")
    if kind == Fetch.Kind.REPORT and name not in connector.reports and not aged.is_made(connector, name):
        known = ", ".join(connector.reports) or "none"
        raise ValidationError(f"{connector.label} has no report {name}. It has: {known}.")
    if kind in (Fetch.Kind.ATTACHMENTS, Fetch.Kind.FILE) and (
        connector.files is None or params["resource"] not in connector.files.kinds
    ):
        raise ValidationError(f"{connector.label} keeps no files with {params['resource'].replace('_', ' ')}.")
    if "resource" in params:
        policies.check_reads(connection, [params["resource"]])


def perform_fetch(tenant_id: UUID | str, fetch_id: UUID | str) -> Fetch | None:
    """The worker's use case: ask, and keep the answer; None when there was nothing to take."""
    with tenant_scope(tenant_id):
        fetch = claim(Fetch, tenant_id=tenant_id, row_id=fetch_id, statuses=[Fetch.Status.QUEUED])
        connection = fetch.connection if fetch else None
    if fetch is None or connection is None:
        return None
    try:
        answer, content = _ask(fetch, connection)
        with tenant_scope(tenant_id):
            conclude(fetch, status=Fetch.Status.DONE, answer=answer, content=content, **failures.NO_ERROR)
    except LeaseLostError:
        log.info("fetch_taken_over", fetch=str(fetch.pk))
    except IntegrationError as error:
        _failed(fetch, error)
    except Exception as error:
        with tenant_scope(tenant_id):
            conclude(fetch, status=Fetch.Status.FAILED, **failures.of_bug(error))
        raise
    return fetch


def forget_fetch(tenant_id: UUID | str, fetch_id: UUID | str) -> bool:
    """Delete an answer whose time is over; False when it is not, or is gone already."""
    with tenant_scope(tenant_id):
        rows = Fetch.objects.filter(tenant_id=tenant_id, pk=fetch_id, expires_at__lte=timezone.now())
        return bool(rows.delete()[0])


def _ask(fetch: Fetch, connection: Connection) -> Answer:
    with ledgers.open_ledger(connection, recorder=Recorder(connection), lane="interactive") as session:
        return _QUESTIONS[Fetch.Kind(fetch.kind)](session, fetch.params)


def _failed(fetch: Fetch, error: IntegrationError) -> None:
    again = isinstance(error, TransientError) and fetch.attempts + 1 < MOST_ATTEMPTS
    columns = failures.columns(error)
    with tenant_scope(fetch.tenant_id):
        if again:
            wait = backoff(fetch.attempts, error.retry_after)
            release(fetch, wait=wait, attempts=fetch.attempts + 1, **columns)
        else:
            conclude(fetch, status=Fetch.Status.FAILED, **columns)


def _report(session: Session, params: Mapping[str, Any]) -> Answer:
    asked = {name: value for name, value in params.items() if name != "name"}
    for name in ("start_on", "end_on", "on"):
        if name in asked:
            asked[name] = date.fromisoformat(asked[name])
    connection = session.connection
    if aged.is_made(connector_of(connection), params["name"]):
        if asked:
            raise RejectedError(
                f"This report is made of {aged.BASIS}: it knows what is open now, not on a day.",
                code="unsupported",
                remedy="Ask for it without days.",
            )
        with tenant_scope(connection.tenant_id):
            return aged.made(connection, params["name"], timezone.localdate()), None
    return session.ledger.report(params["name"], **asked).unified, None


def _custom_fields(session: Session, params: Mapping[str, Any]) -> Answer:
    """Definitions are kept where the tenant names them; the answer says how many there are of each resource."""
    connection, connector = session.connection, session.ledger.connector
    counts = {}
    for name in connector.resources:
        found = session.ledger.custom_fields(name)
        if found:
            with tenant_scope(connection.tenant_id):
                remember(connection, name, [each.as_dict() for each in found])
            counts[name] = len(found)
    return counts, None


def _attachments(session: Session, params: Mapping[str, Any]) -> Answer:
    found = session.ledger.attachments(params["resource"], params["external_id"])
    names = ("external_id", "file_name", "content_type", "size")
    return {"attachments": [{name: getattr(each, name) for name in names} for each in found]}, None


def _file(session: Session, params: Mapping[str, Any]) -> Answer:
    content = session.ledger.download(params["resource"], params["external_id"], params["file_id"])
    return {"size": len(content)}, content


_QUESTIONS: Mapping[Fetch.Kind, Callable[[Session, Mapping[str, Any]], Answer]] = {
    Fetch.Kind.REPORT: _report,
    Fetch.Kind.CUSTOM_FIELDS: _custom_fields,
    Fetch.Kind.ATTACHMENTS: _attachments,
    Fetch.Kind.FILE: _file,
}
