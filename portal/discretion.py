"""Support sees how work goes, not who it is about, how much, and in which words: hidden in whatever leaves the pages.

One place that every answer to such a member passes, so that no page can forget it. What is content is declared field
by field (`portal.content`); what an answer has read of it is known again in its text. Names of counterparties and
contacts, and amounts by their form, are hidden besides, because sentences and sums hold them too. Files are not shown.
"""

import html
import json
import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, StreamingHttpResponse
from django.http.response import HttpResponseBase

from integrations.models import LedgerRecord
from mappings.models import ContactAlias, SourceDocument
from portal.hiding import Seen
from reconciliation.models import BankLine
from tenants.content import HIDDEN, watching
from tenants.models import Membership, Tenant
from tenants.permissions import SEE_CONTENT, may

_SHORTEST_NAME = 3
# Not percentages and rates (four and more decimals), not counts: a figure with two or three decimals, or before a code.
_AMOUNT = re.compile(
    r"(?<![\w.:/-])[-−]?(?:\d[\d,]*\.\d{2,3}(?![\d.]|\s?(?:%|&#37;|ms\b|s\b|[kKMG]B\b|×))|\d[\d,]*(?=(?:\s|&nbsp;)[A-Z]{3}\b))"  # noqa: RUF001
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PIECES = re.compile(r"(<script\b.*?</script>|<style\b.*?</style>|<[^>]+>)", re.DOTALL | re.IGNORECASE)
_DATA = re.compile(r'(<script\b[^>]*type="application/json"[^>]*>)(.*?)(</script>)', re.DOTALL | re.IGNORECASE)
_WORDED = re.compile(r'((?:\bvalue|title|alt|aria-label|placeholder|href|action|data-[\w-]+)=")([^"]*)"')
_ESCAPED = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


class DiscretionMiddleware:
    """Inside the tenant's scope; only for members whose role may not see content."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        member = getattr(request, "membership", None)
        if member is None or may(member, SEE_CONTENT):
            return self.get_response(request)
        with watching(seen := Seen()):
            return _hidden(self.get_response(request), member, seen)


def _hidden(response: HttpResponseBase, member: Membership, seen: Seen) -> HttpResponseBase:
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    if kind in _CODE:
        return response
    if kind not in _READERS:
        if response.status_code in (200, 206):
            return HttpResponseForbidden("Support does not see content, and files are nothing else.")
        return response
    if isinstance(response, StreamingHttpResponse):
        chunks = b"".join(response.streaming_content)  # type: ignore[arg-type]
        response = HttpResponse(chunks, status=response.status_code, headers=dict(response.headers.items()))
    if isinstance(response, HttpResponse):
        text = response.content.decode()
        names = names_in(text, member.tenant)
        hide = Veil(seen.pattern(text, names), own=_colleagues(member.tenant))
        response.content = _READERS[kind](text, hide).encode()
        if response.has_header("Content-Length"):
            response.headers["Content-Length"] = str(len(response.content))
    return response


# The portal's own: scripts of the admin and of the API's documentation, and its description.
_CODE = frozenset({"text/javascript", "application/javascript", "text/css", "application/vnd.oai.openapi+json"})


def _colleagues(tenant: Tenant) -> frozenset[str]:
    """Addresses of the tenant's own people: who did something is no content."""
    return frozenset(Membership.objects.for_tenant(tenant).values_list("user__email", flat=True))


def names_in(text: str, tenant: Tenant) -> list[str]:
    """The names of the tenant's counterparties and contacts that occur in a text, the longest first."""
    folded = html.unescape(text).casefold()
    known: set[str] = set(SourceDocument.objects.for_tenant(tenant).values_list("counterparty", flat=True).distinct())
    contacts = LedgerRecord.objects.for_tenant(tenant).filter(resource="contacts")
    known |= set(contacts.values_list("name", flat=True).distinct())
    known |= set(BankLine.objects.for_tenant(tenant).values_list("counterparty", flat=True).distinct())
    known |= set(ContactAlias.objects.for_tenant(tenant).values_list("name", flat=True).distinct())
    found = [name for name in known if len(name) >= _SHORTEST_NAME and name.casefold() in folded]
    return sorted(found, key=len, reverse=True)


class Veil:
    """Hides what was seen, and names, addresses and amounts in a text; the addresses of colleagues stay."""

    def __init__(self, words: re.Pattern[str] | None, *, own: frozenset[str] = frozenset()) -> None:
        self._words, self._own = words, own

    def __call__(self, text: str) -> str:
        if self._words is not None:
            text = self._words.sub(HIDDEN, text)
        text = _EMAIL.sub(lambda found: found[0] if found[0] in self._own else HIDDEN, text)
        return _AMOUNT.sub(HIDDEN, text)


def page(text: str, hide: Veil) -> str:
    """Words of a page and of its fields; tags, addresses and code stay."""
    return "".join(_piece(piece, hide) for piece in _PIECES.split(text))


def _piece(piece: str, hide: Veil) -> str:
    if data := _DATA.fullmatch(piece):
        return data[1] + answer(data[2], hide).translate(_ESCAPED) + data[3]
    if piece.startswith("<"):
        is_code = piece[:7].lower() in ("<script", "<style>") or piece[:6].lower() == "<style"
        return piece if is_code else _WORDED.sub(lambda found: f'{found[1]}{hide(found[2])}"', piece)
    return hide(piece)


def answer(text: str, hide: Veil) -> str:
    """JSON whose texts are hidden in; numbers of amounts are texts everywhere in the portal."""
    return json.dumps(_walked(json.loads(text), hide), ensure_ascii=False)


def _walked(value: Any, hide: Veil) -> Any:
    if isinstance(value, dict):
        return {name: _walked(each, hide) for name, each in value.items()}
    if isinstance(value, list):
        return [_walked(each, hide) for each in value]
    if isinstance(value, float):
        # Figures of charts, which are amounts: none is better than half of them.
        return 0
    return hide(value) if isinstance(value, str) else value


def _plain(text: str, hide: Veil) -> str:
    return hide(text)


_READERS: dict[str, Callable[[str, Veil], str]] = {
    "text/html": page,
    "application/json": answer,
    "text/csv": _plain,
    "text/plain": _plain,
}
