"""Whose posting a worker takes when it hears a doorbell: the one it names, unless its connection has its share already.

A connection that has so many calls under way gives way to the connections that have something due and nothing under
way. No worker rests while anything is due, and nobody waits behind another tenant's ten thousand doorbells.
"""

from uuid import UUID

from django.db import connection
from django.utils import timezone

from integrations.services.sending import send_and_follow

SHARE = 3
"""Calls of one connection at a time while others wait: one fewer than the processes of a worker, as documented."""

Bell = tuple[str, str]
"""Tenant and posting."""


def send_fairly(tenant_id: UUID | str, posting_id: UUID | str) -> list[Bell]:
    """Bring a posting one decision further, or another that has waited for its turn; returns what to ring for next."""
    named = (str(tenant_id), str(posting_id))
    taken = instead_of(posting_id) or named
    bells = [(taken[0], str(follower)) for follower in send_and_follow(*taken)]
    return bells if taken == named else [*bells, named]


def instead_of(posting_id: UUID | str) -> Bell | None:
    """The oldest due posting of a connection without any under way, if that of this posting has its share; else None.

    The database function looks over all tenants and shows ids only.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM integrations_posting_instead(%s, %s, %s)", [posting_id, timezone.now(), SHARE])
        found = cursor.fetchone()
    return (str(found[0]), str(found[1])) if found else None
