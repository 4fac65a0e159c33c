"""Use cases around tenants: make one, let people and partner applications in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_urlsafe
from uuid import UUID

from allauth.account.forms import ResetPasswordForm
from allauth.account.models import EmailAddress
from allauth.idp.oidc.models import Client
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from tenants.models import Membership, PartnerGrant, Role, Tenant, User, new_id
from tenants.rls import tenant_scope

SUPPORT_HOURS = 8


def tenant_id_of(slug: str) -> UUID | None:
    """The id behind a slug, or None; the database function shows nothing else of tenants."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT portal_tenant_by_slug(%s)", [slug])
        found = cursor.fetchone()
    return UUID(str(found[0])) if found and found[0] else None


def get_tenant(slug: str) -> Tenant:
    """The tenant of that slug; Tenant.DoesNotExist says how to create one."""
    tenant_id = tenant_id_of(slug)
    if tenant_id is None:
        raise Tenant.DoesNotExist(f"There is no tenant {slug!r}. Create it: tenant_create {slug} --name … --currency …")
    with tenant_scope(tenant_id, source="command"):
        return Tenant.objects.get(pk=tenant_id)


def create_tenant(*, slug: str, name: str, currency: str) -> Tenant:
    """A new tenant; ValidationError when the slug is taken or the currency is no ISO code."""
    tenant = Tenant(id=new_id(), slug=slug, name=name, currency=currency)
    tenant.clean_fields()
    if tenant_id_of(slug):
        raise ValidationError(f"The tenant {slug!r} exists already; choose another short name.")
    with tenant_scope(tenant.pk, source="command"):
        tenant.save(force_insert=True)
    return tenant


def create_user(
    *,
    email: str,
    tenant: Tenant,
    role: str,
    password: str | None,
    reason: str = "",
    hours: int = SUPPORT_HOURS,
) -> User:
    """A person with a verified address and a role in the tenant; an existing person only gets (or changes) the role.

    Support staff get access for `hours` hours and need a `reason`.
    """
    user = User.objects.filter(email=email.lower()).first() or User.objects.create_user(email, password)
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    support = role == Role.SUPPORT
    with tenant_scope(tenant.pk, source="command"):
        Membership.objects.update_or_create(
            tenant=tenant,
            user=user,
            defaults={
                "role": role,
                "reason": (reason or "Set up by an operator") if support else "",
                "expires_at": timezone.now() + timedelta(hours=hours) if support else None,
            },
        )
    return user


@dataclass(frozen=True)
class PartnerKeys:
    """What a partner application needs to ask for a token; the secret is shown this once."""

    client_id: str
    client_secret: str
    grant: PartnerGrant


def create_partner(*, name: str, tenant: Tenant, scopes: Sequence[str]) -> PartnerKeys:
    """An OAuth 2.0 client-credentials application with a grant in one tenant."""
    client = Client(name=name, type=Client.Type.CONFIDENTIAL)
    client.set_grant_types([Client.GrantType.CLIENT_CREDENTIALS])
    client.set_scopes(list(scopes))
    client.set_default_scopes(list(scopes))
    secret = token_urlsafe(40)
    client.set_secret(secret)
    client.save()
    with tenant_scope(tenant.pk, source="command"):
        grant = PartnerGrant.objects.create(tenant=tenant, client=client, name=name, scopes=list(scopes))
    return PartnerKeys(client_id=client.pk, client_secret=secret, grant=grant)


def is_last_owner(member: Membership) -> bool:
    """Whether the tenant would have no owner without this member."""
    owners = Membership.objects.for_tenant(member.tenant_id).filter(role=Role.OWNER)
    return member.role == Role.OWNER and not owners.exclude(pk=member.pk).exists()


def send_invitation(*, user: User, request: HttpRequest) -> None:
    """Mail the person a link to set a password (allauth's own reset mail)."""
    form = ResetPasswordForm(data={"email": user.email})
    if form.is_valid():
        form.save(request)
