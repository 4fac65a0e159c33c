"""The ledger's own errors translated into ours, by the table in its manifest; no code is compared anywhere else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
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
    """Where a ledger puts its errors; `items` is the path of a list of them, empty where the body is the error.

    Each of `code`, `message`, `detail`, `field` is a path, or several of which the first that leads somewhere counts.
    """

    items: str
    code: tuple[str, ...] = ()
    message: tuple[str, ...] = ()
    detail: tuple[str, ...] = ()
    field: tuple[str, ...] = ()
    kind: str = ""
    code_header: str = ""
    """A header of a refusal that is the code."""
    ok_path: str = ""
    """What the ledger calls success there, whatever the status; anything else is an error."""
    ok_values: frozenset[str] = frozenset()
    is_last_first: bool = False
    """The last error of the list says most."""

    def faults(self, body: Any, status: int, headers: Mapping[str, str]) -> list[Fault]:
        """The errors in an answer, the most telling first; none where the envelope is not there."""
        said = headers.get(self.code_header, "") if self.code_header and status >= _REFUSED else ""
        if self.code_header and not said:
            return []
        if self.ok_path and self._is_ok(body):
            return []
        kind = _text(paths.getter(self.kind)(body)) if self.kind else ""
        found = [self._fault(item, status, kind, said) for item in self._items(body) if said or self._is_error(item)]
        if not found and (said or self.ok_path):
            return [Fault(status, said, detail=said, kind=kind)]
        return found[::-1] if self.is_last_first else found

    def _is_ok(self, body: Any) -> bool:
        """Also where the ledger's word is missing: then this is another kind of answer."""
        return all(_text(word) in self.ok_values for word in paths.every(self.ok_path)(body))

    def _items(self, body: Any) -> list[Any]:
        found = paths.every(self.items)(body)
        return [item for group in found for item in (group if isinstance(group, list) else [group])]

    def _is_error(self, item: Any) -> bool:
        return isinstance(item, dict) and bool(_first(self.code + self.message, item))

    def _fault(self, item: Any, status: int, kind: str, said: str) -> Fault:
        code, detail = _first(self.code, item) or said, _first(self.detail, item) or said
        return Fault(status, code, _first(self.message, item), detail, _first(self.field, item), kind)


_REFUSED = 400


def _first(found: tuple[str, ...], item: Any) -> str:
    """What stands at the first of these paths that leads somewhere."""
    return next((text for text in (_text(paths.getter(path)(item)) for path in found) if text), "")


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
        fault = next(self.faults(answer.body, answer.status, answer.headers), None)
        if fault is None and answer.status < 300:
            return
        raise self.translated(
            fault or Fault(answer.status, message=_first_line(answer.text)), answer, is_write=is_write
        )

    def faults(self, body: Any, status: int, headers: Mapping[str, str] = MappingProxyType({})) -> Iterator[Fault]:
        """Every error in an answer."""
        for envelope in self.envelopes:
            yield from envelope.faults(body, status, headers)

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
