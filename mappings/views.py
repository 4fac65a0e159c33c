"""Documents in, by API: accepted at once, mapped and posted by workers."""

from functools import partial
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django_filters.rest_framework import CharFilter, ChoiceFilter, FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from mappings import tasks
from mappings.models import SourceDocument
from mappings.models.documents import State
from mappings.serializers import (
    ExactJSONParser,
    IntakeSerializer,
    SourceDocumentDetailSerializer,
    SourceDocumentSerializer,
)
from mappings.services.intake import DocumentConflictError, receive_document
from tenants.api import TenantViewSet

_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Optional, up to 255 characters. The same key with the same body returns the first answer's document.",
)


class DocumentConflict(APIException):
    """The id or key was used before, with other content."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "document_differs"
    default_detail = "This document was sent before with other content."


class SourceDocumentFilter(FilterSet):  # type: ignore[misc]
    """By state of the whole way, kind, connection and the source's own ids."""

    state = ChoiceFilter(choices=State.choices)
    external_id = CharFilter()

    class Meta:
        model = SourceDocument
        fields: ClassVar = ["state", "kind", "connection", "source", "external_id", "number"]


class SourceDocumentViewSet(ListModelMixin, RetrieveModelMixin, TenantViewSet):
    """Source documents: `source-documents:read` and `source-documents:write`."""

    required_scope = "source-documents"
    queryset = SourceDocument.objects.all()
    serializer_class = SourceDocumentSerializer
    filterset_class = SourceDocumentFilter
    parser_classes: ClassVar = [ExactJSONParser]  # type: ignore[misc]

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset().with_state()  # type: ignore[attr-defined]
        return rows.select_related("mapping_set", "connection", "grant")  # type: ignore[no-any-return]

    def get_serializer_class(self) -> Any:
        return SourceDocumentSerializer if self.action == "list" else SourceDocumentDetailSerializer

    @extend_schema(
        request=IntakeSerializer,
        parameters=[_KEY],
        responses={
            201: SourceDocumentDetailSerializer,
            200: OpenApiResponse(SourceDocumentDetailSerializer, description="Sent before: the same document."),
            409: OpenApiResponse(description="Sent before with other content, or the key belongs to another document."),
        },
    )
    def create(self, request: Request) -> Response:
        """Accept a document; it is mapped, balanced and posted in the background, or waits and says for what."""
        intake = IntakeSerializer(data=request.data, context=self.get_serializer_context())
        intake.is_valid(raise_exception=True)
        body = intake.validated_data
        connection = body["connection"]
        try:
            receipt = receive_document(
                connection=connection, body=body, grant=_grant(request), idempotency_key=_key(request)
            )
        except DocumentConflictError as conflict:
            raise DocumentConflict(str(conflict), code=conflict.code) from conflict
        if receipt.is_new:
            # Robust: without the broker the document is still safe in its row, and the sweep finds it.
            ring = partial(tasks.map_documents.delay, str(connection.tenant_id), str(connection.pk))
            transaction.on_commit(ring, robust=True)
        row = self.get_queryset().get(pk=receipt.document.pk)
        address = reverse(f"{self.basename}-detail", args=[row.pk], request=request) if self.basename else ""
        answer = SourceDocumentDetailSerializer(row, context=self.get_serializer_context()).data
        code = status.HTTP_201_CREATED if receipt.is_new else status.HTTP_200_OK
        return Response(answer, status=code, headers={"Location": address})


def _grant(request: Request) -> Any:
    return getattr(request._request, "grant", None)


def _key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > 255:
        raise ValidationError({"Idempotency-Key": ["At most 255 characters."]})
    return key
