"""The way back from a ledger's consent page: keep its answer, let a worker finish, show how it goes."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from integrations import tasks
from integrations.models import Authorisation
from integrations.services.connections import receive_callback
from tenants.http import TenantRequest
from tenants.permissions import MANAGE_CONNECTIONS, may

_ENDED = (Authorisation.Status.COMPLETED, Authorisation.Status.DENIED, Authorisation.Status.FAILED)


@require_GET
@login_required
@never_cache
def oauth_callback(request: TenantRequest, connector: str) -> HttpResponse:
    """The ledger sends the browser back here with a code or a refusal. No call is made: a worker exchanges the code."""
    _only_owners(request)
    try:
        with transaction.atomic():
            authorisation = receive_callback(tenant=request.tenant, parameters=request.GET.dict(), user=request.user)
    except ValidationError as refused:
        for sentence in refused.messages:
            messages.error(request, sentence)
        return redirect("admin:integrations_connection_changelist")
    if authorisation.status == Authorisation.Status.RECEIVED:
        finish = partial(tasks.finish_authorisation.delay, str(authorisation.tenant_id), str(authorisation.pk))
        transaction.on_commit(finish)
    # A redirect, so that the code does not stay in the address bar or in the page's history.
    return HttpResponseRedirect(reverse("oauth-authorisation", args=[authorisation.pk]))


@require_GET
@login_required
@never_cache
def authorisation(request: TenantRequest, authorisation_id: UUID) -> HttpResponse:
    """The page that waits for the worker, and says what to do when the consent was declined or did not work."""
    row = _own(request, authorisation_id)
    if row.status == Authorisation.Status.COMPLETED and row.connection_id:
        return redirect("admin:integrations_connection_change", row.connection_id)
    context = {**admin.site.each_context(request), "authorisation": row, "title": "Connecting"}
    return TemplateResponse(request, "integrations/finishing.html", context)


@require_GET
@login_required
@never_cache
def authorisation_status(request: TenantRequest, authorisation_id: UUID) -> JsonResponse:
    """`{"status", "finished", "next"}` of a consent under way; polled by the page that waits."""
    row = _own(request, authorisation_id)
    goes_on = row.status == Authorisation.Status.COMPLETED and row.connection_id
    address = reverse("admin:integrations_connection_change", args=[row.connection_id]) if goes_on else ""
    html = render_to_string("integrations/parts/finishing.html", {"authorisation": row}, request)
    return JsonResponse({"status": row.status, "finished": row.status in _ENDED, "next": address, "html": html})


def _own(request: TenantRequest, authorisation_id: UUID) -> Authorisation:
    _only_owners(request)
    rows: Any = Authorisation.objects.for_tenant(request.tenant).defer("secret")
    row: Authorisation | None = rows.select_related("connection").filter(pk=authorisation_id).first()
    if row is None:
        raise Http404("There is no such consent.")
    return row


def _only_owners(request: HttpRequest) -> None:
    if not may(getattr(request, "membership", None), MANAGE_CONNECTIONS):
        raise PermissionDenied("Only an owner of the tenant can connect a ledger.")
