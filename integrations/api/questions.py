"""The partner API over questions that a worker asks a ledger on demand: reports and files."""

from functools import partial
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.routers import BaseRouter

from integrations import tasks
from integrations.api.postings import in_words
from integrations.models import Connection, Fetch
from integrations.services import fetching
from tenants.api import TenantSerializer, TenantViewSet

_LOOK_AGAIN_SECONDS = 2


class ReportQuery(serializers.Serializer[Any]):
    """Which report, of which days. Which of the days a report takes, the coverage of the ledger says."""

    connection = serializers.UUIDField()
    name = serializers.CharField(max_length=60, help_text="Such as profit_and_loss.")
    start_on = serializers.DateField(required=False)
    end_on = serializers.DateField(required=False)
    on = serializers.DateField(required=False)
    basis = serializers.ChoiceField(["accrual", "cash"], required=False)


class FetchSerializer(TenantSerializer):
    """A question and how it went; `answer` is there when `status` is done, `error` when it failed."""

    class Meta:
        model = Fetch
        fields: ClassVar = [
            "id",
            "connection",
            "kind",
            "params",
            "status",
            "answer",
            "error",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields


class FileQuery(serializers.Serializer[Any]):
    """Whose files: the record of a resource, by the ledger's own id; `file` for the content of one."""

    connection = serializers.UUIDField()
    resource = serializers.CharField(max_length=30, help_text="Such as bills.")
    record = serializers.CharField(max_length=100)
    file = serializers.CharField(max_length=200, required=False)


class QuestionViewSet(TenantViewSet):
    """Questions of one kind: asked once, looked at until they are answered; an answer is good for five minutes."""

    serializer_class = FetchSerializer
    basename = ""

    def ask(self, request: Request, kind: str, connection_id: Any, params: dict[str, Any]) -> Fetch:
        """The question under way or answered; 404 for another tenant's connection, 422 with the reason."""
        tenant: Any = request.tenant  # type: ignore[attr-defined]
        connection = Connection.objects.for_tenant(tenant).filter(pk=connection_id).first()
        if connection is None:
            raise NotFound("There is no such connection in this tenant.")
        try:
            fetch = fetching.request_fetch(connection=connection, kind=kind, params=params)
        except ValidationError as refused:
            raise in_words(refused) from refused
        if fetch.status == Fetch.Status.QUEUED:
            transaction.on_commit(partial(tasks.perform_fetch.delay, str(fetch.tenant_id), str(fetch.pk)))
        return fetch

    def retrieve(self, request: Request, pk: str) -> Response:
        """How a question stands."""
        return self.shown(request, self.get_object())

    def shown(self, request: Request, fetch: Fetch) -> Response:
        """200 with the answer, or 202 and where to look for it in a moment."""
        shown = self.get_serializer(fetch).data
        if fetch.status != Fetch.Status.QUEUED:
            return Response(shown)
        address = reverse(f"{self.basename}-detail", args=[fetch.pk], request=request)
        headers = {"Location": address, "Retry-After": str(_LOOK_AGAIN_SECONDS)}
        return Response(shown, status=status.HTTP_202_ACCEPTED, headers=headers)


class ReportViewSet(QuestionViewSet):
    """Reports, asked of the ledger when they are wanted."""

    queryset = Fetch.objects.filter(kind=Fetch.Kind.REPORT).defer("content")
    required_scope = "reports"

    @extend_schema(parameters=[ReportQuery], responses={200: FetchSerializer, 202: FetchSerializer})
    def list(self, request: Request) -> Response:
        """200 with the report, or 202 and where to look for it in a moment (`Location`, `Retry-After`)."""
        query = ReportQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = {name: str(value) for name, value in query.validated_data.items() if name != "connection"}
        return self.shown(request, self.ask(request, Fetch.Kind.REPORT, query.validated_data["connection"], asked))


class FileViewSet(QuestionViewSet):
    """Files that hang on records of the ledger: their list, and the content of each."""

    queryset = Fetch.objects.filter(kind__in=[Fetch.Kind.ATTACHMENTS, Fetch.Kind.FILE]).defer("content")
    required_scope = "attachments"

    @extend_schema(parameters=[FileQuery], responses={200: FetchSerializer, 202: FetchSerializer})
    def list(self, request: Request) -> Response:
        """200 with the list of a record's files (with `file`: about that one), or 202 and where to look for it."""
        query = FileQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        params = {"resource": given["resource"].replace("-", "_"), "external_id": given["record"]}
        if "file" in given:
            params["file_id"] = given["file"]
        kind = Fetch.Kind.FILE if "file" in given else Fetch.Kind.ATTACHMENTS
        return self.shown(request, self.ask(request, kind, given["connection"], params))

    @extend_schema(responses={200: bytes})
    @action(detail=True, methods=["get"])
    def content(self, request: Request, pk: str) -> HttpResponse:
        """The bytes of a file whose question is answered; 404 until then."""
        fetch = Fetch.objects.filter(pk=self.get_object().pk).first()
        if fetch is None or fetch.content is None:
            raise NotFound("There is no content (yet). Ask for the file, and come back when its status is done.")
        response = HttpResponse(bytes(fetch.content), content_type="application/octet-stream")
        # Never shown in place: a file of a ledger may be anything.
        response["Content-Disposition"] = "attachment"
        return response


def register(router: BaseRouter) -> None:
    """Add the questions to the API's router."""
    router.register("reports", ReportViewSet, basename="reports")
    router.register("files", FileViewSet, basename="files")
