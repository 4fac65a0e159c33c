"""`replay CONNECTION --cause CODE [--kind posting] [--unit ID …] [--per-minute N] [--start]`"""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from kombu.exceptions import OperationalError

from integrations import tasks
from integrations.models import Connection, Replay
from integrations.services.replay_plans import EXCLUSIONS
from integrations.services.replays import plan_replay, start_replay
from integrations.services.sweeping import tenant_of_connection
from tenants.commands import PortalCommand
from tenants.rls import tenant_scope

_WRONG_USAGE = 2


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
        tenant_id = _tenant_of(options["connection"])
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
            _ring(replay)
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


def _tenant_of(connection: str) -> UUID:
    try:
        tenant_id = tenant_of_connection(UUID(connection))
    except ValueError as error:
        raise CommandError(f"{connection!r} is no connection's id.", returncode=_WRONG_USAGE) from error
    if tenant_id is None:
        raise CommandError(f"There is no connection {connection}.", returncode=_WRONG_USAGE)
    return tenant_id


def _ring(replay: Replay) -> None:
    try:
        tasks.run_replay.delay(str(replay.tenant_id), str(replay.pk))
    except OperationalError:
        # The row is the queue: without a broker the next sweep finds it.
        return
