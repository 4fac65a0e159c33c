"""The partner API over back-tests: try the open version of a connection on its last documents, read the report."""

from functools import partial
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import transaction
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from integrations.api.postings import in_words
from integrations.models import Connection
from mappings import tasks
from mappings.models import BackTest
from mappings.services.backtests import MOST_DOCUMENTS, request_back_test
from mappings.services.versions import open_set
from tenants.api import TenantRelatedField, TenantSerializer, TenantViewSet


class NoOpenVersion(APIException):
    """Only a draft, or a version that waits for approval, is worth trying."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "no_open_version"
    default_detail = "This connection has no draft and no version that waits for approval."


class BackTestSerializer(TenantSerializer):
    """A version tried on the last documents. `report` is empty until `status` is done; amounts are decimal text."""

    connection = serializers.UUIDField(source="mapping_set.connection_id", read_only=True)
    version = serializers.IntegerField(source="mapping_set.version", read_only=True)
    report = serializers.DictField(
        read_only=True,
        help_text="version, against, documents, counts {same, moved, released, stopped, stuck}, money, "
        "moves [{field, before, after, what, documents, amount, currency, text}], "
        "accounts and taxes [{name, currency, before, after, change}], problems, examples.",
    )

    class Meta:
        model = BackTest
        fields = (
            "id", "connection", "version", "status", "wanted", "total", "looked_at", "report", "error_code",
            "created_at", "finished_at",
        )  # fmt: skip
        read_only_fields = fields


class BackTestRequest(serializers.Serializer[Any]):
    """Which connection's open version, and on how many of the last documents."""

    connection = TenantRelatedField(queryset=Connection.objects.all())
    documents = serializers.IntegerField(min_value=1, max_value=MOST_DOCUMENTS, default=1000)


class BackTestViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Back-tests: `mappings:read` and `mappings:write`."""

    queryset = BackTest.objects.select_related("mapping_set")
    serializer_class = BackTestSerializer
    required_scope = "mappings"
    filterset_fields: ClassVar = ["status", "mapping_set__connection"]

    @extend_schema(
        request=BackTestRequest,
        responses={
            202: BackTestSerializer,
            409: OpenApiResponse(description="There is no open version to try."),
        },
    )
    def create(self, request: Request) -> Response:
        """Try the open version; one that is under way already is answered instead of a second."""
        given = BackTestRequest(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        version = open_set(given.validated_data["connection"])
        if version is None:
            raise NoOpenVersion
        try:
            made = request_back_test(mapping_set=version, documents=given.validated_data["documents"], by=None)
        except ValidationError as refused:
            raise in_words(refused) from refused
        ring = partial(tasks.run_back_test.delay, str(made.tenant_id), str(made.pk))
        transaction.on_commit(ring, robust=True)
        return Response(self.get_serializer(made).data, status=status.HTTP_202_ACCEPTED)


def register(router: BaseRouter) -> None:
    """Add back-tests to the API's router."""
    router.register("back-tests", BackTestViewSet, basename="back-tests")
