"""`cut_over CONNECTION --from DATE [--days-apart N] [--link]`"""

from datetime import date
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from integrations.models import Connection
from integrations.services.sweeping import tenant_of_connection
from mappings.models import CutOver
from mappings.services.cutover import request_run, run_cut_over, set_up
from tenants.commands import PortalCommand
from tenants.rls import tenant_scope

_WRONG_USAGE = 2


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
        tenant_id = _tenant_of(options["connection"])
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


def _tenant_of(connection: str) -> UUID:
    try:
        tenant_id = tenant_of_connection(UUID(connection))
    except ValueError as error:
        raise CommandError(f"{connection!r} is no connection's id.", returncode=_WRONG_USAGE) from error
    if tenant_id is None:
        raise CommandError(f"There is no connection {connection}.", returncode=_WRONG_USAGE)
    return tenant_id
