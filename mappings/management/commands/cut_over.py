"""`cut_over CONNECTION --from DATE [--days-apart N] [--link]`"""

from datetime import date
from typing import Any

from django.core.management.base import CommandError, CommandParser

from integrations.management.connections import tenant_of
from integrations.models import Connection
from mappings.models import CutOver
from mappings.services.cutover import request_run, run_cut_over, set_up
from tenants.commands import PortalCommand
from tenants.rls import tenant_scope


class Command(PortalCommand):
    help = "Count, or with --link link, documents dated before a day with the ledger's own; those are never posted."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("connection", metavar="CONNECTION", help="The connection's id.")
        parser.add_argument(
            "--from",
            required=True,
            dest="starts_on",
            type=date.fromisoformat,
            metavar="DATE",
            help="First day to post.",
        )
        parser.add_argument("--days-apart", type=int, default=3, metavar="N", help="Dates may differ so many days.")
        parser.add_argument("--link", action="store_true", help="Put it in force and link; without it only counted.")

    def run(self, **options: Any) -> dict[str, Any]:
        tenant_id = tenant_of(options["connection"])
        with tenant_scope(tenant_id, source="command"):
            connection = Connection.objects.get(pk=options["connection"])
            cut_over = set_up(connection=connection, starts_on=options["starts_on"], days_apart=options["days_apart"])
            request_run(cut_over, is_dry=not options["link"])
        run_cut_over(tenant_id, cut_over.pk)
        with tenant_scope(tenant_id, source="command"):
            cut_over = CutOver.objects.get(pk=cut_over.pk)
        if cut_over.status == CutOver.Status.RUNNING:
            raise CommandError("A worker has taken it; look at the page Cut-over for how far it is.")
        return {"cut_over": str(cut_over.pk), "in_force": cut_over.is_in_force, **cut_over.counts}
