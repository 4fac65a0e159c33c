"""The partner API over approvals: documents that wait for a second person, and their decisions from another system."""

from functools import partial
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from integrations.api.postings import in_words
from mappings import tasks
from mappings.models import SourceDocument
from mappings.serializers import SourceDocumentDetailSerializer
from mappings.services import approval
from tenants.api import TenantViewSet
from tenants.models import PartnerGrant


class Approval(serializers.Serializer[Any]):
    """What was looked at, so that nothing else is agreed to."""

    seen = serializers.CharField(max_length=64, help_text="`proposal.hash` of what was shown to whoever agreed.")
    comment = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class Refusal(serializers.Serializer[Any]):
    """Why nothing is posted; the document's sender reads it."""

    comment = serializers.CharField(max_length=500)


class ApprovalViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Documents waiting for approval: `document-approvals:read` and `document-approvals:write`.

    Meant for another application than the one that sends: nobody, and no application, approves what they sent.
    """

    required_scope = "document-approvals"
    queryset = SourceDocument.objects.filter(status=SourceDocument.Status.APPROVAL)
    serializer_class = SourceDocumentDetailSerializer
    filterset_fields: ClassVar = ["connection", "kind"]

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset().with_state()  # type: ignore[attr-defined]
        return rows.select_related("mapping_set", "connection", "grant", "decided_through")  # type: ignore[no-any-return]

    @extend_schema(request=Approval, responses=SourceDocumentDetailSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Agree to exactly what was seen; it is posted then. 422 when it changed since, or was sent by the caller."""
        given = Approval(data=request.data)
        given.is_valid(raise_exception=True)
        return self._decided(request, partial(approval.approve, **given.validated_data))

    @extend_schema(request=Refusal, responses=SourceDocumentDetailSerializer)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str) -> Response:
        """Say no, with the reason: nothing is posted."""
        given = Refusal(data=request.data)
        given.is_valid(raise_exception=True)
        return self._decided(request, partial(approval.refuse, **given.validated_data))

    def _decided(self, request: Request, decide: Any) -> Response:
        row, grant = self.get_object(), request.auth
        assert isinstance(grant, PartnerGrant)  # noqa: S101 - the permission lets nobody else in
        try:
            decide(document=row, by=grant)
        except approval.ApprovalError as refused:
            raise in_words(refused) from refused
        ring = partial(tasks.map_documents.delay, str(row.tenant_id), str(row.connection_id))
        transaction.on_commit(ring, robust=True)
        shown = SourceDocument.objects.for_tenant(row.tenant_id).with_state().get(pk=row.pk)
        return Response(self.get_serializer(shown).data)


def register(router: BaseRouter) -> None:
    """Add approvals to the API's router."""
    router.register("document-approvals", ApprovalViewSet, basename="document-approvals")
