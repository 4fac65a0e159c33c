"""Faults on demand: which calls fail, and how."""

import fnmatch
import random
import threading
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from integrations.sandbox.calls import Call
from integrations.sandbox.wire import Body

CALL_ACTIONS = frozenset({
    "status", "delay", "drop_before", "drop_after_commit", "truncate", "revoke_token", "lose_refresh_response",
    "unknown_field", "permission_gap",
})  # fmt: skip
WEBHOOK_ACTIONS = frozenset({"duplicate_webhook", "reorder_webhooks"})
_NAMES = ("action", "name", "type", "kind")
_MATCHERS = frozenset({"ledger", "org", "method", "path", "query", "after", "times", "probability", "seed", "action"})


class BadFaultError(ValueError):
    """A fault that nobody can apply; the text says what is wrong."""


@dataclass
class FaultRule:
    """One rule: which calls (`after` n matching ones, for `times` of them, with a probability) suffer what."""

    id: str
    action: str
    options: Body
    ledger: str | None = None
    org: str | None = None
    method: str | None = None
    path: str | None = None
    query: str | None = None
    after: int = 0
    times: int | None = None
    probability: float = 1.0
    seed: int | str | None = None
    seen: int = 0
    hits: int = 0
    dice: random.Random = field(default_factory=random.Random)

    def fires(self, ledger: str, org: str | None, call: Call | None) -> bool:
        """Whether this rule strikes now; counts what it has seen."""
        if self.ledger not in (None, ledger) or (self.org is not None and self.org != org):
            return False
        if call is not None and not self._about(call):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.hits >= self.times):
            return False
        if self.probability < 1 and self.dice.random() >= self.probability:
            return False
        self.hits += 1
        return True

    def _about(self, call: Call) -> bool:
        if self.method and self.method.upper() != call.method:
            return False
        if self.query and unquote_plus(self.query).lower() not in unquote_plus(call.query).lower():
            return False
        if not self.path:
            return True
        if "*" in self.path:
            return fnmatch.fnmatchcase(call.path, self.path) or fnmatch.fnmatchcase(call.path, "*" + self.path)
        return self.path in call.path

    def as_json(self) -> Body:
        """The rule and how often it struck."""
        shown = ("id", "action", "options", "ledger", "org", "method", "path", "query", "after", "times", "probability")
        return {name: getattr(self, name) for name in (*shown, "seed", "seen", "hits")}


def _action_of(body: Body) -> tuple[str, Body]:
    """Accepts "drop_before", {"type": "status", …}, {"status": 503} and {"status": {"status": 503, …}}."""
    action = body.get("action")
    options = {name: value for name, value in body.items() if name not in _MATCHERS}
    if isinstance(action, str):
        return action, options
    if not isinstance(action, dict):
        raise BadFaultError("action is missing")
    for key in _NAMES:
        if isinstance(action.get(key), str):
            return action[key], options | {name: value for name, value in action.items() if name != key}
    named = [key for key in action if key in CALL_ACTIONS | WEBHOOK_ACTIONS]
    if not named:
        raise BadFaultError("action names nothing known")
    value = action[named[0]]
    rest = {name: inner for name, inner in action.items() if name != named[0]}
    return named[0], options | rest | (value if isinstance(value, dict) else {named[0]: value})


class FaultBook:
    """All rules in force."""

    def __init__(self) -> None:
        self._rules: list[FaultRule] = []
        self._lock = threading.Lock()
        self._count = 0

    def add(self, body: Body) -> FaultRule:
        """Put a rule in force. Raises BadFaultError when it makes no sense."""
        action, options = _action_of(body)
        if action not in CALL_ACTIONS | WEBHOOK_ACTIONS:
            known = ", ".join(sorted(CALL_ACTIONS | WEBHOOK_ACTIONS))
            raise BadFaultError(f"unknown action {action!r}; known: {known}")
        fields = {name: body[name] for name in _MATCHERS - {"action"} if body.get(name) is not None}
        fields["probability"] = float(fields.get("probability", 1))
        with self._lock:
            self._count += 1
            rule = FaultRule(id=str(self._count), action=action, options=options, **fields)
            rule.dice.seed(rule.seed if rule.seed is not None else self._count)
            self._rules.append(rule)
        return rule

    def for_call(self, call: Call) -> list[FaultRule]:
        """The rules that strike this call, in the order they were made."""
        if not self._rules:
            return []
        with self._lock:
            return [rule for rule in self._rules if rule.action in CALL_ACTIONS and self._strikes(rule, call)]

    @staticmethod
    def _strikes(rule: FaultRule, call: Call) -> bool:
        if rule.action == "lose_refresh_response" and call.kind != "refresh":
            return False
        if rule.action in ("revoke_token", "permission_gap") and call.org is None:
            return False
        return rule.fires(call.ledger, call.org, call)

    def for_webhook(self, ledger: str, org: str | None) -> set[str]:
        """The webhook faults that strike this delivery."""
        with self._lock:
            rules = [rule for rule in self._rules if rule.action in WEBHOOK_ACTIONS]
            return {rule.action for rule in rules if rule.fires(ledger, org, None)}

    def listing(self) -> list[Body]:
        """Every rule with its counts."""
        with self._lock:
            return [rule.as_json() for rule in self._rules]

    def clear(self) -> None:
        """No faults any more."""
        with self._lock:
            self._rules.clear()
