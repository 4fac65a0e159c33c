"""The workbench's filters as plain values, and the lines they choose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Abs
from django.utils import timezone

from reconciliation.models import BankLine, Proposal
from reconciliation.services.line_search import Hits, find_lines
from reconciliation.services.periods import next_month
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader asked for; anything unreadable in the address counts as not asked."""

    show: str = "proposed"
    account: UUID | None = None
    month: date | None = None
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
        month=_month(query.get("month", "")),
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


def _month(text: str) -> date | None:
    """The first day of "2026-11"."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return found if found.year < date.max.year else None


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
# What the search by text narrows itself to, so that its newest hits are those that the list can show.
_STATUSES = {
    "proposed": "proposed",
    "second": "proposed",
    "unmatched": "unmatched",
    "matched": "matched",
    "ignored": "ignored",
}
_SORTED = {
    "surest": (F("proposal__confidence").desc(nulls_last=True), F("booked_on").asc(), F("pk").asc()),
    "oldest": (F("booked_on").asc(), F("pk").asc()),
    "largest": (F("cents").desc(), F("pk").asc()),
    "newest": (F("booked_on").desc(), F("pk").desc()),
}
# Where nothing is left to be sure of: what waits longest first, and what was done last.
_UNSURE = {"unmatched": "oldest", "matched": "newest", "ignored": "newest"}


def all_lines(tenant: Tenant, filters: Filters) -> QuerySet[BankLine]:
    """The lines of the tenant, or of the chosen account and month: the ground of the progress bar."""
    lines = BankLine.objects.for_tenant(tenant).moving()
    if filters.month:
        lines = lines.filter(booked_on__gte=filters.month, booked_on__lt=next_month(filters.month))
    return lines.filter(bank_account=filters.account) if filters.account else lines


def hits_of(filters: Filters) -> Hits | None:
    """What the words of the filters find in the running scope; None when there are no words."""
    if not filters.text:
        return None
    return find_lines(
        filters.text,
        statuses=[_STATUSES[filters.show]],
        account=filters.account,
        first_on=filters.month,
        before=next_month(filters.month) if filters.month else None,
    )


def lines_of(tenant: Tenant, filters: Filters, hits: Hits | None = None) -> QuerySet[BankLine]:
    """One leading line for each question that fits the filters, in the order asked for; `hits`: as `hits_of` gave."""
    lines = all_lines(tenant, filters).filter(_SHOWN[filters.show])
    if filters.show in ("proposed", "second"):
        lines = lines.leading()  # type: ignore[attr-defined]
    if filters.kind or filters.confidence is not None:
        # Said apart, as nearly all lines have none: an index that is read for a join would be read with all of those.
        lines = lines.filter(proposal__isnull=False)
    if filters.kind:
        lines = lines.filter(proposal__kind=filters.kind)
    if filters.age:
        lines = lines.filter(booked_on__lte=timezone.now().date() - timedelta(days=filters.age))
    if filters.least is not None or filters.most is not None:
        lines = _between(lines, filters)
    if filters.confidence is not None:
        lines = lines.filter(proposal__confidence__gte=filters.confidence / 100)
    if hits := hits or hits_of(filters):
        lines = lines.filter(pk__in=hits.among)
    sort = _UNSURE.get(filters.show, filters.sort) if filters.sort == "surest" else filters.sort
    return lines.order_by(*_SORTED[sort])


def _between(lines: QuerySet[BankLine], filters: Filters) -> QuerySet[BankLine]:
    """By the unsigned amount: hundredths narrow by an index, the amount itself decides."""
    lines = lines.annotate(size=Abs("amount"))
    if filters.least is not None:
        lines = lines.filter(cents__gte=int(filters.least * 100) - 1, size__gte=filters.least)
    if filters.most is not None:
        lines = lines.filter(cents__lte=int(filters.most * 100) + 1, size__lte=filters.most)
    return lines
