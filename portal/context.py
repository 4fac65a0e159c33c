"""Template context of the sign-in pages, which wear the admin site's clothes but are not admin pages."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """The site's colours and title for allauth's pages; admin pages bring their own."""
    match = request.resolver_match
    return {} if match is None or match.namespace == "admin" else admin.site.each_context(request)
