"""The partner API over cut-overs: count, put in force, look at what is proposed, decide."""

from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from integrations.api.postings import in_words
from integrations.models import LedgerRecord
from mappings import tasks
from mappings.api import cutover_shapes as shapes
from mappings.models import CutOver, CutOverLink
from mappings.services import cutover_decisions as decisions
from mappings.services.cutover import request_run, set_up
from mappings.services.cutover_reading import RESOURCES, candidates_of
from tenants.api import TenantViewSet


class CutOverDiffers(APIException):
    """A connection has one cut-over; another start is a change of it."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "cut_over_differs"
    default_detail = "This connection has a cut-over with other values already. Change that one with PATCH."


class CutOverViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Cut-overs, one a connection: `cut-overs:read` and `cut-overs:write`."""

    queryset = CutOver.objects.select_related("connection")
    required_scope = "cut-overs"
    filterset_fields: ClassVar = ["connection", "status", "is_in_force"]

    def get_serializer_class(self) -> Any:
        return shapes.CutOverSerializer if self.action == "list" else shapes.CutOverDetailSerializer

    @extend_schema(
        request=shapes.CutOverRequest,
        responses={
            201: shapes.CutOverDetailSerializer,
            200: OpenApiResponse(shapes.CutOverDetailSerializer, description="Started before with the same values."),
            409: OpenApiResponse(description="This connection has one with other values: change that with PATCH."),
        },
    )
    def create(self, request: Request) -> Response:
        """Start a cut-over: it is counted, nothing is held back or linked before `link`. The same again is the same."""
        wanted = self._given(shapes.CutOverRequest, request)
        values = {"days_apart": 3, "kinds": set(), **wanted}
        found: Any = self.get_queryset().filter(connection=wanted["connection"]).first()
        if found is None:
            made = self._refusing(lambda: _set_up_and_run(**values))
            return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)
        is_same = all(getattr(found, name) == values[name] for name in ("starts_on", "days_apart"))
        if not is_same or set(found.kinds) != set(values["kinds"]):
            raise CutOverDiffers
        return Response(self.get_serializer(found).data)

    @extend_schema(request=shapes.CutOverChange, responses={202: shapes.CutOverDetailSerializer})
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the day, the days apart or the kinds; it is compared again. What is linked or decided stays."""
        row: CutOver = self.get_object()
        changes = self._given(shapes.CutOverChange, request)
        values = {"starts_on": row.starts_on, "days_apart": row.days_apart, "kinds": row.kinds, **changes}
        changed = self._refusing(lambda: _set_up_and_run(connection=row.connection, **values))
        return Response(self.get_serializer(changed).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: shapes.CutOverDetailSerializer})
    @action(detail=True, methods=["post"])
    def count(self, request: Request, pk: str) -> Response:
        """Compare and only count: nothing is held back or linked."""
        return self._run(is_dry=True)

    @extend_schema(request=None, responses={202: shapes.CutOverDetailSerializer})
    @action(detail=True, methods=["post"])
    def link(self, request: Request, pk: str) -> Response:
        """Put it in force, or compare again: earlier documents are held back, sure ones linked, others laid out."""
        return self._run(is_dry=False)

    @extend_schema(request=shapes.AcceptBody, responses=shapes.AcceptAnswer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Link every clear proposal from a confidence on; ambiguous ones stay for a person."""
        row: CutOver = self.get_object()
        confidence = self._given(shapes.AcceptBody, request)["confidence"]
        linked, missed = decisions.accept_above(cut_over=row, confidence=confidence, by=None)
        return Response({"linked": linked, "missed": missed})

    def _run(self, *, is_dry: bool) -> Response:
        row: CutOver = self.get_object()
        if not (row.is_busy and row.is_dry == is_dry):
            self._refusing(lambda: _run(row, is_dry=is_dry))
        return Response(self.get_serializer(row).data, status=status.HTTP_202_ACCEPTED)

    def _given(self, shape: Any, request: Request) -> dict[str, Any]:
        given = shape(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def _refusing(self, act: Any) -> Any:
        try:
            with transaction.atomic():
                return act()
        except ValidationError as refused:
            raise in_words(refused) from refused


def _set_up_and_run(**values: Any) -> CutOver:
    made = set_up(**values)
    _run(made, is_dry=not made.is_in_force)
    return made


def _run(cut_over: CutOver, *, is_dry: bool) -> None:
    request_run(cut_over, is_dry=is_dry)
    # Robust: without the broker the row is still queued, and the sweep finds it.
    ring = partial(tasks.run_cut_over.delay, str(cut_over.tenant_id), str(cut_over.pk))
    transaction.on_commit(ring, robust=True)


class CutOverDocumentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Documents of cut-overs by the id of the source document; decided on with `cut-overs:write`.

    A decision that holds already is answered as it is, so a request can be repeated.
    """

    queryset = CutOverLink.objects.select_related("document", "record", "proposal", "cut_over__connection")
    serializer_class = shapes.CutOverDocumentSerializer
    required_scope = "cut-overs"
    lookup_field = "document_id"
    filterset_fields: ClassVar = ["cut_over", "document", "state", "is_ambiguous", "cut_over__connection"]

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """With what each document may be, in one query for all of them."""
        rows = args[0] if args else ()
        links = rows if isinstance(rows, list) else [rows] if isinstance(rows, CutOverLink) else []
        context = {**self.get_serializer_context(), "candidates": candidates_of(links)}
        return super().get_serializer(*args, **{"context": context, **kwargs})

    @extend_schema(request=shapes.LinkBody, responses=shapes.CutOverDocumentSerializer)
    @action(detail=True, methods=["post"])
    def link(self, request: Request, document_id: str) -> Response:
        """It is this record of the ledger; without one, it is the proposal."""
        row: CutOverLink = self.get_object()
        given = shapes.LinkBody(data=request.data)
        given.is_valid(raise_exception=True)
        record_id = _record_id(row, **given.validated_data) if given.validated_data["external_id"] else None
        return self._decided(row, "choose", record_id=record_id)

    @extend_schema(request=None, responses=shapes.CutOverDocumentSerializer)
    @action(detail=True, methods=["post"], url_path="post")
    def post_after_all(self, request: Request, document_id: str) -> Response:
        """It is not in the ledger: it goes the ordinary way and is posted after all."""
        return self._decided(self.get_object(), "post")

    @extend_schema(request=shapes.ReasonBody, responses=shapes.CutOverDocumentSerializer)
    @action(detail=True, methods=["post"], url_path="leave-out")
    def leave_out(self, request: Request, document_id: str) -> Response:
        """Neither link nor post it, for a reason."""
        given = shapes.ReasonBody(data=request.data)
        given.is_valid(raise_exception=True)
        return self._decided(self.get_object(), "leave_out", reason=given.validated_data["reason"])

    @extend_schema(request=None, responses=shapes.CutOverDocumentSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, document_id: str) -> Response:
        """Take a link or a decision back; no run links it by itself any more."""
        return self._decided(self.get_object(), "undo")

    @extend_schema(request=shapes.ManyBody, responses=shapes.ManyAnswer)
    @action(detail=False, methods=["post"])
    def decide(self, request: Request) -> Response:
        """One decision for up to 500 documents; what cannot be is told and stops none of the others."""
        given = shapes.ManyBody(data=request.data)
        given.is_valid(raise_exception=True)
        wanted: list[UUID] = given.validated_data["documents"]
        rows: QuerySet[Any] = self.get_queryset()
        links = {link.document_id: link for link in rows.filter(document__in=wanted)}
        act, reason = given.validated_data["decision"], given.validated_data["reason"]
        decided = decisions.decide_many(links=links.values(), act=act, by=None, reason=reason)
        _ring(decided.done, act)
        refused = [{"document": link.document_id, "why": why} for link, why in decided.refused]
        refused += [{"document": each, "why": "It is in no cut-over."} for each in wanted if each not in links]
        return Response({"done": [link.document_id for link in decided.done], "refused": refused})

    def _decided(self, row: CutOverLink, act: str, **values: Any) -> Response:
        try:
            with transaction.atomic():
                decisions.decide(link=row, act=act, by=None, **values)
        except ValidationError as refused:
            raise in_words(refused) from refused
        _ring([row], act)
        return Response(self.get_serializer(row).data)


def _record_id(link: CutOverLink, *, external_id: str, remote_type: str) -> UUID:
    mirror: QuerySet[LedgerRecord] = LedgerRecord.objects.for_tenant(link.tenant_id).filter(
        connection_id=link.cut_over.connection_id, resource=RESOURCES[link.document.kind], external_id=external_id
    )
    ids = list((mirror.filter(remote_type=remote_type) if remote_type else mirror).values_list("pk", flat=True)[:2])
    if not ids:
        raise NotFound("There is no such record in the portal's copy of this ledger; sync first.")
    if len(ids) > 1:
        raise in_words(ValidationError("Several records of this ledger have that id: name the remote_type too."))
    return ids[0]


def _ring(links: Iterable[CutOverLink], act: str) -> None:
    for link in links if act == "post" else ():
        ring = partial(tasks.map_document.delay, str(link.tenant_id), str(link.document_id))
        transaction.on_commit(ring, robust=True)


def register(router: BaseRouter) -> None:
    """Add cut-overs and their documents to the API's router."""
    router.register("cut-overs", CutOverViewSet, basename="cut-overs")
    router.register("cut-over-documents", CutOverDocumentViewSet, basename="cut-over-documents")
