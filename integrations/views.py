"""The way back from a ledger's consent page: keep its answer, let a worker finish, show how it goes."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode
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
from django.views.decorators.http import require_GET, require_POST

from integrations import tasks
from integrations.models import Authorisation, Connection
from integrations.services.connections import choose_organisation, receive_callback
from tenants.http import TenantRequest
from tenants.permissions import MANAGE_CONNECTIONS, may

# The page that waits has nothing more to wait for: it worked, it did not, or it is a person's turn.
_ENDED = (
    Authorisation.Status.COMPLETED,
    Authorisation.Status.DENIED,
    Authorisation.Status.FAILED,
    Authorisation.Status.CHOOSING,
)


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
    if row.status == Authorisation.Status.CHOOSING:
        return _choosing(request, row)
    again = _typed_again(row)
    context = {**admin.site.each_context(request), "authorisation": row, "again": again, "title": "Connecting"}
    return TemplateResponse(request, "integrations/finishing.html", context)


@require_POST
@login_required
@never_cache
def choose(request: TenantRequest, authorisation_id: UUID) -> HttpResponse:
    """The organisation that a person chose out of those the consent covers; a worker goes on with it."""
    row = _own(request, authorisation_id)
    try:
        with transaction.atomic():
            choose_organisation(row, request.POST.get("organisation", ""))
    except ValidationError as refused:
        row.refresh_from_db(fields=["status"])
        if row.status == Authorisation.Status.CHOOSING:
            return _choosing(request, row, problems=refused.messages)
        return redirect("oauth-authorisation", row.pk)
    transaction.on_commit(partial(tasks.finish_authorisation.delay, str(row.tenant_id), str(row.pk)))
    return redirect("oauth-authorisation", row.pk)


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


def _typed_again(row: Authorisation) -> str:
    """The form with what was typed before, without secrets; empty for a consent, which starts on the connect page."""
    if row.redirect_uri:
        return ""
    query = {"again": row.pk} | ({"connection": row.connection_id} if row.connection_id else {})
    address = reverse("admin:integrations_connection_credentials", args=[row.connector, row.way])
    return f"{address}?{urlencode(query)}"


def _choosing(request: TenantRequest, row: Authorisation, problems: Sequence[str] = ()) -> HttpResponse:
    rows = Connection.objects.for_tenant(request.tenant).filter(connector=row.connector)
    connected = set(rows.values_list("external_org_id", flat=True))
    choices = [{**choice, "connected": choice["id"] in connected} for choice in row.choices]
    base = admin.site.each_context(request)
    context = {
        **base,
        "authorisation": row,
        "choices": choices,
        "problems": problems,
        "title": "Choose the organisation",
    }
    return TemplateResponse(request, "integrations/choose.html", context, status=422 if problems else 200)


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
