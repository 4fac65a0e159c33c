"""The table of resources on a connection's page, and the same over the partner API."""

import json
from typing import Any

import pytest
from django.test import Client

from integrations.models import Connection, ResourcePolicy, SyncCursor
from integrations.services import policies
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection
from tests.integrations.test_api import _partner

BASE = "/admin/integrations/connection"


@pytest.fixture
def books(acme: Actors) -> Connection:
    """A connection of acme's."""
    with tenant_scope(acme.tenant.pk):
        return make_connection(acme.tenant)


def _form(connection: Connection, **changes: str) -> dict[str, str]:
    """The form as a browser sends it when nothing was touched, and what was."""
    names = [name for name in policies.all_of(connection) if name != "company_info"]
    given = {f"{name}-direction": "both" for name in names}
    given |= {f"{name}-source_of_truth": "ledger" for name in names}
    return {**given, **changes}


def _page(client: Client, connection: Connection) -> str:
    answer = client.get(f"{BASE}/{connection.pk}/resource-list/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_owner_changes_several_resources_with_one_form(acme: Actors, books: Connection) -> None:
    with tenant_scope(acme.tenant.pk):
        given = _form(books, **{"bills-direction": "off", "invoices-sync_minutes": "15"})
        given["invoices-source_of_truth"] = "source"
    answer = acme.client("owner").post(f"{BASE}/{books.pk}/resources/", given, follow=True)
    assert "Changed: Invoices, Bills." in answer.content.decode()
    with tenant_scope(acme.tenant.pk):
        bills, invoices = policies.of(books, "bills"), policies.of(books, "invoices")
        assert (bills.direction, invoices.source_of_truth, invoices.sync_minutes) == ("off", "source", 15)
        assert ResourcePolicy.objects.count() == 2


def test_what_is_kept_but_no_longer_read_says_so(acme: Actors, books: Connection) -> None:
    from django.utils import timezone

    with tenant_scope(acme.tenant.pk):
        now = timezone.now()
        SyncCursor.objects.create(
            tenant_id=acme.tenant.pk, connection=books, resource="bills", changed_through=now, full_synced_at=now
        )
        assert "No longer refreshed" not in _page(acme.client("owner"), books)
        policies.set_policy(connection=books, resource="bills", direction="write")
    assert "No longer refreshed" in _page(acme.client("owner"), books)


@pytest.mark.parametrize(("word", "directions"), [("read", {"read"}), ("defaults", {"both"})])
def test_one_button_sets_them_all(acme: Actors, books: Connection, word: str, directions: set[str]) -> None:
    with tenant_scope(acme.tenant.pk):
        policies.set_policy(connection=books, resource="bills", direction="off", sync_minutes=60)
    acme.client("owner").post(f"{BASE}/{books.pk}/resources/", {"bulk": word})
    with tenant_scope(acme.tenant.pk):
        assert {each.direction for each in policies.all_of(books).values()} == directions
        assert policies.of(books, "bills").sync_minutes == (60 if word == "read" else None)


def test_a_choice_that_is_not_offered_is_refused_and_nothing_is_saved(acme: Actors, books: Connection) -> None:
    with tenant_scope(acme.tenant.pk):
        given = _form(books, **{"bills-direction": "off", "invoices-direction": "sideways"})
    answer = acme.client("owner").post(f"{BASE}/{books.pk}/resources/", given)
    assert answer.status_code == 422
    assert "sideways" in answer.content.decode()
    with tenant_scope(acme.tenant.pk):
        assert not ResourcePolicy.objects.exists()


@pytest.mark.parametrize("role", ["editor", "approver", "auditor"])
def test_others_see_the_table_and_cannot_change_it(acme: Actors, books: Connection, role: str) -> None:
    client = acme.client(role)
    page = _page(client, books)
    assert "Read and written" in page
    assert 'name="bills-direction"' not in page
    assert client.post(f"{BASE}/{books.pk}/resources/", {"bulk": "read"}).status_code == 403


def test_an_owner_of_another_tenant_reaches_nothing(acme: Actors, rival: Actors, books: Connection) -> None:
    rival.client("owner").post(f"{BASE}/{books.pk}/resources/", {"bulk": "read"})
    with tenant_scope(acme.tenant.pk):
        assert not ResourcePolicy.objects.exists()


# The partner API ----------------------------------------------------------------------------------------------------


def _resources(client: Client, connection: Connection) -> dict[str, Any]:
    answer = client.get(f"/api/v1/connections/{connection.pk}/resources")
    assert answer.status_code == 200, answer.content
    return {each["resource"]: each for each in json.loads(answer.content)}


def _put(client: Client, connection: Connection, resource: str, body: dict[str, Any]) -> Any:
    address = f"/api/v1/connections/{connection.pk}/resources/{resource}"
    return client.put(address, body, content_type="application/json")


def test_a_partner_sees_and_with_the_scope_changes_a_resource(acme: Actors, books: Connection) -> None:
    shop = _partner(acme, ["connections:read", "connections:write"])
    assert _resources(shop, books)["credit-notes"]["is_written"] is True
    answer = _put(shop, books, "credit-notes", {"direction": "read", "sync_minutes": 60})
    assert answer.status_code == 200, answer.content
    found = _resources(shop, books)["credit-notes"]
    assert (found["is_read"], found["is_written"], found["sync_minutes"]) == (True, False, 60)


def test_a_partner_who_may_only_look_changes_nothing_and_nobody_reaches_another_tenant(
    acme: Actors, rival: Actors, books: Connection
) -> None:
    reader, stranger = _partner(acme, ["connections:read"]), _partner(rival, ["connections:read", "connections:write"])
    assert _put(reader, books, "bills", {"direction": "off"}).status_code == 403
    assert _put(stranger, books, "bills", {"direction": "off"}).status_code == 404
    with tenant_scope(acme.tenant.pk):
        assert not ResourcePolicy.objects.exists()


@pytest.mark.parametrize(
    ("resource", "body", "status"),
    [
        ("unicorns", {}, 404),
        ("bills", {"direction": "sideways"}, 400),
        ("bills", {"sync_minutes": 1}, 422),
        ("company-info", {"direction": "off"}, 422),
    ],
)
def test_a_partners_wish_that_makes_no_sense_is_a_problem(
    acme: Actors, books: Connection, resource: str, body: dict[str, Any], status: int
) -> None:
    shop = _partner(acme, ["connections:read", "connections:write"])
    assert _put(shop, books, resource, body).status_code == status


def test_the_connections_page_sums_up_which_way_what_flows_and_whose_word_holds(
    acme: Actors, books: Connection
) -> None:
    with tenant_scope(acme.tenant.pk):
        policies.set_policy(connection=books, resource="bills", direction="read")
        policies.set_policy(connection=books, resource="invoices", source_of_truth="source")
    page = acme.client("auditor").get(f"{BASE}/{books.pk}/change/").content.decode()
    only_read = page.split("Only read")[1].split("</dd>")[0]
    assert "Bills" in only_read
    assert "Invoices" not in only_read
    assert "Invoices" in page.split("source&#x27;s word holds")[1].split("</dd>")[0]
    assert f"{BASE}/{books.pk}/resource-list/" in page


def test_the_table_of_another_tenants_connection_is_not_shown(acme: Actors, rival: Actors) -> None:
    with tenant_scope(rival.tenant.pk):
        foreign = make_connection(rival.tenant, name="Rival Ltd")
    answer = acme.client("owner").get(f"{BASE}/{foreign.pk}/resource-list/", follow=True)
    assert "Rival Ltd" not in answer.content.decode()
