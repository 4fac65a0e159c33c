"""Mappings copied from another connection or a supplied chart: found anew by name, never over what is there."""

import pytest
from django.urls import reverse

from integrations.models import Connection
from mappings.models import MappingSet, ValueMapping
from mappings.services import copying, drafts
from mappings.services.versions import VersionError, Word
from mappings.transform.fit import RESOURCES
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.mappings.factories import activated, chart_of, connection_of, drafted, record_of

CONSULTING = Word("category", "sales", "Consulting")


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    found = connection_of(in_acme.tenant)
    chart_of(found)
    return found


@pytest.fixture
def other(connection: Connection, acme: Actors) -> Connection:
    """Another company with other ids: 4000 exists, 4100 does not, Travel has another code."""
    found = connection_of(acme.tenant, "Other Books")
    for external_id, code, name, kind in (("a1", "4000", "Fees", "income"), ("a2", "7000", "Travel", "expense")):
        unified = {"code": code, "type": kind, "full_name": name}
        record_of(found, "accounts", external_id, name, kind=kind, number=code, unified=unified)
    return found


def test_records_are_found_by_code_then_name_and_what_is_missing_is_told(
    connection: Connection, other: Connection, acme: Actors
) -> None:
    words = {CONSULTING: "3", Word("category", "sales", "Rest"): "4", Word("category", "purchases", "Trips"): "5"}
    activated(connection, acme, words)
    draft = drafts.ensure_draft(connection=other, by=acme.editor)
    found = copying.copy_from_connection(draft=draft, source=connection, by=acme.editor)
    assert (found.taken, found.kept, found.missing) == (2, 0, ["Rest"])
    rows = {row.value: (row.target_external_id, row.reason) for row in ValueMapping.objects.filter(mapping_set=draft)}
    assert rows == {"Consulting": ("a1", "As in Acme Books"), "Trips": ("a2", "As in Acme Books")}


def test_what_has_a_meaning_already_keeps_it(connection: Connection, other: Connection, acme: Actors) -> None:
    drafted(connection, acme.editor, {CONSULTING: "4"})
    drafted(other, acme.editor, {CONSULTING: "a1"})
    draft = drafts.ensure_draft(connection=connection, by=acme.editor)
    found = copying.copy_from_connection(draft=draft, source=other, by=acme.editor)
    assert (found.taken, found.kept) == (0, 1)
    assert ValueMapping.objects.get(mapping_set=draft).target_external_id == "4"


def test_a_connection_without_mappings_gives_nothing(connection: Connection, other: Connection, acme: Actors) -> None:
    draft = drafts.ensure_draft(connection=connection, by=acme.editor)
    with pytest.raises(VersionError, match="no mappings that could be copied"):
        copying.copy_from_connection(draft=draft, source=other, by=acme.editor)


@pytest.mark.parametrize("chart", list(copying.charts()))
def test_every_supplied_chart_is_sound(chart: str) -> None:
    wanted = copying._wanted(copying._read(copying.CHARTS / f"{chart}.yaml")["words"])
    words = [each.word for each in wanted]
    assert len(words) == len(set(words)) >= 30
    assert all(each.word.subject in RESOURCES and each.word.side in ("sales", "purchases") for each in wanted)
    assert all(each.names and all(each.names) for each in wanted)


def test_a_chart_finds_accounts_by_their_usual_names_and_taxes_by_their_rate(
    connection: Connection, acme: Actors
) -> None:
    draft = drafts.ensure_draft(connection=connection, by=acme.editor)
    found = copying.copy_from_chart(draft=draft, chart="uk_services", by=acme.editor)
    rows = {(row.side, row.value): row.target_name for row in ValueMapping.objects.all()}
    assert rows[("sales", "consulting")] == "4000 Sales of services"
    assert rows[("purchases", "software")] == "6300 Software and subscriptions"
    assert rows[("sales", "VAT20")] == "20.0% S"
    assert rows[("purchases", "card")] == "2100 Company card"
    assert found.taken == len(rows)
    assert "rent" in found.missing


def test_an_unknown_chart_is_refused_with_those_there_are(connection: Connection, acme: Actors) -> None:
    draft = drafts.ensure_draft(connection=connection, by=acme.editor)
    with pytest.raises(VersionError, match="uk_services"):
        copying.copy_from_chart(draft=draft, chart="moon", by=acme.editor)


def test_the_page_copies_into_the_draft_and_says_what_came_of_it(
    connection: Connection, other: Connection, acme: Actors
) -> None:
    activated(connection, acme, {CONSULTING: "3"})
    client, url = acme.client("editor"), reverse("admin:mappings_copy", args=[other.pk])
    page = client.post(url, {"source": str(connection.pk)}, follow=True).content.decode()
    assert "1 value taken into the draft." in page
    assert "Choose what to copy from" in client.post(url, {"source": "nonsense"}, follow=True).content.decode()
    assert acme.client("auditor").post(url, {"source": "chart:uk_services"}).status_code == 403


def test_another_tenants_mappings_cannot_be_copied(connection: Connection, acme: Actors, rival: Actors) -> None:
    activated(connection, acme, {CONSULTING: "3"})
    with tenant_scope(rival.tenant.pk):
        own = connection_of(rival.tenant, "Rival Books")
        chart_of(own)
    client = rival.client("owner")
    url = reverse("admin:mappings_copy", args=[own.pk])
    assert "Choose what to copy from" in client.post(url, {"source": str(connection.pk)}, follow=True).content.decode()
    assert client.post(reverse("admin:mappings_copy", args=[connection.pk]), {"source": "x"}).status_code == 404
    template = reverse("admin:mappings_template", args=[connection.pk])
    assert client.get(template).status_code == 404
    with tenant_scope(rival.tenant.pk):
        assert not MappingSet.objects.exists()
