"""The health watch: what changed in the ledger is found before a posting fails, counted, shown, and goes by itself."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import Connection, LedgerRecord
from mappings.models import HealthFinding, HealthWatch
from mappings.services import health
from mappings.services.watching import due_watches
from tenants.rls import tenant_scope
from tests.mappings.factories import activated, chart_of, connection_of, drafted, received, record_of

pytestmark = pytest.mark.django_db
Kind = HealthFinding.Kind


@pytest.fixture
def connection(in_acme: Any) -> Connection:
    made = connection_of(in_acme.tenant, last_success_at=timezone.now())
    chart_of(made)
    activated(made, in_acme)
    assert health.look(made) == 0
    return made


def account(connection: Connection, external_id: str) -> LedgerRecord:
    return LedgerRecord.objects.get(connection=connection, resource="accounts", external_id=external_id)


def change(record: LedgerRecord, **unified: Any) -> None:
    for name in ("name", "kind", "currency", "is_active", "deleted_at"):
        if name in unified:
            setattr(record, name, unified.pop(name))
    record.unified = {**record.unified, **unified}
    record.save()


def open_findings(connection: Connection) -> dict[str, HealthFinding]:
    return {row.kind: row for row in HealthFinding.objects.filter(connection=connection).open()}


def test_a_renamed_archived_and_retyped_account_is_found_with_what_it_was(connection: Connection) -> None:
    change(account(connection, "3"), name="Consulting income", full_name="Consulting income")
    change(account(connection, "5"), is_active=False)
    change(account(connection, "2"), kind="bank", type="bank")
    assert health.look(connection) == 3
    found = open_findings(connection)
    assert (found[Kind.RENAMED].was, found[Kind.RENAMED].now) == ("4000 Sales of services", "4000 Consulting income")
    assert found[Kind.ARCHIVED].name == "6200 Travel"
    assert (found[Kind.RETYPED].was, found[Kind.RETYPED].now) == ("credit_card", "bank")
    assert found[Kind.RENAMED].words == [{"subject": "category", "side": "sales", "value": "Consulting"}]


def test_a_changed_tax_rate_and_currency_and_a_deleted_record_are_found(connection: Connection) -> None:
    rate = LedgerRecord.objects.get(connection=connection, resource="tax_rates", external_id="20")
    change(rate, rate="21", components=[{"id": "r20", "name": "S", "rate": "21"}])
    change(account(connection, "2"), currency="EUR")
    change(account(connection, "5"), deleted_at=timezone.now())
    assert health.look(connection) == 3
    found = open_findings(connection)
    assert (found[Kind.RATE].was, found[Kind.RATE].now) == ("20", "21")
    assert (found[Kind.CURRENCY].was, found[Kind.CURRENCY].now) == ("GBP", "EUR")
    assert found[Kind.GONE].name == "6200 Travel"


def test_impact_counts_the_documents_of_ninety_days_and_those_that_wait(connection: Connection) -> None:
    day = timezone.localdate()
    received(connection, external_id="new", issued_on=day.isoformat())
    received(connection, external_id="newer", issued_on=day.isoformat())
    received(connection, external_id="old", issued_on=(day - timedelta(days=200)).isoformat())
    change(account(connection, "3"), is_active=False)
    received(connection, external_id="stuck", issued_on=day.isoformat())
    health.look(connection)
    found = open_findings(connection)[Kind.ARCHIVED]
    assert (found.documents, found.waiting) == (3, 1)


def test_new_values_are_one_finding_a_subject_and_go_when_nothing_waits(connection: Connection) -> None:
    lines = [{"category": "Workshops", "tax_code": "VAT20", "amount": "100.00"}]
    document = received(connection, external_id="w", lines=lines)
    assert health.look(connection) == 1
    found = open_findings(connection)[Kind.UNMAPPED]
    assert (found.now, found.documents, found.waiting) == ("Workshops", 1, 1)
    type(document).objects.filter(pk=document.pk).update(status="received")
    assert health.look(connection) == 0
    found.refresh_from_db()
    assert found.status == HealthFinding.Status.RESOLVED


def test_what_is_changed_back_goes_by_itself_and_stays_in_the_trail(connection: Connection) -> None:
    change(account(connection, "5"), is_active=False)
    health.look(connection)
    change(account(connection, "5"), is_active=True)
    assert health.look(connection) == 0
    row = HealthFinding.objects.get(connection=connection)
    assert row.status == HealthFinding.Status.RESOLVED
    assert [event.pgh_label for event in row.events.order_by("pgh_id")] == ["insert", "update"]  # type: ignore[attr-defined]


def test_looking_twice_makes_no_second_row(connection: Connection) -> None:
    change(account(connection, "5"), is_active=False)
    health.look(connection)
    health.look(connection)
    assert HealthFinding.objects.count() == 1


def test_agreeing_makes_the_present_state_the_one_to_compare_with(connection: Connection, in_acme: Any) -> None:
    change(account(connection, "3"), name="Consulting", full_name="Consulting")
    health.look(connection)
    health.agree(finding=open_findings(connection)[Kind.RENAMED], by=in_acme.editor)
    assert health.look(connection) == 0
    change(account(connection, "3"), name="Advice", full_name="Advice")
    assert health.look(connection) == 1
    assert open_findings(connection)[Kind.RENAMED].was == "4000 Consulting"


def test_an_archived_record_cannot_be_agreed_to(connection: Connection, in_acme: Any) -> None:
    change(account(connection, "5"), is_active=False)
    health.look(connection)
    with pytest.raises(ValidationError, match="map its values"):
        health.agree(finding=open_findings(connection)[Kind.ARCHIVED], by=in_acme.editor)


def test_a_value_that_is_mapped_elsewhere_takes_its_finding_along(connection: Connection, in_acme: Any) -> None:
    from mappings.services import decisions
    from mappings.services.versions import Word

    change(account(connection, "5"), is_active=False)
    health.look(connection)
    draft = drafted(connection, in_acme.editor, {Word("category", "purchases", "Travel costs"): "6"})
    decisions.submit(mapping_set=draft, by=in_acme.editor, comment="Travel is archived")
    decisions.activate(mapping_set=draft, by=in_acme.approver)
    assert health.look(connection) == 0


def test_a_look_asks_as_much_for_many_records_as_for_few(
    connection: Connection, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    for external_id in ("3", "5", "2"):
        change(account(connection, external_id), is_active=False)
    with django_assert_max_num_queries(14):
        health.look(connection)


def test_a_connection_is_due_after_a_sync_and_after_a_quarter_of_an_hour_not_in_between(connection: Connection) -> None:
    now = timezone.now()
    place = (connection.tenant_id, connection.pk)
    assert place not in due_watches(now, 50)
    Connection.objects.filter(pk=connection.pk).update(last_success_at=now + timedelta(seconds=5))
    assert place in due_watches(now, 50)
    Connection.objects.filter(pk=connection.pk).update(last_success_at=now - timedelta(hours=1))
    assert place not in due_watches(now, 50)
    HealthWatch.objects.filter(connection=connection).update(checked_at=now - timedelta(minutes=16))
    assert place in due_watches(now, 50)


def test_the_watch_runs_in_the_tenant_s_scope_and_not_for_another(connection: Connection, rival: Any) -> None:
    change(account(connection, "5"), is_active=False)
    assert health.watch(rival.tenant.pk, connection.pk) == 0
    assert health.watch(connection.tenant_id, connection.pk) == 1
    assert health.watch(connection.tenant_id, uuid4()) == 0


# --- pages


def finding_of(actors: Any, name: str = "Acme Books") -> HealthFinding:
    with tenant_scope(actors.tenant.pk):
        connection = connection_of(actors.tenant, name)
        chart_of(connection)
        activated(connection, actors)
        health.look(connection)
        change(account(connection, "3"), name=f"Renamed of {name}", full_name=f"Renamed of {name}")
        health.look(connection)
        return HealthFinding.objects.get(connection=connection)


LIST = "admin:mappings_healthfinding_changelist"


def test_the_list_shows_what_is_open_and_the_page_leads_to_the_value(acme: Any) -> None:
    finding = finding_of(acme)
    shown = acme.client("auditor").get(reverse(LIST), follow=True).content.decode()
    assert "Renamed of Acme Books" in shown
    page = acme.client("editor").get(reverse("admin:mappings_healthfinding_change", args=[finding.pk])).content.decode()
    assert "subject=category&amp;side=sales&amp;value=Consulting" in page
    assert "Use it as it is now" in page


def test_an_editor_agrees_on_the_page_and_an_auditor_may_not(acme: Any) -> None:
    finding = finding_of(acme)
    url = reverse("admin:mappings_healthfinding_agree", args=[finding.pk])
    assert acme.client("auditor").post(url).status_code == 403
    assert acme.client("editor").post(url).status_code == 302
    with tenant_scope(acme.tenant.pk):
        finding.refresh_from_db()
    assert finding.status == HealthFinding.Status.ACCEPTED
    assert finding.decided_by == acme.editor


def test_without_anything_unwell_the_list_says_so(acme: Any) -> None:
    assert "Nothing is unwell" in acme.client("editor").get(reverse(LIST), follow=True).content.decode()


def test_another_tenant_sees_and_changes_nothing(acme: Any, rival: Any) -> None:
    finding = finding_of(acme)
    client: Client = rival.client("owner")
    assert "Renamed of Acme Books" not in client.get(reverse(LIST), follow=True).content.decode()
    page = client.get(reverse("admin:mappings_healthfinding_change", args=[finding.pk]), follow=True).content.decode()
    assert "Renamed of Acme Books" not in page
    client.post(reverse("admin:mappings_healthfinding_agree", args=[finding.pk]))
    with tenant_scope(acme.tenant.pk):
        finding.refresh_from_db()
    assert finding.status == HealthFinding.Status.OPEN


def test_the_first_page_counts_what_is_unwell(acme: Any) -> None:
    finding_of(acme)
    assert "Mapped records that changed" in acme.client("editor").get(reverse("admin:index")).content.decode()


def test_records_of_the_same_name_in_two_connections_are_two(in_acme: Any) -> None:
    first, second = finding_of(in_acme), finding_of(in_acme, "Second Books")
    assert first.connection_id != second.connection_id
    assert HealthFinding.objects.open().count() == 2


def test_a_record_that_no_mapping_uses_is_nobody_s_business(connection: Connection) -> None:
    record_of(connection, "accounts", "99", "Unused", kind="expense", number="9900")
    change(account(connection, "99"), is_active=False)
    assert health.look(connection) == 0


def test_a_value_whose_record_is_archived_is_told_of_once(connection: Connection) -> None:
    change(account(connection, "3"), is_active=False)
    received(connection)
    assert health.look(connection) == 1
    assert set(open_findings(connection)) == {Kind.ARCHIVED}
    lines = [{"category": "Never seen", "tax_code": "VAT20", "amount": "100.00"}]
    received(connection, external_id="order-2", lines=lines)
    assert health.look(connection) == 2
    assert open_findings(connection)[Kind.UNMAPPED].now == "Never seen"


def test_the_connection_s_page_tells_what_is_unwell_and_leads_to_it(connection: Connection, acme: Any) -> None:
    page = reverse("admin:integrations_connection_change", args=[connection.pk])
    client = acme.client("auditor")
    assert "to look at" not in client.get(page).content.decode()
    change(account(connection, "5"), is_active=False)
    assert health.look(connection) == 1
    told = client.get(page).content.decode()
    row = HealthFinding.objects.get()
    assert reverse("admin:mappings_healthfinding_change", args=[row.pk]) in told
    workbench = reverse("admin:mappings_workbench_connection", args=[connection.pk])
    assert f"{workbench}?subject=category&amp;side=purchases&amp;value=Travel+costs" in told
    for number in ("2", "3"):
        change(account(connection, number), name=f"Renamed {number}", full_name=f"Renamed {number}")
    change(LedgerRecord.objects.get(connection=connection, resource="tax_rates", external_id="21"), is_active=False)
    assert health.look(connection) == 4
    told = client.get(page).content.decode()
    assert "Mapping health: 4 to look at" in told
    assert "and 1 more" in told


def test_the_note_on_a_connection_s_page_is_of_this_connection_alone(connection: Connection, acme: Any) -> None:
    change(account(connection, "5"), is_active=False)
    assert health.look(connection) == 1
    other = connection_of(acme.tenant, "Second Books")
    page = acme.client("owner").get(reverse("admin:integrations_connection_change", args=[other.pk]))
    assert "to look at" not in page.content.decode()
