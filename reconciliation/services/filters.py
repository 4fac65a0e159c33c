"""The workbench's filters as plain values, and the lines they choose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Abs
from django.utils import timezone

from reconciliation.models import BankLine, Proposal
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader asked for; anything unreadable in the address counts as not asked."""

    show: str = "proposed"
    account: UUID | None = None
    kind: str = ""
    age: int = 0
    least: Decimal | None = None
    most: Decimal | None = None
    confidence: Decimal | None = None
    text: str = ""
    sort: str = "surest"


def read_filters(query: Mapping[str, str]) -> Filters:
    """Filters from an address's query."""
    show, sort, kind = query.get("show", ""), query.get("sort", ""), query.get("kind", "")
    return Filters(
        show=show if show in _SHOWN else "proposed",
        account=_uuid(query.get("account", "")),
        kind=kind if kind in Proposal.Kind.values else "",
        age=int(age) if (age := query.get("age", "")).isdecimal() and len(age) < 5 else 0,
        least=_number(query.get("least", "")),
        most=_number(query.get("most", "")),
        confidence=_number(query.get("confidence", "")),
        text=query.get("q", "").replace("\0", "").strip()[:100],
        sort=sort if sort in _SORTED else "surest",
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text.replace(",", "").strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < Decimal("1e14") else None


_SHOWN = {
    "proposed": Q(status=BankLine.Status.PROPOSED),
    "second": Q(status=BankLine.Status.PROPOSED, proposal__first_approved_by__isnull=False),
    "unmatched": Q(status=BankLine.Status.UNMATCHED),
    "matched": Q(status=BankLine.Status.MATCHED),
    "ignored": Q(status=BankLine.Status.IGNORED),
}
_SORTED = {
    "surest": (F("proposal__confidence").desc(nulls_last=True), F("booked_on").asc(), F("pk").asc()),
    "oldest": (F("booked_on").asc(), F("pk").asc()),
    "largest": (Abs("amount").desc(), F("pk").asc()),
}


def all_lines(tenant: Tenant, filters: Filters) -> QuerySet[BankLine]:
    """The lines of the tenant, or of the chosen bank account: the ground of the progress bar."""
    lines = BankLine.objects.for_tenant(tenant)
    return lines.filter(bank_account=filters.account) if filters.account else lines


def lines_of(tenant: Tenant, filters: Filters) -> QuerySet[BankLine]:
    """One leading line for each question that fits the filters, in the order asked for."""
    lines = all_lines(tenant, filters).filter(_SHOWN[filters.show])
    if filters.show in ("proposed", "second"):
        lines = lines.leading()  # type: ignore[attr-defined]
    if filters.kind:
        lines = lines.filter(proposal__kind=filters.kind)
    if filters.age:
        lines = lines.filter(booked_on__lte=timezone.now().date() - timedelta(days=filters.age))
    if filters.least is not None or filters.most is not None:
        lines = _between(lines, filters)
    if filters.confidence is not None:
        lines = lines.filter(proposal__confidence__gte=filters.confidence / 100)
    if filters.text:
        lines = lines.filter(
            Q(description__icontains=filters.text)
            | Q(counterparty__icontains=filters.text)
            | Q(reference__icontains=filters.text)
        )
    order = _SORTED["oldest"] if filters.sort == "surest" and filters.show == "unmatched" else _SORTED[filters.sort]
    return lines.order_by(*order)


def _between(lines: QuerySet[BankLine], filters: Filters) -> QuerySet[BankLine]:
    lines = lines.annotate(size=Abs("amount"))
    if filters.least is not None:
        lines = lines.filter(size__gte=filters.least)
    return lines.filter(size__lte=filters.most) if filters.most is not None else lines
