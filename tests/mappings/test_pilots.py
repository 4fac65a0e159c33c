"""Pilots: a draft and the active version really post into companies of the simulated ledger, and only there."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection as database
from django.db import transaction
from django.urls import reverse

from integrations.models import Connection, CrossReference, LedgerRecord, Posting
from mappings.models import MappingSet, Pilot, SourceDocument
from mappings.services import pilots
from mappings.services.intake import receive_document
from mappings.services.versions import Word
from tests.conftest import Actors
from tests.integrations.conftest import Sandbox, sandbox, sandbox_process  # noqa: F401
from tests.killing import Hangman, Killed
from tests.mappings.factories import WORDS, chart_of, connection_of, drafted, record_of, sale
from tests.mappings.piloting import CONSULTING, asked, changes, left_in, opened, piloted, run

pytestmark = pytest.mark.integration


@pytest.fixture
def connection(
    sandbox: Sandbox,  # noqa: F811
    in_acme: Actors,
    monkeypatch: pytest.MonkeyPatch,
) -> Connection:
    return opened(in_acme, monkeypatch)


# Laws ----------------------------------------------------------------------------------------------------------


def test_a_draft_that_says_the_same_gives_equal_books(connection: Connection, acme: Actors) -> None:
    found = piloted(connection, acme, {CONSULTING: "3"})
    assert found.headline == "3 documents, books equal"
    assert found.report["companies"]["draft"] == found.report["companies"]["active"]
    assert found.report["companies"]["draft"]["posted"] == 3
    assert (changes(found), found.report["apart"], found.report["refusals"]) == ({}, [], [])


def test_a_draft_that_moves_a_category_moves_exactly_the_predicted_amount(connection: Connection, acme: Actors) -> None:
    found = piloted(connection, acme, {CONSULTING: "4"})
    assert changes(found) == {"4000 Sales of services": Decimal(200), "4100 Other sales": Decimal(-200)}
    unlike = [row for row in found.report["accounts"] if row["is_unlike"]]
    assert all(row["predicted"] == row["change"] for row in unlike)
    assert all([each["name"] for each in row["documents"]] == ["Sale ORDER-1", "Sale ORDER-2"] for row in unlike)
    assert found.headline == "3 documents, 2 accounts differ"
    assert found.report["apart"] == []


def test_the_books_of_both_companies_balance_control_accounts_and_tax_among_them(
    connection: Connection, acme: Actors
) -> None:
    report = piloted(connection, acme, {CONSULTING: "4"}).report
    for company in ("active", "draft"):
        assert sum(Decimal(row[company]) for row in report["accounts"]) == 0
    groups = {row["group"]: Decimal(row["draft"]) for row in report["accounts"] if row["group"] != "account"}
    assert groups == {"control": Decimal(240), "ledger": Decimal(-40)}
    assert report["is_balanced"] is True


def test_the_first_version_is_held_against_the_preview_alone(
    sandbox: Sandbox,  # noqa: F811
    in_acme: Actors,
) -> None:
    connection = connection_of(in_acme.tenant)
    chart_of(connection)
    receive_document(connection=connection, body=sale(connection))
    found = piloted(connection, in_acme, WORDS)
    assert (found.headline, found.report["against"]) == ("1 document, booked as predicted", None)
    assert {row["name"]: row["draft"] for row in found.report["accounts"] if row["group"] == "account"} == {
        "4000 Sales of services": "-100.00"
    }


def test_a_tax_rate_that_no_new_company_has_is_taxed_as_the_tenants_ledger_does(
    connection: Connection, acme: Actors
) -> None:
    tax = {"rate": "7.7", "applies_to": "both", "components": [{"id": "r7", "name": "7.7", "rate": "7.7"}]}
    record_of(connection, "tax_rates", "22", "Swiss", kind="both", unified=tax)
    lines = [{"category": "Consulting", "tax_code": "CH", "amount": Decimal("100.00")}]
    body = sale(connection, "swiss", lines=lines, tax_total=Decimal("7.70"), total=Decimal("107.70"))
    receive_document(connection=connection, body=body)
    found = piloted(connection, acme, {Word("tax_code", "sales", "CH"): "22"}, documents=1)
    assert (found.report["companies"]["draft"]["posted"], found.report["apart"]) == (1, [])
    assert changes(found)["Accounts receivable"] == Decimal("107.70")


# Only there ----------------------------------------------------------------------------------------------------


def test_nothing_of_the_tenant_is_written_and_nothing_but_the_sandbox_is_called(
    connection: Connection,
    acme: Actors,
    sandbox: Sandbox,  # noqa: F811
) -> None:
    def known() -> Any:
        documents = SourceDocument.objects.order_by("pk").values_list("status", "trace", "mapping_set")
        counted = (Posting, CrossReference, LedgerRecord, Connection)
        return [list(documents), *(model.objects.count() for model in counted)]

    before = known()
    piloted(connection, acme, {CONSULTING: "4"})
    assert known() == before
    writes = sandbox.calls("write")
    assert len({call["org"] for call in writes}) == 2
    assert connection.external_org_id not in {call["org"] for call in writes}
    assert left_in(sandbox) == []


def test_its_companies_have_no_limits_and_announce_nothing(
    connection: Connection,
    acme: Actors,
    sandbox: Sandbox,  # noqa: F811
) -> None:
    sandbox.post("/_control/webhooks", {"ledger": "quickbooks", "url": "http://127.0.0.1:9/", "key": "k"})
    for number in range(12):
        receive_document(connection=connection, body=sale(connection, f"many-{number}"))
    piloted(connection, acme, {CONSULTING: "3"})
    assert sandbox.get("/_control/calls")["over_limit"] == 0
    assert sandbox.get("/_control/webhooks")["deliveries"] == []


# Which documents -----------------------------------------------------------------------------------------------


def test_an_invoice_that_a_payment_names_is_posted_with_it(connection: Connection, acme: Actors) -> None:
    body = sale(connection, "paid", kind="payment", payment_method="visa", total=Decimal("120.00"))
    body |= {"applies_to": [{"external_id": "order-1", "amount": Decimal("120.00")}]}
    for name in ("lines", "tax_mode", "tax_total", "due_on"):
        del body[name]
    receive_document(connection=connection, body=body)
    found = piloted(connection, acme, {Word("payment_method", "sales", "visa"): "1"}, documents=1)
    assert found.report["documents"] == 2
    assert found.report["companies"]["draft"]["posted"] == 2
    assert found.report["companies"]["active"] == {"posted": 1, "waits": 1, "refused": 0, "unknown": 0}
    assert changes(found) == {"1000 Current account": Decimal(120), "Accounts receivable": Decimal(-120)}


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({"documents": 1}, {"Expense"}),
        ({"kinds": ("sale",)}, {"Sale"}),
        ({"dated_to": "2026-11-01"}, set()),
        ({"dated_from": "2026-11-02"}, {"Sale", "Expense"}),
    ],
)
def test_kinds_days_and_how_many_are_chosen(
    connection: Connection, acme: Actors, choice: dict[str, Any], names: set[str]
) -> None:
    found = piloted(connection, acme, {CONSULTING: "3"}, **choice)
    assert {row["kind"] for row in found.report["kinds"]} == names
    assert bool(names) or found.headline == "no document to post"


def test_documents_of_before_the_cut_over_stay_out(connection: Connection, acme: Actors) -> None:
    SourceDocument.objects.filter(external_id="order-1").update(status=SourceDocument.Status.LEFT_OUT)
    assert piloted(connection, acme, {CONSULTING: "3"}).report["documents"] == 2


# What the ledger says ------------------------------------------------------------------------------------------


def test_a_document_that_the_version_cannot_map_waits_and_says_why(connection: Connection, acme: Actors) -> None:
    lines = [{"category": "Unheard of", "tax_code": "VAT20", "amount": Decimal("100.00")}]
    receive_document(connection=connection, body=sale(connection, "odd", lines=lines))
    found = piloted(connection, acme, {CONSULTING: "3"})
    (row,) = found.report["refusals"]
    assert (row["what"], row["active"], row["draft"]) == ("waits", 1, 1)
    assert "Unheard of" in row["text"]
    assert [each["name"] for each in row["documents"]] == ["Sale ODD"]


def test_a_refusal_of_one_company_is_a_difference_with_its_cause(
    connection: Connection,
    acme: Actors,
    sandbox: Sandbox,  # noqa: F811
) -> None:
    body = {"Fault": {"type": "ValidationFault", "Error": [{"code": "6000", "Message": "No", "Detail": "Not today"}]}}
    sandbox.fault("status", method="POST", path="/invoice", status=400, body=body, times=1)
    found = piloted(connection, acme, {CONSULTING: "3"})
    (row,) = found.report["refusals"]
    assert (row["what"], row["active"], row["draft"]) == ("refused", 1, 0)
    assert changes(found)["Accounts receivable"] == Decimal(120)
    assert found.report["companies"]["active"]["refused"] == 1


def test_an_answer_that_was_lost_is_looked_up_and_nothing_is_posted_twice(
    connection: Connection,
    acme: Actors,
    sandbox: Sandbox,  # noqa: F811
) -> None:
    sandbox.fault("drop_after_commit", method="POST", path="/invoice", times=1)
    found = piloted(connection, acme, {CONSULTING: "3"})
    assert found.headline == "3 documents, books equal"
    assert {row["name"]: row["active"] for row in found.report["accounts"]}["Accounts receivable"] == "240.00"


# Background work -----------------------------------------------------------------------------------------------


def test_killed_at_any_moment_it_begins_anew_and_leaves_no_company(
    connection: Connection,
    acme: Actors,
    sandbox: Sandbox,  # noqa: F811
) -> None:
    found = asked(connection, acme, {CONSULTING: "4"})
    counting = Hangman()
    with transaction.atomic(), database.execute_wrapper(counting):
        wanted = run(found).report
        transaction.set_rollback(True)
    assert counting.seen > 8
    for moment in range(1, counting.seen + 1, max(1, counting.seen // 4)):
        with transaction.atomic():
            with pytest.raises(Killed), database.execute_wrapper(Hangman(moment)):
                pilots.run_pilot(found.tenant_id, found.pk)
            Pilot.objects.update(lease_until=None)
            with database.cursor() as cursor:
                cursor.execute("SELECT kind, row_id FROM mappings_due(now() + interval '1 minute', 10)")
                assert ("pilot", found.pk) in cursor.fetchall()
            assert run(found).report == wanted
            assert left_in(sandbox) == []
            transaction.set_rollback(True)


def test_companies_that_a_killed_process_left_behind_are_removed_by_the_next(
    connection: Connection,
    acme: Actors,
    sandbox: Sandbox,  # noqa: F811
) -> None:
    found = asked(connection, acme, {CONSULTING: "3"})
    sandbox.company(name=f"Pilot {found.pk} version 1")
    sandbox.company(name="Somebody's books")
    assert run(found).status == "done"
    assert left_in(sandbox) == ["Somebody's books"]


class _Stopping:
    """Stops the pilot, as a person would, once its worker reads with a company founded."""

    def __init__(self, pilot: Pilot, sandbox: Sandbox) -> None:  # noqa: F811
        self._pilot, self._sandbox, self.is_done = pilot, sandbox, False

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not self.is_done and sql.startswith("SELECT") and left_in(self._sandbox):
            self.is_done = True
            pilots.cancel_pilot(Pilot.objects.get(pk=self._pilot.pk))
        return execute(sql, params, many, context)


def test_stopped_while_it_runs_it_ends_without_a_report_and_without_companies(
    connection: Connection,
    acme: Actors,
    sandbox: Sandbox,  # noqa: F811
) -> None:
    found = asked(connection, acme, {CONSULTING: "4"})
    stopping = _Stopping(found, sandbox)
    with database.execute_wrapper(stopping):
        run(found)
    assert (stopping.is_done, found.status, left_in(sandbox)) == (True, "stopping", [])
    assert (run(found).status, found.report) == ("cancelled", {})
    with pytest.raises(ValidationError, match="over already"):
        pilots.cancel_pilot(found)
    assert pilots.run_pilot(found.tenant_id, found.pk) is None


def test_a_sandbox_that_is_away_is_waited_for_and_given_up_in_the_end(
    connection: Connection, acme: Actors, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = asked(connection, acme, {CONSULTING: "3"})
    monkeypatch.setenv("PORTAL_SANDBOX_URL", "http://127.0.0.1:9")
    for status in ("queued", "queued", "queued", "failed"):
        Pilot.objects.update(available_at=found.created_at)
        assert run(found).status == status, found.error
    assert found.error["remedy"]


# Refused before it begins --------------------------------------------------------------------------------------


def test_without_a_sandbox_it_is_refused_with_what_to_do(
    connection: Connection, acme: Actors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PORTAL_SANDBOX_URL")
    with pytest.raises(ValidationError, match="There is no sandbox to run a pilot in.*PORTAL_PILOT_SANDBOX_URL"):
        asked(connection, acme, {CONSULTING: "3"})
    page = acme.client("editor").get(
        reverse("admin:mappings_mappingset_change", args=[MappingSet.objects.get(status="draft").pk])
    )
    assert "There is no sandbox to run a pilot in" in page.content.decode()


def test_a_sandbox_beside_real_ledgers_is_one_of_its_own(
    connection: Connection,
    acme: Actors,
    monkeypatch: pytest.MonkeyPatch,
    sandbox_process: Sandbox,  # noqa: F811
) -> None:
    monkeypatch.delenv("PORTAL_SANDBOX_URL")
    monkeypatch.setenv("PORTAL_PILOT_SANDBOX_URL", sandbox_process.url)
    assert piloted(connection, acme, {CONSULTING: "3"}).headline == "3 documents, books equal"


def test_a_version_that_cannot_be_used_as_it_is_is_refused(connection: Connection, acme: Actors) -> None:
    drafted(connection, acme.editor, {CONSULTING: "4"})
    LedgerRecord.objects.filter(resource="accounts", external_id="4").update(is_active=False)
    with pytest.raises(ValidationError, match="cannot be used; mend them first.*Consulting"):
        pilots.request_pilot(
            mapping_set=MappingSet.objects.get(status="draft"), choice=pilots.Choice(5), by=acme.editor
        )


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"documents": 0}, "between 1 and 500"),
        ({"documents": 501}, "between 1 and 500"),
        ({"kinds": ("poem",)}, "no kind poem"),
        ({"dated_from": "2026-11-03", "dated_to": "2026-11-02"}, "first day is after the last"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(
    connection: Connection, acme: Actors, choice: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        asked(connection, acme, {CONSULTING: "3"}, **choice)


def test_only_an_open_version_is_piloted_and_only_once_at_a_time(connection: Connection, acme: Actors) -> None:
    active = MappingSet.objects.select_related("connection").get(status="active")
    with pytest.raises(ValidationError, match="Only a draft"):
        pilots.request_pilot(mapping_set=active, choice=pilots.Choice(5), by=acme.editor)
    first, second = (asked(connection, acme, {CONSULTING: "4"}) for _ in range(2))
    assert first.pk == second.pk
