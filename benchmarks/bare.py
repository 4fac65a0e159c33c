"""The floor of `benchmarks/webhooks.py`: the portal's own WSGI application, and beside it a bare Django view.

The view meets no middleware, has no signature to check and inserts one row with one index. Both are served by the same
process, so that what differs is the view.
"""

from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test.utils import override_settings
from django.urls import path

from portal.wsgi import application as portal
from tenants.models import new_id

TABLE = "CREATE TABLE IF NOT EXISTS benchmark_bare (id uuid PRIMARY KEY, body bytea, received_at timestamptz)"
_PUT = "INSERT INTO benchmark_bare (id, body, received_at) VALUES (%s, %s, now())"


def bare(request: HttpRequest) -> HttpResponse:
    """Read, insert, answer."""
    body: Any = request.read()
    with connection.cursor() as cursor:
        cursor.execute(_PUT, [new_id(), body])
    return HttpResponse(content_type="text/plain")


urlpatterns = [path("bare/", bare)]


def own_urls(get_response: Any) -> Any:
    """The only middleware: this module's addresses."""

    def respond(request: HttpRequest) -> Any:
        request.urlconf = __name__
        return get_response(request)

    return respond


def _bare_handler() -> WSGIHandler:
    with override_settings(MIDDLEWARE=[f"{__name__}.own_urls"]):
        return WSGIHandler()


_bare = _bare_handler()
assert len(settings.MIDDLEWARE) > 1, "the portal is measured with all its own"


def application(environ: Any, start_response: Any) -> Any:
    """By the address."""
    chosen = _bare if environ["PATH_INFO"].startswith("/bare/") else portal
    return chosen(environ, start_response)
