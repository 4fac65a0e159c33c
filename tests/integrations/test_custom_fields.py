"""User-defined fields: noticed, named, filled from documents; of one's own tenant only."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from pytest_django import DjangoAssertNumQueries

from integrations.engine.results import Record
from integrations.models import Connection, CustomField
from integrations.services.custom_fields import Noticed, filled, remember, set_key
from integrations.services.records import upsert_page
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection

PAGE = "/admin/integrations/customfield/"


@pytest.fixture
def books(acme: Actors) -> Connection:
    """A connection of acme's."""
    with tenant_scope(acme.tenant.pk):
        return make_connection(acme.tenant, name="Acme Trading")


def defined(books: Connection, **fields: Any) -> CustomField:
    with tenant_scope(books.tenant_id):
        remember(books, "invoices", [{"id": "custbody_po", "name": "PO number", "type": "text", **fields}])
        return CustomField.objects.get(external_id=fields.get("id", "custbody_po"))


def keyed(books: Connection, key: str, **fields: Any) -> CustomField:
    field = defined(books, **fields)
    with tenant_scope(books.tenant_id):
        set_key(field, key)
    return field


def test_fields_are_noticed_in_what_was_read_once(
    books: Connection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    noticed = Noticed()
    with tenant_scope(books.tenant_id):
        for _ in range(3):
            noticed.see("invoices", {"custom_fields": [{"id": 1, "name": "Crew", "value": "B"}, {"id": None}]})
        noticed.see("invoices", {"custom_fields": None})
        noticed.write(books)
        with django_assert_num_queries(0):
            noticed.see("invoices", {"custom_fields": [{"id": "1", "name": "Crew", "value": "C"}]})
            noticed.write(books)
        (field,) = CustomField.objects.all()
    assert (field.resource, field.external_id, field.name) == ("invoices", "1", "Crew")


def test_a_field_of_a_record_that_an_announcement_brought_is_noticed(books: Connection) -> None:
    unified = {"external_id": "7", "custom_fields": [{"id": "1", "name": "Crew", "value": "B"}]}
    with tenant_scope(books.tenant_id):
        upsert_page(connection=books, resource="invoices", records=[Record(unified, {"Id": "7"}, "Invoice")])
        assert [field.name for field in CustomField.objects.all()] == ["Crew"]


def test_a_field_that_is_met_again_keeps_what_is_known_of_it(books: Connection) -> None:
    known = keyed(books, "region", type="choice", choices=[{"id": "2", "name": "North"}])
    noticed = Noticed()
    with tenant_scope(books.tenant_id):
        noticed.see(known.resource, {"custom_fields": [{"id": known.external_id, "name": "otherwise"}]})
        noticed.write(books)
        (field,) = CustomField.objects.all()
    assert (field.name, field.type, field.key, field.choices) == (known.name, "choice", "region", known.choices)


def test_a_new_definition_keeps_the_name_that_people_gave(books: Connection) -> None:
    keyed(books, "po_number")
    field = defined(books, name="Purchase order")
    assert (field.name, field.key) == ("Purchase order", "po_number")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("text", "4711", "4711"), ("number", "1.50", Decimal("1.50")), ("date", "2026-01-31", date(2026, 1, 31)),
     ("bool", "Yes", True), ("choice", "north", "2"), ("list", "north, South", ["2", "3"])],
)  # fmt: skip
def test_an_attribute_becomes_the_fields_own_type(books: Connection, kind: str, text: str, value: Any) -> None:
    choices = [{"id": "2", "name": "North"}, {"id": "3", "name": "South"}]
    keyed(books, "region", type=kind, choices=choices)
    with tenant_scope(books.tenant_id):
        found = filled(books, "invoices", {"region": text, "unmapped": "x"})
        assert filled(books, "bills", {"region": text}) == []
    assert found == [{"id": "custbody_po", "name": "PO number", "value": value}]


@pytest.mark.parametrize(("kind", "text"), [("number", "many"), ("date", "soon"), ("bool", "perhaps"), ("choice", "x")])
def test_a_value_that_does_not_fit_names_attribute_and_field(books: Connection, kind: str, text: str) -> None:
    keyed(books, "region", type=kind)
    with tenant_scope(books.tenant_id), pytest.raises(ValidationError, match="attribute region is .* PO number"):
        filled(books, "invoices", {"region": text})


def test_the_page_saves_names_and_swaps_them(acme: Actors, books: Connection) -> None:
    first, second = keyed(books, "one"), keyed(books, "two", id="custbody_x")
    browser = acme.client("editor")
    assert "PO number" in browser.get(PAGE).content.decode()
    answer = browser.post(PAGE, {f"key-{first.pk}": "two", f"key-{second.pk}": "one"})
    assert answer.status_code == 302
    with tenant_scope(acme.tenant.pk):
        assert dict(CustomField.objects.values_list("external_id", "key")) == {
            "custbody_po": "two",
            "custbody_x": "one",
        }


@pytest.mark.parametrize("key", ["Two Words", "9lives", "two"])
def test_a_name_that_cannot_be_is_refused_and_nothing_is_saved(acme: Actors, books: Connection, key: str) -> None:
    first = keyed(books, "one")
    keyed(books, "two", id="custbody_x")
    assert acme.client("editor").post(PAGE, {f"key-{first.pk}": key}).status_code == 200
    with tenant_scope(acme.tenant.pk):
        assert CustomField.objects.get(pk=first.pk).key == "one"


def test_an_empty_page_says_when_fields_appear(acme: Actors) -> None:
    assert "No custom fields yet" in acme.client("owner").get(PAGE).content.decode()


def test_only_editors_of_the_tenant_change_its_fields(acme: Actors, rival: Actors, books: Connection) -> None:
    field = keyed(books, "one")
    assert acme.client("auditor").post(PAGE, {f"key-{field.pk}": "x"}).status_code == 403
    assert "PO number" not in rival.client("editor").get(PAGE).content.decode()
    rival.client("editor").post(PAGE, {f"key-{field.pk}": "x"})
    with tenant_scope(acme.tenant.pk):
        assert CustomField.objects.get(pk=field.pk).key == "one"
