"""The portal's admin site: members of a tenant come in by their role; there is no staff flag and no bypass."""

from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite


class PortalAdminSite(UnfoldAdminSite):  # type: ignore[misc]
    """Open to every signed-in member of a tenant; each page asks `tenants.permissions` what the role may do."""

    site_url = None
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and getattr(request, "membership", None) is not None


def navigation(request: HttpRequest) -> list[dict[str, object]]:
    """The side bar."""
    return []


def searchable(request: HttpRequest) -> list[str]:
    """Models that the command palette looks in."""
    return []
