"""Connecting without a browser: the same consent, with the sandbox agreeing by itself. Real ledgers want a person."""

import time
from uuid import UUID

from integrations.models import Authorisation
from integrations.services import ledgers
from integrations.services.consent import finish_authorisation, receive_callback, start_authorisation
from tenants.models import Tenant
from tenants.rls import tenant_scope

_LOOK_AGAIN_SECONDS = 0.2


def connect_by_itself(
    *, tenant: Tenant, connector: str, redirect_uri: str, org: str = "", seconds: float = 60.0
) -> Authorisation:
    """Run the whole consent against the sandbox; the row that comes back is completed, denied or failed.

    `org` chooses the organisation (the sandbox's first without). ConfigurationError when the ledger is not simulated,
    TimeoutError when it does not answer in time.
    """
    with tenant_scope(tenant.pk, source="command"):
        started, url = start_authorisation(
            tenant=tenant, connector=connector, redirect_uri=redirect_uri, requested_by=None
        )
    parameters = ledgers.agreed(connector, url, org=org)
    with tenant_scope(tenant.pk, source="command"):
        authorisation = receive_callback(tenant=tenant, parameters=parameters)
    return _finished(tenant.pk, authorisation.pk, time.monotonic() + seconds)


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
