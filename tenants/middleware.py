"""Put every request into one tenant, in one transaction, from the first query to the last rendered byte.

People come with a session and a membership; partner applications come with a bearer token and a grant.
"""

from collections.abc import Callable, Iterable, Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from tenants.authentication import Caller, caller_of
from tenants.rls import tenant_scope


class TenantMiddleware:
    """Wraps the whole request, because admin pages render lazily after the view has returned."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        caller = caller_of(request)
        request.membership = caller.membership  # type: ignore[attr-defined]
        request.grant = caller.grant  # type: ignore[attr-defined]
        request.tenant = caller.tenant  # type: ignore[attr-defined]
        request.caller = caller  # type: ignore[attr-defined]
        if caller.tenant is None:
            return self.get_response(request)
        with tenant_scope(caller.tenant.pk, actor=caller.actor, source=caller.source):
            response = self.get_response(request)
            if isinstance(response, HttpResponse):
                return response
        if isinstance(response, StreamingHttpResponse) and not response.is_async:
            response.streaming_content = _inside(caller, response.streaming_content)  # type: ignore[arg-type]
        return response


def _inside(caller: Caller, chunks: Iterable[bytes]) -> Iterator[bytes]:
    # A stream is read after the middleware has returned, outside its transaction: enter the tenant again.
    assert caller.tenant is not None  # noqa: S101 - narrows the type; the caller checked
    with tenant_scope(caller.tenant.pk, actor=caller.actor, source=caller.source):
        yield from chunks
