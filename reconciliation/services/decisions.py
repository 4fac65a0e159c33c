"""What every decision has in common: who may, why not, and the row that remembers it."""

from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError

from reconciliation.models import BankLine, Decision, Match, Proposal
from tenants.models import Membership, Tenant
from tenants.permissions import may


class RefusedError(ValidationError):
    """This decision is not possible, or not by this person; the text says why and what to do instead."""

    def __str__(self) -> str:
        return " ".join(self.messages)


@dataclass(frozen=True, slots=True)
class Portal:
    """The portal itself as the one who decides, where an account's owner has allowed that."""

    tenant: Tenant
    user: None = None
    user_id: None = None


Decider = Membership | Portal


def require(by: Membership, action: str, refusal: str) -> None:
    """RefusedError with that text unless the role allows the action."""
    if not may(by, action):
        raise RefusedError(refusal)


def record(
    kind: str,
    by: Decider,
    *,
    proposal: Proposal | None = None,
    match: Match | None = None,
    bank_line: BankLine | None = None,
    reason: str = "",
    about: Proposal | None = None,
    confidence: Decimal | None = None,
) -> Decision:
    """Write down who decided what and why; amount and currency come from what was decided on.

    `about` is a proposal that the decision concerns, although it was not decided on; `confidence` is what was said of
    the proposal, where it says something else by now.
    """
    subject = match or proposal or bank_line
    assert subject is not None  # noqa: S101 - every caller names one
    return Decision.objects.create(
        tenant_id=subject.tenant_id,
        kind=kind,
        by=by.user,
        proposal=proposal or about,
        match=match,
        bank_line=bank_line,
        reason=reason[:300],
        confidence=proposal.confidence if proposal and confidence is None else confidence,
        amount=subject.amount,
        currency=subject.currency,
    )
