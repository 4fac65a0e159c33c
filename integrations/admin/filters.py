"""Filters of the lists. Their choices are fixed words, never values read from the table."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import RangeDateFilter

from integrations.admin.record_lists import resource_of, shape_of
from integrations.templatetags.books import words

RESOURCE_PARAMETER = "resource__exact"


class ResourceFilter(SimpleListFilter):
    """Which resource the list shows; chosen by the tabs above the list, so it draws nothing itself."""

    title = "resource"
    parameter_name = RESOURCE_PARAMETER
    template = "integrations/filters/kept.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(self.chosen, self.chosen)]

    @property
    def chosen(self) -> str:
        """The resource in the address, or the default one."""
        return resource_of(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(resource=self.chosen)


class _ChoiceFilter(SimpleListFilter):
    """Links for a fixed set of words on one column, taken from the shape of the resource's list."""

    shape_field: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        shape = shape_of(resource_of(request.GET.get(RESOURCE_PARAMETER)))
        return [(value, words(value)) for value in getattr(shape, self.shape_field)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(**{str(self.parameter_name): value}) if value else queryset


class StatusFilter(_ChoiceFilter):
    """Draft, open, paid…"""

    title = "status"
    parameter_name = "status"
    shape_field = "states"
    template = "admin/filter.html"


class KindFilter(_ChoiceFilter):
    """Account type, contact type, kind of bank transaction."""

    title = "kind"
    parameter_name = "kind"
    shape_field = "kinds"
    template = "admin/filter.html"


class PresenceFilter(SimpleListFilter):
    """Present records by default; inactive and deleted ones on demand."""

    title = "presence in the ledger"
    parameter_name = "presence"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("active", "Active"), ("inactive", "Inactive"), ("deleted", "Deleted"), ("every", "Everything")]

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            if choice["query_string"] and choice["display"] == "All":
                choice["display"] = "Present"
            yield choice

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen == "deleted":
            return queryset.exclude(deleted_at=None)
        if chosen == "every":
            return queryset
        present = queryset.filter(deleted_at=None)
        return present.filter(is_active=chosen == "active") if chosen in ("active", "inactive") else present


class BatchFilter(SimpleListFilter):
    """The postings of one call: reached from the page of one of them, so it draws nothing itself."""

    title = "call"
    parameter_name = "batch"
    template = "integrations/filters/kept.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(self.value() or "", "One call")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        try:
            return queryset.filter(batch=UUID(str(self.value()))) if self.value() else queryset
        except ValueError:
            return queryset.none()


class BookDateFilter(RangeDateFilter):  # type: ignore[misc]
    """From one day of the books to another."""
