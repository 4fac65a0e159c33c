"""The ledger's own errors translated into ours, by the table in its manifest; no code is compared anywhere else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from integrations.engine import errors, paths
from integrations.engine.messages import Answer

KINDS: Mapping[str, type[errors.IntegrationError]] = {
    "configuration": errors.ConfigurationError,
    "reauthorization": errors.ReauthorizationNeeded,
    "permission": errors.PermissionMissing,
    "rejected": errors.RejectedError,
    "rate_limited": errors.RateLimited,
    "unavailable": errors.LedgerUnavailable,
    "unknown_outcome": errors.OutcomeUnknown,
}

_TIMED_OUT = 408

WHO: Mapping[str, errors.WhoCanFix] = {
    "owner": errors.WhoCanFix.OWNER,
    "editor": errors.WhoCanFix.EDITOR,
    "ledger_admin": errors.WhoCanFix.LEDGER_ADMIN,
    "operator": errors.WhoCanFix.OPERATOR,
    "nobody": errors.WhoCanFix.NOBODY,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One error as the ledger said it."""

    status: int
    code: str = ""
    message: str = ""
    detail: str = ""
    field: str = ""
    kind: str = ""

    @property
    def text(self) -> str:
        """Message and detail, for people."""
        return ": ".join(dict.fromkeys(part for part in (self.message, self.detail) if part))


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a ledger puts its errors; `items` is the path of a list of them, empty where the body is the error."""

    items: str
    code: str
    message: str
    detail: str
    field: str
    kind: str

    def faults(self, body: Any, status: int) -> list[Fault]:
        """The errors in a body, in the ledger's order; none where the envelope is not there."""
        found = paths.getter(self.items)(body)
        listed = found if isinstance(found, list) else [found]
        kind = _text(paths.getter(self.kind)(body)) if self.kind else ""
        return [self._fault(item, status, kind) for item in listed if self._is_error(item)]

    def _is_error(self, item: Any) -> bool:
        return isinstance(item, dict) and any(
            paths.getter(path)(item) not in (None, "") for path in (self.code, self.message) if path
        )

    def _fault(self, item: Any, status: int, kind: str) -> Fault:
        def at(path: str) -> str:
            return _text(paths.getter(path)(item)) if path else ""

        return Fault(status, at(self.code), at(self.message), at(self.detail), at(self.field), kind)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: which faults it is for, and what they mean here."""

    error: type[errors.IntegrationError]
    code: str
    cause: str
    remedy: str
    who: str
    codes: frozenset[str] = frozenset()
    statuses: frozenset[int] = frozenset()
    kinds: frozenset[str] = frozenset()
    text: str = ""

    def covers(self, fault: Fault) -> bool:
        """Whether every given test holds."""
        return (
            (not self.codes or fault.code.lstrip("0") in self.codes or fault.code in self.codes)
            and (not self.statuses or fault.status in self.statuses)
            and (not self.kinds or fault.kind in self.kinds)
            and (not self.text or self.text.lower() in fault.text.lower())
        )


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """The envelopes and rules of a manifest, in their order: the first that fits wins."""

    envelopes: tuple[Envelope, ...] = ()
    rules: tuple[Rule, ...] = ()
    label: str = "the ledger"
    retry_after_header: str = "retry-after"
    default_wait: float = field(default=60.0)

    def check(self, answer: Answer, *, is_write: bool) -> None:
        """Raise what an answer means when it is an error, whatever its status (some ledgers send faults with 200)."""
        fault = next(self.faults(answer.body, answer.status), None)
        if fault is None and answer.status < 300:
            return
        raise self.translated(
            fault or Fault(answer.status, message=_first_line(answer.text)), answer, is_write=is_write
        )

    def faults(self, body: Any, status: int) -> Iterator[Fault]:
        """Every error in a body."""
        for envelope in self.envelopes:
            yield from envelope.faults(body, status)

    def translated(self, fault: Fault, answer: Answer, *, is_write: bool) -> errors.IntegrationError:
        """Our error for a fault of an answer."""
        rule = next((rule for rule in self.rules if rule.covers(fault)), None) or _by_status(fault.status, self.label)
        kind = rule.error
        if is_write and kind is errors.LedgerUnavailable and (fault.status >= 500 or fault.status == _TIMED_OUT):
            # A gateway may give up after the ledger has committed.
            kind = errors.OutcomeUnknown
        cause = rule.cause.replace("{detail}", fault.detail or fault.message).replace("{ledger}", self.label)
        return kind(
            cause or fault.text or f"{self.label} answered {fault.status}.",
            code=rule.code,
            remedy=rule.remedy,
            who_can_fix=rule.who,
            ledger_code=fault.code or None,
            ledger_message=fault.text or None,
            correlation_id=answer.correlation_id or None,
            retry_after=self._wait(kind, answer),
            field=fault.field or None,
        )

    def _wait(self, kind: type[errors.IntegrationError], answer: Answer) -> float | None:
        told = retry_after(answer.headers.get(self.retry_after_header))
        return self.default_wait if told is None and kind is errors.RateLimited else told


def retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header: a number, or an HTTP date; None when there is none to understand."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _first_line(text: str) -> str:
    """What a body that is no JSON says, short: HTML of a gateway is not shown to people."""
    stripped = text.strip()
    return "" if stripped.startswith("<") else stripped.split("\n", 1)[0][:200]


def _by_status(status: int, label: str) -> Rule:
    """What an error means that no rule names."""
    nobody, editor, operator = errors.WhoCanFix.NOBODY, errors.WhoCanFix.EDITOR, errors.WhoCanFix.OPERATOR
    if status == 429:
        return Rule(errors.RateLimited, "rate_limited", f"{label} asks to slow down.", "", nobody)
    if status == 401:
        return Rule(
            errors.ReauthorizationNeeded, "", f"{label} no longer accepts this connection.", "", errors.WhoCanFix.OWNER
        )
    if status == 403:
        return Rule(errors.PermissionMissing, "", f"{label} does not allow this.", "", errors.WhoCanFix.LEDGER_ADMIN)
    if status == 404:
        return Rule(errors.RejectedError, "not_found", f"{label} has no such record.", "", editor)
    if 300 <= status < 400:
        return Rule(
            errors.ConfigurationError,
            "redirected",
            f"{label} points elsewhere; the portal does not follow.",
            "Check the ledger's address in the environment.",
            operator,
        )
    if status >= 500 or status == _TIMED_OUT:
        return Rule(errors.LedgerUnavailable, "ledger_unavailable", f"{label} has a problem of its own.", "", nobody)
    return Rule(errors.RejectedError, "refused", "", "", editor)
