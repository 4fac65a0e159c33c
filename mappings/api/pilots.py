"""The partner API over pilots: start one for a connection's open version, follow it, stop it, read the comparison."""

from functools import partial
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import transaction
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from integrations.api.postings import in_words
from integrations.models import Connection
from mappings import tasks
from mappings.api.backtests import NoOpenVersion
from mappings.models import Pilot, SourceDocument
from mappings.services.pilots import MOST_DOCUMENTS, Choice, cancel_pilot, request_pilot
from mappings.services.versions import open_set
from tenants.api import TenantRelatedField, TenantSerializer, TenantViewSet


class PilotSerializer(TenantSerializer):
    """A version posted into simulated companies. `report` is empty until `status` is done; amounts are decimal text."""

    connection = serializers.UUIDField(source="mapping_set.connection_id", read_only=True)
    version = serializers.IntegerField(source="mapping_set.version", read_only=True)
    headline = serializers.CharField(read_only=True, help_text="Such as “120 documents, books equal”.")
    report = serializers.DictField(
        read_only=True,
        help_text="version, against, documents, currency, is_balanced, companies {active, draft: {posted, waits, "
        "refused, unknown}}, kinds [{kind, documents, active, draft}], unlike, accounts [{name, group, active, draft, "
        "change, predicted, is_unlike, behind, documents}], apart [{name, company, predicted, books, apart, behind, "
        "documents}], refusals [{what, text, active, draft, documents}].",
    )

    class Meta:
        model = Pilot
        fields = (
            "id", "connection", "version", "status", "step", "wanted", "kinds", "dated_from", "dated_to", "total",
            "looked_at", "headline", "report", "error_code", "error", "created_at", "finished_at",
        )  # fmt: skip
        read_only_fields = fields


class PilotRequest(serializers.Serializer[Any]):
    """Which connection's open version, and with which of the last documents."""

    connection = TenantRelatedField(queryset=Connection.objects.all())
    documents = serializers.IntegerField(min_value=1, max_value=MOST_DOCUMENTS, default=100)
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=SourceDocument.Kind.choices), default=list, help_text="Empty: all kinds."
    )
    dated_from = serializers.DateField(allow_null=True, default=None)
    dated_to = serializers.DateField(allow_null=True, default=None)


class PilotViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Pilots: `mappings:read` and `mappings:write`."""

    queryset = Pilot.objects.select_related("mapping_set")
    serializer_class = PilotSerializer
    required_scope = "mappings"
    filterset_fields: ClassVar = ["status", "mapping_set__connection"]

    @extend_schema(
        request=PilotRequest,
        responses={
            202: PilotSerializer,
            400: OpenApiResponse(description="There is no sandbox, or the version cannot be used as it is."),
            409: OpenApiResponse(description="There is no open version to pilot."),
        },
    )
    def create(self, request: Request) -> Response:
        """Post the documents into simulated companies; one that is under way is answered instead of a second."""
        given = PilotRequest(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        asked = dict(given.validated_data)
        version = open_set(asked.pop("connection"))
        if version is None:
            raise NoOpenVersion
        try:
            made = request_pilot(
                mapping_set=version, choice=Choice(**{**asked, "kinds": tuple(asked["kinds"])}), by=None
            )
        except ValidationError as refused:
            raise in_words(refused) from refused
        _ring(made)
        return Response(self.get_serializer(made).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: PilotSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop it; its companies are removed."""
        found: Pilot = self.get_object()
        try:
            cancel_pilot(found)
        except ValidationError as refused:
            raise in_words(refused) from refused
        _ring(found)
        return Response(self.get_serializer(found).data, status=status.HTTP_202_ACCEPTED)


def _ring(pilot: Pilot) -> None:
    transaction.on_commit(partial(tasks.run_pilot.delay, str(pilot.tenant_id), str(pilot.pk)), robust=True)


def register(router: BaseRouter) -> None:
    """Add pilots to the API's router."""
    router.register("pilots", PilotViewSet, basename="pilots")
