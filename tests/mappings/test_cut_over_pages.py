"""The cut-over's pages: counted first, then three tabs and decisions, by those who may, in one's own tenant."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from integrations.models import Connection
from mappings.models import CutOver, CutOverLink
from mappings.services.cutover import run_cut_over
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.mappings.factories import connection_of, received, record_of


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    return connection_of(in_acme.tenant)


def address(name: str, *args: object) -> str:
    return reverse(f"admin:mappings_cut_over{name}", args=args)


def test_without_a_connection_the_page_leads_to_the_first_step(acme: Actors) -> None:
    assert b"Connect a ledger first" in acme.client("editor").get(address("")).content


def test_the_heading_names_the_page_and_not_the_model_at_whose_address_it_lives(
    connection: Connection, acme: Actors
) -> None:
    page = acme.client("auditor").get(address("_connection", connection.pk)).content.decode()
    heading = page.partition('id="header-inner"')[2].partition('class="stack')[0]
    assert "Cut-over" in heading
    assert "Source documents" not in heading


def test_a_person_counts_links_decides_and_undoes(connection: Connection, acme: Actors) -> None:
    fields = {"contact_name": "Blue Bottle Ltd", "issued_on": date(2026, 11, 2), "amount": Decimal("120")}
    record_of(connection, "invoices", "130", "", number="ORDER-1", currency="GBP", remote_type="Invoice", **fields)
    linked, alone = (
        received(connection),
        received(connection, external_id="order-2", number="9", counterparty={"name": "X"}),
    )
    client = acme.client("editor")
    assert b"Counting writes nothing" in client.get(address("")).content
    posted = {"starts_on": "2026-11-10", "days_apart": "3", "kinds": "sale"}
    assert (
        "Waiting for a worker" in client.post(address("_set_up", connection.pk), posted, follow=True).content.decode()
    )
    run_cut_over(connection.tenant_id, CutOver.objects.get().pk)
    page = client.get(address("_connection", connection.pk)).content.decode()
    assert "Would be linked" in page
    assert 'value="sale" checked' in page
    assert 'value="purchase">' in page, "saved again, it keeps its kinds"
    assert not CutOverLink.objects.exists()
    client.post(address("_link", connection.pk))
    run_cut_over(connection.tenant_id, CutOver.objects.get().pk)
    assert client.get(address("_state", connection.pk)).json()["finished"]
    tab = client.get(address("_connection", connection.pk) + "?tab=linked").content.decode()
    assert "The number ORDER-1 is the same." in tab
    link, other = CutOverLink.objects.get(document=linked), CutOverLink.objects.get(document=alone)
    client.post(address("_many", connection.pk), {"act": "undo", "link": str(link.pk), "tab": "linked"})
    link.refresh_from_db()
    assert link.state == "open"
    one = client.get(address("_one", link.pk) + "?q=order-1").content.decode()
    assert "What it may be" in one
    client.post(address("_decide", link.pk), {"act": "choose", "record": str(link.proposal_id)})
    client.post(address("_decide", other.pk), {"act": "leave_out", "reason": "Test order"})
    assert set(CutOverLink.objects.values_list("state", flat=True)) == {"linked", "left_out"}
    assert b"Undo" in client.get(address("_one", other.pk)).content


def test_who_may_not_edit_may_look_and_change_nothing(connection: Connection, acme: Actors) -> None:
    client = acme.client("auditor")
    assert client.get(address("")).status_code == 200
    for word in ("_set_up", "_link", "_many"):
        assert client.post(address(word, connection.pk)).status_code == 403, word


def test_another_tenants_cut_over_is_not_found(acme: Actors, rival: Actors) -> None:
    with tenant_scope(rival.tenant.pk):
        other = connection_of(rival.tenant)
    client = acme.client("owner")
    assert client.get(address("_connection", other.pk)).status_code == 404
    assert client.post(address("_link", other.pk)).status_code == 404
