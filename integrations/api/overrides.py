"""The partner API over a connection's overrides: which expression gives which field, since when, approved by whom."""

from typing import ClassVar

from rest_framework import mixins, serializers
from rest_framework.routers import BaseRouter

from integrations.models import FieldOverride
from tenants.api import TenantSerializer, TenantViewSet


class OverrideSerializer(TenantSerializer):
    """One version of an expression. `active` is in force; what it replaced stays as `superseded`."""

    submitted_by = serializers.EmailField(source="submitted_by.email", default=None, read_only=True)
    decided_by = serializers.EmailField(source="decided_by.email", default=None, read_only=True)

    class Meta:
        model = FieldOverride
        fields: ClassVar = [
            "id",
            "connection",
            "resource",
            "direction",
            "target",
            "version",
            "expression",
            "status",
            "reason",
            "submitted_by",
            "submitted_at",
            "decision",
            "decided_by",
            "decided_at",
            "ended_at",
        ]
        read_only_fields = fields


class OverrideViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Expressions that give fields instead of a connector's declaration; people draft and approve them on pages."""

    queryset = FieldOverride.objects.select_related("submitted_by", "decided_by")
    serializer_class = OverrideSerializer
    required_scope = "connections"
    filterset_fields = ("connection", "resource", "direction", "status")


def register(router: BaseRouter) -> None:
    """Add overrides to the API's router."""
    router.register("overrides", OverrideViewSet, basename="overrides")
