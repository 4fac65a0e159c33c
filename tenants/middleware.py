"""Put every signed-in request into one tenant, in one transaction, from the first query to the last rendered byte."""

from collections.abc import Callable, Iterable, Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from tenants.models import Membership
from tenants.rls import tenant_scope, user_scope

SESSION_KEY = "tenant"


def membership_of(request: HttpRequest) -> Membership | None:
    """The membership this request works in: the one chosen in the session, else the user's first."""
    if not request.user.is_authenticated:
        return None
    with user_scope(request.user.pk):
        mine = list(
            Membership.objects.current().filter(user=request.user).select_related("tenant", "user").order_by("id")
        )
    chosen = request.session.get(SESSION_KEY)
    return next((row for row in mine if str(row.tenant_id) == chosen), mine[0] if mine else None)


class TenantMiddleware:
    """Wraps the whole request, because admin pages render lazily after the view has returned."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        membership = membership_of(request)
        request.membership = membership  # type: ignore[attr-defined]
        request.tenant = membership.tenant if membership else None  # type: ignore[attr-defined]
        if membership is None:
            return self.get_response(request)
        with tenant_scope(membership.tenant_id, actor=membership.user.email, source="admin"):
            response = self.get_response(request)
            if isinstance(response, HttpResponse):
                return response
        if isinstance(response, StreamingHttpResponse) and not response.is_async:
            response.streaming_content = _inside(membership, response.streaming_content)  # type: ignore[arg-type]
        return response


def _inside(membership: Membership, chunks: Iterable[bytes]) -> Iterator[bytes]:
    # A stream is read after the middleware has returned, outside its transaction: enter the tenant again.
    with tenant_scope(membership.tenant_id, actor=membership.user.email, source="admin"):
        yield from chunks
