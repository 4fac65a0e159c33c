"""Base classes of every tenant-facing admin page: scoped rows, scoped choices, scoped filters, rights by role."""

from typing import Any, ClassVar, TypeVar

from django.contrib.admin import FieldListFilter, RelatedFieldListFilter
from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Page, Paginator
from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet
from django.forms import ModelChoiceField, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from unfold.admin import ModelAdmin

from tenants.http import TenantRequest
from tenants.models import TenantOwned, TenantOwnedQuerySet
from tenants.permissions import VIEW, may

_Row = TypeVar("_Row", bound=Model)


class CappedPaginator(Paginator[Any]):
    """Counts at most `CAP` rows, so that a list of millions costs as much as one of thousands."""

    CAP = 10_000

    @cached_property
    def count(self) -> int:
        """The number of rows, or CAP when there are at least that many."""
        rows: Any = self.object_list
        return int(rows.order_by()[: self.CAP].count())

    def page(self, number: Any) -> Page[Any]:
        """The rows of a page; however far it is, only these are read whole."""
        number, rows = self.validate_number(number), self.object_list
        first, last = (number - 1) * self.per_page, min(number * self.per_page, self.count)
        shown = rows.window(first, last) if isinstance(rows, TenantOwnedQuerySet) else rows[first:last]
        return Page(shown, number, self)


class TenantScopedFilter(RelatedFieldListFilter):
    """A filter on a foreign key that lists only rows of the request's tenant (Django's own lists everybody's)."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: DjangoModelAdmin[Any]
    ) -> list[tuple[str, Any]]:
        rows = field.remote_field.model._default_manager.for_tenant(request.tenant)  # type: ignore[attr-defined]
        return [(str(row.pk), str(row)) for row in rows[:200]]


def _is_tenant_relation(model: type[Model], name: str) -> bool:
    field = model._meta.get_field(name) if "__" not in name else None
    related = getattr(field, "related_model", None)
    return isinstance(related, type) and issubclass(related, TenantOwned)


class CalmChangeList(ChangeList):
    """Does not offer to "show all" when nothing is left out."""

    def get_results(self, request: HttpRequest) -> None:
        """The page's rows; without search and filters the count is that of everything."""
        super().get_results(request)
        if not self.query and not self.get_filters_params():
            self.full_result_count = self.result_count


class TenantScopedAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows of one tenant; the four `*_action` attributes name what a role may do (None: nobody, by this page)."""

    view_action: ClassVar[str] = VIEW
    add_action: ClassVar[str | None] = None
    change_action: ClassVar[str | None] = None
    delete_action: ClassVar[str | None] = None
    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50
    list_fullwidth = True
    compressed_fields = True

    def get_queryset(self, request: TenantRequest) -> QuerySet[Any]:
        return super().get_queryset(request).for_tenant(request.tenant)  # type: ignore[no-any-return]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CalmChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, called by what is in it instead of "Select … to change"."""
        extra = {"title": capfirst(str(self.opts.verbose_name_plural)), **(extra_context or {})}
        return super().changelist_view(request, extra)  # type: ignore[no-any-return]

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        return super().formfield_for_foreignkey(db_field, request, **_scoped(db_field, request, kwargs))  # type: ignore[no-any-return]

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelMultipleChoiceField[Any] | None:
        return super().formfield_for_manytomany(db_field, request, **_scoped(db_field, request, kwargs))  # type: ignore[no-any-return]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [self._scoped_filter(item) for item in super().get_list_filter(request)]

    def _scoped_filter(self, item: Any) -> Any:
        if isinstance(item, str) and _is_tenant_relation(self.model, item):
            return (item, TenantScopedFilter)
        if isinstance(item, tuple) and _is_tenant_relation(self.model, item[0]):
            _require_scoped(item[1])
        return item

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _allowed(request, self.view_action)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _allowed(request, self.add_action)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _allowed(request, self.change_action)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _allowed(request, self.delete_action)

    def save_model(self, request: TenantRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.tenant = request.tenant
        super().save_model(request, obj, form, change)

    # The audit trail is written by database triggers; Django's own admin log would be a second, weaker one.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Not written: see tenants.audit."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Not written: see tenants.audit."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """Not written: see tenants.audit."""


def _allowed(request: HttpRequest, action: str | None) -> bool:
    return action is not None and may(getattr(request, "membership", None), action)


def _scoped(db_field: Any, request: HttpRequest, kwargs: dict[str, Any]) -> dict[str, Any]:
    if issubclass(db_field.related_model, TenantOwned) and "queryset" not in kwargs:
        kwargs["queryset"] = db_field.related_model._default_manager.for_tenant(request.tenant)  # type: ignore[attr-defined]
    return kwargs


def _require_scoped(filter_class: type[FieldListFilter]) -> None:
    if not issubclass(filter_class, TenantScopedFilter):
        raise TypeError(f"{filter_class.__name__} would list other tenants' rows; derive it from TenantScopedFilter.")
