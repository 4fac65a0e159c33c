"""What an expression would make of a real record, before anybody approves it: nothing is stored, nothing is sent."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from integrations.engine import jsontext, paths
from integrations.engine.converters import Context, FieldProblem
from integrations.engine.errors import IntegrationError
from integrations.engine.expressions import Problem
from integrations.engine.ledger import Ledger
from integrations.engine.messages import RemoteRequest
from integrations.engine.overlay import MARKS, Rule, declared, laid_over
from integrations.models import Connection, FieldOverride, LedgerRecord
from integrations.services import overriding
from integrations.services.ledgers import without_calls
from integrations.services.overlays import Applier, Overlay, evaluator_for, overlay_of
from integrations.unified import SCHEMAS

Direction = FieldOverride.Direction

# What a record has that was never a new one.
_NOT_NEW = frozenset({"external_id", "version", "created_at", "modified_at", "balance", "links", "status", MARKS})


@dataclass(frozen=True)
class Change:
    """One field that reads otherwise."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Preview:
    """What comes of an expression on one record."""

    sample: LedgerRecord | None
    seen: str = ""
    """What the expression works on, as JSON."""
    problem: Problem | None = None
    changes: Sequence[Change] = ()
    call: str = ""
    """Method and path of the request."""
    body: str = ""
    """The exact body that would be sent."""
    lines: Sequence[tuple[str, str]] = field(default_factory=tuple)
    """The body line by line: ("+", "-" or " ", text)."""

    @property
    def is_changed(self) -> bool:
        """Whether anything would be otherwise."""
        return bool(self.changes) or any(sign != " " for sign, _ in self.lines)


def samples(connection: Connection, resource: str) -> "QuerySet[LedgerRecord]":
    """Records to try an expression on, the newest first."""
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, resource)
    return rows.defer("raw", "unified").order_by("-issued_on", "-id")


def sample_of(connection: Connection, resource: str, named: str = "") -> LedgerRecord | None:
    """The record of this number or id in the ledger, else the newest."""
    rows = samples(connection, resource)
    if named:
        found = rows.filter(Q(number=named) | Q(external_id=named) | Q(name=named)).first()
        if found is not None:
            return found
    return rows.first()


def preview(
    *, connection: Connection, resource: str, direction: str, target: str, expression: str, sample: LedgerRecord | None
) -> Preview:
    """Before and after on one record, inside the tenant's scope; an expression's failure is part of the answer."""
    if sample is None:
        return Preview(None)
    stored = LedgerRecord.objects.for_tenant(connection.tenant_id).filter(pk=sample.pk)
    raw, unified = stored.values_list(Cast("raw", TextField()), Cast("unified", TextField())).get()
    rule = Rule(target, expression, 0)
    if direction == Direction.READ:
        return _on_reading(connection, resource, rule, sample, raw, jsontext.loads(unified))
    return _on_writing(connection, resource, rule, sample, declared(jsontext.loads(unified)))


def _on_reading(
    connection: Connection, resource: str, rule: Rule, sample: LedgerRecord, raw: str, before: dict[str, Any]
) -> Preview:
    overlay = overlay_of(connection, resource)
    others = [each for each in overlay.rules if each.target != rule.target] if overlay else []
    plain = declared(before)
    with evaluator_for(connection.tenant_id) as evaluator:
        applier = Applier(Overlay(connection, resource, (*others, rule)), evaluator)
        results = applier.results(orjson.dumps(plain, default=str), raw.encode())
    after = laid_over(resource, plain, results)
    if overlay and rule.expression in [each.expression for each in overlay.rules if each.target == rule.target]:
        # It is in force: what it does shows against the declaration.
        before = laid_over(resource, plain, [pair for pair in results if pair[0] is not rule])
    problem = next((value for each, value in results if each is rule and isinstance(value, Problem)), None)
    unfit = next((mark for mark in after.get(MARKS, ()) if mark["field"] == rule.target and "error" in mark), None)
    if problem is None and unfit is not None:
        problem = Problem("type", unfit["error"], "")
    return Preview(sample, pretty(jsontext.loads(raw)), problem, _changes(before, after))


def _on_writing(
    connection: Connection, resource: str, rule: Rule, sample: LedgerRecord, unified: dict[str, Any]
) -> Preview:
    ledger = without_calls(connection)
    known = SCHEMAS[resource]
    body = {k: v for k, v in unified.items() if k in known and k not in _NOT_NEW and v is not None}
    in_force = overriding.rules_of(connection, resource, "create")
    now = tuple(each for each in in_force if (each.target, each.expression) != (rule.target, rule.expression))
    rules = (*(each for each in now if each.target != rule.target), rule)
    seen, context = pretty(body), _mirrored(ledger, connection, resource)
    try:
        before, _ = overriding.evaluated(ledger, connection, now, resource, "create", body, context=context)
        after, failed = overriding.evaluated(ledger, connection, rules, resource, "create", body, context=context)
        requests = [overriding.request_of(ledger, resource, each.over(body), context) for each in (before, after)]
    except (IntegrationError, FieldProblem, KeyError) as error:
        told = getattr(error, "message", None) or f"{error} is not known for this connection."
        remedy = "Try it on another record: this one cannot be written as it is."
        return Preview(sample, seen, Problem("sample", f"This record cannot be written: {told}", remedy))
    problem = next((problem for each, problem in failed if each is rule), None)
    old, new = (pretty(request.body) for request in requests)
    return Preview(sample, seen, problem, (), _call(requests[1]), new, _lines(old, new))


def _mirrored(ledger: Ledger, connection: Connection, resource: str) -> Context:
    """The context of a record, with the ledger's tables as they were last read."""
    tables = {}
    for name, lookup in ledger.connector.resource(resource).lookups.items():
        rows = LedgerRecord.objects.for_tenant(connection.tenant_id).filter(connection=connection, deleted_at=None)
        stored = rows.filter(remote_type__iexact=lookup.entity).values_list("raw", flat=True)
        key = paths.getter(lookup.key)
        tables[name] = {str(key(raw)): raw for raw in stored} if lookup.key else next(iter(stored), {})
    return replace(ledger.context, lookups=tables) if tables else ledger.context


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    names = [name for name in dict.fromkeys([*after, *before]) if name != MARKS]
    found = [(name, pretty(before.get(name)), pretty(after.get(name))) for name in names]
    return [Change(name, _short(was), _short(now)) for name, was, now in found if was != now]


def _short(text: str) -> str:
    return "nothing" if text == "null" else text.strip('"') if text.startswith('"') else text


def _call(request: RemoteRequest) -> str:
    return f"{request.method} {request.path}"


def _lines(old: str, new: str) -> list[tuple[str, str]]:
    found = difflib.ndiff(old.splitlines(), new.splitlines())
    return [(line[0], line[2:]) for line in found if line[0] in "+- "]


def pretty(value: Any) -> str:
    """Indented JSON, digit for digit; days and moments as text."""
    return jsontext.dumps(value, is_indented=True).decode()
