"""Which connection a page is about: the one its address names, else the tenant's first; never another tenant's."""

from uuid import UUID

from django.http import Http404

from integrations.models import Connection
from tenants.http import TenantRequest


def connection_or_404(request: TenantRequest, connection_id: UUID) -> Connection:
    """The tenant's connection with this id; Http404 for any other."""
    found = Connection.objects.for_tenant(request.tenant).filter(pk=connection_id).first()
    if found is None:
        raise Http404("There is no such connection.")
    return found


def connections_and_chosen(
    request: TenantRequest, wanted: UUID | str | None
) -> tuple[list[Connection], Connection | None]:
    """All of the tenant's by name, and the wanted one, or the first when none is named; Http404 for an unknown one."""
    connections = list(Connection.objects.for_tenant(request.tenant).order_by("name"))
    chosen = next((each for each in connections if not wanted or str(each.pk) == str(wanted)), None)
    if wanted and chosen is None:
        raise Http404("There is no such connection.")
    return connections, chosen
