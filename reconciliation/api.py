"""The partner API over exceptions: who looks into what, until when, and what was said; read with `exceptions:read`."""

from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Prefetch
from rest_framework import mixins, serializers
from rest_framework.routers import BaseRouter

from reconciliation.models import Case, CaseComment
from reconciliation.services.threads import names_only
from tenants.api import TenantSerializer, TenantViewSet


class CommentSerializer(serializers.Serializer[Any]):
    """One comment; `files` are the names of what was attached."""

    at = serializers.DateTimeField()
    by = serializers.CharField(source="by.email", default=None, allow_null=True)
    text = serializers.CharField()
    files = serializers.StringRelatedField(many=True)  # type: ignore[var-annotated]


class ExceptionSerializer(TenantSerializer):
    """About one of `bank_line`, `record`, `discrepancy`; `due_reason` is empty where amount and age give the day."""

    class Meta:
        model = Case
        fields: ClassVar = [
            "id",
            "bank_line",
            "record",
            "discrepancy",
            "amount",
            "currency",
            "since",
            "due_on",
            "due_reason",
            "assignee",
            "is_open",
            "raised_at",
            "comments",
        ]
        read_only_fields = fields

    assignee = serializers.CharField(source="assignee.email", default=None, allow_null=True)
    is_open = serializers.BooleanField()
    comments = CommentSerializer(many=True, read_only=True)


class ExceptionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Bank lines, documents and discrepancies that somebody looks into."""

    queryset = Case.objects.select_related("assignee")
    serializer_class = ExceptionSerializer
    required_scope = "exceptions"
    filterset_fields: ClassVar = {"bank_line": ["exact"], "due_on": ["exact", "lte", "gte"]}

    def get_queryset(self) -> Any:
        said = CaseComment.objects.select_related("by").prefetch_related(names_only())
        is_open = Exists(Case.objects.open().filter(pk=OuterRef("pk")))
        return super().get_queryset().annotate(is_open=is_open).prefetch_related(Prefetch("comments", said))


def register(router: BaseRouter) -> None:
    """Add this app's resources to the API's router."""
    router.register("exceptions", ExceptionViewSet, basename="exceptions")
