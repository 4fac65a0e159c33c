"""Rows that tests of the services begin with."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.utils import timezone

from integrations.engine.auth import TokenSet
from integrations.models import Connection
from integrations.services.credentials import store_tokens
from tenants.models import Tenant
from tenants.rls import tenant_scope


def tokens(**changes: Any) -> TokenSet:
    """A token response, good for an hour."""
    values = {
        "access_token": "access-1",
        "refresh_token": "refresh-1",
        "expires_at": timezone.now() + timedelta(hours=1),
        "refresh_expires_at": None,
        "hard_expires_at": None,
        "scope": "accounting",
        "token_type": "bearer",
        **changes,
    }
    return TokenSet(**values)


def make_connection(tenant: Tenant, **changes: Any) -> Connection:
    """An active QuickBooks connection of the tenant; enters the tenant's scope by itself."""
    values = {
        "connector": "quickbooks",
        "external_org_id": "9341457021722202",
        "name": "Acme Books",
        "currency": "USD",
        "status": Connection.Status.ACTIVE,
        **changes,
    }
    with tenant_scope(tenant.pk):
        return Connection.objects.create(tenant=tenant, **values)


def give_tokens(connection: Connection, **changes: Any) -> None:
    """Store tokens for a connection; `seconds` says how long the access token lasts."""
    seconds = changes.pop("seconds", 3600)
    expires_at = timezone.now() + timedelta(seconds=seconds)
    with tenant_scope(connection.tenant_id):
        store_tokens(connection=connection, tokens=tokens(expires_at=expires_at, **changes))


@contextmanager
def inside(connection: Connection) -> Iterator[Connection]:
    """In the scope of the connection's tenant, with the row read afresh."""
    with tenant_scope(connection.tenant_id):
        yield Connection.objects.get(pk=connection.pk)
