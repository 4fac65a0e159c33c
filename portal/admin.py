"""The portal's admin site: members of a tenant come in by their role; there is no staff flag and no bypass."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from unfold.sites import UnfoldAdminSite


class PortalAdminSite(UnfoldAdminSite):  # type: ignore[misc]
    """Open to every signed-in member of a tenant; each page asks `tenants.permissions` what the role may do."""

    site_url = None
    enable_nav_sidebar = True
    index_title = "Overview"

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and getattr(request, "membership", None) is not None

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """allauth signs people in; a person without a tenant is told so instead of being asked again."""
        if request.user.is_authenticated:
            return redirect("admin:index" if self.has_permission(request) else "no-tenant")
        return redirect(f"{reverse('account_login')}?next={request.GET.get('next', '')}")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """allauth signs people out."""
        return redirect("account_logout")


def tenant_choices(request: HttpRequest) -> list[dict[str, Any]]:
    """The person's other tenants, in the menu behind the portal's name."""
    caller = getattr(request, "caller", None)
    others = [row for row in caller.memberships if row != caller.membership] if caller else []
    return [
        {
            "title": row.tenant.name,
            "icon": "swap_horiz",
            "link": reverse("switch-tenant", args=[row.tenant_id]),
        }
        for row in others
    ]


ACCOUNT_LINKS = [
    {"title": "Change password", "link": reverse_lazy("account_change_password")},
    {"title": "Two-step sign-in", "link": reverse_lazy("mfa_index")},
]


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    """The person's own settings."""
    return ACCOUNT_LINKS


def _item(title: str, icon: str, link: str, **extra: Any) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": link, **extra}


def _records(resource: str) -> str:
    return f"{reverse('admin:integrations_ledgerrecord_changelist')}?resource__exact={resource}"


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The side bar."""
    return [{"title": "Work", "items": [_item("Overview", "home", reverse("admin:index"))]}]
