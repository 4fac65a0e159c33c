"""One error tree decides what happens next.

IntegrationError                  every failure at the border to a ledger
├── ConfigurationError            a person must act, then the same call succeeds
│   ├── ReauthorizationNeeded     the consent is gone: connect again
│   └── PermissionMissing         the consent does not cover this
├── RejectedError                 the ledger said no to this content; sending it again says no again
│   └── InvalidRecord             it could not even be said in the ledger's form; nothing was sent
├── TransientError                later, not before `retry_after`
│   ├── RateLimited
│   ├── LedgerUnavailable         certainly nothing was written
│   └── OutcomeUnknown            a write left, no trustworthy answer came: probe before anything else
└── UnexpectedShape               the answer does not fit the declaration: ours to mend
"""

from enum import StrEnum


class WhoCanFix(StrEnum):
    """Whose hands the remedy needs; words of the roles, plus those outside the portal."""

    OWNER = "owner"
    EDITOR = "finance editor"
    LEDGER_ADMIN = "administrator of the ledger"
    OPERATOR = "operator of the portal"
    NOBODY = "nobody, it passes"


class IntegrationError(Exception):
    """A failure with its cause in plain words, its remedy, and who can apply it.

    `code` is ours and stable (such as `duplicate_number`); `ledger_code` and `ledger_message` are the ledger's own.
    """

    default_code = "failed"
    default_remedy = "Look at the recorded exchange; if it does not explain itself, ask the operator."
    default_who: WhoCanFix = WhoCanFix.OPERATOR

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        remedy: str = "",
        who_can_fix: str = "",
        ledger_code: str | None = None,
        ledger_message: str | None = None,
        correlation_id: str | None = None,
        retry_after: float | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.remedy = remedy or self.default_remedy
        self.who_can_fix = who_can_fix or str(self.default_who)
        self.ledger_code = ledger_code
        self.ledger_message = ledger_message
        self.correlation_id = correlation_id
        self.retry_after = retry_after
        self.field = field

    def as_dict(self) -> dict[str, str | float | None]:
        """What rows and screens keep of it; no secrets, texts only."""
        return {
            "kind": type(self).__name__,
            "code": self.code,
            "message": self.message,
            "remedy": self.remedy,
            "who_can_fix": self.who_can_fix,
            "ledger_code": self.ledger_code,
            "ledger_message": self.ledger_message,
            "correlation_id": self.correlation_id,
            "retry_after": self.retry_after,
            "field": self.field,
        }


class ConfigurationError(IntegrationError):
    """A person must act; calls that cannot succeed stop until then."""

    default_code = "configuration"


class ReauthorizationNeeded(ConfigurationError):
    """The grant was revoked, expired, or never covered this organisation."""

    default_code = "reauthorization_needed"
    default_remedy = "Reconnect the ledger: open the connection and press Reconnect."
    default_who = WhoCanFix.OWNER


class PermissionMissing(ConfigurationError):
    """Consent or the person's role in the ledger does not cover this call."""

    default_code = "permission_missing"
    default_remedy = "Reconnect with a ledger user who has the permission."
    default_who = WhoCanFix.LEDGER_ADMIN


class RejectedError(IntegrationError):
    """The ledger understood and refused."""

    default_code = "refused"
    default_remedy = "Correct the document and send it again."
    default_who = WhoCanFix.EDITOR


class InvalidRecord(RejectedError):
    """A unified record that cannot be written; `problems` are (path, what is wrong) pairs. Nothing was sent."""

    default_code = "invalid_record"

    def __init__(self, problems: "list[tuple[str, str]]", *, resource: str) -> None:
        self.problems = problems
        listed = "; ".join(f"{path}: {text}" for path, text in problems)
        super().__init__(
            f"This record cannot be written to {resource}: {listed}.", field=problems[0][0] if problems else None
        )


class TransientError(IntegrationError):
    """It may succeed later by itself."""

    default_code = "transient"
    default_remedy = "Wait: the portal tries again by itself."
    default_who = WhoCanFix.NOBODY


class RateLimited(TransientError):
    """Over the ledger's limits; `retry_after` says in how many seconds to come back."""

    default_code = "rate_limited"


class LedgerUnavailable(TransientError):
    """No connection, or a failure on the ledger's side; certainly nothing was written."""

    default_code = "ledger_unavailable"


class OutcomeUnknown(TransientError):
    """A write may have left and no trustworthy answer came back."""

    default_code = "outcome_unknown"
    default_remedy = "Wait: the portal looks in the ledger before it sends anything again."


class UnexpectedShape(IntegrationError):
    """The ledger's answer does not fit the connector's declaration."""

    default_code = "unexpected_shape"
    default_remedy = "Report it with the recorded exchange: the connector's declaration needs a change."
