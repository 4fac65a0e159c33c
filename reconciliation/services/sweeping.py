"""What the sweeper starts by itself."""

from uuid import UUID

from integrations.models import Connection
from reconciliation.models import MatchRun
from reconciliation.services.runs import request_match_run
from tenants.rls import tenant_scope


def start_due_run(tenant_id: UUID, connection_id: UUID) -> MatchRun | None:
    """A run for a connection whose mirror changed while lines wait; None when it is gone."""
    with tenant_scope(tenant_id):
        connection = Connection.objects.for_tenant(tenant_id).filter(pk=connection_id).first()
        return request_match_run(connection=connection, is_whole=False) if connection else None
