"""The partner API over connections, runs and the unified resources."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, cast
from urllib.parse import urlencode
from uuid import uuid5

import orjson
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.exceptions import ValidationError as BadRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.routers import BaseRouter

from integrations import tasks
from integrations.api.postings import in_words
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
        """Ask for a sync; 202 with the run, the run under way that covers it, or one with status `waiting`."""
        wanted = self.get_serializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        try:
            with transaction.atomic():
                run = sync.request_sync(trigger=SyncRun.Trigger.MANUAL, **wanted.validated_data)
        except ValidationError as refused:
            raise in_words(refused) from refused
        transaction.on_commit(partial(tasks.run_sync.delay, str(run.tenant_id), str(run.pk)))
        return Response(self.get_serializer(run).data, status=status.HTTP_202_ACCEPTED)


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
        return self._write(request, Posting.Operation.CREATE, self._body(request))

    def partial_update(self, request: Request, external_id: str) -> Response:
        """Change the given fields of a record in the ledger; 202 with the posting."""
        return self._change(request, Posting.Operation.UPDATE, external_id)

    def destroy(self, request: Request, external_id: str) -> Response:
        """Delete a record in the ledger, where it can be deleted; 202 with the posting."""
        return self._change(request, Posting.Operation.DELETE, external_id)

    @action(detail=True, methods=["post"])
    def void(self, request: Request, external_id: str) -> Response:
        """Void a document in the ledger: its amounts become zero, it stays on the books; 202 with the posting."""
        return self._change(request, Posting.Operation.VOID, external_id)

    @action(detail=True, methods=["post"])
    def allocate(self, request: Request, external_id: str) -> Response:
        """Apply a credit note, vendor credit or payment to documents (`allocations`); 202 with the posting."""
        return self._change(request, Posting.Operation.ALLOCATE, external_id)

    def _body(self, request: Request) -> dict[str, Any]:
        if not isinstance(request.data, dict):
            raise BadRequest("Send one JSON object: the record in the unified model.")
        return dict(request.data)

    def _change(self, request: Request, operation: str, external_id: str) -> Response:
        given = self._body(request)
        connection = self._connection(self._query(request))
        rows = LedgerRecord.objects.of(connection, self.resource).filter(external_id=external_id)
        kinds = set(rows.values_list("remote_type", flat=True))
        if not kinds:
            raise NotFound(f"There is no record {external_id} in the portal's copy of this ledger.")
        kind = given.get("remote_type", "")
        if kind not in kinds:
            if len(kinds) > 1:
                raise BadRequest({"remote_type": [f"Say which of these it is: {', '.join(sorted(kinds))}."]})
            (kind,) = kinds
        body = {**given, "external_id": external_id, "remote_type": kind}
        return self._write(request, operation, body)

    def _write(self, request: Request, operation: str, body: dict[str, Any]) -> Response:
        connection = self._connection(self._query(request))
        try:
            with transaction.atomic():
                posting = postings.request_posting(
                    connection=connection,
                    resource=self.resource,
                    operation=operation,
                    body=body,
                    origin_kind="api",
                    idempotency_key=self._key(request),
                )
        except ValidationError as refused:
            raise in_words(refused) from refused
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
    for verb, description in _DESCRIBED.items():
        setattr(viewset, verb, description(name)(_own(verb)))
    return cast("type[RecordViewSet]", viewset)


def _reading(verb: str, *, query: Any, answer: Any) -> Callable[[str], Any]:
    return lambda name: extend_schema(parameters=query, responses=answer, operation_id=f"{verb}-{name}")


def _writing(verb: str) -> Callable[[str], Any]:
    return lambda name: extend_schema(
        parameters=[_CONNECTION, _KEY_HEADER],
        request=None if verb == "delete" else dict,
        responses={202: PostingSerializer},
        operation_id=f"{verb}-{name}",
    )


_DESCRIBED: dict[str, Callable[[str], Any]] = {
    "list": _reading("list", query=[RecordQuery], answer=UnifiedPage),
    "retrieve": _reading("get", query=[_CONNECTION], answer=UnifiedRecord),
    "create": _writing("create"),
    "partial_update": _writing("update"),
    "destroy": _writing("delete"),
    "void": _writing("void"),
    "allocate": _writing("allocate"),
}


def _own(verb: str) -> Any:
    # Each resource describes itself in OpenAPI, so each has its own function object.
    inherited = getattr(RecordViewSet, verb)

    @wraps(inherited)
    def call(self: RecordViewSet, request: Request, *args: Any, **kwargs: Any) -> Any:
        return inherited(self, request, *args, **kwargs)

    if hasattr(inherited, "kwargs"):
        # An @action keeps its description in there.
        call.kwargs = dict(inherited.kwargs)  # type: ignore[attr-defined]
    return call


def register(router: BaseRouter) -> None:
    """Add this app's resources to the API's router."""
    router.register("connections", ConnectionViewSet, basename="connections")
    router.register("sync-runs", SyncRunViewSet, basename="sync-runs")
    for resource in Resource.values:
        router.register(resource.replace("_", "-"), _record_viewset(resource), basename=f"records-{resource}")
