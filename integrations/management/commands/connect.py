"""`connect --tenant SLUG --ledger NAME [--org ID]`"""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from integrations.engine import manifest
from integrations.engine.errors import IntegrationError
from integrations.models import Authorisation
from integrations.services.autoconsent import connect_by_itself
from tenants.commands import PortalCommand
from tenants.services import get_tenant


class Command(PortalCommand):
    help = (
        "Connect a tenant to a ledger in the sandbox, consenting by itself. Real ledgers are connected in the browser."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--ledger", required=True, choices=manifest.names(), metavar="NAME")
        parser.add_argument("--org", default="", metavar="ID", help="The organisation; without it the sandbox's first.")

    def run(self, **options: Any) -> dict[str, Any]:
        try:
            done = connect_by_itself(
                tenant=get_tenant(options["tenant"]),
                connector=options["ledger"],
                redirect_uri=f"{settings.PORTAL_URL}/connections/callback/",
                org=options["org"],
            )
        except IntegrationError as error:
            raise CommandError(f"{error.message} {error.remedy}") from error
        except TimeoutError as error:
            raise CommandError(f"{error} Check that the sandbox runs at {settings.PORTAL_SANDBOX_URL}.") from error
        if done.status != Authorisation.Status.COMPLETED or done.connection is None:
            raise CommandError(f"{done.error.get('message', 'Not connected.')} {done.error.get('remedy', '')}")
        return {
            "connection": str(done.connection.pk),
            "external_org_id": done.connection.external_org_id,
            "name": done.connection.name,
        }
