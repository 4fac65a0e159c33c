"""The documentation of the map: what is what, since which approved version, by whom; as a page, a CSV and a PDF."""

import csv
from io import StringIO
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.models import Connection, LedgerRecord
from mappings.models import MappingSet
from mappings.services import decisions
from mappings.services.documentation import document_map
from mappings.services.versions import Word
from tests.conftest import Actors
from tests.mappings.factories import activated, chart_of, connection_of, drafted, received

CONSULTING, VAT = Word("category", "sales", "Consulting"), Word("tax_code", "sales", "VAT20")


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    found = connection_of(in_acme.tenant)
    chart_of(found)
    received(found)
    return found


def again(connection: Connection, acme: Actors, words: dict[Word, str]) -> MappingSet:
    draft = drafted(connection, acme.editor, words)
    decisions.submit(mapping_set=draft, by=acme.editor, comment="Changed")
    decisions.activate(mapping_set=draft, by=acme.owner)
    draft.refresh_from_db()
    return draft


def file_of(client: Any, version: MappingSet, kind: str) -> Any:
    return client.get(reverse("admin:mappings_map_file", args=[version.pk, kind]))


def test_each_meaning_names_the_version_that_brought_it_and_its_approver(connection: Connection, acme: Actors) -> None:
    activated(connection, acme, {CONSULTING: "3", VAT: "20"})
    second = again(connection, acme, {CONSULTING: "4"})
    by_word = {each.asked: each for each in document_map(second).entries}
    changed, kept = by_word["category “Consulting”"], by_word["tax code “VAT20”"]
    assert (changed.target, changed.since.version, changed.since.approved_by) == ("4100 Other sales", 2, acme.owner)
    assert (kept.since.version, kept.since.approved_by, kept.documents) == (1, acme.approver, 1)


def test_a_default_counts_the_documents_whose_words_nothing_else_names(connection: Connection, acme: Actors) -> None:
    for number in range(2):
        lines = [{"category": word, "tax_code": "VAT20", "amount": "50.00"} for word in (f"Rest {number}", "Other")]
        received(connection, external_id=f"rest-{number}", lines=lines)
    version = activated(connection, acme, {CONSULTING: "3", VAT: "20", Word("category", "sales", ""): "4"})
    found = {each.asked: each.documents for each in document_map(version).entries}
    assert found == {"any category": 2, "category “Consulting”": 1, "tax code “VAT20”": 3}


def test_a_meaning_that_was_away_in_between_counts_from_its_return(connection: Connection, acme: Actors) -> None:
    activated(connection, acme, {CONSULTING: "3", VAT: "20"})
    again(connection, acme, {CONSULTING: "4"})
    third = again(connection, acme, {CONSULTING: "3"})
    by_word = {each.asked: each.since.version for each in document_map(third).entries}
    assert by_word == {"category “Consulting”": 3, "tax code “VAT20”": 1}


def test_the_auditor_reads_the_page_and_takes_the_files(connection: Connection, acme: Actors) -> None:
    version = activated(connection, acme, {CONSULTING: "3", VAT: "20"})
    client = acme.client("auditor")
    text = client.get(reverse("admin:mappings_map", args=[version.pk])).content.decode()
    assert "4000 Sales of services" in text
    assert "approver@acme.test" in text
    assert "issued_on" in text
    rows = list(csv.DictReader(StringIO(file_of(client, version, "csv").content.decode("utf-8-sig"))))
    assert [(row["In the source"], row["Id in the ledger"], row["Approved by"]) for row in rows] == [
        ("category “Consulting”", "3", str(acme.approver)),
        ("tax code “VAT20”", "20", str(acme.approver)),
    ]
    answer = file_of(client, version, "pdf")
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="map-acme-books-1.pdf"'
    assert file_of(client, version, "doc").status_code == 404


def test_a_draft_says_that_nobody_has_approved_it_yet(connection: Connection, acme: Actors) -> None:
    draft = drafted(connection, acme.editor, {CONSULTING: "3"})
    page = acme.client("owner").get(reverse("admin:mappings_map", args=[draft.pk])).content.decode()
    assert "not yet" in page


def test_what_cannot_be_used_any_more_says_why(connection: Connection, acme: Actors) -> None:
    version = activated(connection, acme, {CONSULTING: "3"})
    LedgerRecord.objects.filter(external_id="3", resource="accounts").update(is_active=False)
    (entry,) = document_map(version).entries
    assert entry.why_unfit == "it is inactive in the ledger"


def test_text_that_a_spreadsheet_would_run_is_guarded(connection: Connection, acme: Actors) -> None:
    record = LedgerRecord.objects.get(external_id="3", resource="accounts")
    record.unified = {**record.unified, "code": "", "full_name": "=cmd()"}
    record.save()
    version = activated(connection, acme, {CONSULTING: "3"})
    assert ",'=cmd()," in file_of(acme.client("owner"), version, "csv").content.decode("utf-8-sig")


def test_any_script_gets_into_the_pdf(connection: Connection, acme: Actors) -> None:
    version = activated(connection, acme, {Word("category", "sales", "Ωδή <b> & 漢字 łódź"): "3"})
    assert file_of(acme.client("owner"), version, "pdf").content.startswith(b"%PDF-")


def test_it_costs_the_same_queries_for_two_and_for_twenty_rules(connection: Connection, acme: Actors) -> None:
    counts = []
    for many in (2, 20):
        draft = drafted(connection, acme.editor, {Word("category", "sales", f"W{n}"): "3" for n in range(many)})
        with CaptureQueriesContext(database) as queries:
            assert len(document_map(draft).entries) == many
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_another_tenant_finds_neither_page_nor_file(connection: Connection, acme: Actors, rival: Actors) -> None:
    version = activated(connection, acme)
    client = rival.client("owner")
    assert client.get(reverse("admin:mappings_map", args=[version.pk])).status_code == 404
    for kind in ("csv", "pdf"):
        assert file_of(client, version, kind).status_code == 404
