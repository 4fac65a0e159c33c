"""`reconcile CONNECTION [--wait]`"""

import time
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from integrations.management.connections import tenant_of
from integrations.models import Connection
from reconciliation.models import MatchRun
from reconciliation.services.runs import request_match_run, run_matching
from tenants.commands import PortalCommand
from tenants.rls import tenant_scope

_POLL_SECONDS = 0.2


class Command(PortalCommand):
    help = "Match the stored bank lines of a connection with its ledger records."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("connection", type=UUID, help="The connection's id")
        parser.add_argument("--wait", action="store_true", help="Match here and now, and print what came of it.")

    def run(self, **options: Any) -> dict[str, Any]:
        """Queue a run, or with --wait do it in this process."""
        tenant_id = tenant_of(options["connection"])
        with tenant_scope(tenant_id, source="command"):
            connection = Connection.objects.for_tenant(tenant_id).get(pk=options["connection"])
            run = request_match_run(connection=connection)
        if options["wait"]:
            run_matching(tenant_id, run.pk)
            run = _finished(tenant_id, run)
        if run.status == MatchRun.Status.FAILED:
            raise CommandError(f"{run.error.get('message')} {run.error.get('remedy')}")
        return counts(run)


def counts(run: MatchRun) -> dict[str, Any]:
    """A run as plain figures."""
    return {
        "run": str(run.pk),
        "status": run.status,
        "lines": run.lines,
        "entries": run.entries,
        "proposals": run.proposals + run.kept,
        "new": run.proposals,
        "kept": run.kept,
        "superseded": run.superseded,
        "unexplained": run.unexplained,
        "seconds": round(run.seconds or 0, 3),
    }


def _finished(tenant_id: UUID, run: MatchRun) -> MatchRun:
    # A worker may have taken the run before this process did: then wait for it.
    while True:
        with tenant_scope(tenant_id, source="command"):
            run.refresh_from_db()
        if run.status in (MatchRun.Status.DONE, MatchRun.Status.FAILED):
            return run
        time.sleep(_POLL_SECONDS)
