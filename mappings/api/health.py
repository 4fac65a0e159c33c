"""The partner API over the health of mappings and duplicate contacts: read only, decisions are people's."""

from typing import ClassVar

from rest_framework import mixins
from rest_framework.routers import BaseRouter

from mappings.models import DuplicateGroup, HealthFinding
from tenants.api import TenantSerializer, TenantViewSet


class HealthFindingSerializer(TenantSerializer):
    """One thing that will stop documents, or book them otherwise."""

    class Meta:
        model = HealthFinding
        fields: ClassVar = [
            "id",
            "connection",
            "kind",
            "status",
            "subject",
            "side",
            "resource",
            "external_id",
            "name",
            "was",
            "now",
            "words",
            "word_count",
            "documents",
            "waiting",
            "found_at",
            "seen_at",
            "decided_at",
        ]
        read_only_fields = fields


class DuplicateGroupSerializer(TenantSerializer):
    """Contacts that seem to be one, and what was decided."""

    class Meta:
        model = DuplicateGroup
        fields: ClassVar = [
            "id",
            "connection",
            "kind",
            "status",
            "members",
            "evidence",
            "confidence",
            "is_exact",
            "documents",
            "chosen",
            "found_at",
            "decided_at",
        ]
        read_only_fields = fields


class MappingHealthViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """What is unwell about the mappings: `mapping-health:read`."""

    queryset = HealthFinding.objects.all()
    serializer_class = HealthFindingSerializer
    required_scope = "mapping-health"
    filterset_fields: ClassVar = ["connection", "kind", "status"]


class DuplicateContactsViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Contacts that seem to be one: `duplicate-contacts:read`."""

    queryset = DuplicateGroup.objects.all()
    serializer_class = DuplicateGroupSerializer
    required_scope = "duplicate-contacts"
    filterset_fields: ClassVar = ["connection", "kind", "status", "is_exact"]


def register(router: BaseRouter) -> None:
    """Add both to the API's router."""
    router.register("mapping-health", MappingHealthViewSet, basename="mapping-health")
    router.register("duplicate-contacts", DuplicateContactsViewSet, basename="duplicate-contacts")
