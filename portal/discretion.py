"""Support sees how work goes, not who it is about and how much: names and amounts are hidden in what leaves the pages.

One place that every answer of the mapping and document pages passes, so that no page can forget it. Names are those of
the tenant's documents and contacts; amounts are known by their form. Documents as they were sent, and files, are not
shown at all.
"""

import html
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from integrations.models import LedgerRecord
from mappings.models import ContactAlias, SourceDocument
from tenants.models import Tenant
from tenants.permissions import SEE_CONTENT, may

HIDDEN = "•••"
_SHORTEST_NAME = 3
_PAGES = ("mappings/", "search/")
# Not percentages and rates (four and more decimals), not counts: a figure with two or three decimals, or before a code.
_AMOUNT = re.compile(
    r"(?<![\w.:/-])[-−]?(?:\d[\d,]*\.\d{2,3}(?![\d.]|\s?(?:%|&#37;))|\d[\d,]*(?=(?:\s|&nbsp;)[A-Z]{3}\b))"  # noqa: RUF001
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PIECES = re.compile(r"(<script\b.*?</script>|<style\b.*?</style>|<[^>]+>)", re.DOTALL | re.IGNORECASE)
_DATA = re.compile(r'(<script\b[^>]*type="application/json"[^>]*>)(.*?)(</script>)', re.DOTALL | re.IGNORECASE)
_WORDED = re.compile(r'((?:\bvalue|title|alt|aria-label|placeholder|data-[\w-]+)=")([^"]*)"')
_ESCAPED = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


class DiscretionMiddleware:
    """Inside the tenant's scope; only for members whose role may not see content."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        member = getattr(request, "membership", None)
        if member is None or may(member, SEE_CONTENT) or not _is_about_content(request.path):
            return response
        return _hidden(response, member.tenant, own=str(member.user.email))


def _is_about_content(path: str) -> bool:
    base = reverse("admin:index")
    return path.startswith(tuple(base + page for page in _PAGES))


def _hidden(response: HttpResponseBase, tenant: Tenant, own: str) -> HttpResponseBase:
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    if kind not in _READERS:
        if response.status_code in (200, 206):
            return HttpResponseForbidden("Support does not see content, and files are nothing else.")
        return response
    if isinstance(response, StreamingHttpResponse):
        chunks = b"".join(response.streaming_content)  # type: ignore[arg-type]
        response = HttpResponse(chunks, status=response.status_code, headers=dict(response.headers.items()))
    if isinstance(response, HttpResponse):
        text = response.content.decode()
        hide = Veil(names_in(text, tenant), own=own)
        response.content = _READERS[kind](text, hide).encode()
        if response.has_header("Content-Length"):
            response.headers["Content-Length"] = str(len(response.content))
    return response


def names_in(text: str, tenant: Tenant) -> list[str]:
    """The names of the tenant's counterparties and contacts that occur in a text, the longest first."""
    folded = html.unescape(text).casefold()
    known: set[str] = set(SourceDocument.objects.for_tenant(tenant).values_list("counterparty", flat=True).distinct())
    contacts = LedgerRecord.objects.for_tenant(tenant).filter(resource="contacts")
    known |= set(contacts.values_list("name", flat=True).distinct())
    known |= set(ContactAlias.objects.for_tenant(tenant).values_list("name", flat=True).distinct())
    found = [name for name in known if len(name) >= _SHORTEST_NAME and name.casefold() in folded]
    return sorted(found, key=len, reverse=True)


class Veil:
    """Hides names, addresses and amounts in a text; the reader's own address stays."""

    def __init__(self, names: Iterable[str], *, own: str = "") -> None:
        forms = dict.fromkeys(
            form for name in names for form in (name, html.escape(name), html.escape(name, quote=False))
        )
        self._names = re.compile("|".join(map(re.escape, forms)), re.IGNORECASE) if forms else None
        self._own = own

    def __call__(self, text: str) -> str:
        if self._names is not None:
            text = self._names.sub(HIDDEN, text)
        text = _EMAIL.sub(lambda found: found[0] if found[0] == self._own else HIDDEN, text)
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
    return hide(value) if isinstance(value, str) else value


def _plain(text: str, hide: Veil) -> str:
    return hide(text)


_READERS: dict[str, Callable[[str, Veil], str]] = {
    "text/html": page,
    "application/json": answer,
    "text/csv": _plain,
    "text/plain": _plain,
}
