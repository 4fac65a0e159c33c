"""`prove CONNECTION [--plan] [--wait]`"""

import time
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from integrations import tasks
from integrations.management.connections import tenant_of
from integrations.models import Connection, Proof
from integrations.services.proofs import perform_proof, plan, request_proof
from integrations.services.sync import run_sync
from tenants.commands import PortalCommand
from tenants.rls import tenant_scope

_LOOK_AGAIN_SECONDS = 0.5


class Command(PortalCommand):
    is_uneven = False
    help = "Prove a connection's books against its ledger; --plan only says what is compared and what it costs."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("connection", metavar="CONNECTION", help="The connection's id.")
        parser.add_argument("--plan", action="store_true", help="Make no call; say what would be compared.")
        parser.add_argument("--wait", action="store_true", help="Do it in this process; exit status 1 if uneven.")

    def run(self, **options: Any) -> dict[str, Any]:
        tenant_id = tenant_of(options["connection"])
        with tenant_scope(tenant_id, source="command"):
            connection = Connection.objects.get(pk=options["connection"])
            if options["plan"]:
                questions = plan(connection)
                compared = [{"what": each.what, "resource": each.resource, "calls": each.calls, "untold": each.untold}
                            for each in questions]  # fmt: skip
                return {"calls": sum(each.calls for each in questions), "compared": compared}
            try:
                proof = request_proof(connection=connection)
            except ValidationError as refused:
                raise CommandError("; ".join(refused.messages)) from refused
        if options["wait"]:
            proof = _waited(tenant_id, proof)
            self.is_uneven = proof.status == Proof.Status.UNEVEN
        else:
            tasks.perform_proof.delay(str(proof.tenant_id), str(proof.pk))
        return {"proof": str(proof.pk), "status": proof.status, "calls": proof.calls, "lines": proof.lines}

    def describe(self, result: dict[str, Any]) -> str:
        """A line per comparison."""
        if "compared" in result:
            rows = [f"{each['calls']:>4} calls  {each['what']} {each['resource']} {each['untold']}".rstrip()
                    for each in result["compared"]]  # fmt: skip
            return "\n".join([*rows, f"{result['calls']:>4} calls  together"])
        rows = [f"{each['status']:<7} {each['what']} {each['resource']}: {each['ours']} | {each['theirs']}"
                for each in result["lines"]]  # fmt: skip
        return "\n".join([*rows, f"{result['status']}, {result['calls']} calls"])

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if self.is_uneven:
            raise CommandError("The portal and the ledger do not agree; look at the open discrepancies.")


def _waited(tenant_id: UUID, proof: Proof) -> Proof:
    while True:
        run = perform_proof(tenant_id, proof.pk)
        if run is not None:
            run_sync(tenant_id, run.pk)
            with tenant_scope(tenant_id, source="command"):
                # Its own sync is done: the proof need not wait out its turn.
                Proof.objects.filter(pk=proof.pk, lease_until=None).update(available_at=proof.created_at)
        with tenant_scope(tenant_id, source="command"):
            proof = Proof.objects.get(pk=proof.pk)
        if proof.status == Proof.Status.FAILED:
            raise CommandError(f"{proof.error.get('message', '')} {proof.error.get('remedy', '')}".strip())
        if proof.finished_at is not None:
            return proof
        if run is None:
            time.sleep(_LOOK_AGAIN_SECONDS)
