"""Access that will end: the dates are known, and owners are told 14, 7 and 2 days before, each once."""

from datetime import datetime, timedelta
from urllib.parse import urljoin
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from integrations.models import Connection, Credential
from integrations.services.connectors import connector_of, way_of
from tenants.models import Membership, Role
from tenants.rls import tenant_scope

WARN_DAYS = (14, 7, 2)


def end_of(credential: Credential) -> datetime | None:
    """The moment a person must have reconnected at the latest: the sooner of the two ends; None when there is none."""
    return min(_ends(credential), default=(None, None), key=lambda end: end[0])[0]


def days_warned(credential: Credential) -> tuple[int, ...]:
    """How many days before the end a warning makes sense: not those that are over when access is given."""
    ends = _ends(credential)
    if not ends:
        return ()
    end, since = min(ends, key=lambda found: found[0])
    return tuple(days for days in WARN_DAYS if timedelta(days=days) < end - since)


def is_ending(credential: Credential) -> bool:
    """Whether the first warning's day has come."""
    end, days = end_of(credential), days_warned(credential)
    return end is not None and bool(days) and end - timezone.now() <= timedelta(days=days[0])


def _ends(credential: Credential) -> list[tuple[datetime, datetime]]:
    """(end, since when) of the idle time, which each renewal restarts, and of the whole consent."""
    pairs = [
        (credential.refresh_expires_at, credential.refreshed_at),
        (credential.hard_expires_at, credential.granted_at),
    ]
    return [(end, since) for end, since in pairs if end is not None]


def warn_of_end(tenant_id: UUID | str, credential_id: UUID | str) -> bool:
    """The sweeper's use case: tell the owners once for each of the days; False when there was nothing to say."""
    with tenant_scope(tenant_id):
        rows = Credential.objects.filter(tenant_id=tenant_id, pk=credential_id)
        credential = rows.select_related("connection").first()
        end = end_of(credential) if credential else None
        if credential is None or end is None:
            return False
        reached = [days for days in WARN_DAYS if end - timezone.now() <= timedelta(days=days)]
        # Written down before the mail: a warning may be lost with the mail server, but is never repeated.
        if not reached or not rows.filter(warned_days=credential.warned_days).update(warned_days=reached[-1]):
            return False
        owners = _owners(credential.tenant_id)
    if not set(reached) & set(days_warned(credential)) or not owners:
        return False
    _tell(credential.connection, end, owners)
    return True


def _owners(tenant_id: UUID) -> list[str]:
    members = Membership.objects.for_tenant(tenant_id).current().filter(role=Role.OWNER)
    return list(members.order_by("user__email").values_list("user__email", flat=True))


def _tell(connection: Connection, end: datetime, owners: list[str]) -> None:
    page = urljoin(settings.PORTAL_URL, reverse("admin:integrations_connection_change", args=[connection.pk]))
    days = max((end - timezone.now()).days, 0)
    ledger = connector_of(connection).label
    facts = {"connection": connection, "ledger": ledger, "way": way_of(connection), "end": end, "page": page}
    send_mail(
        subject=f"{connection} ({ledger}) must be reconnected within {days} day{'' if days == 1 else 's'}",
        message=render_to_string("mail/access_ending.txt", facts),
        from_email=None,
        recipient_list=owners,
    )
