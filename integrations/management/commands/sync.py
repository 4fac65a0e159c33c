"""`sync CONNECTION [--resource NAME …] [--full] [--wait]`"""

import time
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from integrations import tasks
from integrations.management.connections import tenant_of
from integrations.models import Connection, SyncRun
from integrations.services.connectors import known_resources
from integrations.services.sync import request_sync, run_sync
from tenants.commands import PortalCommand
from tenants.rls import tenant_scope

_LOOK_AGAIN_SECONDS = 0.5
_WRONG_USAGE = 2


class Command(PortalCommand):
    help = "Pull a connection's records; with --wait in this process (or together with the worker that has it already)."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("connection", metavar="CONNECTION", help="The connection's id.")
        parser.add_argument("--resource", nargs="+", default=[], metavar="NAME", help="Only these; without it all.")
        parser.add_argument("--full", action="store_true", help="Read everything again instead of the changes.")
        parser.add_argument("--wait", action="store_true", help="Return when it is done; exit status 1 if it failed.")

    def run(self, **options: Any) -> dict[str, Any]:
        tenant_id = tenant_of(options["connection"])
        run = _requested(tenant_id, options)
        if options["wait"]:
            run = _waited(tenant_id, run)
        else:
            tasks.run_sync.delay(str(run.tenant_id), str(run.pk))
        return {
            "run": str(run.pk),
            "status": run.status,
            "records": run.records,
            "changed": run.changed,
            "deleted": run.deleted,
            "calls": run.calls,
            "throttled": run.throttled,
            "seconds": round(run.seconds or 0.0, 2),
        }


def _requested(tenant_id: UUID, options: dict[str, Any]) -> SyncRun:
    with tenant_scope(tenant_id, source="command"):
        connection = Connection.objects.get(pk=options["connection"])
        try:
            names = known_resources(connection.connector, options["resource"])
        except ValidationError as error:
            raise CommandError("; ".join(error.messages), returncode=_WRONG_USAGE) from error
        return request_sync(
            connection=connection, trigger=SyncRun.Trigger.MANUAL, resources=names, is_full=options["full"]
        )


def _waited(tenant_id: UUID, run: SyncRun) -> SyncRun:
    while True:
        run_sync(tenant_id, run.pk)
        with tenant_scope(tenant_id, source="command"):
            run = SyncRun.objects.select_related("connection").get(pk=run.pk)
        if run.status in {SyncRun.Status.FAILED, SyncRun.Status.CANCELLED, SyncRun.Status.PAUSED}:
            what = run.error.get("message", run.get_status_display())
            raise CommandError(f"{what} {run.error.get('remedy', '')}".strip())
        if run.status == SyncRun.Status.SUCCEEDED:
            return run
        if run.connection.status != Connection.Status.ACTIVE:
            what = run.connection.get_status_display().lower()
            raise CommandError(f"The connection is not active ({what}): the sync waits until it is. {_remedy(run)}")
        time.sleep(_LOOK_AGAIN_SECONDS)


def _remedy(run: SyncRun) -> str:
    return str(run.connection.error.get("remedy") or "Resume it, then ask again.")
