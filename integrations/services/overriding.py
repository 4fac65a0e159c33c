"""A tenant's expressions on writing: laid over what the declaration says before anything is sent.

A failing expression holds the posting and asks a person. What was made of the first sending is kept with the posting,
so that a repetition under the same key is the same to the byte whatever has been approved since.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.utils import timezone

from integrations.engine import jsontext, writing
from integrations.engine.converters import Context
from integrations.engine.declarations import Resource
from integrations.engine.errors import RejectedError, WhoCanFix
from integrations.engine.expressions import Problem
from integrations.engine.ledger import Ledger
from integrations.engine.messages import RemoteRequest
from integrations.engine.overlay import Rule, altered, kept, patch, written
from integrations.models import Connection, FieldOverride, OverriddenWrite, Posting
from integrations.services.overlays import evaluator_for
from integrations.services.readiness import ready_body
from tenants.rls import tenant_scope

CODE = "override_failed"
AGAIN, CANCEL = "again", "cancel"
OPERATIONS = frozenset({Posting.Operation.CREATE.value, Posting.Operation.UPDATE.value})


class OverrideFailedError(RejectedError):
    """An expression gives nothing that can be sent: the posting waits for a person."""

    default_code = CODE

    def __init__(self, found: list[tuple[Rule, Problem]]) -> None:
        told = "; ".join(
            f"{rule.target}, version {rule.version}: {problem.place}{problem.text}" for rule, problem in found
        )
        super().__init__(
            f"An override of this connection failed, so nothing was sent. {told}",
            remedy=f"{found[0][1].remedy} Correct the override and have it approved: this posting then goes by itself.",
            who_can_fix=WhoCanFix.EDITOR,
            field=found[0][0].target,
        )

    @property
    def question(self) -> dict[str, Any]:
        """What a person is asked."""
        choices = [{"name": AGAIN, "label": "Try again"}, {"name": CANCEL, "label": "Cancel it"}]
        return {"code": CODE, "text": self.message, "choices": choices}


@dataclass(frozen=True)
class Laid:
    """What expressions made of one write."""

    remote_fields: dict[str, Any]
    altered: list[str] = field(default_factory=list)
    applied: list[dict[str, Any]] = field(default_factory=list)

    def over(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The unified record that is handed to the ledger."""
        return {**body, "remote_fields": {**(body.get("remote_fields") or {}), **self.remote_fields}}


def rules_of(connection: Connection, resource: str, operation: str) -> tuple[Rule, ...]:
    """The expressions in force for writing; one query at most, inside the tenant's scope."""
    if operation not in OPERATIONS:
        return ()
    rows = FieldOverride.objects.for_tenant(connection.tenant_id).active()
    rows = rows.filter(connection_id=connection.pk, resource=resource, direction=FieldOverride.Direction.WRITE)
    return tuple(Rule(*row) for row in rows.order_by("target").values_list("target", "expression", "version"))


def prepare(ledger: Ledger, posting: Posting) -> Laid | None:
    """What is laid over a posting that is about to be sent, kept before it is; None where nothing is.

    OverrideFailedError, NotYetError and RejectedError: it must not be sent.
    """
    with tenant_scope(posting.tenant_id):
        rules = rules_of(posting.connection, posting.resource, posting.operation)
        kept_row = OverriddenWrite.objects.for_tenant(posting.tenant_id).filter(posting=posting).first()
        if kept_row is not None and kept_row.edition == posting.edition and posting.sent_at is not None:
            return _of(kept_row)
        if not rules:
            if kept_row is not None:
                kept_row.delete()
            return None
        body = ready_body(posting)
    # Evaluated outside the transaction.
    laid, failed = evaluated(ledger, posting.connection, rules, posting.resource, posting.operation, body)
    if failed:
        raise OverrideFailedError(failed)
    with tenant_scope(posting.tenant_id):
        OverriddenWrite.objects.update_or_create(
            posting=posting,
            defaults={
                "tenant_id": posting.tenant_id,
                "edition": posting.edition,
                # As text of its own, so that numbers keep their digits.
                "remote_fields": jsontext.dumps(laid.remote_fields).decode(),
                "altered": laid.altered,
                "applied": laid.applied,
                "made_at": timezone.now(),
            },
        )
    return laid


def sent_with(posting: Posting) -> Laid | None:
    """What was laid over a posting when it was sent, for repetitions and probes; None where nothing was."""
    with tenant_scope(posting.tenant_id):
        rows = OverriddenWrite.objects.for_tenant(posting.tenant_id)
        row = rows.filter(posting=posting, edition=posting.edition).first()
    return None if row is None else _of(row)


def evaluated(
    ledger: Ledger,
    connection: Connection,
    rules: Collection[Rule],
    resource: str,
    operation: str,
    body: Mapping[str, Any],
    *,
    context: Context | None = None,
) -> tuple[Laid, list[tuple[Rule, Problem]]]:
    """What the expressions make of a unified record, and which failed. Raises what writing it raises.

    `context` stands for what the ledger would be asked: its tables are then not read.
    """
    declared = ledger.connector.resource(resource)
    if context is None:
        context = ledger.context_for(declared) if declared.lookups else ledger.context
    typed = declared.typed(body, operation)
    before = writing.whole_body(declared, typed, operation, context)
    if before is None:
        # This verb sends a few named fields only; nothing is laid over those.
        return Laid({}), []
    results = evaluate(connection, rules, typed, before)
    after, failed = written(before, results)
    found, touched = patch(before, after), altered_by(declared, typed, before, after, context)
    if kept(touched):
        # One by one it shows which of them it is.
        for pair in results:
            alone, _ = written(before, [pair])
            must_stay = kept(altered_by(declared, typed, before, alone, context))
            failed.extend((pair[0], _must_stay(name)) for name in must_stay[:1])
    applied = [{"field": rule.target, "version": rule.version} for rule in rules]
    return Laid(found, touched, applied), failed


def request_of(ledger: Ledger, resource: str, unified: Mapping[str, Any], context: Context) -> RemoteRequest:
    """The exact request that a new record becomes, without a call."""
    declared = ledger.connector.resource(resource)
    return declared.write(declared.typed(unified, "create"), "create", context)


def evaluate(
    connection: Connection, rules: Collection[Rule], typed: Mapping[str, Any], body: Mapping[str, Any]
) -> list[tuple[Rule, Any]]:
    """Each expression with its result over the unified record (`$`) and the declared body (`$body`)."""
    variables = {
        "body": jsontext.dumps(body),
        "currency": orjson.dumps(connection.currency),
        "country": orjson.dumps(connection.country),
    }
    with evaluator_for(connection.tenant_id) as evaluator:
        results = evaluator.results([rule.expression for rule in rules], as_seen(typed), variables)
    return list(zip(rules, results, strict=True))


def as_seen(unified: Mapping[str, Any]) -> bytes:
    """A unified record as expressions and the API see it: amounts are decimal text."""
    return orjson.dumps(unified, default=str)


def altered_by(
    declared: Resource, typed: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any], context: Context
) -> list[str]:
    """The unified fields that would read otherwise from the body than without the expressions."""
    if before == after:
        return []
    shape = declared.entity_for(typed).shape
    return altered(shape.read(dict(before), context), shape.read(dict(after), context))


def _must_stay(path: str) -> Problem:
    return Problem(
        "must_stay",
        f"It would change {path}, which an override must leave alone: by it a lost answer is found again, or of it the "
        "books are made.",
        "Change that by a mapping, and let the override write another property.",
    )


def _of(row: OverriddenWrite) -> Laid:
    return Laid(jsontext.loads(row.remote_fields), list(row.altered), list(row.applied))


def release_held(connection: Connection, resource: str) -> int:
    """Let postings go again that an override had held; in the transaction that put another one in force."""
    rows = Posting.objects.for_tenant(connection.tenant_id).filter(
        connection=connection, resource=resource, status=Posting.Status.HELD, question__code=CODE
    )
    return rows.update(status=Posting.Status.PENDING, available_at=timezone.now(), question={}, error_code="", error={})
