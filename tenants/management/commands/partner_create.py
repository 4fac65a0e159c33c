"""`partner_create NAME --tenant SLUG --scopes "invoices:read invoices:write …"`"""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.urls import reverse

from tenants.commands import PortalCommand
from tenants.services import create_partner, get_tenant


class Command(PortalCommand):
    help = "Create a partner application with OAuth 2.0 client credentials and a grant in one tenant."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--scopes", required=True, help='Such as "source-documents:write invoices:read"')

    def run(self, **options: Any) -> dict[str, Any]:
        keys = create_partner(
            name=options["name"], tenant=get_tenant(options["tenant"]), scopes=options["scopes"].split()
        )
        return {
            "client_id": keys.client_id,
            "client_secret": keys.client_secret,
            "token_url": settings.PORTAL_URL.rstrip("/") + reverse("idp:oidc:token"),
        }
