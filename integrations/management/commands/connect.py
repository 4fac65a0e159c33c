"""`connect --tenant SLUG --ledger NAME [--org ID] [--way NAME] [--setting NAME=VALUE]`"""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
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
        parser.add_argument(
            "--way", default="", metavar="NAME", help="How it is let in; without it the ledger's first."
        )
        parser.add_argument(
            "--setting", action="append", default=[], metavar="NAME=VALUE", help="A choice, such as dc=eu."
        )

    def run(self, **options: Any) -> dict[str, Any]:
        try:
            done = connect_by_itself(
                tenant=get_tenant(options["tenant"]),
                connector=options["ledger"],
                redirect_uri=f"{settings.PORTAL_URL}/connections/callback/",
                org=options["org"],
                way=options["way"],
                settings=dict(_pair(text) for text in options["setting"]),
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
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


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise CommandError(f"--setting wants NAME=VALUE, got {text}")
    return name, value
