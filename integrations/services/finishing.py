"""The worker's part of connecting: code or credentials → tokens → the organisation → an active connection.

Tokens are stored before they are used, first with the consent and then, once their organisation is known, with its
connection; each step can be taken again after a crash.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db.models import Q
from django.utils import timezone

from integrations.engine import manifest
from integrations.engine.auth import TokenSet
from integrations.engine.errors import IntegrationError, RejectedError, TransientError, WhoCanFix
from integrations.models import Authorisation, Connection, Fetch, Posting, SyncCursor, SyncRun
from integrations.services import access, announcements, failures, ledgers
from integrations.services.calls import Recorder
from integrations.services.connectors import connector_of
from integrations.services.consent import CHOICE_HOURS
from integrations.services.credentials import store_tokens
from integrations.services.fetching import request_fetch
from integrations.services.organisations import describe
from integrations.services.sync import sync_after_consent
from integrations.services.work import backoff, lease, wake
from tenants.rls import tenant_scope

log = structlog.get_logger(__name__)

_NOBODY_CHOSE = {
    "code": "nobody_chose",
    "message": "Nobody chose an organisation within a day, so the access was given back.",
    "remedy": "Connect again, and choose the organisation when you come back.",
    "who_can_fix": "owner",
}
_TIMES = ("expires_at", "refresh_expires_at", "hard_expires_at")


def finish_authorisation(tenant_id: UUID | str, authorisation_id: UUID | str) -> SyncRun | None:
    """The worker's use case: bring a consent as far as it goes without a person.

    Returns the first sync, to be rung, or None: nothing to do, an organisation must be chosen, not yet (tried again),
    or failed with words in the row.
    """
    authorisation = _take(tenant_id, authorisation_id)
    if authorisation is None:
        return None
    try:
        return _finish(authorisation)
    except TransientError as error:
        _again(authorisation, error)
    except IntegrationError as error:
        _close(authorisation, status=Authorisation.Status.FAILED, error=failures.as_dict(error), secret={})
    except Exception as error:
        bug = failures.of_bug(error)["error"]
        _close(authorisation, status=Authorisation.Status.FAILED, error=bug, secret={})
        raise
    return None


def drop_choice(tenant_id: UUID | str, authorisation_id: UUID | str) -> bool:
    """The sweeper's use case: nobody chose an organisation in time, so the grant is given back and forgotten."""
    now = timezone.now()
    with tenant_scope(tenant_id):
        rows = Authorisation.objects.filter(tenant_id=tenant_id, pk=authorisation_id, expires_at__lte=now)
        rows = rows.filter(Q(lease_until=None) | Q(lease_until__lte=now), status=Authorisation.Status.CHOOSING)
        if not rows.update(lease_until=now + lease()):
            return False
        authorisation = Authorisation.objects.get(pk=authorisation_id)
    try:
        access.give_back(authorisation, _unpacked(authorisation.secret["tokens"]))
    except TransientError as error:
        _again(authorisation, error)
        return False
    except IntegrationError as error:
        log.info("grant_was_gone", authorisation=str(authorisation_id), code=error.code)
    _close(authorisation, status=Authorisation.Status.FAILED, error=_NOBODY_CHOSE, secret={})
    return True


def wake_work(connection: Connection) -> None:
    """Let everything that waits for this connection be tried at once."""
    tenant_id: UUID = connection.tenant_id
    wake(SyncRun.objects.for_tenant(tenant_id).filter(connection=connection).unfinished())
    wake(Posting.objects.for_tenant(tenant_id).filter(connection=connection).unfinished())
    announcements.wake_events(connection)


def _take(tenant_id: UUID | str, authorisation_id: UUID | str) -> Authorisation | None:
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    with tenant_scope(tenant_id):
        rows = Authorisation.objects.filter(free, tenant_id=tenant_id, pk=authorisation_id)
        if not rows.filter(status=Authorisation.Status.RECEIVED).update(lease_until=now + lease()):
            return None
        return Authorisation.objects.select_related("connection").get(pk=authorisation_id)


def _finish(authorisation: Authorisation) -> SyncRun | None:
    if "home" not in authorisation.secret:
        _tokens(authorisation)
        if not authorisation.secret.get("org") and not _find_organisation(authorisation):
            return None
        _give_home(authorisation)
    connection = authorisation.connection
    assert connection is not None  # noqa: S101 - the step before gave it
    return _activate(authorisation, connection)


def _tokens(authorisation: Authorisation) -> None:
    """Exchange the code, or try what was typed; the result is stored before anything is done with it."""
    secret = authorisation.secret
    if "tokens" in secret:
        return
    if "code" in secret:
        tokens = access.exchange_code(authorisation)
    else:
        tokens = access.obtain_tokens(authorisation)
        # Nothing that does not work replaces credentials that do.
        access.check_credentials(authorisation, tokens)
    kept = {name: value for name, value in secret.items() if name not in {"code", "verifier"}}
    _keep(authorisation, secret={**kept, "tokens": _packed(tokens)})


def _find_organisation(authorisation: Authorisation) -> bool:
    """Whether the organisation is known now; otherwise a person is asked to choose."""
    choices = access.organisations_of(authorisation, _unpacked(authorisation.secret["tokens"]))
    if not choices:
        raise RejectedError(
            "The consent covers no organisation.",
            code="no_organisation",
            remedy="Connect again as a user of the ledger who may use an organisation, and choose it there.",
            who_can_fix=WhoCanFix.OWNER,
        )
    wanted = authorisation.connection.external_org_id if authorisation.connection else ""
    fits = [choice for choice in choices if choice["id"] == wanted] if wanted else choices
    if not fits:
        raise _other_organisation(authorisation, ", ".join(choice["name"] for choice in choices))
    if len(fits) > 1:
        later = timezone.now() + timedelta(hours=CHOICE_HOURS)
        status = Authorisation.Status.CHOOSING
        _close(authorisation, status=status, choices=choices, expires_at=later, error={})
        return False
    _keep(authorisation, secret={**authorisation.secret, "org": fits[0]["id"]}, choices=choices)
    return True


def _give_home(authorisation: Authorisation) -> None:
    """Tokens and settings move to the organisation's connection, in one transaction."""
    secret = authorisation.secret
    tokens, org = _unpacked(secret["tokens"]), secret["org"]
    link = next((choice["link_id"] for choice in authorisation.choices if choice["id"] == org), "")
    with tenant_scope(authorisation.tenant_id):
        connection = _connection_for(authorisation, org)
        # Stored before use: whatever happens next, the grant is not lost.
        store_tokens(connection=connection, tokens=tokens, typed=secret.get("typed"))
        settings = {**authorisation.settings, **({"link_id": link} if link else {})}
        Connection.objects.filter(pk=connection.pk).update(way=authorisation.way, settings=settings)
        connection.way, connection.settings = authorisation.way, settings
    _keep(authorisation, connection=connection, secret={"home": True})


def _connection_for(authorisation: Authorisation, org: str) -> Connection:
    """The connection this consent is for: the one being reconnected, the organisation's earlier one, or a new one."""
    chosen = authorisation.connection
    if chosen is not None and chosen.external_org_id and org != chosen.external_org_id:
        raise _other_organisation(authorisation, org)
    connection, _ = Connection.objects.get_or_create(
        tenant_id=authorisation.tenant_id,
        connector=authorisation.connector,
        external_org_id=org,
        defaults={
            "created_by_id": authorisation.requested_by_id,
            "way": authorisation.way,
            "sync_minutes": manifest.load(authorisation.connector).limits.sync_minutes,
        },
    )
    return connection


def _other_organisation(authorisation: Authorisation, covered: str) -> RejectedError:
    chosen = authorisation.connection
    assert chosen is not None  # noqa: S101 - only a reconnection can meet another one
    return RejectedError(
        f"You chose another organisation ({covered}) than the one of this connection: {chosen} "
        f"({chosen.external_org_id}).",
        code="other_organisation",
        remedy=f"Reconnect and choose {chosen}, or connect the other organisation as a new connection.",
        who_can_fix=WhoCanFix.OWNER,
    )


def _activate(authorisation: Authorisation, connection: Connection) -> SyncRun:
    recorder = Recorder(connection)
    with ledgers.open_ledger(connection, recorder=recorder, lane="interactive") as session:
        organisation = session.ledger.organisation()
    with tenant_scope(authorisation.tenant_id):
        describe(connection, organisation.record.unified)
        later = timezone.now() + timedelta(minutes=connection.sync_minutes)
        Connection.objects.filter(pk=connection.pk).update(
            status=Connection.Status.ACTIVE, error={}, next_sync_at=later
        )
        connection.refresh_from_db()
        wake_work(connection)
        announcements.wake_aside(connection)
        is_first = not SyncCursor.objects.for_tenant(connection.tenant_id).filter(connection=connection).exists()
        if connector_of(connection).discovery is not None:
            # The sweep rings for it.
            request_fetch(connection=connection, kind=Fetch.Kind.CUSTOM_FIELDS, params={})
        run = sync_after_consent(connection=connection, is_first=is_first, requested_by=authorisation.requested_by)
        _close(authorisation, status=Authorisation.Status.COMPLETED, error={}, secret={}, connection=connection)
    return run


def _packed(tokens: TokenSet) -> dict[str, Any]:
    found = asdict(tokens)
    return {**found, **{name: found[name].isoformat() if found[name] else None for name in _TIMES}}


def _unpacked(found: dict[str, Any]) -> TokenSet:
    times = {name: datetime.fromisoformat(found[name]) if found[name] else None for name in _TIMES}
    return TokenSet(**{**found, **times})


def _keep(authorisation: Authorisation, **changes: Any) -> None:
    """Write a step down and stay its worker."""
    with tenant_scope(authorisation.tenant_id):
        rows = Authorisation.objects.filter(pk=authorisation.pk)
        rows.update(lease_until=timezone.now() + lease(), **changes)
    for name, value in changes.items():
        setattr(authorisation, name, value)


def _again(authorisation: Authorisation, error: TransientError) -> None:
    with tenant_scope(authorisation.tenant_id):
        Authorisation.objects.filter(pk=authorisation.pk).update(
            error=failures.as_dict(error), lease_until=timezone.now() + backoff(1, error.retry_after)
        )


def _close(authorisation: Authorisation, **changes: Any) -> None:
    with tenant_scope(authorisation.tenant_id):
        Authorisation.objects.filter(pk=authorisation.pk).update(lease_until=None, **changes)
