"""Connecting without a browser: the same steps, with the sandbox agreeing by itself. Real ledgers want a person."""

import time
from collections.abc import Mapping
from uuid import UUID

from integrations.engine import manifest
from integrations.engine.ways import Way
from integrations.models import Authorisation
from integrations.services import simulated
from integrations.services.consent import (
    choose_organisation,
    receive_callback,
    start_authorisation,
    start_with_credentials,
)
from integrations.services.finishing import finish_authorisation
from tenants.models import Tenant
from tenants.rls import tenant_scope

_LOOK_AGAIN_SECONDS = 0.2


def connect_by_itself(
    *,
    tenant: Tenant,
    connector: str,
    redirect_uri: str,
    org: str = "",
    way: str = "",
    settings: Mapping[str, str] | None = None,
    seconds: float = 60.0,
) -> Authorisation:
    """Connect against the sandbox; the row that comes back is completed, denied or failed.

    `org` chooses the organisation (the sandbox's first without), `way` how the ledger lets the portal in (its first
    without). ConfigurationError when the ledger is not simulated, TimeoutError when it does not answer in time.
    """
    chosen = manifest.load(connector).way(way)
    if chosen.is_consent:
        begun = _consented(tenant, connector, redirect_uri, org, chosen, settings or {})
    else:
        begun = _typed(tenant, connector, org, chosen, settings or {})
    deadline = time.monotonic() + seconds
    done = _finished(tenant.pk, begun.pk, deadline)
    if done.status == Authorisation.Status.CHOOSING:
        with tenant_scope(tenant.pk, source="command"):
            choose_organisation(done, org or done.choices[0]["id"])
        done = _finished(tenant.pk, begun.pk, deadline)
    return done


def _consented(
    tenant: Tenant, connector: str, redirect_uri: str, org: str, way: Way, settings: Mapping[str, str]
) -> Authorisation:
    with tenant_scope(tenant.pk, source="command"):
        _, url = start_authorisation(
            tenant=tenant,
            connector=connector,
            redirect_uri=redirect_uri,
            requested_by=None,
            way=way.name,
            settings=settings,
        )
    parameters = simulated.agreed(connector, url, org=org)
    with tenant_scope(tenant.pk, source="command"):
        return receive_callback(tenant=tenant, parameters=parameters)


def _typed(tenant: Tenant, connector: str, org: str, way: Way, settings: Mapping[str, str]) -> Authorisation:
    values = {**settings, **simulated.form_values(connector, way, org=org)}
    with tenant_scope(tenant.pk, source="command"):
        return start_with_credentials(
            tenant=tenant, connector=connector, way=way.name, values=values, requested_by=None
        )


def _finished(tenant_id: UUID, authorisation_id: UUID, deadline: float) -> Authorisation:
    while True:
        finish_authorisation(tenant_id, authorisation_id)
        with tenant_scope(tenant_id, source="command"):
            found = Authorisation.objects.select_related("connection").get(pk=authorisation_id)
        if found.status != Authorisation.Status.RECEIVED:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(found.error.get("message") or "The ledger did not answer in time.")
        time.sleep(_LOOK_AGAIN_SECONDS)
