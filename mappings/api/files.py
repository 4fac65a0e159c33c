"""The partner API over a document's files: bring one, list them with where they are, take them back."""

from base64 import b64decode
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from integrations.api.postings import in_words
from integrations.models import KeptFile
from integrations.services.filing import MOST_BYTES, TYPES, Brought
from mappings import tasks
from mappings.models import SourceDocument
from mappings.models.documents import ORIGIN
from mappings.serializers import ExactJSONParser
from mappings.services import files as filed
from tenants.api import TenantViewSet
from tenants.http import download

_PLACE = OpenApiParameter("document_id", OpenApiTypes.UUID, OpenApiParameter.PATH)
_HELP = f"At most {MOST_BYTES // 1_000_000} MB; {', '.join(TYPES)}."


class FileUpload(serializers.Serializer[Any]):
    """A file, as base64 in JSON or as the part `file` of a form."""

    name = serializers.CharField(max_length=255, required=False, help_text="With its ending, such as receipt.pdf.")
    content = serializers.CharField(max_length=MOST_BYTES * 4 // 3 + 4, required=False, help_text=f"Base64. {_HELP}")
    file = serializers.FileField(required=False, help_text=f"Of a form instead of name and content. {_HELP}")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two forms."""
        if "file" in attrs:
            if attrs["file"].size > MOST_BYTES:
                raise serializers.ValidationError({"file": [f"At most {MOST_BYTES // 1_000_000} MB."]})
            return {"brought": Brought(attrs["file"].name, attrs["file"].read())}
        if missing := {name: ["This field is required."] for name in ("name", "content") if not attrs.get(name)}:
            raise serializers.ValidationError(missing)
        return {"brought": Brought(attrs["name"], decoded(attrs["content"]))}


def decoded(text: str) -> bytes:
    """The bytes of base64; ValidationError of the field `content`."""
    try:
        return b64decode(text, validate=True)
    except ValueError as error:
        raise serializers.ValidationError({"content": ["This is no base64."]}) from error


class DocumentFileSerializer(serializers.Serializer[Any]):
    """A file of a document and where it is."""

    id = serializers.UUIDField(source="file.pk")
    name = serializers.CharField(source="file.name")
    content_type = serializers.CharField(source="file.content_type")
    size = serializers.IntegerField(source="file.size", help_text="In bytes.")
    sha256 = serializers.CharField(source="file.digest")
    state = serializers.ChoiceField(
        ["kept", "waiting", "sending", "there", "refused"],
        source="code",
        help_text="kept: only in the portal; waiting: for the document; there: attached in the ledger.",
    )
    text = serializers.CharField(help_text="The same in words, and why.")
    posting = serializers.UUIDField(source="posting.pk", default=None, allow_null=True)


class DocumentFileViewSet(TenantViewSet):
    """Files of a source document: `source-documents:read` and `source-documents:write`."""

    required_scope = "source-documents"
    queryset = KeptFile.objects.filter(origin_kind=ORIGIN)
    serializer_class = DocumentFileSerializer
    parser_classes: ClassVar = [MultiPartParser, ExactJSONParser]  # type: ignore[misc]
    pagination_class: Any = None

    @extend_schema(parameters=[_PLACE], responses=DocumentFileSerializer(many=True))
    def list(self, request: Request, document_id: str) -> Response:
        """Every file of the document, and where it is."""
        return Response(DocumentFileSerializer(filed.states_of(self._document()), many=True).data)

    @extend_schema(
        parameters=[_PLACE],
        request={"multipart/form-data": FileUpload, "application/json": FileUpload},
        responses={201: DocumentFileSerializer, 200: DocumentFileSerializer},
    )
    def create(self, request: Request, document_id: str) -> Response:
        """Add a file; it follows the document into the ledger. The same content again is the same file, with 200."""
        given = FileUpload(data=request.data)
        given.is_valid(raise_exception=True)
        document = self._document()
        grant = getattr(request._request, "grant", None)
        try:
            with transaction.atomic():
                [(row, is_new)] = filed.add_files(
                    document=document, files=[given.validated_data["brought"]], grant=grant
                )
        except ValidationError as refused:
            raise in_words(refused) from refused
        tasks.ring_files(document)
        [state] = [each for each in filed.states_of(document) if each.file.pk == row.pk]
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(DocumentFileSerializer(state).data, status=code)

    @extend_schema(parameters=[_PLACE], responses={204: None})
    def destroy(self, request: Request, document_id: str, pk: str) -> Response:
        """Take away a file that has not gone to the ledger; 422 when it has."""
        try:
            filed.remove_file(document=self._document(), file=self._file(pk))
        except ValidationError as refused:
            raise in_words(refused) from refused
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(parameters=[_PLACE], responses={(200, "application/octet-stream"): bytes})
    @action(detail=True, methods=["get"])
    def content(self, request: Request, document_id: str, pk: str) -> HttpResponse:
        """The bytes."""
        file = self._file(pk)
        return download(file.name, file.content)

    def _document(self) -> SourceDocument:
        rows = SourceDocument.objects.for_tenant(self.request.tenant).select_related("connection")  # type: ignore[attr-defined]
        return get_object_or_404(rows, pk=self.kwargs["document_id"])

    def _file(self, pk: str) -> KeptFile:
        found: KeptFile = get_object_or_404(self.get_queryset(), pk=pk, origin_id=self._document().pk)
        return found


def register(router: BaseRouter) -> None:
    """Add the files of documents to the API's router."""
    place = r"source-documents/(?P<document_id>[0-9a-f-]{36})/files"
    router.register(place, DocumentFileViewSet, basename="document-files")
