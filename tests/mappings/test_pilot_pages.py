"""Pilots on pages: who starts, follows, stops and reads one, and who does not."""

import pytest
from django.urls import reverse

from integrations.models import Connection
from mappings.models import MappingSet, Pilot
from mappings.services import decisions, pilots
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Sandbox, sandbox, sandbox_process  # noqa: F401
from tests.mappings.factories import drafted
from tests.mappings.piloting import CONSULTING, asked, opened, piloted, run

pytestmark = pytest.mark.integration


@pytest.fixture
def connection(
    sandbox: Sandbox,  # noqa: F811
    in_acme: Actors,
    monkeypatch: pytest.MonkeyPatch,
) -> Connection:
    return opened(in_acme, monkeypatch)


def _page(version: MappingSet) -> str:
    return reverse("admin:mappings_mappingset_change", args=[version.pk])


def test_the_approver_starts_it_follows_it_and_reads_it_before_approving(connection: Connection, acme: Actors) -> None:
    draft = drafted(connection, acme.editor, {CONSULTING: "4"})
    decisions.submit(mapping_set=draft, by=acme.editor, comment="Move it")
    client, page = acme.client("approver"), _page(draft)
    assert b"It was not piloted in the sandbox." in client.get(page).content
    start = reverse("admin:mappings_mappingset_pilot", args=[draft.pk])
    answer = client.post(start, {"documents": "20", "kinds": ["sale", "expense"], "dated_from": "2026-11-01"})
    assert answer.headers["Location"] == f"{page}#pilot"
    found = Pilot.objects.get()
    assert (found.kinds, str(found.dated_from), found.requested_by) == (
        ["sale", "expense"],
        "2026-11-01",
        acme.approver,
    )
    state = reverse("admin:mappings_pilot_state", args=[draft.pk])
    assert client.get(state).json()["finished"] is False
    assert b"mappings_mappingset" not in client.get(page).content
    run(found)
    assert client.get(state).json()["finished"] is True
    text = client.get(page).content.decode()
    assert "3 documents, 2 accounts differ" in text
    assert "4100 Other sales: from nothing to 200.00 GBP credit, by 2 documents" in text
    assert "Approve and activate" in text
    board = reverse("admin:mappings_workbench_connection", args=[connection.pk])
    assert "3 documents, 2 accounts differ" in client.get(board).content.decode()


def test_a_version_that_has_changed_since_says_so(connection: Connection, acme: Actors) -> None:
    found = piloted(connection, acme, {CONSULTING: "4"})
    draft = drafted(connection, acme.editor, {CONSULTING: "3"})
    assert b"The version has changed since. Run the pilot again" in acme.client("editor").get(_page(draft)).content
    assert (pilots.is_outdated(found), pilots.verdict(draft)) == (True, "")


def test_it_is_stopped_from_the_page(connection: Connection, acme: Actors) -> None:
    found = asked(connection, acme, {CONSULTING: "4"})
    stop = reverse("admin:mappings_mappingset_stop_pilot", args=[found.mapping_set_id])
    acme.client("editor").post(stop)
    assert run(found).status == "cancelled"
    assert b"The last pilot was stopped" in acme.client("editor").get(_page(found.mapping_set)).content
    assert "over already" in acme.client("editor").post(stop, follow=True).content.decode()


def test_the_auditor_reads_it_and_support_sees_no_names_and_no_amounts(connection: Connection, acme: Actors) -> None:
    found = piloted(connection, acme, {CONSULTING: "4"})
    for name in ("pilot", "stop_pilot"):
        url = reverse(f"admin:mappings_mappingset_{name}", args=[found.mapping_set_id])
        for role in ("auditor", "support"):
            assert acme.client(role).post(url, {"documents": "5"}).status_code == 403
    page = _page(found.mapping_set)
    shown, hidden = (acme.client(role).get(page).content.decode() for role in ("auditor", "support"))
    for secret in ("Blue Bottle Ltd", "200.00"):
        assert secret in shown
        assert secret not in hidden
    assert "2 accounts differ" in hidden
    assert "Run it again" not in shown


def test_another_tenant_neither_sees_nor_starts_nor_stops_it(
    connection: Connection, acme: Actors, rival: Actors
) -> None:
    found = asked(connection, acme, {CONSULTING: "4"})
    client = rival.client("owner")
    assert client.get(reverse("admin:mappings_pilot_state", args=[found.mapping_set_id])).status_code == 404
    for name in ("pilot", "stop_pilot"):
        client.post(reverse(f"admin:mappings_mappingset_{name}", args=[found.mapping_set_id]), {"documents": "5"})
    found.refresh_from_db()
    assert (Pilot.objects.count(), found.status) == (1, "queued")
    with tenant_scope(rival.tenant.pk):
        assert not Pilot.objects.exists()
        assert pilots.run_pilot(rival.tenant.pk, found.pk) is None
