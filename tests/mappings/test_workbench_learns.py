"""The workbench knows what was chosen and refused, tells no other tenant, and counts what only a default covers."""

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.models import Connection
from mappings.models import MappingSet, SourceValue
from mappings.services.suggestions import suggest_for
from mappings.services.versions import Word
from mappings.services.workbench import board_of, rows_of
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.mappings.factories import activated, chart_of, connection_of, drafted, received
from tests.mappings.test_pages import post_json, save, screen


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    found = connection_of(in_acme.tenant)
    chart_of(found)
    return found


def word_of(connection: Connection, value: str, subject: str = "category", side: str = "purchases") -> SourceValue:
    return SourceValue.objects.create(
        tenant_id=connection.tenant_id, connection=connection, subject=subject, side=side, value=value
    )


def likeliest(connection: Connection, word: SourceValue) -> tuple[str, str] | None:
    found = suggest_for(connection, [word])[word.pk]
    return (found.candidate.external_id, found.reason) if found else None


def refusing(client: Any, connection: Connection, **said: Any) -> Any:
    return post_json(client, reverse("admin:mappings_refuse", args=[connection.pk]), **said)


def test_what_is_mapped_now_is_suggested_for_the_next_like_it_with_the_count(
    connection: Connection, acme: Actors
) -> None:
    words = [word_of(connection, f"Quokka {place}") for place in ("Rome", "Oslo", "Bern", "Lima")]
    assert likeliest(connection, words[3]) is None
    client = acme.client("editor")
    save(client, connection, *({"word": str(word.pk), "external_id": "6"} for word in words[:3]))
    assert likeliest(connection, words[3]) == ("6", "“quokka” was mapped like this 3 times")
    taken = {"word": str(words[3].pk), "external_id": "6", "suggested": True}
    (row,) = save(client, connection, taken).json()["rows"]
    assert (row["target"], row["reason"]) == ("6", "“quokka” was mapped like this 3 times")
    save(client, connection, *({"word": str(word.pk), "external_id": ""} for word in words))
    assert likeliest(connection, words[3]) is None


def test_two_tenants_with_the_same_chart_learn_apart_whoever_asks_first(acme: Actors, rival: Actors) -> None:
    asked: dict[str, tuple[Connection, SourceValue]] = {}
    for actors in (acme, rival):
        with tenant_scope(actors.tenant.pk):
            made = connection_of(actors.tenant)
            chart_of(made)
            asked[actors.tenant.slug] = (made, word_of(made, "Zebra"))
    theirs, ours = asked[rival.tenant.slug], asked[acme.tenant.slug]
    with tenant_scope(rival.tenant.pk):
        activated(theirs[0], rival, {Word("category", "purchases", "Zebra"): "6"})
        assert likeliest(*theirs) == ("6", "“Zebra” was mapped like this in version 1")
    with tenant_scope(acme.tenant.pk):
        assert likeliest(*ours) is None
        activated(ours[0], acme, {Word("category", "purchases", "Zebra"): "5"})
        assert likeliest(*ours) == ("5", "“Zebra” was mapped like this in version 1")
    with tenant_scope(rival.tenant.pk):
        assert likeliest(*theirs) == ("6", "“Zebra” was mapped like this in version 1")
    with tenant_scope(acme.tenant.pk):
        assert suggest_for(theirs[0], [theirs[1]])[theirs[1].pk] is None


def test_not_this_brings_the_next_likely_and_can_be_taken_back(connection: Connection, acme: Actors) -> None:
    word, client = word_of(connection, "Travel"), acme.client("editor")
    no = [{"word": str(word.pk), "external_id": "5"}]
    (row,) = refusing(client, connection, refuse=no).json()["rows"]
    assert row["suggestion"] is None or row["suggestion"]["id"] != "5"
    assert row["refused"] == [{"id": "5", "name": "6200 Travel"}]
    assert not MappingSet.objects.exists()
    (row,) = client.get(screen(connection)).context["rows"]
    assert (row["suggestion"], len(row["refused"])) == (None, 1)
    url = reverse("admin:mappings_accept_exact", args=[connection.pk])
    assert post_json(client, url).json()["rows"] == []
    (row,) = refusing(client, connection, take_back=no).json()["rows"]
    assert (row["suggestion"]["id"], row["suggestion"]["exact"], row["refused"]) == ("5", True, [])


@pytest.mark.parametrize("external_id", ["no-such-record", ""])
def test_what_is_no_record_of_this_ledger_cannot_be_refused(
    connection: Connection, acme: Actors, external_id: str
) -> None:
    word = word_of(connection, "Travel")
    answer = refusing(acme.client("editor"), connection, refuse=[{"word": str(word.pk), "external_id": external_id}])
    assert (answer.status_code, "not in this ledger" in answer.json()["error"]) == (409, True)


def test_words_that_only_a_default_covers_are_counted_as_such(connection: Connection, acme: Actors) -> None:
    for value in ("Named", "By default", "Under a condition"):
        word_of(connection, value)
    word_of(connection, "Nothing holds", subject="tax_code")
    german = Word("category", "purchases", "Under a condition", (("country", "DE"),))
    drafted(connection, acme.editor, {Word("category", "purchases", "Named"): "5", german: "6"})
    states = {row.source.value: row.state for row in rows_of(connection)}
    assert states == {
        "Named": "changed", "By default": "unmapped", "Under a condition": "partly", "Nothing holds": "unmapped",
    }  # fmt: skip
    board = board_of(connection)
    assert (board.total, board.unmapped, board.by_default, board.partly, board.mapped) == (4, 2, 0, 1, 2)
    drafted(connection, acme.editor, {Word("category", "purchases", ""): "6"})
    states = {row.source.value: row.state for row in rows_of(connection)}
    assert (states["By default"], states["Under a condition"]) == ("default", "default")
    board = board_of(connection)
    assert (board.total, board.unmapped, board.by_default, board.partly, board.percent) == (4, 1, 2, 0, 75)
    page = acme.client("auditor").get(screen(connection)).content.decode()
    assert "2 by a default rule" in page


def test_each_value_leads_to_its_documents_and_says_since_when(connection: Connection, acme: Actors) -> None:
    first, _ = received(connection), received(connection, external_id="order-2", tax_mode="none", tax_total=None)
    word = SourceValue.objects.get(value="VAT20")
    client = acme.client("auditor")
    row = next(row for row in client.get(screen(connection)).context["rows"] if row["value"] == "VAT20")
    assert (row["documents"], row["waits"]) == (1, 1)
    assert row["since"] in row["seen"]
    listed = client.get(reverse("admin:mappings_sourcedocument_changelist"), {"uses": str(word.pk)})
    assert list(listed.context["cl"].queryset) == [first]
    assert (
        client.get(reverse("admin:mappings_sourcedocument_changelist"), {"uses": "x"}).context["cl"].result_count == 0
    )


def test_suggestions_cost_the_same_however_much_was_learned(connection: Connection, acme: Actors) -> None:
    client, url = acme.client("editor"), reverse("admin:mappings_suggestions", args=[connection.pk])
    asked, counts = [word_of(connection, f"Asked {number}") for number in range(5)], []
    for number in range(2):
        words = [word_of(connection, f"Told {number} {each}") for each in range(5)]
        save(client, connection, *({"word": str(word.pk), "external_id": "6"} for word in words))
        refusing(client, connection, refuse=[{"word": str(asked[number].pk), "external_id": "5"}])
        with CaptureQueriesContext(database) as queries:
            assert client.get(url, {"words": ",".join(str(word.pk) for word in asked)}).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
