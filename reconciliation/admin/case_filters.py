"""How the list of exceptions is narrowed: about what, whose, until when, how old, how much."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.db.models.functions import Abs
from django.utils import timezone


class StateFilter(SimpleListFilter):
    """The open ones, unless somebody asks for the others."""

    title, parameter_name = "state", "state"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        """Open is what no choice means."""
        return [("settled", "Settled"), ("all", "Open and settled")]

    def choices(self, changelist: Any) -> Any:
        """The default by its name instead of "All"."""
        first, *others = super().choices(changelist)
        return [{**first, "display": "Open"}, *others]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By what the subject says."""
        if self.value() == "all":
            return queryset
        return queryset.settled() if self.value() == "settled" else queryset.open()  # type: ignore[attr-defined,no-any-return]


class AboutFilter(SimpleListFilter):
    """Bank lines, documents or discrepancies."""

    title, parameter_name = "about", "about"
    _fields: ClassVar = {"lines": "bank_line", "documents": "record", "discrepancies": "discrepancy"}

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        """What exceptions can be about."""
        return [("lines", "Bank lines"), ("documents", "Documents"), ("discrepancies", "Discrepancies")]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By which of the three it names."""
        field = self._fields.get(self.value() or "")
        return queryset.filter(**{f"{field}__isnull": False}) if field else queryset


class WhoFilter(SimpleListFilter):
    """Mine, nobody's, or somebody else's."""

    title, parameter_name = "who", "who"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        """From the reader's side."""
        return [("mine", "Mine"), ("nobody", "Unassigned"), ("others", "Of others")]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By assignee."""
        if self.value() == "mine":
            return queryset.filter(assignee=request.user)
        if self.value() == "nobody":
            return queryset.filter(assignee=None)
        return queryset.exclude(assignee=None).exclude(assignee=request.user) if self.value() else queryset


class DueFilter(SimpleListFilter):
    """Overdue, or soon."""

    title, parameter_name = "due", "due"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        """In the order of urgency."""
        return [("over", "Overdue"), ("week", "Within 7 days"), ("later", "Later")]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the day it is due."""
        today = timezone.localdate()
        week = today + timedelta(days=7)
        spans = {"over": Q(due_on__lt=today), "week": Q(due_on__range=(today, week)), "later": Q(due_on__gt=week)}
        return queryset.filter(spans.get(self.value() or "", Q()))


class AgeFilter(SimpleListFilter):
    """How long ago the money moved."""

    title, parameter_name = "older than", "age"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        """The steps that people ask for."""
        return [("7", "7 days"), ("30", "30 days"), ("60", "60 days"), ("90", "90 days")]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the day of the money."""
        days = self.value() or ""
        known = {value for value, _ in self.lookup_choices}
        return (
            queryset.filter(since__lt=timezone.localdate() - timedelta(days=int(days))) if days in known else queryset
        )


class AmountFilter(SimpleListFilter):
    """How much money, in the figure of any currency."""

    title, parameter_name = "amount from", "least"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        """Powers of ten."""
        return [("100", "100"), ("1000", "1,000"), ("10000", "10,000"), ("100000", "100,000")]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """In or out."""
        least = self.value() or ""
        known = {value for value, _ in self.lookup_choices}
        return queryset.annotate(size=Abs("amount")).filter(size__gte=Decimal(least)) if least in known else queryset
