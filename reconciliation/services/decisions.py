"""What every decision has in common: who may, why not, and the row that remembers it."""

from django.core.exceptions import ValidationError

from reconciliation.models import BankLine, Decision, Match, Proposal
from tenants.models import Membership
from tenants.permissions import may


class RefusedError(ValidationError):
    """This decision is not possible, or not by this person; the text says why and what to do instead."""

    def __str__(self) -> str:
        return " ".join(self.messages)


def require(by: Membership, action: str, refusal: str) -> None:
    """RefusedError with that text unless the role allows the action."""
    if not may(by, action):
        raise RefusedError(refusal)


def record(
    kind: str,
    by: Membership,
    *,
    proposal: Proposal | None = None,
    match: Match | None = None,
    bank_line: BankLine | None = None,
    reason: str = "",
) -> Decision:
    """Write down who decided what and why; amount and currency come from what was decided on."""
    subject = match or proposal or bank_line
    assert subject is not None  # noqa: S101 - every caller names one
    return Decision.objects.create(
        tenant_id=subject.tenant_id,
        kind=kind,
        by=by.user,
        proposal=proposal,
        match=match,
        bank_line=bank_line,
        reason=reason[:300],
        amount=subject.amount,
        currency=subject.currency,
    )
