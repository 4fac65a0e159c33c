"""The request as views see it behind the tenant middleware."""

from typing import Any

from django.http import HttpRequest

from tenants.models import Membership, Tenant, User


class TenantRequest(HttpRequest):
    """A signed-in request inside one tenant: `user`, `tenant` and `membership` are always set."""

    user: User
    tenant: Tenant
    membership: Membership
    session: Any
