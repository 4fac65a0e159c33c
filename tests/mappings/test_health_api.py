"""Health and duplicates by API: a partner reads its own tenant's, filters them, and changes nothing."""

from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.permissions import AllowAny
from rest_framework.test import APIRequestFactory

from integrations.models import Connection
from mappings.api.health import DuplicateContactsViewSet, MappingHealthViewSet
from mappings.services import cleansing, health
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.mappings.factories import activated, chart_of, connection_of, record_of


def call(view: Any, tenant: Any, pk: Any = None, **query: str) -> Any:
    """One request as it arrives behind authentication."""
    request = APIRequestFactory().get("/", query)
    vars(request).update(tenant=tenant, grant=None, caller=SimpleNamespace(problem="", grant=None))
    shown = view.as_view({"get": "retrieve" if pk else "list"}, permission_classes=[AllowAny])
    return shown(request, pk=pk) if pk else shown(request)


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    """A mapped account that is archived since, and two contacts that are one."""
    made = connection_of(in_acme.tenant)
    chart_of(made)
    activated(made, in_acme)
    health.look(made)
    made.records.filter(resource="accounts", external_id="5").update(is_active=False)
    for number, name in enumerate(("Blue Bottle Ltd", "Blue Bottle Limited")):
        record_of(made, "contacts", f"c{number}", name, kind="customer")
    health.look(made)
    cleansing.find_duplicates(made)
    return made


def test_what_is_unwell_is_listed_with_its_impact(connection: Connection, acme: Actors) -> None:
    rows = call(MappingHealthViewSet, acme.tenant, status="open").data["results"]
    assert [(row["kind"], row["name"], row["documents"], row["waiting"]) for row in rows] == [
        ("archived", "6200 Travel", 0, 0)
    ]
    assert call(MappingHealthViewSet, acme.tenant, kind="renamed").data["results"] == []


def test_duplicates_are_listed_with_their_evidence(connection: Connection, acme: Actors) -> None:
    rows = call(DuplicateContactsViewSet, acme.tenant, is_exact="true").data["results"]
    assert [each["name"] for each in rows[0]["members"]] == ["Blue Bottle Limited", "Blue Bottle Ltd"]
    assert rows[0]["evidence"][0]["reasons"]


@pytest.mark.parametrize("view", [MappingHealthViewSet, DuplicateContactsViewSet])
def test_another_tenant_gets_nothing_from_either(
    connection: Connection, acme: Actors, rival: Actors, view: Any
) -> None:
    own = call(view, acme.tenant).data["results"]
    assert own
    with tenant_scope(rival.tenant.pk):
        assert call(view, rival.tenant).data["results"] == []
        assert call(view, rival.tenant, pk=own[0]["id"]).status_code == 404


@pytest.mark.parametrize("view", [MappingHealthViewSet, DuplicateContactsViewSet])
def test_nothing_can_be_written(view: Any) -> None:
    assert not {"create", "update", "partial_update", "destroy"} & {
        name for name in dir(view) if not name.startswith("_")
    }
