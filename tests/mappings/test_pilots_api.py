"""Pilots by API: started, followed, stopped and read, within one tenant."""

from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.permissions import AllowAny
from rest_framework.test import APIRequestFactory

from integrations.models import Connection
from mappings.api.pilots import PilotViewSet
from mappings.models import Pilot
from mappings.services import pilots
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.mappings.factories import activated, chart_of, connection_of, drafted, received


@pytest.fixture
def connection(in_acme: Actors, monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setenv("PORTAL_SANDBOX_URL", "http://127.0.0.1:9")
    found = connection_of(in_acme.tenant)
    chart_of(found)
    activated(found, in_acme)
    received(found)
    return found


def call(actors: Actors, action: str, data: dict[str, Any] | None = None, pk: Any = None) -> Any:
    """One request as it arrives behind authentication."""
    method = "get" if action in ("list", "retrieve") else "post"
    request = getattr(APIRequestFactory(), method)("/api/v1/pilots", data, format="json")
    vars(request).update(tenant=actors.tenant, grant=None, caller=SimpleNamespace(problem="", grant=None))
    view = PilotViewSet.as_view({method: action}, permission_classes=[AllowAny], basename=None)
    return view(request, pk=str(pk)) if pk else view(request)


def test_it_is_started_followed_and_stopped(connection: Connection, acme: Actors) -> None:
    drafted(connection, acme.editor)
    asked = {"connection": str(connection.pk), "documents": 5, "kinds": ["sale"], "dated_from": "2026-11-01"}
    started = call(acme, "create", asked)
    assert (started.status_code, started.data["status"], started.data["version"]) == (202, "queued", 2)
    assert (started.data["kinds"], started.data["dated_from"]) == (["sale"], "2026-11-01")
    assert call(acme, "create", asked).data["id"] == started.data["id"]
    state = call(acme, "retrieve", pk=started.data["id"])
    assert (state.data["headline"], state.data["report"], state.data["looked_at"]) == ("", {}, 0)
    assert [row["id"] for row in call(acme, "list").data["results"]] == [started.data["id"]]
    stopped = call(acme, "cancel", pk=started.data["id"])
    assert (stopped.status_code, stopped.data["status"]) == (202, "stopping")


def test_a_result_is_read_with_its_headline(connection: Connection, acme: Actors) -> None:
    drafted(connection, acme.editor)
    found = Pilot.objects.get(pk=call(acme, "create", {"connection": str(connection.pk)}).data["id"])
    report = {"documents": 120, "unlike": 1, "against": 1, "apart": [], "companies": {"draft": {"refused": 2}}}
    Pilot.objects.filter(pk=found.pk).update(status="done", report=report)
    told = call(acme, "retrieve", pk=found.pk).data
    assert told["headline"] == "120 documents, 1 account differs, 2 refused by the ledger"
    assert call(acme, "cancel", pk=found.pk).status_code == 422


def test_without_an_open_version_or_a_sandbox_it_says_so(
    connection: Connection, acme: Actors, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"connection": str(connection.pk)}
    assert call(acme, "create", asked).status_code == 409
    drafted(connection, acme.editor)
    monkeypatch.delenv("PORTAL_SANDBOX_URL")
    refused = call(acme, "create", asked)
    assert refused.status_code == 422
    assert "There is no sandbox" in str(refused.data)
    assert call(acme, "create", {**asked, "kinds": ["poem"]}).status_code == 400


def test_another_tenants_pilots_are_not_there(connection: Connection, acme: Actors, rival: Actors) -> None:
    draft = drafted(connection, acme.editor)
    found = pilots.request_pilot(mapping_set=draft, choice=pilots.Choice(5), by=acme.editor)
    with tenant_scope(rival.tenant.pk):
        assert call(rival, "create", {"connection": str(connection.pk)}).status_code == 400
        assert call(rival, "retrieve", pk=found.pk).status_code == 404
        assert call(rival, "cancel", pk=found.pk).status_code == 404
        assert call(rival, "list").data["results"] == []
