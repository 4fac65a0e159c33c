"""The partner API over writes: their outcomes, what can be done about them, and what became of a source's own ids."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from integrations import tasks
from integrations.models import CrossReference, LedgerRecord, Posting
from integrations.serializers import PostingSerializer
from integrations.services import deciding, postings, reversing
from tenants.api import TenantSerializer, TenantViewSet


class Unprocessable(APIException):
    """Understood and refused, in words."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "refused"
    default_detail = "The request was understood and refused."
    remedy = ""


def in_words(refused: ValidationError) -> Unprocessable:
    """A service's refusal as an answer."""
    answer = Unprocessable(" ".join(refused.messages), getattr(refused, "code", None))
    answer.remedy = getattr(refused, "remedy", "")
    return answer


class Answer(serializers.Serializer[Any]):
    """One of the choices of a held posting's `question`."""

    choice = serializers.CharField(max_length=40)


class Settlement(serializers.Serializer[Any]):
    """The record of the ledger that a posting of unknown outcome became."""

    external_id = serializers.CharField(max_length=100)
    remote_type = serializers.CharField(max_length=40, required=False, default="")


class Reason(serializers.Serializer[Any]):
    """Why it is certain that the ledger does not have it; kept in the audit trail."""

    reason = serializers.CharField(max_length=500)


class PostingViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Writes and their outcomes."""

    queryset = Posting.objects.all()
    serializer_class = PostingSerializer
    required_scope = "postings"
    filterset_fields = (
        "connection",
        "status",
        "resource",
        "operation",
        "batch",
        "origin_kind",
        "origin_id",
        "external_id",
    )

    @extend_schema(request=None, responses={202: PostingSerializer})
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str) -> Response:
        """Send a refused or resting posting again, or look up an unknown outcome now."""
        return self._done(lambda row: postings.replay_posting(posting=row))

    @extend_schema(request=None, responses={202: PostingSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Never send it, nor what was told to wait for it."""

        def cancelled(row: Posting) -> Posting:
            postings.cancel_posting(row)
            return row

        return self._done(cancelled)

    @extend_schema(request=Answer, responses={202: PostingSerializer})
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        """Answer the question of a held posting."""
        given = self._given(Answer, request)
        return self._done(lambda row: deciding.answer_posting(posting=row, choice=given["choice"]))

    @extend_schema(request=None, responses={202: PostingSerializer})
    @action(detail=True, methods=["post"])
    def reverse(self, request: Request, pk: str) -> Response:
        """Undo a posted document: voided, offset by its opposite, or else deleted; answers the reversal."""
        return self._done(lambda row: reversing.reverse_posting(posting=row))

    @extend_schema(request=dict, responses={202: PostingSerializer})
    @action(detail=True, methods=["post"])
    def correct(self, request: Request, pk: str) -> Response:
        """Reverse a posted document, then post the record given here in its place; answers the new posting."""
        if not isinstance(request.data, dict):
            raise Unprocessable("Send one JSON object: the record in the unified model.")
        body = dict(request.data)
        return self._done(lambda row: reversing.correct_posting(posting=row, body=body))

    @extend_schema(request=Settlement, responses={202: PostingSerializer})
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, pk: str) -> Response:
        """A posting of unknown outcome is this record of the ledger: it is linked to it."""
        given = self._given(Settlement, request)

        def settled(row: Posting) -> Posting:
            mirror = LedgerRecord.objects.for_tenant(row.tenant_id).of(row.connection, row.resource)
            found = mirror.filter(external_id=given["external_id"])
            if given["remote_type"]:
                found = found.filter(remote_type=given["remote_type"])
            record = found.first()
            if record is None:
                raise NotFound("There is no such record in the portal's copy of this ledger; sync first.")
            return deciding.settle_as(posting=row, record=record)

        return self._done(settled)

    @extend_schema(request=Reason, responses={202: PostingSerializer})
    @action(detail=True, methods=["post"], url_path="send-again")
    def send_again(self, request: Request, pk: str) -> Response:
        """A posting of unknown outcome is not in the ledger: it is sent again, with the reason in writing."""
        given = self._given(Reason, request)
        return self._done(lambda row: deciding.send_again(posting=row, reason=given["reason"]))

    def _given(self, shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
        given = shape(data=request.data)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def _done(self, act: Callable[[Posting], Posting]) -> Response:
        row = self.get_object()
        try:
            with transaction.atomic():
                changed = act(row)
        except ValidationError as refused:
            raise in_words(refused) from refused
        # A correction goes after its reversal: both are new.
        for each in {changed.pk, changed.depends_on_id or changed.pk}:
            transaction.on_commit(partial(tasks.send_posting.delay, str(changed.tenant_id), str(each)))
        return Response(self.get_serializer(changed).data, status=status.HTTP_202_ACCEPTED)


class CrossReferenceSerializer(TenantSerializer):
    """A source's own id, and what it became in a ledger."""

    class Meta:
        model = CrossReference
        fields: ClassVar = [
            "id",
            "connection",
            "local_kind",
            "local_id",
            "resource",
            "remote_type",
            "external_id",
            "posting",
        ]
        read_only_fields = fields


class CrossReferenceViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """In both directions: filter by `local_kind` and `local_id`, or by `resource` and `external_id`."""

    queryset = CrossReference.objects.all()
    serializer_class = CrossReferenceSerializer
    required_scope = "postings"
    filterset_fields = ("connection", "local_kind", "local_id", "resource", "remote_type", "external_id", "posting")


def register(router: BaseRouter) -> None:
    """Add writes and cross-references to the API's router."""
    router.register("postings", PostingViewSet, basename="postings")
    router.register("cross-references", CrossReferenceViewSet, basename="cross-references")
