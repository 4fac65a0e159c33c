"""Back-tests: what a draft would change on real documents, told before anybody approves it, and nothing written."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.models import Connection, Posting
from mappings.models import BackTest, SourceDocument
from mappings.services import backtests, decisions
from mappings.services.intake import receive_document
from mappings.services.versions import Word
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.mappings.factories import activated, chart_of, connection_of, drafted, expense, received, sale

CONSULTING, VAT = Word("category", "sales", "Consulting"), Word("tax_code", "sales", "VAT20")
_NO_TAX = {"tax_total": Decimal("0.00"), "total": Decimal("100.00")}


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    found = connection_of(in_acme.tenant)
    chart_of(found)
    return found


def tried(connection: Connection, acme: Actors, words: dict[Word, str], documents: int = 100) -> BackTest:
    draft = drafted(connection, acme.editor, words)
    asked = backtests.request_back_test(mapping_set=draft, documents=documents, by=acme.editor)
    done = backtests.run_back_test(connection.tenant_id, asked.pk)
    assert done is not None
    done.refresh_from_db()
    return done


def test_what_moves_is_told_account_by_account_with_totals(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    for number in range(3):
        received(connection, external_id=f"o-{number}")
    receive_document(connection=connection, body=expense(connection))
    report = tried(connection, acme, {CONSULTING: "4"}).report
    assert report["counts"] == {"same": 1, "moved": 3, "released": 0, "stopped": 0, "stuck": 0}
    (move,) = report["moves"]
    assert backtests.sentence(move) == ("3 invoices, 300.00 GBP move from 4000 Sales of services to 4100 Other sales")
    assert [(row["name"], row["before"], row["after"], row["change"]) for row in report["accounts"]] == [
        ("4000 Sales of services", "-300.00", "0.00", "300.00"),
        ("4100 Other sales", "0.00", "-300.00", "-300.00"),
    ]
    assert sum(Decimal(row["change"]) for row in report["accounts"]) == 0


def test_another_tax_rate_is_told_tax_by_tax(connection: Connection, acme: Actors) -> None:
    activated(connection, acme, {CONSULTING: "3", VAT: "21"})
    received(connection, **_NO_TAX)
    received(connection, external_id="taxed")
    report = tried(connection, acme, {VAT: "20"}).report
    # The one without tax fits 0 % only, the taxed one 20 % only: one stops, the other becomes complete.
    assert (report["counts"]["stopped"], report["counts"]["released"]) == (1, 1)
    assert (report["money"]["stopped"], report["money"]["released"]) == ("100.00 GBP", "120.00 GBP")
    assert {row["name"]: row["change"] for row in report["taxes"]} == {"0.0% Z": "-100.00", "20.0% S": "100.00"}
    assert "a difference of" in report["problems"][0]["text"]


def test_the_first_draft_is_tried_against_nothing(connection: Connection, acme: Actors) -> None:
    received(connection)
    receive_document(connection=connection, body=expense(connection))
    report = tried(connection, acme, {CONSULTING: "3", VAT: "20"}).report
    assert (report["against"], report["counts"]["released"], report["counts"]["stuck"]) == (None, 1, 1)


def test_a_draft_that_says_the_same_changes_nothing(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    received(connection)
    report = tried(connection, acme, {CONSULTING: "3"}).report
    assert (report["counts"]["same"], report["moves"], report["accounts"], report["taxes"]) == (1, [], [], [])


def test_it_writes_nothing_but_its_report(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    document = received(connection)
    before = (document.status, document.trace, Posting.objects.count())
    tried(connection, acme, {CONSULTING: "4"})
    document.refresh_from_db()
    assert (document.status, document.trace, Posting.objects.count()) == before


def test_only_the_last_documents_are_tried_and_of_this_connection(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    other = connection_of(acme.tenant, "Other Books")
    chart_of(other)
    receive_document(connection=other, body=sale(other, "elsewhere"))
    for number in range(5):
        received(connection, external_id=f"o-{number}")
    found = tried(connection, acme, {CONSULTING: "4"}, documents=2)
    assert (found.total, found.looked_at, found.report["documents"]) == (2, 2, 2)
    assert [each["name"] for each in found.report["examples"]] == ["Sale O-4", "Sale O-3"]


@pytest.mark.parametrize("documents", [0, 20_001])
def test_how_many_is_bounded(connection: Connection, acme: Actors, documents: int) -> None:
    draft = drafted(connection, acme.editor)
    with pytest.raises(ValidationError, match="between 1 and 20,000"):
        backtests.request_back_test(mapping_set=draft, documents=documents, by=acme.editor)


def test_a_second_request_joins_the_first(connection: Connection, acme: Actors) -> None:
    draft = drafted(connection, acme.editor)
    first, second = (
        backtests.request_back_test(mapping_set=draft, documents=10, by=each) for each in (acme.editor, acme.approver)
    )
    assert first.pk == second.pk


def test_a_draft_that_has_changed_since_makes_it_outdated(connection: Connection, acme: Actors) -> None:
    found = tried(connection, acme, {CONSULTING: "3"})
    assert not backtests.is_outdated(found)
    drafted(connection, acme.editor, {CONSULTING: "4"})
    assert backtests.is_outdated(found)


def test_it_costs_the_same_queries_for_ten_and_for_forty_documents(connection: Connection, acme: Actors) -> None:
    activated(connection, acme)
    draft, counts = drafted(connection, acme.editor, {CONSULTING: "4"}), []
    for first, last in ((0, 10), (10, 40)):
        for number in range(first, last):
            receive_document(connection=connection, body=sale(connection, f"o-{number}"))
        asked = backtests.request_back_test(mapping_set=draft, documents=100, by=acme.editor)
        with CaptureQueriesContext(database) as queries:
            backtests.run_back_test(connection.tenant_id, asked.pk)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_sweep_finds_one_that_nobody_took(connection: Connection, acme: Actors) -> None:
    asked = backtests.request_back_test(mapping_set=drafted(connection, acme.editor), documents=5, by=None)
    with database.cursor() as cursor:
        cursor.execute("SELECT kind, row_id FROM mappings_due(now() + interval '1 minute', 10)")
        assert ("back_test", asked.pk) in cursor.fetchall()
    backtests.run_back_test(connection.tenant_id, asked.pk)
    assert backtests.run_back_test(connection.tenant_id, asked.pk) is None


def test_the_approver_tries_it_and_reads_it_on_the_page_before_approving(
    connection: Connection, acme: Actors, django_capture_on_commit_callbacks: Any
) -> None:
    activated(connection, acme)
    received(connection)
    draft = drafted(connection, acme.editor, {CONSULTING: "4"})
    decisions.submit(mapping_set=draft, by=acme.editor, comment="Move it")
    client = acme.client("approver")
    page = reverse("admin:mappings_mappingset_change", args=[draft.pk])
    assert b"Try this version on real documents" in client.get(page).content
    answer = client.post(reverse("admin:mappings_mappingset_back_test", args=[draft.pk]), {"documents": "100"})
    assert answer.headers["Location"] == f"{page}#back-test"
    state = reverse("admin:mappings_back_test_state", args=[draft.pk])
    assert client.get(state).json()["finished"] is False
    assert b"data-live" in client.get(page).content
    backtests.run_back_test(connection.tenant_id, BackTest.objects.get().pk)
    assert client.get(state).json()["finished"] is True
    text = client.get(page).content.decode()
    assert "1 invoice, 100.00 GBP moves from 4000 Sales of services to 4100 Other sales" in text
    assert "Approve and activate" in text
    assert "The version has changed since" not in text


def test_who_neither_edits_nor_approves_only_reads_it(connection: Connection, acme: Actors) -> None:
    draft = drafted(connection, acme.editor)
    url = reverse("admin:mappings_mappingset_back_test", args=[draft.pk])
    assert acme.client("auditor").post(url, {"documents": "100"}).status_code == 403
    assert not BackTest.objects.exists()


def test_a_number_that_is_none_is_refused_in_words(connection: Connection, acme: Actors) -> None:
    draft = drafted(connection, acme.editor)
    url = reverse("admin:mappings_mappingset_back_test", args=[draft.pk])
    page = acme.client("editor").post(url, {"documents": "many"}, follow=True)
    assert "as a whole number" in page.content.decode()


def test_another_tenant_cannot_try_or_read_it(connection: Connection, acme: Actors, rival: Actors) -> None:
    received(connection)
    found = tried(connection, acme, {CONSULTING: "3"})
    client = rival.client("owner")
    state = reverse("admin:mappings_back_test_state", args=[found.mapping_set_id])
    assert client.get(state).status_code == 404
    client.post(reverse("admin:mappings_mappingset_back_test", args=[found.mapping_set_id]), {"documents": "5"})
    assert BackTest.objects.count() == 1
    with tenant_scope(rival.tenant.pk):
        assert not BackTest.objects.exists()
        assert backtests.run_back_test(rival.tenant.pk, found.pk) is None
        assert not SourceDocument.objects.exists()
