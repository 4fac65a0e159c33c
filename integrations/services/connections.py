"""A connection's life after consent: paused, resumed, reconnected, disconnected. (Consent itself: `consent`.)"""

from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.engine.errors import IntegrationError, TransientError
from integrations.models import Connection, Credential, Posting, SyncRun
from integrations.services import access, scheduling
from integrations.services.consent import (
    choose_organisation,
    receive_callback,
    start_authorisation,
    start_with_credentials,
)
from integrations.services.credentials import held_of
from integrations.services.finishing import finish_authorisation, wake_work
from integrations.services.work import backoff, free_at
from tenants.rls import tenant_scope

__all__ = [
    "choose_organisation",
    "disconnect",
    "finish_authorisation",
    "pause",
    "receive_callback",
    "resume",
    "revoke_credential",
    "set_read_only",
    "set_schedule",
    "start_authorisation",
    "start_with_credentials",
    "wake_work",
]

log = structlog.get_logger(__name__)


def pause(connection: Connection) -> None:
    """Stop calls to the ledger until `resume`; work stays queued."""
    _move(connection, Connection.Status.ACTIVE, to=Connection.Status.PAUSED)


def resume(connection: Connection) -> None:
    """Let calls through again; what waited goes at once."""
    _move(connection, Connection.Status.PAUSED, to=Connection.Status.ACTIVE, next_sync_at=timezone.now())
    wake_work(connection)


def set_read_only(connection: Connection, *, is_read_only: bool) -> None:
    """Allow or forbid postings to this ledger; postings that wait are refused with words when their turn comes."""
    _change(connection, is_read_only=is_read_only)


def set_schedule(connection: Connection, *, minutes: int) -> None:
    """Look for changes at least every so many minutes (5 to 1440); what changes often is looked for more often."""
    if not 5 <= minutes <= 1440:
        raise ValidationError("Choose between 5 minutes and 1440 minutes (a day).")
    _change(connection, sync_minutes=minutes)
    if connection.next_sync_at is not None:
        _change(connection, next_sync_at=scheduling.replan(connection))


def set_posting_rules(connection: Connection, *, closed_period: str, tax_tolerance: Decimal) -> None:
    """What becomes of documents of closed periods, and how far the ledger's tax and total may be from theirs."""
    if closed_period not in Connection.ClosedPeriod.values:
        raise ValidationError(f"Choose one of {', '.join(Connection.ClosedPeriod.values)}.")
    if tax_tolerance < 0:
        raise ValidationError("The tolerance cannot be below zero.")
    _change(connection, closed_period=closed_period, tax_tolerance=tax_tolerance)


def disconnect(connection: Connection) -> None:
    """End the link: nothing is called any more, what was synced stays; ring `revoke_credential` to end the grant.

    ValidationError while a write to the ledger has no known outcome: its result could not be looked up any more.
    """
    unknown = connection.postings.filter(status__in=[Posting.Status.SENT, Posting.Status.UNKNOWN])
    if unknown.exists():
        raise ValidationError(
            "A posting's outcome is still being looked up in the ledger. Wait until it is known, then disconnect."
        )
    runs = SyncRun.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    (runs.unfinished() | runs.filter(status=SyncRun.Status.WAITING)).update(
        status=SyncRun.Status.CANCELLED, finished_at=timezone.now(), lease_until=None
    )
    _change(connection, status=Connection.Status.DISCONNECTED, next_sync_at=None, error={})


def revoke_credential(tenant_id: UUID | str, credential_id: UUID | str) -> bool:
    """The worker's use case after `disconnect`: end the grant at the ledger and forget the secrets; False if not now.

    While the ledger does not answer, the secrets are kept and it is tried again later.
    """
    now = timezone.now()
    with tenant_scope(tenant_id):
        rows = Credential.objects.filter(free_at(now), tenant_id=tenant_id, pk=credential_id)
        rows = rows.filter(connection__status=Connection.Status.DISCONNECTED)
        credential = rows.select_related("connection").first()
        if credential is None or not rows.update(lease_until=now + backoff(8)):
            return False
    try:
        access.end_access(credential.connection, held_of(credential))
    except TransientError:
        return False
    except IntegrationError as error:
        # The ledger does not know the grant any more: that is what was wanted.
        log.info("grant_was_gone", credential=str(credential_id), code=error.code)
    with tenant_scope(tenant_id):
        rows = Credential.objects.filter(tenant_id=tenant_id, pk=credential_id, version=credential.version)
        return bool(rows.delete()[0])


def _move(connection: Connection, *before: str, to: str, **changes: Any) -> None:
    rows = Connection.objects.for_tenant(connection.tenant_id).filter(pk=connection.pk, status__in=before)
    if not rows.update(status=to, **changes):
        connection.refresh_from_db()
        raise ValidationError(f"This connection is {connection.get_status_display().lower()}; nothing was changed.")
    connection.refresh_from_db()


def _change(connection: Connection, **changes: Any) -> None:
    Connection.objects.for_tenant(connection.tenant_id).filter(pk=connection.pk).update(**changes)
    connection.refresh_from_db()
