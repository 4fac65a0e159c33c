"""`replay CONNECTION --cause CODE [--kind posting] [--unit ID …] [--per-minute N] [--start]`"""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from integrations import tasks
from integrations.management.connections import tenant_of
from integrations.models import Connection, Replay
from integrations.services.replay_plans import EXCLUSIONS
from integrations.services.replays import plan_replay, start_replay
from tenants.commands import PortalCommand
from tenants.rls import tenant_scope


class Command(PortalCommand):
    help = "Plan a replay of what rests with one cause, and with --start let it go; without, nothing goes."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("connection", metavar="CONNECTION", help="The connection's id.")
        parser.add_argument("--cause", required=True, metavar="CODE", help="The error code, such as period_closed.")
        parser.add_argument("--kind", default=Replay.Kind.POSTING.value, choices=Replay.Kind.values)
        parser.add_argument(
            "--unit", nargs="+", type=UUID, metavar="ID", help="Only these; without it all of the cause."
        )
        parser.add_argument("--per-minute", type=int, metavar="N", help="The rate; without it a share of the limits.")
        parser.add_argument("--start", action="store_true", help="Let it go; the workers do the rest.")

    def run(self, **options: Any) -> dict[str, Any]:
        tenant_id = tenant_of(options["connection"])
        with tenant_scope(tenant_id, source="command"):
            replay = plan_replay(
                connection=Connection.objects.get(pk=options["connection"]),
                kind=options["kind"],
                cause=options["cause"],
                chosen=options["unit"],
                per_minute=options["per_minute"],
            )
            if options["start"]:
                start_replay(replay)
        if options["start"]:
            tasks.run_replay.delay(str(replay.tenant_id), str(replay.pk))
        return {
            "replay": str(replay.pk),
            "status": replay.status,
            "planned": replay.planned,
            "excluded": replay.excluded,
            "because": {reason: EXCLUSIONS.get(reason, reason) for reason in replay.excluded},
            "warnings": replay.warnings,
            "per_minute": replay.per_minute,
            "seconds": replay.left_seconds,
        }
