"""The partner API over differences and proofs: read by those who may, decided with `discrepancies:write`."""

from functools import partial
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from integrations import tasks
from integrations.api.postings import in_words
from integrations.models import Connection, Discrepancy, Proof
from integrations.services import decisions, proofs
from integrations.services.proof_lines import EVEN, UNEVEN, UNTOLD
from tenants.api import TenantRelatedField, TenantSerializer, TenantViewSet


class DifferenceSerializer(serializers.Serializer[Any]):
    """One field: its path, its label, and what either side says ("" where it says nothing)."""

    # Not `field`: serializers call something of theirs so.
    def get_fields(self) -> dict[str, Any]:
        """All are text, in words of the books: "2026-12-24", "120.00"."""
        return {name: serializers.CharField() for name in ("field", "label", "ours", "theirs")}


class ProposalSerializer(serializers.Serializer[Any]):
    """What would set it right: the action to call (accept, repush, reread; "" for none of these), and in words."""

    action = serializers.CharField()
    text = serializers.CharField()


class ProofLineSerializer(serializers.Serializer[Any]):
    """One comparison: what, both figures (how many records, or an amount such as "120.00"), and whether they agree."""

    key = serializers.CharField()
    what = serializers.CharField()
    resource = serializers.CharField()
    currency = serializers.CharField()
    ours = serializers.CharField(allow_null=True)
    theirs = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=[EVEN, UNEVEN, UNTOLD])
    note = serializers.CharField()
    at = serializers.DateTimeField()


class DiscrepancySerializer(TenantSerializer):
    """A difference: what, both sides in words of the books, what is proposed, what was decided."""

    class Meta:
        model = Discrepancy
        fields: ClassVar = [
            "id",
            "connection",
            "kind",
            "resource",
            "external_id",
            "posting",
            "differences",
            "proposal",
            "status",
            "reason",
            "found_at",
            "seen_at",
            "decided_at",
        ]
        read_only_fields = fields

    external_id = serializers.CharField(source="record.external_id", default=None, read_only=True)
    differences = DifferenceSerializer(many=True, read_only=True)
    proposal = ProposalSerializer(read_only=True)


class DecisionBody(serializers.Serializer[Any]):
    """Why; needed to ignore, and to accept a figure."""

    reason = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class ProofSerializer(TenantSerializer):
    """A proof of one connection; `lines` say what was compared, both figures, and whether they are even."""

    class Meta:
        model = Proof
        fields: ClassVar = [
            "id",
            "connection",
            "on",
            "status",
            "lines",
            "calls",
            "error",
            "created_at",
            "started_at",
            "finished_at",
        ]
        read_only_fields = fields

    lines = ProofLineSerializer(many=True, read_only=True)


class ProofRequest(serializers.Serializer[Any]):
    """Which connection is to be proved."""

    connection = TenantRelatedField(queryset=Connection.objects.all())


class DiscrepancyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Differences between the portal and a ledger, and decisions on them."""

    queryset = Discrepancy.objects.select_related("record")
    serializer_class = DiscrepancySerializer
    required_scope = "discrepancies"
    filterset_fields = ("connection", "kind", "status", "resource")

    @extend_schema(request=DecisionBody, responses=DiscrepancySerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """The ledger's version holds from now on."""
        return self._decided(decisions.accept, reason=self._reason(request))

    @extend_schema(request=DecisionBody, responses=DiscrepancySerializer)
    @action(detail=True, methods=["post"])
    def ignore(self, request: Request, pk: str) -> Response:
        """Nothing is to be done, for a reason."""
        return self._decided(decisions.ignore, reason=self._reason(request))

    @extend_schema(request=None, responses=DiscrepancySerializer)
    @action(detail=True, methods=["post"])
    def repush(self, request: Request, pk: str) -> Response:
        """Write ours to the ledger again, by a posting."""
        return self._decided(decisions.repush)

    @extend_schema(request=None, responses=DiscrepancySerializer)
    @action(detail=True, methods=["post"])
    def reread(self, request: Request, pk: str) -> Response:
        """Read what a figure is made of again in full; the proof that follows closes the difference."""
        return self._decided(decisions.reread)

    @extend_schema(request=None, responses=DiscrepancySerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Take a decision back."""
        return self._decided(decisions.reopen)

    def _reason(self, request: Request) -> str:
        body = DecisionBody(data=request.data)
        body.is_valid(raise_exception=True)
        return str(body.validated_data["reason"])

    def _decided(self, decide: Any, **values: Any) -> Response:
        row = self.get_object()
        try:
            with transaction.atomic():
                made = decide(discrepancy=row, by=None, **values)
        except ValidationError as refused:
            raise in_words(refused) from refused
        if decide in _RUNG:
            transaction.on_commit(partial(_RUNG[decide].delay, str(made.tenant_id), str(made.pk)))
        return Response(self.get_serializer(row).data)


_RUNG: dict[Any, Any] = {decisions.repush: tasks.send_posting, decisions.reread: tasks.run_sync}
"""What a decision makes is rung for after the commit."""


class ProofViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Daily proofs, and one on demand."""

    queryset = Proof.objects.all()
    serializer_class = ProofSerializer
    required_scope = "proofs"
    filterset_fields = ("connection", "status", "on")

    @extend_schema(request=ProofRequest, responses={202: ProofSerializer})
    def create(self, request: Request) -> Response:
        """Ask for a proof; 202 with it, or with the one that is under way."""
        wanted = ProofRequest(data=request.data, context=self.get_serializer_context())
        wanted.is_valid(raise_exception=True)
        try:
            with transaction.atomic():
                proof = proofs.request_proof(connection=wanted.validated_data["connection"])
        except ValidationError as refused:
            raise in_words(refused) from refused
        transaction.on_commit(partial(tasks.perform_proof.delay, str(proof.tenant_id), str(proof.pk)))
        return Response(self.get_serializer(proof).data, status=status.HTTP_202_ACCEPTED)


def register(router: BaseRouter) -> None:
    """Add differences and proofs to the API's router."""
    router.register("discrepancies", DiscrepancyViewSet, basename="discrepancies")
    router.register("proofs", ProofViewSet, basename="proofs")
