"""`tenant_create SLUG --name … --currency …`"""

from typing import Any

from django.core.management.base import CommandParser

from tenants.commands import PortalCommand
from tenants.services import create_tenant


class Command(PortalCommand):
    help = "Create a tenant."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--name", required=True)
        parser.add_argument("--currency", required=True, help="ISO 4217, such as EUR")

    def run(self, **options: Any) -> dict[str, Any]:
        tenant = create_tenant(slug=options["slug"], name=options["name"], currency=options["currency"])
        return {"tenant": tenant.slug, "id": str(tenant.pk), "name": tenant.name, "currency": tenant.currency}
