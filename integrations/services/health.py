"""How well each connection works, in words: what is wrong, what to do and who can do it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from integrations.models import Connection, Credential, Posting, SyncRun
from integrations.services.endings import end_of, is_ending

_NEEDY = {
    Posting.Status.HELD: "to decide",
    Posting.Status.REJECTED: "refused",
    Posting.Status.RESTING: "given up",
    Posting.Status.UNKNOWN: "unknown",
}
_TOO_OLD_FACTOR = 4
# Longer than the pause that is made where webhooks come (see `engine.rhythm`).
_TOO_OLD_AT_LEAST = timedelta(hours=4)


@dataclass(frozen=True)
class Health:
    """`tone` is success, info, warning or danger; `problem` and `remedy` are sentences, empty when all is well."""

    tone: str
    label: str
    problem: str = ""
    remedy: str = ""
    who_can_fix: str = ""


@dataclass(frozen=True)
class ConnectionState:
    """What pages show of one connection besides its own columns."""

    connection: Connection
    health: Health
    unfinished_run: SyncRun | None
    failed_run: SyncRun | None
    postings: tuple[tuple[int, str], ...]
    """How many that need somebody, and what they are: (3, "refused")."""
    ends_at: datetime | None
    """When access ends, once the time to warn has come."""


_SILENT = Health(
    "warning",
    "Webhooks stopped coming",
    "A look at the ledger found changes that no webhook had announced. Nothing is lost: the portal looks for changes "
    "as often as without webhooks, which costs more calls.",
    "Look in the ledger, or in its developer portal, whether its webhooks are still switched on and point here. This "
    "message goes by itself when they come again.",
    "An owner of this tenant, or the portal's operator",
)


def states_of(connections: Sequence[Connection]) -> list[ConnectionState]:
    """The state of each connection in the given order; four queries whatever their number."""
    ids = [connection.pk for connection in connections]
    running = {run.connection_id: run for run in SyncRun.objects.filter(connection__in=ids).unfinished()}
    failed = {run.connection_id: run for run in unresolved_failures().filter(connection__in=ids).order_by("id")}
    postings = Posting.objects.filter(connection__in=ids, status__in=list(_NEEDY))
    needy = Counter(postings.values_list("connection_id", "status"))
    consents = {
        credential.connection_id: end_of(credential) if is_ending(credential) else None
        for credential in Credential.objects.filter(connection__in=ids).defer("secret")
    }
    return [
        _state(
            connection,
            running.get(connection.pk),
            failed.get(connection.pk),
            tuple((count, word) for status, word in _NEEDY.items() if (count := needy[connection.pk, status])),
            consents.get(connection.pk),
        )
        for connection in connections
    ]


def unresolved_failures() -> "QuerySet[SyncRun]":
    """The failed runs that no later success of the same connection has made good."""
    later = SyncRun.objects.filter(
        connection=OuterRef("connection"), status=SyncRun.Status.SUCCEEDED, pk__gt=OuterRef("pk")
    )
    return SyncRun.objects.failed().filter(~Exists(later))


def _state(
    connection: Connection,
    running: SyncRun | None,
    failed: SyncRun | None,
    postings: tuple[tuple[int, str], ...],
    consent: datetime | None,
) -> ConnectionState:
    health = _health(connection, running, failed, consent)
    return ConnectionState(connection, health, running, failed, postings, consent)


def _health(
    connection: Connection, running: SyncRun | None, failed: SyncRun | None, consent: datetime | None
) -> Health:
    if connection.status != Connection.Status.ACTIVE:
        return _not_active(connection)
    if failed is not None:
        return _from_error("danger", "Last sync failed", failed.error, "Open the failed run and replay it.")
    now = timezone.now()
    if consent is not None:
        return Health(
            "warning",
            "Access ends soon",
            f"The portal's access to this ledger ends on {consent:%d %B %Y}.",
            "Reconnect before then; nothing is lost and it takes a minute.",
            "An owner of this tenant",
        )
    if running is not None:
        return Health("info", "Syncing now")
    if connection.webhook_silent_at is not None:
        return _SILENT
    return _freshness(connection, now)


def _freshness(connection: Connection, now: datetime) -> Health:
    if connection.last_success_at is None:
        return Health("info", "Waiting for the first sync")
    allowed = max(timedelta(minutes=connection.sync_minutes) * _TOO_OLD_FACTOR, _TOO_OLD_AT_LEAST)
    if now - connection.last_success_at > allowed:
        return Health(
            "warning",
            "Data is getting old",
            "No sync has succeeded for longer than planned.",
            "Start a sync now. If it stays queued, tell support that no worker takes work.",
            "Anybody who may sync",
        )
    return Health("success", "Healthy")


_RESTING = {
    Connection.Status.CONNECTING: ("info", "Connecting", "", ""),
    Connection.Status.PAUSED: (
        "warning",
        "Paused",
        "Somebody paused this connection: nothing is read or posted.",
        "Resume it.",
    ),
    Connection.Status.DISCONNECTED: (
        "",
        "Disconnected",
        "The portal no longer has access to this ledger.",
        "Reconnect to go on.",
    ),
    Connection.Status.NEEDS_REAUTHORISATION: (
        "danger",
        "Reconnect needed",
        "The ledger no longer accepts the portal's access.",
        "Reconnect: sign in to the ledger and consent again. Waiting work then goes on by itself.",
    ),
}


def _not_active(connection: Connection) -> Health:
    tone, label, problem, remedy = _RESTING[Connection.Status(connection.status)]
    who = "An owner of this tenant" if remedy else ""
    error = connection.error if connection.status == Connection.Status.NEEDS_REAUTHORISATION else {}
    return _from_error(tone, label, {"message": problem, "who_can_fix": who, **error}, remedy)


def _from_error(tone: str, label: str, error: dict[str, Any], remedy: str) -> Health:
    return Health(
        tone,
        label,
        str(error.get("message") or ""),
        str(error.get("remedy") or remedy),
        str(error.get("who_can_fix") or ""),
    )
