"""The partner API over a connection's resources: which way each flows, and how often it is read."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from integrations.api.postings import in_words
from integrations.models import Connection
from integrations.services import policies, scheduling
from integrations.services.connectors import connector_of, readable_resources
from integrations.services.policies import Direction, Policy, Truth
from tenants.api import TenantViewSet

_NAME = OpenApiParameter("resource", str, OpenApiParameter.PATH, description="Such as credit-notes.")


class ResourceWish(serializers.Serializer[Any]):
    """What may be said of a resource; what is left out goes back to its default."""

    direction = serializers.ChoiceField(choices=Direction.choices, default=Direction.BOTH.value)
    source_of_truth = serializers.ChoiceField(choices=Truth.choices, default=Truth.LEDGER.value)
    sync_minutes = serializers.IntegerField(
        allow_null=True, default=None, help_text="Every so many minutes; null: as often as it changes."
    )


class ResourceState(ResourceWish):
    """A resource of a connection. `is_read` and `is_written` are what really happens, whatever was wished."""

    resource = serializers.CharField()
    is_read = serializers.BooleanField(help_text="False: records that are here are no longer refreshed.")
    is_written = serializers.BooleanField()
    changes_known_through = serializers.DateTimeField(allow_null=True)
    next_read_at = serializers.DateTimeField(allow_null=True)
    changes_per_hour = serializers.FloatField()


class ConnectionResourceViewSet(TenantViewSet):
    """The resources of one connection: `connections:read` to see, `connections:write` to change them."""

    queryset = Connection.objects.all()
    serializer_class = ResourceState
    required_scope = "connections"
    lookup_field = "resource"
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()

    @extend_schema(operation_id="list-connection-resources", responses=ResourceState(many=True))
    def list(self, request: Request, connection: str) -> Response:
        """Every resource that the connection's ledger has."""
        return Response(_states(self._connection(connection)))

    @extend_schema(operation_id="get-connection-resource", parameters=[_NAME], responses=ResourceState)
    def retrieve(self, request: Request, connection: str, resource: str) -> Response:
        """One resource."""
        return Response(_state(self._connection(connection), resource))

    @extend_schema(
        operation_id="set-connection-resource", parameters=[_NAME], request=ResourceWish, responses=ResourceState
    )
    def update(self, request: Request, connection: str, resource: str) -> Response:
        """Say what is wanted of a resource; turned on again, it is read in full first."""
        row = self._connection(connection)
        _state(row, resource)
        wish = ResourceWish(data=request.data)
        wish.is_valid(raise_exception=True)
        try:
            with transaction.atomic():
                wanted = Policy(resource.replace("-", "_"), **wish.validated_data)
                scheduling.change_policies(connection=row, wanted=[wanted])
        except ValidationError as refused:
            raise in_words(refused) from refused
        return Response(_state(row, resource))

    def _connection(self, connection: str) -> Connection:
        tenant: Any = self.request.tenant  # type: ignore[attr-defined]
        found = Connection.objects.for_tenant(tenant).filter(pk=connection).first()
        if found is None:
            raise NotFound("There is no such connection in this tenant.")
        return found


def _state(connection: Connection, resource: str) -> dict[str, Any]:
    for state in _states(connection):
        if state["resource"] == resource.replace("_", "-"):
            return state
    raise NotFound(f"This ledger has no {resource.replace('-', ' ')}.")


def _states(connection: Connection) -> list[dict[str, Any]]:
    readable = readable_resources(connector_of(connection))
    rhythms = scheduling.rhythms(connection)
    found = []
    for name, policy in policies.all_of(connection).items():
        rhythm, is_read = rhythms.get(name), policy.reads and name in readable
        found.append(
            {
                "resource": name.replace("_", "-"),
                "direction": policy.direction,
                "source_of_truth": policy.source_of_truth,
                "sync_minutes": policy.sync_minutes,
                "is_read": is_read,
                "is_written": policy.writes and policies.is_writable(connection, name),
                "changes_known_through": rhythm.read_at if rhythm else None,
                "next_read_at": rhythm.due_at if rhythm and is_read else None,
                "changes_per_hour": round(rhythm.changes_per_hour, 3) if rhythm else 0.0,
            }
        )
    return found


def register(router: BaseRouter) -> None:
    """Add the resources of connections to the API's router."""
    prefix = r"connections/(?P<connection>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})/resources"
    router.register(prefix, ConnectionResourceViewSet, basename="connection-resources")
