"""The pages: each role may do what it should, other tenants see nothing, lists cost the same at any length."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.models import Connection
from mappings.models import MappingSet, SourceDocument, SourceValue, ValueMapping
from mappings.services import decisions
from mappings.services.versions import Word, open_set
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.mappings.factories import activated, chart_of, connection_of, drafted, received


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    found = connection_of(in_acme.tenant)
    chart_of(found)
    received(found)
    return found


def screen(connection: Connection, **query: str) -> str:
    return reverse("admin:mappings_workbench_connection", args=[connection.pk], query=query)


def document_page(acme: Actors, role: str, document: SourceDocument) -> str:
    url = reverse("admin:mappings_sourcedocument_change", args=[document.pk])
    return acme.client(role).get(url).content.decode()


def post_json(client: Any, url: str, **data: Any) -> Any:
    return client.post(url, json.dumps(data), content_type="application/json")


def save(client: Any, connection: Connection, *changes: dict[str, Any]) -> Any:
    return post_json(client, reverse("admin:mappings_save", args=[connection.pk]), changes=list(changes))


def test_the_workbench_lists_words_with_what_waits_and_opens_at_one(connection: Connection, acme: Actors) -> None:
    page = acme.client("editor").get(screen(connection))
    rows = {row["value"]: row for row in page.context["rows"]}
    assert (rows["VAT20"]["waits"], rows["VAT20"]["money"]) == (1, "120.00 GBP")
    assert (rows["VAT20"]["state"], rows["VAT20"]["documents"]) == ("unmapped", 1)
    assert '"value": "Consulting"' in page.content.decode()


def test_suggestions_come_for_the_rows_that_are_asked_for(connection: Connection, acme: Actors) -> None:
    word = SourceValue.objects.get(value="VAT20")
    url = reverse("admin:mappings_suggestions", args=[connection.pk])
    found = acme.client("editor").get(url, {"words": str(word.pk)}).json()["suggestions"]
    assert found == {
        str(word.pk): {"id": "20", "name": "20.0% S", "percent": 99, "reason": "Same rate, 20 %", "exact": False}
    }
    assert acme.client("editor").get(url, {"words": ""}).json()["suggestions"] == {}


def test_an_exact_suggestion_needs_no_asking_and_many_are_taken_at_once(connection: Connection, acme: Actors) -> None:
    for word in ("4100", "Sales of services", "Nothing like it"):
        lines = [{"category": word, "tax_code": "VAT20", "amount": Decimal("100.00")}]
        received(connection, external_id=word, lines=lines)
    client = acme.client("editor")
    rows = {row["value"]: row for row in client.get(screen(connection)).context["rows"]}
    assert rows["4100"]["suggestion"]["exact"]
    assert rows["Nothing like it"]["suggestion"] is None
    url = reverse("admin:mappings_accept_exact", args=[connection.pk])
    taken = post_json(client, url, words=[rows["4100"]["id"], rows["Nothing like it"]["id"]]).json()["rows"]
    assert [(row["value"], row["target"]) for row in taken] == [("4100", "4")]
    assert {row["value"] for row in post_json(client, url).json()["rows"]} == {"Sales of services"}
    assert set(ValueMapping.objects.values_list("value", "target_external_id", "reason")) == {
        ("4100", "4", "Same code 4100"),
        ("Sales of services", "3", "Same name"),
    }


def test_with_one_connection_the_workbench_opens_at_once(connection: Connection, acme: Actors) -> None:
    assert acme.client("editor").get(reverse("admin:mappings_workbench")).headers["Location"] == screen(connection)


def test_without_a_connection_the_page_leads_to_the_first_step(acme: Actors) -> None:
    assert b"Connect a ledger first" in acme.client("editor").get(reverse("admin:mappings_workbench")).content


def test_a_choice_is_saved_in_the_draft_at_once_and_can_be_removed(connection: Connection, acme: Actors) -> None:
    client, word = acme.client("editor"), SourceValue.objects.get(value="Consulting")
    (row,) = save(client, connection, {"word": str(word.pk), "external_id": "3"}).json()["rows"]
    assert (row["means"], row["state"]) == ("4000 Sales of services", "changed")
    head = client.get(reverse("admin:mappings_head", args=[connection.pk])).content.decode()
    assert "Submit for approval" in head
    assert "1 change not yet approved" in head
    changes = client.get(reverse("admin:mappings_changes", args=[connection.pk])).content.decode()
    assert "4000 Sales of services" in changes
    assert ValueMapping.objects.get().changed_by == acme.editor
    save(client, connection, {"word": str(word.pk), "external_id": ""})
    assert not ValueMapping.objects.exists()


def test_many_choices_go_together_or_not_at_all(connection: Connection, acme: Actors) -> None:
    words = {row.value: str(row.pk) for row in SourceValue.objects.all()}
    client = acme.client("editor")
    good, bad = {"word": words["VAT20"], "external_id": "20"}, {"word": words["Consulting"], "external_id": "5"}
    refused = save(client, connection, good, bad)
    assert (refused.status_code, "a sale needs an income account" in refused.json()["error"]) == (409, True)
    assert not ValueMapping.objects.exists()
    assert len(save(client, connection, good, bad | {"external_id": "3"}).json()["rows"]) == 2
    save(client, connection, good | {"external_id": "21"}, bad | {"external_id": ""})
    assert list(ValueMapping.objects.values_list("value", "target_external_id")) == [("VAT20", "21")]


def test_taking_a_change_back_brings_back_why_it_was_so(connection: Connection, acme: Actors) -> None:
    word, client = SourceValue.objects.get(value="VAT20"), acme.client("editor")
    save(client, connection, {"word": str(word.pk), "external_id": "20", "suggested": True})
    draft = open_set(connection)
    assert draft is not None
    decisions.submit(mapping_set=draft, by=acme.editor, comment="First")
    decisions.activate(mapping_set=draft, by=acme.approver)
    for external_id in ("21", "20"):
        save(client, connection, {"word": str(word.pk), "external_id": external_id})
    assert ValueMapping.objects.get(mapping_set__status="draft").reason == "Same rate, 20 %"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("[]", "Send a JSON object"),
        ("{", "not JSON"),
        ('{"changes": 3}', "list of"),
        ('{"changes": [{"word": "x"}]}', "by its id"),
        ('{"changes": [{}]}', "names a value"),
    ],
)
def test_what_is_no_change_is_refused_in_words(connection: Connection, acme: Actors, body: str, words: str) -> None:
    url = reverse("admin:mappings_save", args=[connection.pk])
    answer = acme.client("editor").post(url, body, content_type="application/json")
    assert (answer.status_code, words in answer.json()["error"]) == (409, True)


def test_an_accepted_suggestion_keeps_its_confidence_and_reason(connection: Connection, acme: Actors) -> None:
    word = SourceValue.objects.get(value="VAT20")
    save(acme.client("editor"), connection, {"word": str(word.pk), "external_id": "20", "suggested": True})
    row = ValueMapping.objects.get()
    assert (row.confidence, row.reason) == (Decimal("0.990"), "Same rate, 20 %")


def test_a_record_that_does_not_fit_is_refused_in_words(connection: Connection, acme: Actors) -> None:
    word = SourceValue.objects.get(value="Consulting")
    answer = save(acme.client("editor"), connection, {"word": str(word.pk), "external_id": "5"})
    assert answer.status_code == 409
    assert "a sale needs an income account" in answer.json()["error"]
    assert not ValueMapping.objects.exists()


def test_search_offers_fitting_records_first_and_says_why_others_do_not_fit(
    connection: Connection, acme: Actors
) -> None:
    word = SourceValue.objects.get(value="Consulting")
    url = reverse("admin:mappings_targets", args=[connection.pk])
    found = acme.client("editor").get(url, {"word": str(word.pk), "q": ""}).json()["choices"]
    assert [each["code"] for each in found[:2]] == ["4000", "4100"]
    assert not found[0]["why_not"]
    assert "income account" in found[-1]["why_not"]
    by_code = acme.client("editor").get(url, {"word": str(word.pk), "q": "41"}).json()["choices"]
    assert [each["name"] for each in by_code] == ["Other sales"]


@pytest.mark.parametrize("role", ["approver", "auditor", "support"])
def test_who_may_not_edit_sees_the_words_but_changes_nothing(connection: Connection, acme: Actors, role: str) -> None:
    page = acme.client(role).get(screen(connection))
    assert page.status_code == 200
    assert b'role="combobox"' not in page.content
    word = SourceValue.objects.get(value="Consulting")
    assert save(acme.client(role), connection, {"word": str(word.pk), "external_id": "3"}).status_code == 403
    assert acme.client(role).post(reverse("admin:mappings_accept_exact", args=[connection.pk])).status_code == 403
    assert acme.client(role).post(reverse("admin:mappings_refuse", args=[connection.pk])).status_code == 403


def test_the_editor_submits_and_the_approver_activates_on_the_page(connection: Connection, acme: Actors) -> None:
    draft = drafted(connection, acme.editor)
    url = reverse("admin:mappings_mappingset_submit", args=[draft.pk])
    acme.client("editor").post(url, {"comment": "First chart"})
    own = acme.client("editor").get(screen(connection)).content.decode()
    assert "another person must approve it" in own
    assert "Approve and activate" not in own
    seen = acme.client("approver").get(screen(connection)).content.decode()
    assert "First chart" in seen
    assert "1 waiting document" in seen
    acme.client("approver").post(reverse("admin:mappings_mappingset_approve", args=[draft.pk]))
    draft.refresh_from_db()
    assert (draft.status, draft.approved_by) == ("active", acme.approver)
    assert SourceDocument.objects.get().status == "received"


def test_an_owner_who_edited_is_refused_on_the_page_too(connection: Connection, acme: Actors) -> None:
    draft = drafted(connection, acme.owner)
    decisions.submit(mapping_set=draft, by=acme.owner, comment="Mine")
    url = reverse("admin:mappings_mappingset_approve", args=[draft.pk])
    page = acme.client("owner").post(url, follow=True)
    assert "Nobody approves their own change" in page.content.decode()
    draft.refresh_from_db()
    assert draft.status == "submitted"


def test_a_version_is_sent_back_and_rolled_back_on_its_pages(connection: Connection, acme: Actors) -> None:
    first = activated(connection, acme)
    second = drafted(connection, acme.editor, {Word("category", "sales", "Consulting"): "4"})
    decisions.submit(mapping_set=second, by=acme.editor, comment="Move")
    approver = acme.client("approver")
    approver.post(reverse("admin:mappings_mappingset_send_back", args=[second.pk]), {"comment": "Why?"})
    onward = open_set(connection)
    assert onward is not None
    decisions.submit(mapping_set=onward, by=acme.editor, comment="Because")
    approver.post(reverse("admin:mappings_mappingset_approve", args=[onward.pk]))
    page = approver.get(reverse("admin:mappings_mappingset_change", args=[first.pk]))
    assert b"Roll back to this version" in page.content
    approver.post(reverse("admin:mappings_mappingset_roll_back", args=[first.pk]), {"comment": "Wrong"})
    assert MappingSet.objects.active().get().based_on == first


def test_the_document_page_explains_what_it_waits_for_and_leads_there(connection: Connection, acme: Actors) -> None:
    document = SourceDocument.objects.get()
    text = (
        acme.client("editor").get(reverse("admin:mappings_sourcedocument_change", args=[document.pk])).content.decode()
    )
    assert "Waits for 2 things" in text
    assert screen(connection, subject="category", side="sales", value="Consulting").replace("&", "&amp;") in text


def test_the_document_page_shows_the_reasons_and_the_books(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    document = received(connection, external_id="order-9")
    text = (
        acme.client("auditor").get(reverse("admin:mappings_sourcedocument_change", args=[document.pk])).content.decode()
    )
    assert "the category “Consulting” is mapped to it" in text
    assert "4000 Sales of services is credited 100.00 GBP" in text


@pytest.mark.parametrize("name", ["mappingset", "sourcedocument", "valuemapping"])
def test_lists_cost_the_same_for_ten_and_for_forty_rows(connection: Connection, acme: Actors, name: str) -> None:
    client, url = acme.client("owner"), reverse(f"admin:mappings_{name}_changelist")
    drafted(connection, acme.editor)
    client.get(url)
    counts = []
    for start in (0, 30):
        for number in range(start, start + 10 + start):
            received(connection, external_id=f"many-{number}")
        with CaptureQueriesContext(
            database,
        ) as queries:
            assert client.get(url).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_workbench_costs_the_same_whatever_waits(connection: Connection, acme: Actors) -> None:
    client = acme.client("owner")
    client.get(screen(connection))
    counts = []
    for number in range(2):
        for each in range(6):
            lines = [{"category": f"C{number}-{each}", "tax_code": "VAT20", "amount": Decimal("100.00")}]
            received(connection, external_id=f"o-{number}-{each}", lines=lines)
        with CaptureQueriesContext(database) as queries:
            client.get(screen(connection, subject="category"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("many", [2, 40])
def test_saving_costs_the_same_for_two_and_for_forty_words(connection: Connection, acme: Actors, many: int) -> None:
    client = acme.client("editor")
    lines = [{"category": f"C{number}", "tax_code": "VAT20", "amount": Decimal("1.00")} for number in range(many)]
    received(connection, external_id="wide", lines=lines)
    save(client, connection, {"word": str(SourceValue.objects.get(value="VAT20").pk), "external_id": "20"})
    words = SourceValue.objects.filter(value__startswith="C", subject="category").exclude(value="Consulting")
    changes = [{"word": str(word.pk), "external_id": "3"} for word in words]
    with CaptureQueriesContext(database) as queries:
        assert save(client, connection, *changes).status_code == 200
    assert len(changes) == many
    assert len(queries) <= 32


def test_another_tenant_finds_no_page_no_choice_and_no_row(connection: Connection, acme: Actors, rival: Actors) -> None:
    draft = drafted(connection, acme.editor)
    document, word = SourceDocument.objects.get(), SourceValue.objects.first()
    assert word is not None
    with tenant_scope(rival.tenant.pk):
        own = connection_of(rival.tenant, "Rival Books")
    client = rival.client("owner")
    assert client.get(screen(connection)).status_code == 404
    targets = reverse("admin:mappings_targets", args=[connection.pk])
    assert client.get(targets, {"word": str(word.pk)}).status_code == 404
    assert client.get(reverse("admin:mappings_targets", args=[own.pk]), {"word": str(word.pk)}).status_code == 404
    change = {"word": str(word.pk), "external_id": "3"}
    assert save(client, connection, change).status_code == 404
    assert save(client, own, change).status_code == 409
    for name in ("suggestions", "head", "changes"):
        assert client.get(reverse(f"admin:mappings_{name}", args=[connection.pk])).status_code == 404
    url = reverse("admin:mappings_suggestions", args=[own.pk])
    assert client.get(url, {"words": str(word.pk)}).json()["suggestions"] == {}
    said = {"refuse": [{"word": str(word.pk), "external_id": "3"}]}
    assert post_json(client, reverse("admin:mappings_refuse", args=[connection.pk]), **said).status_code == 404
    assert post_json(client, reverse("admin:mappings_refuse", args=[own.pk]), **said).status_code == 409
    assert (
        not client.get(reverse("admin:mappings_sourcedocument_changelist"), {"uses": str(word.pk)})
        .context["cl"]
        .result_count
    )
    exact = reverse("admin:mappings_accept_exact", args=[own.pk])
    assert post_json(client, exact, words=[str(word.pk)]).json()["rows"] == []
    for name, row in (("mappingset", draft), ("sourcedocument", document)):
        assert client.get(reverse(f"admin:mappings_{name}_change", args=[row.pk])).status_code == 302
        assert str(row).encode() not in client.get(reverse(f"admin:mappings_{name}_changelist")).content
    client.post(reverse("admin:mappings_mappingset_submit", args=[draft.pk]), {"comment": "x"})
    draft.refresh_from_db()
    assert draft.status == "draft"
