"""`user_create EMAIL --tenant SLUG --role ROLE --password …`"""

from typing import Any

from django.core.management.base import CommandParser

from tenants.commands import PortalCommand
from tenants.models import Role
from tenants.services import SUPPORT_HOURS, create_user, get_tenant


class Command(PortalCommand):
    help = "Create a person (or change their role) in a tenant."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--password", help="Without one the person sets it by e-mail.")
        parser.add_argument("--reason", default="", help="Why support is let in (role support).")
        parser.add_argument("--hours", type=int, default=SUPPORT_HOURS, help="How long support access lasts.")

    def run(self, **options: Any) -> dict[str, Any]:
        user = create_user(
            email=options["email"],
            tenant=get_tenant(options["tenant"]),
            role=options["role"],
            password=options["password"],
            reason=options["reason"],
            hours=options["hours"],
        )
        return {"user": user.email, "tenant": options["tenant"], "role": options["role"]}
