"""A tenant's expressions on reading: laid over records on their way into the mirror, and only over those that changed.

What the ledger said stays what the engine, its probes and comparisons see. The digest of a stored record holds both its
content and the print of the expressions, so an unchanged record under unchanged expressions costs no evaluation.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

import orjson
import structlog

from integrations.engine.expressions import EVALUATORS, Evaluator, Problem, Result
from integrations.engine.overlay import Rule, laid_over
from integrations.models import Connection, FieldOverride
from integrations.services.prepared import Prepared, shown_as

log = structlog.get_logger(__name__)

_GIVE_UP_AFTER = 3
_TOO_DEAR = frozenset({"too_slow", "too_much_memory", "ended"})
_NOT_TRIED = Problem(
    "not_tried",
    f"It used up its time or memory on {_GIVE_UP_AFTER} records, and was not tried on the others of this page.",
    "Correct the expression: activating the next version reads all records again.",
)


@dataclass(frozen=True)
class Overlay:
    """The expressions in force for reading one resource of a connection."""

    connection: Connection
    resource: str
    rules: tuple[Rule, ...]

    @property
    def print(self) -> str:
        """What tells these expressions from others: 32 characters."""
        told = orjson.dumps([[rule.target, rule.expression, rule.version] for rule in self.rules])
        return sha256(told).hexdigest()[:32]


def overlay_of(connection: Connection, resource: str) -> Overlay | None:
    """The expressions in force for reading, None where there are none; one query, inside the tenant's scope."""
    rows = FieldOverride.objects.for_tenant(connection.tenant_id).active()
    rows = rows.filter(connection_id=connection.pk, resource=resource, direction=FieldOverride.Direction.READ)
    found = tuple(Rule(*row) for row in rows.order_by("target").values_list("target", "expression", "version"))
    return Overlay(connection, resource, found) if found else None


def masked(digest: str, print_: str) -> str:
    """The digest of a record's content, and back, as it is stored under expressions of this print."""
    if not print_:
        return digest
    mask = sha256(print_.encode()).digest()
    return f"{int(digest, 16) ^ int.from_bytes(mask, 'big'):064x}"


@contextmanager
def evaluator_for(tenant: object) -> Iterator[Evaluator]:
    """A process that evaluates expressions for this tenant."""
    evaluator = EVALUATORS.take(str(tenant))
    try:
        yield evaluator
    finally:
        EVALUATORS.give_back(str(tenant), evaluator)


@dataclass
class Applier:
    """Evaluates expressions over many records, and gives one up for the rest when it is too dear on several."""

    overlay: Overlay
    evaluator: Evaluator
    failures: int = 0
    _dear: dict[str, int] = field(default_factory=dict)

    def results(self, unified: bytes, raw: bytes) -> list[tuple[Rule, Result]]:
        """Each expression with what it makes of one record; both forms are JSON."""
        rules = [rule for rule in self.overlay.rules if self._dear.get(rule.target, 0) < _GIVE_UP_AFTER]
        facts = self.overlay.connection
        variables = {
            "unified": unified,
            "currency": orjson.dumps(facts.currency),
            "country": orjson.dumps(facts.country),
        }
        values = self.evaluator.results([rule.expression for rule in rules], raw, variables) if rules else []
        found = dict(zip(rules, values, strict=True))
        for rule, value in found.items():
            if isinstance(value, Problem):
                self._note(rule, value)
        return [(rule, found.get(rule, _NOT_TRIED)) for rule in self.overlay.rules]

    def _note(self, rule: Rule, problem: Problem) -> None:
        self.failures += 1
        if problem.kind in _TOO_DEAR:
            self._dear[rule.target] = self._dear.get(rule.target, 0) + 1
            if self._dear[rule.target] == _GIVE_UP_AFTER:
                log.warning("override_given_up", field=rule.target, resource=self.overlay.resource, code=problem.kind)


def laid_over_page(overlay: Overlay, arriving: Sequence[Prepared]) -> list[Prepared]:
    """Records that are new or changed, with the expressions' values; a failing expression leaves the ledger's value."""
    found = []
    with evaluator_for(overlay.connection.tenant_id) as evaluator:
        applier = Applier(overlay, evaluator)
        for held in arriving:
            values = applier.results(held.content.unified, held.content.raw)
            found.append(shown_as(overlay.resource, held, laid_over(overlay.resource, held.unified, values)))
    if applier.failures:
        log.warning("override_failed", resource=overlay.resource, failures=applier.failures)
    return found
