"""Daily proofs: asked for, brought up to date by a sync, compared line by line, looked at twice before they accuse.

Books move while they are compared. So a proof begins with a sync of the changes; a line that differs is compared once
more after another sync, and only a difference that is there both times is one.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.engine.errors import ConfigurationError, IntegrationError, TransientError
from integrations.models import Connection, Proof, SyncRun
from integrations.services import failures, ledgers, policies, proof_findings, proof_lines
from integrations.services.calls import Recorder
from integrations.services.proof_lines import EVEN, UNEVEN, Answers, Line, Question
from integrations.services.proof_times import tomorrow
from integrations.services.sync import request_sync
from integrations.services.work import LeaseLostError, backoff, claim, conclude, keep, release
from tenants.models import User
from tenants.rls import tenant_scope

log = structlog.get_logger(__name__)

Status = Proof.Status
MOST_ATTEMPTS = 8
_UNDER_WAY = (Status.QUEUED, Status.RUNNING)
_LOOK_AGAIN = timedelta(seconds=20)
_LONGEST = timedelta(hours=12)
_LOOKS = 2
_AFTER_FAILURE = timedelta(hours=1)
_FRESH = timedelta(minutes=2)


def request_proof(*, connection: Connection, requested_by: User | None = None) -> Proof:
    """Write a proof down, in the caller's tenant transaction; the one under way is returned instead.

    Ring `perform_proof` after commit. ValidationError, in words, when the connection cannot be called.
    """
    if connection.status != Connection.Status.ACTIVE:
        raise ValidationError(f"{connection} is not active: {connection.get_status_display().lower()}.")
    existing = _unfinished(connection)
    if existing is not None:
        return existing
    try:
        with transaction.atomic():
            return Proof.objects.create(
                tenant_id=connection.tenant_id,
                connection=connection,
                on=timezone.localdate(),
                requested_by=requested_by,
            )
    except IntegrityError:
        return Proof.objects.for_tenant(connection.tenant_id).get(connection=connection, status__in=_UNDER_WAY)


def request_due_proof(tenant_id: UUID | str, connection_id: UUID | str) -> Proof | None:
    """The quiet hour of a connection has come; None when it is not due (any more)."""
    now = timezone.now()
    with tenant_scope(tenant_id):
        rows = Connection.objects.filter(tenant_id=tenant_id, pk=connection_id).usable()
        connection = rows.filter(next_proof_at__lte=now).select_for_update(skip_locked=True).first()
        if connection is None:
            return None
        Connection.objects.filter(pk=connection.pk).update(next_proof_at=tomorrow(connection))
        return request_proof(connection=connection)


def plan(connection: Connection) -> list[Question]:
    """What a proof compares, and the calls that each comparison costs; inside the tenant's scope, without a call."""
    return proof_lines.questions(connection, ledgers.without_calls(connection))


def perform_proof(tenant_id: UUID | str, proof_id: UUID | str) -> SyncRun | None:
    """The worker's use case: bring a proof one step further; returns the sync that has to come first, to be rung."""
    with tenant_scope(tenant_id):
        proof = claim(Proof, tenant_id=tenant_id, row_id=proof_id, statuses=list(_UNDER_WAY))
        if proof is None:
            return None
        connection = proof.connection
    try:
        return _Work(proof, connection).step()
    except LeaseLostError:
        log.info("proof_taken_over", proof=str(proof.pk))
    except IntegrationError as error:
        _failed(proof, error)
    except Exception as error:
        with tenant_scope(tenant_id):
            conclude(proof, status=Status.FAILED, **failures.of_bug(error))
        raise
    return None


def _unfinished(connection: Connection) -> Proof | None:
    rows = Proof.objects.for_tenant(connection.tenant_id).filter(connection=connection, status__in=_UNDER_WAY)
    return rows.first()


class _Work:
    """One claimed proof at work."""

    def __init__(self, proof: Proof, connection: Connection) -> None:
        self.proof, self.connection = proof, connection
        self.lines: list[Line] = list(proof.lines)

    def step(self) -> SyncRun | None:
        """Sync first; compare; what differs is compared again after another sync."""
        if self.connection.status != Connection.Status.ACTIVE:
            raise ConfigurationError(
                f"The connection is not active: {self.connection.get_status_display().lower()}.",
                code="not_active",
                remedy="Reconnect or resume it: the proof is made again by itself.",
            )
        is_synced, run = self._synced()
        if not is_synced:
            return run
        self._compare()
        return self._conclude()

    def _synced(self) -> tuple[bool, SyncRun | None]:
        """Whether what is compared was synced since it was last looked at; otherwise the sync that comes first."""
        since = _moment(self.proof.lines) or self.proof.created_at - _FRESH
        names = self._named()
        with tenant_scope(self.proof.tenant_id):
            runs = SyncRun.objects.for_tenant(self.proof.tenant_id).filter(connection=self.connection)
            found = [run for run in runs.filter(started_at__gte=since).order_by("id") if _covers(run, names)]
            if any(run.status == SyncRun.Status.SUCCEEDED for run in found):
                return True, None
            if found and found[-1].status == SyncRun.Status.FAILED:
                raise _sync_failed(found[-1])
            run = self._asked(names)
            release(self.proof, wait=_LOOK_AGAIN, status=Status.RUNNING)
        return False, run

    def _named(self) -> list[str]:
        """Asked for by name, a resource is read even if nothing tells of its changes; everything at first."""
        uneven = [line for line in self.lines if line["status"] == UNEVEN]
        return sorted({name for line in uneven for name in proof_findings.resources_of(line)})

    def _asked(self, names: list[str]) -> SyncRun | None:
        if timezone.now() - self.proof.created_at > _LONGEST:
            raise _sync_failed(None)
        try:
            with transaction.atomic():
                wanted = [name for name in names if policies.reads(self.connection, name)]
                return request_sync(connection=self.connection, trigger=SyncRun.Trigger.SCHEDULE, resources=wanted)
        except ValidationError:
            # Another sync, of other resources, is under way: this one comes after it.
            return None

    def _compare(self) -> None:
        with tenant_scope(self.proof.tenant_id):
            keep(self.proof, status=Status.RUNNING, started_at=self.proof.started_at or timezone.now())
            questions = plan(self.connection)
            offsets = proof_findings.kept_offsets(self.connection)
            until = proof_lines.until(self.connection)
        again = {line["key"] for line in self.lines if line["status"] == UNEVEN}
        known = {line["key"] for line in self.lines}
        # What a worker that died had not come to yet, and what differed.
        wanted = [each for each in questions if not _is_of(each, known) or _is_of(each, again)]
        recorder = Recorder(self.connection)
        with ledgers.open_ledger(self.connection, recorder=recorder, lane="backfill") as session:
            answers = Answers(self.connection, session.ledger, until)
            for question in wanted:
                found = proof_findings.with_offsets(proof_lines.compare(answers, question), offsets)
                self._keep(found, session.recorder.take_counts()[0])

    def _keep(self, found: list[Line], calls: int) -> None:
        for line in found:
            line["looks"] = 1 + next((old.get("looks", 1) for old in self.lines if old["key"] == line["key"]), 0)
        fresh = {line["key"] for line in found}
        self.lines = [*(line for line in self.lines if line["key"] not in fresh), *found]
        with tenant_scope(self.proof.tenant_id):
            keep(self.proof, lines=self.lines, calls=self.proof.calls + calls)

    def _conclude(self) -> SyncRun | None:
        uneven = [line for line in self.lines if line["status"] == UNEVEN]
        if any(line["looks"] < _LOOKS for line in uneven):
            self.proof.lines = self.lines
            return self._synced()[1]
        with tenant_scope(self.proof.tenant_id):
            proof_findings.settle(self.connection, self.lines)
            conclude(self.proof, status=Status.UNEVEN if uneven else Status.EVEN, **failures.NO_ERROR)
        return None


def _covers(run: SyncRun, names: list[str]) -> bool:
    if not names:
        return not run.resources
    return run.is_full and not run.resources or set(names) <= set(run.resources)


def _is_of(question: Question, keys: set[str]) -> bool:
    return any(key == question.key or key.startswith(f"{question.key}:") for key in keys)


def _moment(lines: list[Line]) -> datetime | None:
    """When the last line was compared: what is compared again has to be synced after that."""
    return max((datetime.fromisoformat(line["at"]) for line in lines), default=None)


def _sync_failed(run: SyncRun | None) -> IntegrationError:
    told = run.error if run else {"message": "it does not come to an end."}
    return ConfigurationError(
        f"The sync that comes before a proof failed: {told.get('message', 'no reason was noted')}",
        code="sync_failed",
        remedy=told.get("remedy") or "Look at the sync run. The proof is made again by itself in an hour.",
    )


def _failed(proof: Proof, error: IntegrationError) -> None:
    """It goes again by itself: soon while the ledger is away, in an hour when this attempt is given up."""
    is_passing = isinstance(error, TransientError) and proof.attempts + 1 < MOST_ATTEMPTS
    columns = failures.columns(error)
    with tenant_scope(proof.tenant_id):
        try:
            if is_passing:
                wait = backoff(proof.attempts, error.retry_after)
                release(proof, wait=wait, attempts=proof.attempts + 1, **columns)
                return
            conclude(proof, status=Status.FAILED, **columns)
        except LeaseLostError:
            log.info("proof_taken_over", proof=str(proof.pk))
            return
        rows = Connection.objects.filter(tenant_id=proof.tenant_id, pk=proof.connection_id).usable()
        rows.update(next_proof_at=timezone.now() + _AFTER_FAILURE)


__all__ = ["EVEN", "UNEVEN", "perform_proof", "plan", "request_due_proof", "request_proof"]
