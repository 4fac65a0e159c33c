"""Use cases around tenants: make one, let people and partner applications in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_urlsafe
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.idp.oidc.models import Client
from django.db import connection
from django.utils import timezone

from tenants.models import Membership, PartnerGrant, Role, Tenant, User, new_id
from tenants.rls import tenant_scope

SUPPORT_HOURS = 8


def tenant_id_of(slug: str) -> UUID:
    """The id behind a slug; raises Tenant.DoesNotExist with the slug in its words."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT portal_tenant_by_slug(%s)", [slug])
        found = cursor.fetchone()
    if not found or found[0] is None:
        raise Tenant.DoesNotExist(f"There is no tenant {slug!r}. Create it with: tenant_create {slug} --name … --currency …")
    return UUID(str(found[0]))


def get_tenant(slug: str) -> Tenant:
    """The tenant of that slug."""
    tenant_id = tenant_id_of(slug)
    with tenant_scope(tenant_id, source="command"):
        return Tenant.objects.get(pk=tenant_id)


def create_tenant(*, slug: str, name: str, currency: str) -> Tenant:
    """A new tenant; ValidationError when the slug is taken or the currency is no ISO code."""
    tenant = Tenant(id=new_id(), slug=slug, name=name, currency=currency)
    tenant.clean_fields()
    with tenant_scope(tenant.pk, source="command"):
        tenant.save(force_insert=True)
    return tenant


def create_user(
    *, email: str, tenant: Tenant, role: str, password: str | None, reason: str = "", hours: int = SUPPORT_HOURS
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
