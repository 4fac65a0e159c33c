"""DRF base classes: every queryset and every relation is limited to the request's tenant."""

from typing import Any

from django.db.models import Model, QuerySet
from rest_framework.pagination import CursorPagination
from rest_framework.relations import PrimaryKeyRelatedField
from rest_framework.serializers import ModelSerializer
from rest_framework.viewsets import GenericViewSet


class CursorPage(CursorPagination):
    """Keyset pages, newest first; `?cursor=` goes on, `?page_size=` up to 500."""

    ordering = "-id"
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 500


class TenantRelatedField(PrimaryKeyRelatedField[Any]):
    """A relation that accepts only rows of the caller's tenant (the stock field accepts anybody's)."""

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        return rows.for_tenant(self.context["request"].tenant)  # type: ignore[no-any-return, union-attr]


class TenantSerializer(ModelSerializer[Any]):
    """Shapes only; relations are tenant-scoped."""

    serializer_related_field = TenantRelatedField


class TenantViewSet(GenericViewSet[Any]):
    """Reads of one tenant's rows; `required_scope` names what a partner's grant must allow, such as "postings"."""

    required_scope: str = ""
    pagination_class = CursorPage

    def get_queryset(self) -> QuerySet[Any, Model]:
        return super().get_queryset().for_tenant(self.request.tenant)  # type: ignore[no-any-return, attr-defined]
