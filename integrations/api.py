"""The partner API over connections, runs, postings and the unified resources."""

from functools import partial
from typing import Any, cast
from urllib.parse import urlencode
from uuid import uuid5

import orjson
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.exceptions import APIException, NotFound
from rest_framework.exceptions import ValidationError as BadRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.routers import BaseRouter

from integrations import tasks
from integrations.models import Connection, LedgerRecord, Posting, Resource, SyncRun
from integrations.serializers import (
    ConnectionSerializer,
    PostingSerializer,
    RecordQuery,
    SyncRunSerializer,
    UnifiedPage,
    UnifiedRecord,
)
from integrations.services import postings, reading, sync
from tenants.api import TenantViewSet

_KEY_MOST = 255
_KEY_HEADER = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, required=True, description="The same key never writes twice."
)
_CONNECTION = OpenApiParameter("connection", str, OpenApiParameter.QUERY, required=True)


class Unprocessable(APIException):
    """Understood and refused, in words."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "refused"
    default_detail = "The request was understood and refused."


def _in_words(refused: ValidationError) -> Unprocessable:
    return Unprocessable(" ".join(refused.messages))


class ConnectionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """The tenant's connections and how they are."""

    queryset = Connection.objects.all()
    serializer_class = ConnectionSerializer
    required_scope = "connections"
    filterset_fields = ("connector", "status")


class SyncRunViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Pulls: ask for one, see how far it is."""

    queryset = SyncRun.objects.all()
    serializer_class = SyncRunSerializer
    required_scope = "sync-runs"
    filterset_fields = ("connection", "status", "trigger")

    def create(self, request: Request) -> Response:
        """Ask for a sync; 202 with the run, or the run under way that covers it."""
        wanted = self.get_serializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        try:
            with transaction.atomic():
                run = sync.request_sync(trigger=SyncRun.Trigger.MANUAL, **wanted.validated_data)
        except ValidationError as refused:
            raise _in_words(refused) from refused
        transaction.on_commit(partial(tasks.run_sync.delay, str(run.tenant_id), str(run.pk)))
        return Response(self.get_serializer(run).data, status=status.HTTP_202_ACCEPTED)


class PostingViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Writes and their outcomes."""

    queryset = Posting.objects.all()
    serializer_class = PostingSerializer
    required_scope = "postings"
    filterset_fields = ("connection", "status", "resource", "origin_kind", "external_id")


class RecordViewSet(TenantViewSet):
    """One unified resource: read from the mirror, written through postings."""

    queryset = LedgerRecord.objects.none()
    serializer_class = UnifiedRecord
    resource: str = ""
    lookup_field = "external_id"
    lookup_value_regex = "[^/]+"
    filter_backends = ()

    def list(self, request: Request) -> HttpResponse:
        """A page in a stable order; follow `next` to the end."""
        query = self._query(request)
        rows = reading.matching(connection=self._connection(query), resource=self.resource, query=query)
        try:
            page = reading.page_of(rows, size=query["page_size"], cursor=query.get("cursor"))
        except ValidationError as refused:
            raise BadRequest({"cursor": refused.messages}) from refused
        following = None
        if page.cursor:
            kept = {**request.query_params.dict(), "cursor": page.cursor}
            following = f"{request.build_absolute_uri(request.path)}?{urlencode(kept)}"
        return _json({"next": following, "results": page.records})

    def retrieve(self, request: Request, external_id: str) -> HttpResponse:
        """One record by the ledger's own id."""
        query = {**self._query(request), "include_deleted": True}
        rows = reading.matching(connection=self._connection(query), resource=self.resource, query=query)
        found = reading.one(rows, external_id)
        if found is None:
            raise NotFound(f"There is no record {external_id} in the portal's copy of this ledger.")
        return _json(found)

    def create(self, request: Request) -> Response:
        """Write a record to the ledger; 202 with the posting, whose address tells the outcome."""
        connection = self._connection(self._query(request))
        if not isinstance(request.data, dict):
            raise BadRequest("Send one JSON object: the record in the unified model.")
        try:
            with transaction.atomic():
                posting = postings.request_posting(
                    connection=connection,
                    resource=self.resource,
                    body=dict(request.data),
                    origin_kind="api",
                    idempotency_key=self._key(request),
                )
        except ValidationError as refused:
            raise _in_words(refused) from refused
        transaction.on_commit(partial(tasks.send_posting.delay, str(posting.tenant_id), str(posting.pk)))
        address = reverse("postings-detail", args=[posting.pk], request=request)
        shown = PostingSerializer(posting, context=self.get_serializer_context()).data
        return Response(shown, status=status.HTTP_202_ACCEPTED, headers={"Location": address})

    def _query(self, request: Request) -> dict[str, Any]:
        query = RecordQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        return dict(query.validated_data)

    def _connection(self, query: dict[str, Any]) -> Connection:
        tenant: Any = self.request.tenant  # type: ignore[attr-defined]
        found = Connection.objects.for_tenant(tenant).filter(pk=query["connection"]).first()
        if found is None:
            raise NotFound("There is no such connection in this tenant.")
        return found

    def _key(self, request: Request) -> str:
        key = request.headers.get("Idempotency-Key", "").strip()
        if not key or len(key) > _KEY_MOST:
            raise BadRequest(f"Send an Idempotency-Key header of 1 to {_KEY_MOST} characters, new for each record.")
        # Two partners may choose the same key; each has its own room.
        grant: Any = request.auth
        return str(uuid5(grant.pk, f"{self.resource}:{key}"))


def _json(content: Any) -> HttpResponse:
    return HttpResponse(orjson.dumps(content), content_type="application/json")


def _record_viewset(resource: str) -> type[RecordViewSet]:
    name = resource.replace("_", "-")
    viewset: Any = type(f"{resource.title().replace('_', '')}ViewSet", (RecordViewSet,), {})
    viewset.resource, viewset.required_scope = resource, name
    viewset.__doc__ = f"{Resource(resource).label} in the unified model."
    for action, schema in (
        ("list", extend_schema(parameters=[RecordQuery], responses=UnifiedPage, operation_id=f"list-{name}")),
        ("retrieve", extend_schema(parameters=[_CONNECTION], responses=UnifiedRecord, operation_id=f"get-{name}")),
        (
            "create",
            extend_schema(
                parameters=[_CONNECTION, _KEY_HEADER],
                request=dict,
                responses={202: PostingSerializer},
                operation_id=f"create-{name}",
            ),
        ),
    ):
        setattr(viewset, action, schema(_own(action)))
    return cast("type[RecordViewSet]", viewset)


def _own(action: str) -> Any:
    # Each resource describes itself in OpenAPI, so each has its own function object.
    inherited = getattr(RecordViewSet, action)

    def call(self: RecordViewSet, request: Request, *args: Any, **kwargs: Any) -> Any:
        return inherited(self, request, *args, **kwargs)

    call.__name__, call.__doc__ = action, inherited.__doc__
    return call


def register(router: BaseRouter) -> None:
    """Add this app's resources to the API's router."""
    router.register("connections", ConnectionViewSet, basename="connections")
    router.register("sync-runs", SyncRunViewSet, basename="sync-runs")
    router.register("postings", PostingViewSet, basename="postings")
    for resource in Resource.values:
        router.register(resource.replace("_", "-"), _record_viewset(resource), basename=f"records-{resource}")
