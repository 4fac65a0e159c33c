"""Every ledger by every way, against its simulation: connected, renewed, connected again, disconnected."""

import pytest

from integrations.engine import manifest
from integrations.models import Connection, Credential
from integrations.services.access import refresh_tokens
from integrations.services.autoconsent import connect_by_itself
from integrations.services.connections import disconnect, revoke_credential
from integrations.services.credentials import access_token
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Sandbox

pytestmark = pytest.mark.integration
WAYS = [(name, way) for name in manifest.names() for way in manifest.load(name).auth]


def connected(actors: Actors, ledger: str, way: str, org: str) -> Connection:
    done = connect_by_itself(
        tenant=actors.tenant, connector=ledger, redirect_uri="https://portal.test/callback", org=org, way=way
    )
    assert done.connection is not None, done.error
    return done.connection


@pytest.mark.parametrize(("ledger", "way"), WAYS, ids=lambda value: value)
def test_a_ledger_is_connected_renewed_connected_again_and_disconnected(
    acme: Actors, sandbox: Sandbox, ledger: str, way: str
) -> None:
    sandbox.company(ledger=ledger, name="Another")
    org = sandbox.company(ledger=ledger).realm
    connection = connected(acme, ledger, way, org)
    assert (connection.status, connection.external_org_id, connection.way) == ("active", org, way)
    assert connection.name
    assert connection.sync_minutes == manifest.load(ledger).limits.sync_minutes
    if manifest.load(ledger).way(way).has_tokens:
        with tenant_scope(acme.tenant.pk):
            held = Credential.objects.get().secret["access_token"]
        assert access_token(connection, refresh_tokens, refused=held) != held
    assert connected(acme, ledger, way, org).pk == connection.pk
    with tenant_scope(acme.tenant.pk):
        disconnect(connection)
        credential = Credential.objects.get()
    assert revoke_credential(acme.tenant.pk, credential.pk)
    with tenant_scope(acme.tenant.pk):
        assert not Credential.objects.exists()
        assert Connection.objects.get().status == "disconnected"
