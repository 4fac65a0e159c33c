"""Nobody uses the leaking classes of the stock stack: the scoped ones are the only ones in the project."""

from collections.abc import Iterator

import pytest
from django.contrib.admin.filters import RelatedFieldListFilter
from django.core.exceptions import ObjectDoesNotExist
from import_export.resources import ModelResource
from import_export.widgets import ForeignKeyWidget
from rest_framework.serializers import ModelSerializer

from integrations.models import Connection
from tenants.admin import TenantScopedFilter
from tenants.api import TenantSerializer
from tenants.resources import TenantForeignKeyWidget, TenantResource, neutral
from tenants.rls import tenant_scope
from tests.building import build
from tests.conftest import Actors

OURS = ("portal", "reconciliation", "mappings", "integrations", "tenants")
SCOPED: list[tuple[type, type]] = [
    (ModelResource, TenantResource),
    (ForeignKeyWidget, TenantForeignKeyWidget),
    (ModelSerializer, TenantSerializer),
    (RelatedFieldListFilter, TenantScopedFilter),
]


def _descendants(kind: type) -> Iterator[type]:
    children: list[type] = kind.__subclasses__()
    for child in children:
        yield child
        yield from _descendants(child)


@pytest.mark.parametrize(("stock", "scoped"), SCOPED, ids=lambda kind: kind.__name__)
def test_only_the_scoped_classes_are_used(stock: type, scoped: type) -> None:
    import portal.urls  # noqa: F401 - loads every view, resource and serializer

    ours = {kind for kind in _descendants(stock) if kind.__module__.split(".")[0] in OURS}
    assert {kind for kind in ours if not issubclass(kind, scoped)} == set()


def test_an_imported_row_finds_related_rows_in_its_own_tenant_only(acme: Actors, rival: Actors) -> None:
    widget = TenantForeignKeyWidget(Connection, "external_org_id")
    with tenant_scope(acme.tenant.pk):
        row = build(Connection, acme.tenant)
        widget.tenant = rival.tenant
        with pytest.raises(ObjectDoesNotExist):
            widget.clean(row.external_org_id, row={})
        widget.tenant = acme.tenant
        assert widget.clean(row.external_org_id, row={}) == row


def test_a_widget_without_a_tenant_finds_nothing(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        row = build(Connection, acme.tenant)
        with pytest.raises(ObjectDoesNotExist):
            TenantForeignKeyWidget(Connection, "external_org_id").clean(row.external_org_id, row={})


def test_a_file_with_anothers_ids_cannot_reach_their_rows(acme: Actors, rival: Actors) -> None:
    class Resource(TenantResource):
        class Meta:
            model = Connection
            fields = ("id", "name")

    with tenant_scope(acme.tenant.pk):
        row = build(Connection, acme.tenant)
        assert not Resource(tenant=rival.tenant).get_queryset().filter(pk=row.pk).exists()
        assert Resource(tenant=acme.tenant).get_queryset().filter(pk=row.pk).exists()


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-cmd|'/c calc'", "@x", "\tx", "\0x"])
def test_formulas_in_exported_cells_are_neutralised(text: str) -> None:
    assert neutral(text).startswith("'")


@pytest.mark.parametrize("text", ["-12.50", "-3", "4000", "Sales", ""])
def test_numbers_and_plain_text_stay_as_they_are(text: str) -> None:
    assert neutral(text) == text
