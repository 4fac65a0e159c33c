"""The partner API over replays of what rests: plan, look, start, follow, cancel."""

from functools import partial
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from integrations import tasks
from integrations.api.postings import in_words
from integrations.models import Connection, Replay
from integrations.services.replays import cancel_replay, plan_replay, start_replay
from tenants.api import TenantRelatedField, TenantSerializer, TenantViewSet


class ReplaySerializer(TenantSerializer):
    """A replay: `planned` units would go, `excluded` says why others stay, `done` of them had their turn."""

    left_seconds = serializers.IntegerField(read_only=True, help_text="How long the rest takes at this rate.")

    class Meta:
        model = Replay
        fields: ClassVar = [
            "id",
            "connection",
            "kind",
            "cause",
            "status",
            "planned",
            "excluded",
            "warnings",
            "per_minute",
            "done",
            "landed",
            "refused",
            "left_seconds",
            "error",
            "created_at",
            "started_at",
            "finished_at",
        ]
        read_only_fields = fields


class PlanSerializer(serializers.Serializer[Any]):
    """What to plan: everything that rests with a cause, or only some units of it."""

    connection = TenantRelatedField(queryset=Connection.objects.all())
    kind = serializers.ChoiceField(Replay.Kind.choices)
    cause = serializers.CharField(max_length=60, allow_blank=True, help_text="The error code they rest with.")
    units = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=10_000, help_text="Only these; left out: all."
    )
    per_minute = serializers.IntegerField(required=False, min_value=1, max_value=6000)


class ReplayViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Replays: `replays:read` and `replays:write`."""

    queryset = Replay.objects.all()
    serializer_class = ReplaySerializer
    required_scope = "replays"
    filterset_fields: ClassVar = ["connection", "kind", "status"]

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("connection")

    @extend_schema(request=PlanSerializer, responses={201: ReplaySerializer})
    def create(self, request: Request) -> Response:
        """Plan a replay; nothing goes before it is started."""
        asked = PlanSerializer(data=request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        wanted = dict(asked.validated_data)
        chosen = wanted.pop("units", None)
        try:
            plan = plan_replay(chosen=chosen, **wanted)
        except ValidationError as refused:
            raise in_words(refused) from refused
        return Response(ReplaySerializer(plan).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=ReplaySerializer)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """Let a planned replay go."""
        replay: Replay = self.get_object()
        try:
            start_replay(replay)
        except ValidationError as refused:
            raise in_words(refused) from refused
        transaction.on_commit(partial(tasks.run_replay.delay, str(replay.tenant_id), str(replay.pk)), robust=True)
        return Response(ReplaySerializer(replay).data)

    @extend_schema(request=None, responses=ReplaySerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop it, or drop the plan; what has not gone keeps resting."""
        replay: Replay = self.get_object()
        try:
            cancel_replay(replay)
        except ValidationError as refused:
            raise in_words(refused) from refused
        return Response(ReplaySerializer(replay).data)


def register(router: BaseRouter) -> None:
    """Add replays to the API's router."""
    router.register("replays", ReplayViewSet, basename="replays")
