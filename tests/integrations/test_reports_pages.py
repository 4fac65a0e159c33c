"""Pages of reports: asked for, waited for, shown with their totals compared, downloaded; of one's own tenant only."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from integrations.models import Connection, Fetch
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection

LIST = "/admin/integrations/fetch/"
REPORT = {
    "columns": [
        {"key": "account", "title": "", "type": "account"},
        {"key": "total", "title": "Total", "type": "money"},
    ],
    "rows": [
        {
            "kind": "section", "label": "Income", "id": None, "group": "income", "values": {"total": None},
            "rows": [{"kind": "line", "label": "=Sales", "id": "1", "group": None, "values": {"total": "12.50"}}],
            "total": {"label": "Total income", "values": {"total": "12.50"}}, "sum": {"total": "12.50"},
        },
    ],
    "checks": {"made": 1, "differences": []},
    "currency": "GBP",
}  # fmt: skip


@pytest.fixture
def books(acme: Actors) -> Connection:
    """A connection of acme's."""
    with tenant_scope(acme.tenant.pk):
        return make_connection(acme.tenant, name="Acme Trading")


def answered(connection: Connection, **fields: Any) -> Fetch:
    with tenant_scope(connection.tenant_id):
        return Fetch.objects.create(
            tenant_id=connection.tenant_id,
            connection=connection,
            kind="report",
            expires_at=timezone.now() + timedelta(hours=1),
            **{
                "params": {"name": "profit_and_loss"},
                "status": "done",
                "answer": REPORT,
                "finished_at": timezone.now(),
                **fields,
            },
        )


def test_a_report_is_asked_for_and_its_page_waits(
    acme: Actors, books: Connection, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    browser = acme.client("auditor")
    form = {"connection": str(books.pk), "name": "aged_receivables", "start_on": "2026-01-01", "end_on": "2026-10-31"}
    with django_capture_on_commit_callbacks() as bells:
        answer = browser.post(LIST, form)
    assert answer.status_code == 302
    assert len(bells) == 1
    page = browser.get(answer["Location"]).content.decode()
    assert "Asking the ledger" in page
    with tenant_scope(acme.tenant.pk):
        # An aged list takes the last day only.
        assert Fetch.objects.get().params == {"name": "aged_receivables", "on": "2026-10-31"}
    state = browser.get(f"{answer['Location'].removesuffix('change/')}state/").json()
    assert state == {"finished": False}


def test_a_period_that_ends_before_it_begins_is_refused_in_words(acme: Actors, books: Connection) -> None:
    form = {"connection": str(books.pk), "name": "profit_and_loss", "start_on": "2026-02-01", "end_on": "2026-01-01"}
    answer = acme.client("owner").post(LIST, form)
    assert answer.status_code == 422
    assert "The last day lies before the first." in answer.content.decode()


def test_a_report_that_this_ledger_lacks_is_refused_with_the_reason(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        quickbooks = make_connection(acme.tenant)
        zoho = make_connection(acme.tenant, connector="zoho_books", external_org_id="97531403")
    browser = acme.client("owner")
    answer = browser.post(LIST, {"connection": str(zoho.pk), "name": "balance_sheet"})
    assert answer.status_code == 422
    assert "Zoho documents no interface for this report. It has: profit and loss" in answer.content.decode()
    assert browser.post(LIST, {"connection": str(quickbooks.pk), "name": "balance_sheet"}).status_code == 302


def test_an_aged_list_of_the_portals_copy_takes_no_days(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        zoho = make_connection(acme.tenant, connector="zoho_books", external_org_id="97531403")
    browser, form = acme.client("owner"), {"connection": str(zoho.pk), "name": "aged_payables"}
    assert browser.post(LIST, form).status_code == 302
    refused = browser.post(LIST, {**form, "end_on": "2026-10-31"})
    assert "Leave the days empty" in refused.content.decode()


def test_without_a_connection_the_page_says_what_to_do(acme: Actors) -> None:
    assert "No ledger can be asked now" in acme.client("owner").get(LIST).content.decode()


def test_the_list_and_the_report_are_shown(acme: Actors, books: Connection) -> None:
    fetch = answered(books)
    browser = acme.client("owner")
    assert "Profit and loss" in browser.get(LIST).content.decode()
    page = browser.get(f"{LIST}{fetch.pk}/change/").content.decode()
    assert "totals were worked out again and agree" in page
    assert "Total income" in page


def test_what_does_not_add_up_is_said_with_both_figures(acme: Actors, books: Connection) -> None:
    wrong = {"what": "Total of Income", "column": "total", "told": "12.50", "found": "12.00"}
    fetch = answered(books, answer={**REPORT, "checks": {"made": 1, "differences": [wrong]}})
    page = acme.client("owner").get(f"{LIST}{fetch.pk}/change/").content.decode()
    assert "the ledger says 12.50, its rows make 12.00" in page


def test_a_section_without_a_told_total_shows_the_sum_and_an_empty_one_is_left_out(
    acme: Actors, books: Connection
) -> None:
    income = {**REPORT["rows"][0], "total": None}  # type: ignore[index]
    nothing = {**income, "label": "Other income", "rows": [], "sum": {}}
    fetch = answered(books, answer={**REPORT, "rows": [income, nothing]})
    page = acme.client("owner").get(f"{LIST}{fetch.pk}/change/").content.decode()
    assert "Total income" in page
    assert "Other income" not in page


def test_a_report_that_failed_says_why_and_what_to_do(acme: Actors, books: Connection) -> None:
    error = {"message": "The ledger refused.", "remedy": "Ask for less.", "who_can_fix": "editor"}
    fetch = answered(books, status="failed", error=error, answer={})
    page = acme.client("owner").get(f"{LIST}{fetch.pk}/change/").content.decode()
    assert "The ledger refused." in page
    assert "Ask again" in page


def test_a_spreadsheet_runs_no_formula_out_of_a_report(acme: Actors, books: Connection) -> None:
    fetch = answered(books)
    table = acme.client("owner").get(f"{LIST}{fetch.pk}/table.csv").content.decode().splitlines()
    assert table == ["level,account,Total", "0,Income,", "1,'=Sales,12.50", "0,Total income,12.50"]


def test_another_tenants_reports_do_not_exist(acme: Actors, rival: Actors, books: Connection) -> None:
    fetch = answered(books)
    browser = rival.client("owner")
    for word in ("state/", "table.csv"):
        assert browser.get(f"{LIST}{fetch.pk}/{word}").status_code == 404
    assert browser.get(f"{LIST}{fetch.pk}/change/").status_code == 302
    form = {"connection": str(books.pk), "name": "profit_and_loss"}
    assert browser.post(LIST, form).status_code == 422
