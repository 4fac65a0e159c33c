"""The pages of rules: listed in the order they are asked, made, tried, changed and removed in the draft."""

from datetime import date
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.models import Connection
from mappings.models import MappingSet, ValueMapping
from mappings.services import decisions
from mappings.services.versions import Word
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.mappings.factories import WORDS, activated, chart_of, connection_of, drafted, received

GERMAN = Word("category", "sales", "Consulting", (("country", "DE"),))


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    found = connection_of(in_acme.tenant)
    chart_of(found)
    return found


def listed(connection: Connection) -> str:
    return reverse("admin:mappings_rules", args=[connection.pk])


def form(connection: Connection) -> str:
    return reverse("admin:mappings_rule", args=[connection.pk])


def filled(**changes: str) -> dict[str, str]:
    """The smallest form: Consulting from Germany is 4100."""
    return {
        "act": "save",
        "side": "sales",
        "value": "Consulting",
        "asked_country": "de",
        "target": "4100 Other sales",
        "target_id": "4",
    } | changes


def test_a_rule_is_saved_into_the_draft_and_listed_before_the_less_exact(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    editor = acme.client("editor")
    answer = editor.post(form(connection), filled(effective_from="2026-01-01"), follow=True)
    assert b"category \xe2\x80\x9cConsulting\xe2\x80\x9d with country DE, from 2026-01-01" in answer.content
    row = ValueMapping.objects.get(mapping_set__status="draft", effective_from=date(2026, 1, 1))
    assert (row.conditions, row.target_external_id, row.changed_by) == ({"country": "DE"}, "4", acme.editor)
    text = editor.get(listed(connection)).content.decode()
    assert text.index("1 of 2") < text.index("2 of 2")
    assert text.index("4100 Other sales") < text.index("4000 Sales of services")


def test_a_target_is_found_by_its_text_alone_and_refused_when_it_names_none(
    connection: Connection, acme: Actors
) -> None:
    editor = acme.client("editor")
    refused = editor.post(form(connection), filled(target_id="", target="sales"))
    assert refused.status_code == 422
    assert b"does not name one alone" in refused.content
    editor.post(form(connection), filled(target_id="", target="4100"))
    assert ValueMapping.objects.get().target_external_id == "4"


def test_a_rule_that_could_tie_stays_in_the_form_with_both_named(connection: Connection, acme: Actors) -> None:
    drafted(connection, acme.editor, {GERMAN: "3"})
    answer = acme.client("editor").post(form(connection), filled(asked_country="", asked_currency="GBP"))
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "with country DE (4000 Sales of services)" in text
    assert "with currency GBP (4100 Other sales)" in text
    assert 'value="GBP"' in text
    assert ValueMapping.objects.count() == 1


def test_a_rule_is_tried_on_documents_without_being_saved(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    german = {"name": "Blau", "country": "DE"}
    received(connection, external_id="de", counterparty=german)
    received(connection, external_id="gb")
    text = acme.client("editor").post(form(connection), filled(act="try")).content.decode()
    assert "number 1 of 2 for this word" in text
    assert "Not 4100 Other sales: holds for country DE, this document names none" in text
    assert "Not 4000 Sales of services: less exact" in text
    one = acme.client("editor").post(form(connection), filled(act="try", number="DE")).content.decode()
    assert "less exact" in one
    assert "names none" not in one
    gone = acme.client("editor").post(form(connection), filled(act="try", number="nothing"))
    assert b"No document has the number or id" in gone.content
    assert not MappingSet.objects.open().exists()


def test_a_changed_question_replaces_the_rule_and_removing_it_takes_it_away(
    connection: Connection, acme: Actors
) -> None:
    activated(connection, acme, {**WORDS, GERMAN: "4"})
    row = ValueMapping.objects.get(conditions={"country": "DE"})
    editor = acme.client("editor")
    page = editor.get(form(connection), {"row": str(row.pk)}).content.decode()
    assert 'value="DE"' in page
    editor.post(f"{form(connection)}?row={row.pk}", filled(asked_country="FR"))
    in_draft = ValueMapping.objects.filter(mapping_set__status="draft").exclude(conditions={})
    assert [each.conditions for each in in_draft] == [{"country": "FR"}]
    editor.post(f"{form(connection)}?row={in_draft.get().pk}", filled(act="remove"))
    assert not in_draft.all().exists()
    assert ValueMapping.objects.get(pk=row.pk).conditions == {"country": "DE"}


def test_what_does_not_fit_is_offered_with_its_reason_and_refused(connection: Connection, acme: Actors) -> None:
    editor = acme.client("editor")
    address = reverse("admin:mappings_rule_targets", args=[connection.pk])
    found = editor.get(address, {"subject": "category", "side": "sales", "q": "travel"}).json()["choices"]
    assert [(each["id"], each["why_not"]) for each in found] == [
        ("5", "a sale needs an income account, and this one is expense")
    ]
    assert editor.get(address, {"subject": "category", "side": "up"}).status_code == 400
    answer = editor.post(form(connection), filled(target="6200 Travel", target_id="5"))
    assert b"a sale needs an income account" in answer.content
    assert not ValueMapping.objects.exists()


@pytest.mark.parametrize(
    ("show", "text", "count"),
    [("all", "", 4), ("asking", "", 1), ("default", "", 1), ("dated", "", 1), ("all", "4100", 2)],
)
def test_the_list_is_filtered(connection: Connection, acme: Actors, show: str, text: str, count: int) -> None:
    words = {
        Word("category", "sales", "Consulting"): "3",
        GERMAN: "4",
        Word("category", "sales", ""): "4",
        Word("category", "sales", "Consulting", (), date(2027, 1, 1)): "3",
    }
    drafted(connection, acme.editor, words)
    answer = acme.client("auditor").get(listed(connection), {"show": show, "q": text})
    assert len(answer.context["page"].object_list) == count


def test_a_rule_of_the_table_leads_to_its_version(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    row = ValueMapping.objects.get(value="Consulting")
    answer = acme.client("auditor").get(reverse("admin:mappings_valuemapping_change", args=[row.pk]), follow=True)
    assert [each.row for each in answer.context["page"]] == [row]
    assert answer.context["version"] == row.mapping_set


@pytest.mark.parametrize(
    ("role", "sees", "edits"),
    [("owner", 200, 200), ("editor", 200, 200), ("approver", 200, 403), ("auditor", 200, 403)],
)
def test_who_may_see_and_who_may_change_rules(
    connection: Connection, acme: Actors, role: str, sees: int, edits: int
) -> None:
    drafted(connection, acme.editor, {GERMAN: "4"})
    client = acme.client(role)
    assert client.get(listed(connection)).status_code == sees
    assert client.get(form(connection)).status_code == edits
    client.post(form(connection), filled(value="Other"))
    assert ValueMapping.objects.filter(value="Other").exists() == (edits == 200)


def test_nothing_is_saved_while_a_version_waits_for_approval(connection: Connection, acme: Actors) -> None:
    draft = drafted(connection, acme.editor, {GERMAN: "4"})
    decisions.submit(mapping_set=draft, by=acme.editor, comment="Germany")
    editor = acme.client("editor")
    assert b"waits for approval" in editor.get(listed(connection)).content
    answer = editor.post(form(connection), filled(value="Other"))
    assert answer.status_code == 422
    assert b"waits for approval" in answer.content
    assert ValueMapping.objects.count() == 1


def test_a_version_is_approved_from_a_date_on_its_page(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    draft = drafted(connection, acme.editor, {GERMAN: "4"})
    decisions.submit(mapping_set=draft, by=acme.editor, comment="Germany")
    approver, address = acme.client("approver"), reverse("admin:mappings_mappingset_approve", args=[draft.pk])
    assert b"is no day to hold from" in approver.post(address, {"holds_from": "01/02/2027"}, follow=True).content
    answer = approver.post(address, {"holds_from": "2027-02-01"}, follow=True)
    assert b"for documents dated from 1 Feb 2027" in answer.content
    draft.refresh_from_db()
    assert (draft.status, draft.holds_from) == ("active", date(2027, 2, 1))


def test_another_tenants_rules_words_and_records_do_not_exist(
    connection: Connection, acme: Actors, rival: Actors
) -> None:
    drafted(connection, acme.editor, {GERMAN: "4"})
    row = ValueMapping.objects.get()
    with tenant_scope(rival.tenant.pk):
        own: Any = connection_of(rival.tenant, "Rival Books")
        chart_of(own)
    client = rival.client("owner")
    targets = reverse("admin:mappings_rule_targets", args=[connection.pk])
    assert client.get(targets, {"side": "sales"}).status_code == 404
    for address in (listed(connection), form(connection)):
        assert client.get(address).status_code == 404
    assert client.post(form(connection), filled()).status_code == 404
    assert client.get(form(own), {"row": str(row.pk)}).status_code == 404
    assert client.get(listed(own), {"version": "1"}).status_code == 404
    assert b"Consulting" not in client.get(listed(own)).content
    assert ValueMapping.objects.get() == row


def test_the_list_costs_the_same_whatever_it_holds(connection: Connection, acme: Actors) -> None:
    client, counts = acme.client("owner"), []
    client.get(listed(connection))
    for number in (2, 12):
        drafted(connection, acme.editor, {Word("category", "sales", f"W{each}"): "3" for each in range(number)})
        with CaptureQueriesContext(database) as queries:
            client.get(listed(connection))
        counts.append(len(queries))
    assert counts[0] == counts[1]
