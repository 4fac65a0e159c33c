"""The first step of a connection: write the intent down and find the ledger's consent page."""

from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse

from integrations.models import Connection
from integrations.services.connections import start_authorisation
from tenants.http import TenantRequest


def begin(request: TenantRequest, connector: str, connection: Connection | None) -> str:
    """The address of the consent page; IntegrationError when the portal is not set up for this ledger.

    The redirect address is made of PORTAL_URL, because the ledger compares it with the registered one letter by letter.
    """
    callback = urljoin(settings.PORTAL_URL, reverse("oauth-callback", args=[connector]))
    _, url = start_authorisation(
        tenant=request.tenant,
        connector=connector,
        redirect_uri=callback,
        requested_by=request.user,
        connection=connection,
    )
    return url
