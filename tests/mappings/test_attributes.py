"""What documents bring along besides is seen by name, and fills the ledger's fields that somebody chose."""

from typing import Any

import pytest
from django.urls import reverse

from integrations.models import Connection, CustomField
from mappings.services.attributes import attributes_of
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.mappings.factories import chart_of, connection_of, received


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    """A company with a chart and no mappings."""
    found = connection_of(in_acme.tenant)
    chart_of(found)
    return found


def field_of(connection: Connection, name: str = "PO number", **changes: Any) -> CustomField:
    named: dict[str, Any] = {"resource": "invoices", "external_id": name, "name": name, "type": "text"} | changes
    return CustomField.objects.create(tenant_id=connection.tenant_id, connection=connection, **named)


def test_each_attribute_tells_how_often_it_came_in_what_and_which_field_it_fills(connection: Connection) -> None:
    field = field_of(connection, key="po")
    received(connection, external_id="a", attributes={"po": "P-1", "desk": "Leeds"})
    received(connection, external_id="b", attributes={"po": "P-2"})
    received(connection, external_id="c")
    po, desk = attributes_of(connection)
    assert (po.name, po.documents, po.waiting, po.kinds, po.example) == ("po", 2, 2, ("sale",), "P-2")
    assert po.fields == (field,)
    assert (desk.name, desk.documents, desk.fields) == ("desk", 1, ())


def test_an_attribute_fills_a_field_and_stops_filling_it(connection: Connection, acme: Actors) -> None:
    field = field_of(connection)
    received(connection, attributes={"po": "P-1"})
    page = reverse("admin:mappings_attributes_connection", args=[connection.pk])
    fill = reverse("admin:mappings_attributes_fill", args=[connection.pk])
    client = acme.client("editor")
    assert "1 of 1 fills no field" in client.get(page).content.decode()
    told = client.post(fill, {"field": str(field.pk), "name": "po"}, follow=True).content.decode()
    assert "po is written into PO number of invoices from now on" in told
    field.refresh_from_db()
    assert field.key == "po"
    client.post(fill, {"field": str(field.pk)})
    field.refresh_from_db()
    assert field.key == ""


@pytest.mark.parametrize(
    ("changes", "words"), [({"is_writable": False}, "cannot be written"), ({}, "Choose a field of the ledger")]
)
def test_what_cannot_be_filled_is_refused_in_words(
    connection: Connection, acme: Actors, changes: dict[str, Any], words: str
) -> None:
    field = field_of(connection, **changes)
    wanted = str(field.pk) if changes else "nonsense"
    fill = reverse("admin:mappings_attributes_fill", args=[connection.pk])
    told = acme.client("editor").post(fill, {"field": wanted, "name": "po"}, follow=True).content.decode()
    assert words in told
    field.refresh_from_db()
    assert field.key == ""


def test_without_attributes_the_page_says_where_they_come_from(connection: Connection, acme: Actors) -> None:
    assert "No attributes yet" in acme.client("auditor").get(reverse("admin:mappings_attributes")).content.decode()


def test_support_does_not_see_values_and_an_auditor_changes_nothing(connection: Connection, acme: Actors) -> None:
    field = field_of(connection)
    received(connection, attributes={"po": "the very secret"})
    page = reverse("admin:mappings_attributes_connection", args=[connection.pk])
    assert "the very secret" in acme.client("auditor").get(page).content.decode()
    assert "the very secret" not in acme.client("support").get(page).content.decode()
    fill = reverse("admin:mappings_attributes_fill", args=[connection.pk])
    assert acme.client("auditor").post(fill, {"field": str(field.pk), "name": "po"}).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_another_tenants_attributes_and_fields_do_not_exist(acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = connection_of(acme.tenant)
        field = field_of(connection)
    with tenant_scope(rival.tenant.pk):
        own = connection_of(rival.tenant)
    client = rival.client("owner")
    assert client.get(reverse("admin:mappings_attributes_connection", args=[connection.pk])).status_code == 404
    sent = {"field": str(field.pk), "name": "po"}
    assert client.post(reverse("admin:mappings_attributes_fill", args=[connection.pk]), sent).status_code == 404
    told = client.post(reverse("admin:mappings_attributes_fill", args=[own.pk]), sent, follow=True).content.decode()
    assert "Choose a field of the ledger" in told
