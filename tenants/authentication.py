"""Who is calling, for which tenant: a member with a session, or a partner application with a bearer token."""

from dataclasses import dataclass
from typing import Any

from allauth.idp.oidc.models import Token
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from tenants.models import Membership, PartnerGrant, Tenant
from tenants.rls import partner_scope, user_scope

API = "/api/"
SESSION_KEY = "tenant"
TENANT_HEADER = "Portal-Tenant"


@dataclass(frozen=True)
class Caller:
    """One of `membership` and `grant` is set, or neither; `problem` says why a bearer token did not help."""

    membership: Membership | None = None
    memberships: tuple[Membership, ...] = ()
    grant: PartnerGrant | None = None
    token_scopes: frozenset[str] = frozenset()
    problem: str = ""

    @property
    def tenant(self) -> Tenant | None:
        """The tenant that the request works in."""
        holder = self.membership or self.grant
        return holder.tenant if holder else None

    @property
    def actor(self) -> str:
        """The name written into the audit trail."""
        if self.membership:
            return self.membership.user.email
        return f"partner:{self.grant.name}" if self.grant else "nobody"

    @property
    def source(self) -> str:
        """Where the change comes from."""
        return "api" if self.grant else "admin"


def caller_of(request: HttpRequest) -> Caller:
    """The caller of a request; two short reads, each seeing only the caller's own rows."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value and request.path.startswith(API):
        return _partner(value.strip(), request.headers.get(TENANT_HEADER, ""))
    if request.user.is_authenticated:
        return _member(request)
    return Caller()


def _member(request: HttpRequest) -> Caller:
    user_id = request.user.pk or 0
    with user_scope(user_id):
        mine = list(Membership.objects.current().filter(user=user_id).select_related("tenant", "user").order_by("id"))
    chosen = request.session.get(SESSION_KEY)
    current = next((row for row in mine if str(row.tenant_id) == chosen), mine[0] if mine else None)
    return Caller(membership=current, memberships=tuple(mine))


def _partner(value: str, slug: str) -> Caller:
    token = Token.objects.select_related("client").filter(client__isnull=False).lookup(Token.Type.ACCESS_TOKEN, value)
    if token is None or token.client_id is None:
        return Caller(problem="The access token is unknown or has expired. Ask the token URL for a new one.")
    with partner_scope(token.client_id):
        grants = list(PartnerGrant.objects.filter(client=token.client_id, is_active=True).select_related("tenant"))
    if slug:
        grants = [grant for grant in grants if grant.tenant.slug == slug]
    if len(grants) == 1:
        return Caller(grant=grants[0], token_scopes=frozenset(token.get_scopes()))
    if grants:
        return Caller(problem=f"This application serves several tenants: name one in the {TENANT_HEADER} header.")
    return Caller(problem="This application has no active grant for that tenant. Ask the tenant's owner for one.")


class PartnerAuthentication(BaseAuthentication):
    """Accepts what the tenant middleware found; a client-credentials token has no user, only a grant."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, PartnerGrant] | None:
        """The grant as `request.auth`; 401 with the remedy in words when a token was sent and did not help."""
        caller: Caller = request._request.caller  # type: ignore[attr-defined]
        if caller.problem:
            raise AuthenticationFailed(caller.problem)
        return (AnonymousUser(), caller.grant) if caller.grant else None

    def authenticate_header(self, request: Request) -> str:
        """Makes DRF answer 401, not 403, and tells the client the scheme (RFC 6750)."""
        return 'Bearer realm="Ledger Portal"'


class HasScope(BasePermission):
    """Reading needs "<resource>:read", anything else "<resource>:write", in both the token and the tenant's grant."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Refuses with the missing scope's name; nobody without a grant gets in."""
        if not isinstance(request.auth, PartnerGrant):
            return False
        caller: Caller = request._request.caller  # type: ignore[attr-defined]
        needed = f"{view.required_scope}:{'read' if request.method in SAFE_METHODS else 'write'}"
        if needed not in caller.token_scopes or needed not in request.auth.scopes:
            raise PermissionDenied(f"The scope {needed} is not granted to this application for this tenant.")
        return True
