"""`POST /webhooks/{ledger}/` and `/webhooks/{ledger}/{secret}/`: verify, store one row, answer. Nothing else.

A ledger waits a few seconds at most and punishes slow or talkative receivers, so a delivery meets no session, cookie,
tenant or template, and no message is sent: workers find the row. Refusals are counted and logged without the body.
"""

import re
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import Counter

from integrations.engine.seals import NotGenuineError
from integrations.services.announcements import Door, accept, door_of

log = structlog.get_logger(__name__)

_ADDRESS = re.compile(r"/webhooks/([a-z0-9_-]{1,60})/(?:([A-Za-z0-9_-]{1,128})/)?")
_PREFIX = "/webhooks/"
_STATUS = {
    "unknown_ledger": 404,
    "method": 405,
    "no_length": 411,
    "too_large": 413,
    "elsewhere": 403,
    "insecure": 403,
    "unknown_secret": 404,
    "no_key": 503,
    "forged": 401,
    "too_old": 401,
}
_REMEDIES = {"no_key": "Set PORTAL_<LEDGER>_WEBHOOK_KEY to what the ledger shows, and restart."}

received = Counter("portal_webhooks", "Webhook deliveries by what became of them.", ["ledger", "outcome"])


class WebhookDoor:
    """The first middleware: webhooks go straight to their view, past everything that is made for people."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(_PREFIX):
            return self.get_response(request)
        found = _ADDRESS.fullmatch(request.path_info)
        return webhook(request, found[1], found[2] or "") if found else _refused("unknown", "unknown_ledger", request)


@csrf_exempt
def webhook(request: HttpRequest, ledger: str, secret: str = "") -> HttpResponse:
    """200 with nothing in it when the delivery is stored (or was already); else what is wrong, by the status alone."""
    door = door_of(ledger)
    if door is None:
        return _refused("unknown", "unknown_ledger", request)
    try:
        accept(door, body=_body(request, door), header=_headers(request), source=_source(request), secret=secret)
    except NotGenuineError as refusal:
        return _refused(ledger, refusal.reason, request)
    received.labels(ledger, "stored").inc()
    return HttpResponse(content_type="text/plain")


def _body(request: HttpRequest, door: Door) -> bytes:
    """The raw bytes; what is too large is refused before it is read."""
    if request.method != "POST":
        raise NotGenuineError("method")
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        raise NotGenuineError("insecure")
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdecimal():
        raise NotGenuineError("no_length")
    if int(length) > door.declared.max_bytes:
        raise NotGenuineError("too_large")
    return request.read()


def _headers(request: HttpRequest) -> Callable[[str], str]:
    meta = request.META

    def header(name: str) -> str:
        key = name.upper().replace("-", "_")
        return str(meta.get(f"HTTP_{key}", meta.get(key, "")))

    return header


def _source(request: HttpRequest) -> str:
    """Who called: behind a proxy, the address that the proxy itself saw and put last."""
    if settings.BEHIND_PROXY and (told := request.META.get("HTTP_X_FORWARDED_FOR", "")):
        return str(told).rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def _refused(ledger: str, reason: str, request: HttpRequest) -> HttpResponse:
    received.labels(ledger, reason).inc()
    log.warning(
        "webhook_refused",
        ledger=ledger,
        reason=reason,
        source=_source(request),
        bytes=request.META.get("CONTENT_LENGTH", ""),
        remedy=_REMEDIES.get(reason, ""),
    )
    response = HttpResponse(status=_STATUS[reason], content_type="text/plain")
    if reason == "method":
        response["Allow"] = "POST"
    return response
