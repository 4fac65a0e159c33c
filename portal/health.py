"""`/healthz`: this process is alive. `/readyz`: what it needs answers. `/metrics`: for the operator only."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django_prometheus.exports import ExportToDjangoView
from kombu.exceptions import OperationalError

from portal.celery import app

_LOOPBACK = {"127.0.0.1", "::1"}
# A proxy on this machine also calls from loopback; any of these says that it speaks for somebody else.
_PROXIED = {"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP"}


def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process serves."""
    return JsonResponse({"status": "alive"})


def _database() -> str:
    try:
        pending = MigrationExecutor(connection).migration_plan(MigrationExecutor(connection).loader.graph.leaf_nodes())
    except DatabaseError as error:
        return f"unreachable: {type(error).__name__}"
    return f"{len(pending)} migrations are not applied; run: manage migrate" if pending else "ok"


def _broker() -> str:
    try:
        with app.connection_for_write(connect_timeout=2) as link:
            link.ensure_connection(max_retries=1, timeout=2)
    except (OperationalError, OSError) as error:
        return f"unreachable: {type(error).__name__}"
    return "ok"


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, migrations and broker are fine, else 503 with what is not."""
    parts = {"database": _database(), "broker": _broker()}
    ready = all(state == "ok" for state in parts.values())
    return JsonResponse({"status": "ready" if ready else "not ready", **parts}, status=200 if ready else 503)


def _is_this_machine(request: HttpRequest) -> bool:
    direct = not any(name in request.headers for name in _PROXIED)
    return direct and request.META.get("REMOTE_ADDR") in _LOOPBACK


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text; open to this machine unless through a proxy, elsewhere only with METRICS_TOKEN as bearer."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    allowed = bool(settings.METRICS_TOKEN) and constant_time_compare(token, settings.METRICS_TOKEN)
    if not allowed and not _is_this_machine(request):
        raise PermissionDenied
    return ExportToDjangoView(request)  # type: ignore[no-any-return]
