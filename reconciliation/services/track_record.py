"""What became of the portal's proposals, approved unchanged or not: calibration and automatic approval stand on it."""

from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Abs, Coalesce

from reconciliation.calibration import Outcome, above
from reconciliation.models import AutoMatch, BankAccount, Decision, Match, Proposal
from reconciliation.money import percent
from tenants.models import Tenant

LAST = 5_000


def outcomes_of(
    tenant: Tenant, *, account: BankAccount | None = None, kind: str = "", last: int = LAST
) -> list[Outcome]:
    """The newest decided proposals of engine and rules, newest first; one query.

    Right: approved by a person as it was proposed, and still so (or approved automatically and found right). Wrong:
    rejected, another explanation chosen, undone, or reversed. What was approved automatically and nobody has looked at
    says nothing, and is left out.
    """
    rows = _decided(tenant)
    if account is not None:
        rows = rows.filter(lead__bank_account=account)
    if kind:
        rows = rows.filter(kind=kind)
    values = rows.order_by("-pk").values_list("said", "size", "currency", "kind", "is_chosen", "is_live")[:last]
    return [
        Outcome(said, size, currency, kind, is_live and not is_chosen)
        for said, size, currency, kind, is_chosen, is_live in values
    ]


def _decided(tenant: Tenant) -> QuerySet[Any]:
    chosen = Decision.objects.filter(proposal=OuterRef("pk"), kind=Decision.Kind.CHOOSE).order_by("id")
    matches = Match.objects.filter(proposal=OuterRef("pk"))
    unseen = AutoMatch.objects.waiting().filter(match__proposal=OuterRef("pk"), match__ended_at=None)
    rows = Proposal.objects.for_tenant(tenant).filter(proposed_by=None)
    rows = rows.annotate(
        # A choice put the alternative's confidence in the place of what had been said before.
        said=Coalesce(Subquery(chosen.values("confidence")[:1]), "confidence"),
        size=Abs("amount"),
        is_chosen=Exists(chosen),
        is_live=Exists(matches.filter(ended_at=None)),
        is_over=Exists(matches.exclude(ended_at=None)),
    )
    decided = Q(status=Proposal.Status.REJECTED) | Q(is_chosen=True) | Q(is_live=True) | Q(is_over=True)
    return rows.filter(decided).exclude(Exists(unseen))


def sentence_at(tenant: Tenant, least: Decimal) -> str:
    """What people made of proposals at this confidence and above so far, for where they approve many at once."""
    band = above(outcomes_of(tenant), least)
    if not band.is_telling:
        return (
            f"Only {band.decided} proposals at {percent(least)} and above were decided so far: too few to say how "
            "often that is right here."
        )
    low, _ = band.span
    return (
        f"Of the last {band.decided} proposals at {percent(least)} and above that were decided, {band.right} were "
        f"approved unchanged ({percent(band.share)}); so many say at least {percent(low)}."
    )
