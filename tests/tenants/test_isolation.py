"""The wall between tenants, tested for every tenant-owned model there is and will be."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db import connection, models
from django.test import RequestFactory
from django.urls import reverse
from pghistory import core

from tenants.admin import TenantScopedAdmin
from tenants.api import TenantRelatedField
from tenants.models import TenantOwned
from tenants.rls import tenant_scope
from tests.building import build, owned_models
from tests.conftest import Actors

OWNED = owned_models()
EVENTS = [model for model in core.event_models() if hasattr(model, "tenant_id")]
IN_ADMIN = [model for model in OWNED if admin.site.is_registered(model)]


def _label(model: type[models.Model]) -> str:
    return str(model._meta.label_lower)


@pytest.mark.parametrize("model", [*OWNED, *EVENTS], ids=_label)
def test_the_database_fences_every_table_that_belongs_to_a_tenant(model: type[models.Model], db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relrowsecurity AND relforcerowsecurity, EXISTS (SELECT 1 FROM pg_policies WHERE tablename = relname"
            " AND policyname = 'tenant_rows') FROM pg_class WHERE relname = %s",
            [model._meta.db_table],
        )
        assert cursor.fetchone() == (True, True)


def test_the_application_role_cannot_step_over_the_fence(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False)
        cursor.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user AND schemaname = 'public'")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("model", OWNED, ids=_label)
def test_no_other_tenant_reads_changes_or_adds_rows(model: type[TenantOwned], acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        row = build(model, acme.tenant)
    with tenant_scope(rival.tenant.pk):
        assert not model.objects.filter(pk=row.pk).exists()
        assert model.objects.filter(pk=row.pk).update(tenant=rival.tenant) == 0
        assert model.objects.filter(pk=row.pk)._raw_delete("default") == 0
    with tenant_scope(acme.tenant.pk):
        assert model.objects.for_tenant(acme.tenant).filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", OWNED, ids=_label)
def test_a_row_cannot_be_written_into_another_tenant(model: type[TenantOwned], acme: Actors, rival: Actors) -> None:
    with pytest.raises(Exception, match="row-level security"), tenant_scope(rival.tenant.pk):
        build(model, acme.tenant)


@pytest.mark.parametrize("model", IN_ADMIN, ids=_label)
def test_admin_pages_are_scoped(model: type[TenantOwned]) -> None:
    assert isinstance(admin.site.get_model_admin(model), TenantScopedAdmin)


@pytest.mark.parametrize("model", IN_ADMIN, ids=_label)
def test_admin_lists_and_details_of_another_tenant_stay_shut(
    model: type[TenantOwned], acme: Actors, rival: Actors
) -> None:
    with tenant_scope(acme.tenant.pk):
        row = build(model, acme.tenant)
    client = rival.client("owner")
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    page = client.get(reverse(f"{name}_changelist"), follow=True)
    assert page.status_code == 200
    assert str(row.pk) not in page.content.decode()
    detail = client.get(reverse(f"{name}_change", args=[quote(row.pk)]))
    assert detail.status_code in {302, 403, 404}


@pytest.mark.parametrize("model", IN_ADMIN, ids=_label)
def test_admin_choices_and_filters_offer_only_the_tenants_rows(
    model: type[TenantOwned], acme: Actors, rival: Actors
) -> None:
    made: dict[type[models.Model], Any] = {}
    with tenant_scope(acme.tenant.pk):
        build(model, acme.tenant, made)
    request = RequestFactory().get("/")
    request.tenant, request.membership = rival.tenant, None  # type: ignore[attr-defined]
    model_admin = admin.site.get_model_admin(model)
    with tenant_scope(acme.tenant.pk):
        # Inside acme's scope on purpose: the explicit scoping has to hold without the database's help.
        for field in model._meta.concrete_fields:
            related = field.related_model
            if isinstance(field, models.ForeignKey) and isinstance(related, type) and issubclass(related, TenantOwned):
                choices = model_admin.formfield_for_foreignkey(field, request)
                assert choices is not None
                assert choices.queryset is not None
                assert not choices.queryset.exists()


def test_autocomplete_finds_nothing_of_another_tenant(acme: Actors, rival: Actors) -> None:
    searchable = [model for model in IN_ADMIN if admin.site.get_model_admin(model).search_fields]
    for model in searchable:
        with tenant_scope(acme.tenant.pk):
            build(model, acme.tenant)
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and field.related_model in searchable:
                query = {"app_label": model._meta.app_label, "model_name": str(model._meta.model_name)}
                query["field_name"] = field.name
                answer = rival.client("owner").get(reverse("admin:autocomplete"), query)
                assert answer.status_code in {200, 403}
                assert answer.status_code == 403 or answer.json()["results"] == []


def test_api_relations_refuse_another_tenants_row(acme: Actors, rival: Actors) -> None:
    connection_model = next(model for model in OWNED if model._meta.label_lower == "integrations.connection")
    with tenant_scope(acme.tenant.pk):
        row = build(connection_model, acme.tenant)
        field = TenantRelatedField(queryset=connection_model.objects.all())
        request = RequestFactory().post("/")
        request.tenant = rival.tenant  # type: ignore[attr-defined]
        field._context = {"request": request}  # type: ignore[attr-defined]
        with pytest.raises(Exception, match="does not exist"):
            field.run_validation(str(row.pk))
        request.tenant = acme.tenant  # type: ignore[attr-defined]
        assert field.run_validation(str(row.pk)) == row


def test_a_superuser_has_no_way_into_a_tenant(acme: Actors) -> None:
    from tenants.models import User

    acme_client = acme.client("owner")
    User.objects.filter(pk=acme.owner.pk).update(is_superuser=True, is_staff=True)
    assert acme_client.get("/admin/").status_code == 200
    stranger = User.objects.create_superuser("root@portal.test", None)
    acme_client.force_login(stranger, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert acme_client.get("/admin/", follow=True).status_code == 403
