"""Exchanges with a ledger as support reads them: one line each, opened to the redacted request and response."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import Http404, HttpResponse
from django.shortcuts import render

from integrations.models import ApiCall
from tenants.http import TenantRequest
from tenants.permissions import SEE_EXCHANGES, may

SHOWN = 200
_BODIES = ("request_headers", "request_body", "response_headers", "response_body")
FAILED = Q(status_code=None) | Q(status_code__gte=400) | ~Q(error_code="")


def calls_of(rows: "QuerySet[ApiCall]") -> list[ApiCall]:
    """The calls in their order, without bodies, the failed ones kept when there are too many to show all."""
    newest = rows.defer(*_BODIES).annotate(
        is_failed=Case(When(FAILED, then=Value(1)), default=Value(0), output_field=IntegerField())
    )
    return sorted(newest.order_by("-is_failed", "-id")[:SHOWN], key=lambda call: call.pk)


def failing_call(rows: "QuerySet[ApiCall]") -> ApiCall | None:
    """The last call that went wrong, with its bodies."""
    return rows.filter(FAILED).order_by("-id").first()


def call_body(request: TenantRequest, call_id: UUID) -> HttpResponse:
    """The redacted request and response of one call of the caller's tenant, as a fragment."""
    if not may(request.membership, SEE_EXCHANGES):
        raise PermissionDenied
    call = ApiCall.objects.for_tenant(request.tenant).filter(pk=call_id).first()
    if call is None:
        raise Http404("There is no such call.")
    context: dict[str, Any] = {"call": call}
    return render(request, "integrations/parts/call_body.html", context)
