"""Every list page asks the database the same number of questions for 10 rows and for hundreds.

Hundreds are more than four pages, and more than the 200 up to which the admin offers to show all.
"""

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.models import SyncRun
from reconciliation.models import BankLine
from tenants.models import Membership, TenantOwned
from tenants.rls import tenant_scope
from tests.building import build_many, owned_models
from tests.conftest import Actors
from tests.snapshot import agree_on

FEW, HUNDREDS = 10, 210
LISTED = [model for model in owned_models() if admin.site.is_registered(model)]


def _queries(acme: Actors, model: type[TenantOwned]) -> int:
    return _queries_of(acme, reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))


def _queries_of(acme: Actors, url: str) -> int:
    client = acme.client("owner")
    client.get(url, follow=True)  # fills caches that live as long as the process
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url, follow=True).status_code == 200
    return len(queries)


def _label(model: type[Model]) -> str:
    return str(model._meta.label_lower)


@pytest.mark.snapshot
@pytest.mark.parametrize("model", LISTED, ids=_label)
def test_a_list_page_asks_as_much_for_hundreds_of_rows_as_for_ten(model: type[TenantOwned], acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        build_many(model, acme.tenant, FEW)
    few = _queries(acme, model)
    with tenant_scope(acme.tenant.pk):
        build_many(model, acme.tenant, HUNDREDS - FEW)
    assert _queries(acme, model) == few
    agree_on("query_counts.json", _label(model), few)


# Page, what it is asked for, the rows it lists, and what makes them appear there.
PAGES: dict[str, tuple[str, type[TenantOwned], dict[str, str]]] = {
    "admin:tenants_trail_changelist": ("", Membership, {}),
    "admin:integrations_failures": ("", SyncRun, {"status": "failed", "error_code": "permission_missing"}),
    "admin:reconciliation_workbench": ("?show=unmatched", BankLine, {"status": "unmatched", "description": "Seen"}),
}


@pytest.mark.snapshot
@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_lists_asks_as_much_for_hundreds_of_rows_as_for_ten(name: str, acme: Actors) -> None:
    query, model, asked = PAGES[name]
    address = reverse(name) + query
    empty = acme.client("owner").get(address).content
    with tenant_scope(acme.tenant.pk):
        build_many(model, acme.tenant, FEW, **asked)
    few = _queries_of(acme, address)
    assert len(acme.client("owner").get(address).content) > len(empty) + 1000, "the rows are not on this page"
    with tenant_scope(acme.tenant.pk):
        build_many(model, acme.tenant, HUNDREDS - FEW, **asked)
    assert _queries_of(acme, address) == few
    agree_on("query_counts.json", name, few)
