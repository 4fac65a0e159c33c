"""The few pages that belong to no app: choosing a tenant, and being in none."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from tenants.authentication import SESSION_KEY, Caller


@login_required
def switch_tenant(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    """Work in another of one's own tenants from now on."""
    caller: Caller = request.caller  # type: ignore[attr-defined]
    if tenant_id not in {membership.tenant_id for membership in caller.memberships}:
        raise Http404
    request.session[SESSION_KEY] = str(tenant_id)
    return redirect("admin:index")


@login_required
def no_tenant(request: HttpRequest) -> HttpResponse:
    """Says why there is nothing to see and whom to ask."""
    if request.membership:  # type: ignore[attr-defined]
        return redirect("admin:index")
    return render(request, "account/no_tenant.html", status=403)
