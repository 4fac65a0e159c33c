"""The partner API's answer to: what can this ledger do?"""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import ViewSet

from integrations.services.coverage import covers, ledgers

_FIELD = inline_serializer(
    "CoveredField",
    {
        "name": serializers.CharField(),
        "type": serializers.CharField(),
        "is_read": serializers.BooleanField(),
        "is_written": serializers.BooleanField(),
        "needed_on": serializers.ListField(child=serializers.CharField()),
    },
    many=True,
)
_COVER = inline_serializer(
    "Coverage",
    {
        "ledger": serializers.CharField(),
        "resource": serializers.CharField(),
        "label": serializers.CharField(),
        "kinds": serializers.ListField(child=serializers.CharField()),
        "operations": serializers.ListField(child=serializers.CharField()),
        "missing": serializers.DictField(child=serializers.CharField()),
        "changes_by": serializers.CharField(),
        "filters": serializers.ListField(child=serializers.CharField()),
        "fields": _FIELD,
        "gotchas": serializers.ListField(child=serializers.CharField()),
        "reason": serializers.CharField(),
    },
    many=True,
)


class CoverageViewSet(ViewSet):
    """Ledger by resource: operations, fields, filters, how changes are found, what is missing and why."""

    # Nothing of any tenant: published, like the API's description.
    permission_classes = (AllowAny,)
    authentication_classes = ()

    @extend_schema(
        operation_id="list-coverage",
        parameters=[OpenApiParameter("ledger", str, OpenApiParameter.QUERY, description="Such as xero; all without.")],
        responses=_COVER,
    )
    def list(self, request: Request) -> Response:
        """What every ledger covers, or one of them."""
        wanted = request.query_params.get("ledger")
        if wanted is not None and wanted not in ledgers():
            raise NotFound(f"There is no ledger {wanted}. There are: {', '.join(ledgers())}.")
        chosen = [wanted] if wanted else list(ledgers())
        return Response([_row(name, cover) for name in chosen for cover in covers(name).values()])


def _row(ledger: str, cover: Any) -> dict[str, Any]:
    found = asdict(cover)
    return {"ledger": ledger, "resource": found.pop("name").replace("_", "-"), **found}


def register(router: BaseRouter) -> None:
    """Add the coverage to the API's router."""
    router.register("coverage", CoverageViewSet, basename="coverage")
