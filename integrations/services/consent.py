"""Consent: asked for, given or declined in the browser, and finished by a worker that alone speaks with the ledger."""

from collections.abc import Mapping
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from integrations.engine.errors import IntegrationError, RejectedError, TransientError
from integrations.models import Authorisation, Connection, Posting, SyncCursor, SyncRun
from integrations.services import failures, ledgers
from integrations.services.calls import Recorder
from integrations.services.credentials import store_tokens
from integrations.services.organisations import describe
from integrations.services.sync import request_sync
from integrations.services.work import backoff, lease, wake
from tenants.models import Tenant, User
from tenants.rls import tenant_scope

CONSENT_MINUTES = 20


def start_authorisation(
    *,
    tenant: Tenant,
    connector: str,
    redirect_uri: str,
    requested_by: User | None,
    connection: Connection | None = None,
) -> tuple[Authorisation, str]:
    """Write down a consent that is about to be asked for; returns the row and the ledger's page to send the browser to.

    `connection` is the one to reconnect. ConfigurationError when the ledger's client id or secret is not set.
    """
    state = token_urlsafe(32)
    url = ledgers.authorize_url(connector, redirect_uri=redirect_uri, state=state)
    authorisation = Authorisation.objects.create(
        tenant=tenant,
        connector=connector,
        state=state,
        redirect_uri=redirect_uri,
        connection=connection,
        requested_by=requested_by,
        expires_at=timezone.now() + timedelta(minutes=CONSENT_MINUTES),
    )
    return authorisation, url


def receive_callback(*, tenant: Tenant, parameters: Mapping[str, str], user: User | None = None) -> Authorisation:
    """Keep what the ledger sent back with the browser, encrypted, for a worker; no network.

    The row is RECEIVED (ring `finish_authorisation`), or DENIED when the person declined. ValidationError, in words,
    when the state is unknown, another person's, used before, or too old.
    """
    now = timezone.now()
    waiting = Authorisation.objects.for_tenant(tenant).filter(state=parameters.get("state", ""))
    authorisation = waiting.first()
    if authorisation is None or (user is not None and authorisation.requested_by_id not in (None, user.pk)):
        raise ValidationError("This answer does not belong to a connection you started. Start again from Connections.")
    if authorisation.expires_at <= now:
        raise ValidationError("The ledger's answer came too late. Start the connection again.")
    changes = _answer(authorisation.connector, parameters)
    if not waiting.filter(status=Authorisation.Status.STARTED).update(**changes):
        raise ValidationError("This answer was used already. Look at Connections to see how it went.")
    authorisation.refresh_from_db()
    return authorisation


def _answer(connector: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    if parameters.get("code"):
        secret = {"code": parameters["code"], "org": ledgers.organisation_of_callback(connector, parameters)}
        return {"status": Authorisation.Status.RECEIVED, "secret": secret}
    declined = parameters.get("error") == "access_denied"
    error = {
        "code": parameters.get("error", "no_code")[:60],
        "message": "The consent was declined." if declined else "The ledger refused the consent.",
        "ledger_message": parameters.get("error_description", "")[:500],
        "remedy": "Start again and choose Connect on the ledger's page."
        if declined
        else "Check that the portal's address is registered as a redirect address with the ledger, then start again.",
        "who_can_fix": "you" if declined else "operator",
    }
    return {"status": Authorisation.Status.DENIED if declined else Authorisation.Status.FAILED, "error": error}


def finish_authorisation(tenant_id: UUID | str, authorisation_id: UUID | str) -> SyncRun | None:
    """The worker's use case: code → tokens (stored before use) → the organisation → an active connection.

    Returns the first sync, to be rung, or None: nothing to do, not yet (tried again), or failed with words in the row.
    """
    authorisation = _take(tenant_id, authorisation_id)
    if authorisation is None:
        return None
    try:
        connection = authorisation.connection if _is_exchanged(authorisation) else _exchange(authorisation)
        assert connection is not None  # noqa: S101 - both branches give one
        return _activate(authorisation, connection)
    except TransientError as error:
        _again(authorisation, error)
    except IntegrationError as error:
        _close(authorisation, status=Authorisation.Status.FAILED, error=failures.as_dict(error), secret={})
    except Exception as error:
        bug = failures.of_bug(error)["error"]
        _close(authorisation, status=Authorisation.Status.FAILED, error=bug, secret={})
        raise
    return None


def wake_work(connection: Connection) -> None:
    """Let everything that waits for this connection be tried at once."""
    tenant_id: UUID = connection.tenant_id
    wake(SyncRun.objects.for_tenant(tenant_id).filter(connection=connection).unfinished())
    wake(Posting.objects.for_tenant(tenant_id).filter(connection=connection).unfinished())


def _take(tenant_id: UUID | str, authorisation_id: UUID | str) -> Authorisation | None:
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    with tenant_scope(tenant_id):
        rows = Authorisation.objects.filter(free, tenant_id=tenant_id, pk=authorisation_id)
        if not rows.filter(status=Authorisation.Status.RECEIVED).update(lease_until=now + lease()):
            return None
        return Authorisation.objects.select_related("connection").get(pk=authorisation_id)


def _is_exchanged(authorisation: Authorisation) -> bool:
    # The code was taken out of the row in the transaction that stored the tokens.
    return authorisation.connection is not None and "code" not in authorisation.secret


def _exchange(authorisation: Authorisation) -> Connection:
    connection = _connection_for(authorisation)
    tokens = ledgers.exchange_code(
        connection, code=authorisation.secret["code"], redirect_uri=authorisation.redirect_uri
    )
    with tenant_scope(authorisation.tenant_id):
        # Stored before use: whatever happens next, the grant is not lost.
        store_tokens(connection=connection, tokens=tokens)
        Authorisation.objects.filter(pk=authorisation.pk).update(
            connection=connection,
            secret={"org": authorisation.secret["org"]},
            lease_until=timezone.now() + lease(),
        )
    return connection


def _connection_for(authorisation: Authorisation) -> Connection:
    """The connection this consent is for: the one being reconnected, the organisation's earlier one, or a new one."""
    org = authorisation.secret.get("org", "")
    chosen = authorisation.connection
    if chosen is not None and chosen.external_org_id and org != chosen.external_org_id:
        raise RejectedError(
            f"You chose another organisation ({org}) than the one of this connection: {chosen} "
            f"({chosen.external_org_id}).",
            code="other_organisation",
            remedy=f"Reconnect and choose {chosen}, or connect the other organisation as a new connection.",
            who_can_fix="owner",
        )
    with tenant_scope(authorisation.tenant_id):
        connection, _ = Connection.objects.get_or_create(
            tenant_id=authorisation.tenant_id,
            connector=authorisation.connector,
            external_org_id=org,
            defaults={"created_by_id": authorisation.requested_by_id},
        )
    return connection


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
        is_first = not SyncCursor.objects.for_tenant(connection.tenant_id).filter(connection=connection).exists()
        trigger = SyncRun.Trigger.INITIAL if is_first else SyncRun.Trigger.SCHEDULE
        run = request_sync(connection=connection, trigger=trigger, requested_by=authorisation.requested_by)
        _close(authorisation, status=Authorisation.Status.COMPLETED, error={}, secret={}, connection=connection)
    return run


def _again(authorisation: Authorisation, error: TransientError) -> None:
    with tenant_scope(authorisation.tenant_id):
        Authorisation.objects.filter(pk=authorisation.pk).update(
            error=failures.as_dict(error), lease_until=timezone.now() + backoff(1, error.retry_after)
        )


def _close(authorisation: Authorisation, **changes: Any) -> None:
    with tenant_scope(authorisation.tenant_id):
        Authorisation.objects.filter(pk=authorisation.pk).update(lease_until=None, **changes)
