"""Access tokens: refreshed ahead of time, by one process at a time, stored before they are used.

Two refreshes at once can kill a grant (QuickBooks answers the second with invalid_grant and may revoke the first), so a
refresh holds a lease on the credential's row and its result is stored only over the version it began with.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from integrations.engine.auth import TokenSet
from integrations.engine.errors import IntegrationError, LedgerUnavailable, ReauthorizationNeeded
from integrations.models import Connection, Credential
from integrations.services import failures
from integrations.services.endings import WARN_DAYS
from integrations.services.work import lease
from tenants.rls import tenant_scope

log = structlog.get_logger(__name__)

# Refresh when less than this is left; the sweeper starts at AHEAD, a call that finds less than NEEDED must wait for it.
AHEAD = timedelta(seconds=180)
NEEDED = timedelta(seconds=60)
_WAIT_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 60.0


Refresh = Callable[[Connection, str], TokenSet]
"""Exchanges a refresh token over the network; raises ReauthorizationNeeded when the ledger refuses it."""


@dataclass(frozen=True)
class Held:
    """A credential as read: its version and its opened secret."""

    version: int
    expires_at: datetime | None
    hard_expires_at: datetime | None
    secret: dict[str, Any]

    @property
    def left(self) -> timedelta:
        """How long the token is good for."""
        return self.expires_at - timezone.now() if self.expires_at else timedelta.max


def store_tokens(*, connection: Connection, tokens: TokenSet, typed: Mapping[str, str] | None = None) -> Credential:
    """Keep the tokens of a new consent, or what was typed, inside the caller's transaction, over whatever was there."""
    now, secret = timezone.now(), _secret(connection, tokens, {"typed": dict(typed)} if typed else {})
    columns = {**_columns(tokens), "secret": secret, "lease_until": None, "warned_days": None}
    columns |= {"hard_expires_at": tokens.hard_expires_at, "granted_at": now, "refreshed_at": now}
    rows = Credential.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    if rows.update(version=F("version") + 1, **columns):
        return rows.get()
    return Credential.objects.create(tenant_id=connection.tenant_id, connection=connection, **columns)


def held_of(credential: Credential) -> Held:
    """A row as the refreshing functions see it."""
    return Held(credential.version, credential.expires_at, credential.hard_expires_at, credential.secret)


def typed(connection: Connection) -> dict[str, str]:
    """What a person typed to connect: secrets and settings together."""
    return {**connection.settings, **_read(connection).secret.get("typed", {})}


def access_token(connection: Connection, refresh: Refresh, *, refused: str = "") -> str:
    """A token that is good for at least a minute; `refused` is one that the ledger has just answered with 401.

    Waits while another process refreshes. ReauthorizationNeeded when a person must connect again, TransientError when
    the ledger's token service does not answer.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        held = _read(connection)
        token: str = held.secret["access_token"]
        left = held.left
        if token != refused and left > AHEAD:
            return token
        if _lease(connection, held):
            return _refresh_leased(connection, held, refresh)
        if token != refused and left > NEEDED:
            return token
        if time.monotonic() > deadline:
            raise LedgerUnavailable(
                "Another worker is renewing access to the ledger and has not finished.",
                code="refresh_busy",
                remedy="Nothing to do: it is tried again by itself.",
                who_can_fix="nobody",
            )
        time.sleep(_LOOK_AGAIN_SECONDS)


def refresh_due(tenant_id: UUID | str, credential_id: UUID | str, refresh: Refresh) -> bool:
    """The sweeper's use case: renew a token that is about to expire; False when nothing was to be done, or not now."""
    with tenant_scope(tenant_id):
        rows = Credential.objects.filter(tenant_id=tenant_id, pk=credential_id).select_related("connection")
        credential = rows.filter(connection__status=Connection.Status.ACTIVE).first()
    if credential is None:
        return False
    try:
        return _refresh_ahead(credential.connection, refresh)
    except IntegrationError as error:
        # Nobody waits for this one: what must be said stands on the connection, and the rest is tried again.
        log.warning("refresh_failed", connection=str(credential.connection_id), code=error.code)
        return False


def _refresh_ahead(connection: Connection, refresh: Refresh) -> bool:
    held = _read(connection)
    if held.left > AHEAD or not _lease(connection, held):
        return False
    _refresh_leased(connection, held, refresh)
    return True


def needs_reauthorisation(connection: Connection, error: IntegrationError) -> None:
    """Stop the connection until a person connects again; what waits for it goes on afterwards."""
    with tenant_scope(connection.tenant_id):
        rows = Connection.objects.for_tenant(connection.tenant_id).filter(pk=connection.pk)
        rows.filter(status=Connection.Status.ACTIVE).update(
            status=Connection.Status.NEEDS_REAUTHORISATION, error=failures.as_dict(error)
        )


def _read(connection: Connection) -> Held:
    with tenant_scope(connection.tenant_id):
        credential = Credential.objects.for_tenant(connection.tenant_id).filter(connection_id=connection.pk).first()
    if credential is None or credential.secret.get("connection") != str(connection.pk):
        # Fernet binds a secret to no row: the id inside shows one that was copied from elsewhere.
        raise ReauthorizationNeeded(
            "There are no valid secrets stored for this connection.",
            code="no_credential",
            remedy="Reconnect the ledger.",
            who_can_fix="owner",
        )
    return held_of(credential)


def _lease(connection: Connection, held: Held) -> bool:
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    with tenant_scope(connection.tenant_id):
        rows = Credential.objects.for_tenant(connection.tenant_id).filter(free, connection_id=connection.pk)
        return bool(rows.filter(version=held.version).update(lease_until=now + lease()))


def _refresh_leased(connection: Connection, held: Held, refresh: Refresh) -> str:
    try:
        tokens = _ask(connection, held, refresh)
    except ReauthorizationNeeded as error:
        newer = _read(connection)
        if newer.version != held.version:
            return str(newer.secret["access_token"])
        _give_back(connection, held.version)
        needs_reauthorisation(connection, error)
        raise
    except IntegrationError as error:
        # The answer may be lost after the ledger rotated: the stored token stays and is tried again, not at once.
        _give_back(connection, held.version, wait=_pause(held, error))
        raise
    return _keep(connection, held, tokens)


def _ask(connection: Connection, held: Held, refresh: Refresh) -> TokenSet:
    current, previous = held.secret.get("refresh_token") or "", held.secret.get("previous_refresh_token")
    try:
        return refresh(connection, current)
    except ReauthorizationNeeded:
        if not previous or previous == current:
            raise
        return refresh(connection, previous)


def _keep(connection: Connection, held: Held, tokens: TokenSet) -> str:
    secret = _secret(connection, tokens, held.secret)
    with tenant_scope(connection.tenant_id):
        rows = Credential.objects.for_tenant(connection.tenant_id).filter(connection_id=connection.pk)
        stored = rows.filter(version=held.version).update(
            version=held.version + 1,
            secret=secret,
            refreshed_at=timezone.now(),
            lease_until=None,
            **_columns(tokens),
            **_told_anew(held, tokens),
        )
    return tokens.access_token if stored else str(_read(connection).secret["access_token"])


def keep_while_ending(connection: Connection, held: Held, tokens: TokenSet) -> None:
    """Store tokens that were renewed only to end access; the version stays, because nobody else renews any more."""
    with tenant_scope(connection.tenant_id):
        rows = Credential.objects.for_tenant(connection.tenant_id).filter(connection_id=connection.pk)
        secret = _secret(connection, tokens, held.secret)
        rows.filter(version=held.version).update(secret=secret, **_columns(tokens))


def _give_back(connection: Connection, version: int, *, wait: timedelta = timedelta(0)) -> None:
    with tenant_scope(connection.tenant_id):
        rows = Credential.objects.for_tenant(connection.tenant_id).filter(connection_id=connection.pk)
        rows.filter(version=version).update(lease_until=timezone.now() + wait if wait else None)


def _pause(held: Held, error: IntegrationError) -> timedelta:
    """How long to leave a token endpoint alone after a failure: the longer the token has been missed, the longer.

    Token endpoints have narrow limits (Zoho: five refreshes a minute); a ledger that is down needs no storm either.
    """
    missed = max(-held.left.total_seconds(), 0.0) / 2
    told = error.retry_after or 0.0
    return timedelta(seconds=max(min(settings.RETRY_BASE_SECONDS + missed, _LONGEST_PAUSE_SECONDS), told))


def _secret(connection: Connection, tokens: TokenSet, before: Mapping[str, Any]) -> dict[str, Any]:
    previous = before.get("refresh_token")
    refresh_token = tokens.refresh_token or previous
    return {
        **({"typed": before["typed"]} if "typed" in before else {}),
        "connection": str(connection.pk),
        "access_token": tokens.access_token,
        "refresh_token": refresh_token,
        # Kept until the newer one has worked once, which is when it is replaced itself.
        "previous_refresh_token": previous if previous != refresh_token else None,
    }


def _told_anew(held: Held, tokens: TokenSet) -> dict[str, Any]:
    """Once all ends are far away again, owners are told anew when one comes near."""
    ends = [end for end in (tokens.refresh_expires_at, tokens.hard_expires_at or held.hard_expires_at) if end]
    near = timezone.now() + timedelta(days=max(WARN_DAYS))
    return {} if any(end <= near for end in ends) else {"warned_days": None}


def _columns(tokens: TokenSet) -> dict[str, Any]:
    found = {
        "token_type": tokens.token_type or "bearer",
        "scope": tokens.scope or "",
        "expires_at": tokens.expires_at,
        "refresh_expires_at": tokens.refresh_expires_at,
    }
    # An absolute end that a refresh does not repeat still stands.
    return found | ({"hard_expires_at": tokens.hard_expires_at} if tokens.hard_expires_at else {})
