"""What each ledger can do: the same on the page, in the API and in the documentation."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from integrations.management.commands.coverage import PAGE, page
from integrations.services.coverage import covers, ledgers
from tests.conftest import Actors


def test_the_documentation_is_what_the_connectors_say() -> None:
    assert PAGE.read_text() == page(), "run ./bin/portal manage coverage --write"


@pytest.mark.parametrize("ledger", ledgers())
def test_every_ledger_has_its_page(acme: Actors, ledger: str) -> None:
    browser = acme.client("auditor")
    assert ledgers()[ledger] in browser.get("/admin/integrations/connection/coverage/").content.decode()
    text = browser.get(f"/admin/integrations/connection/coverage/{ledger}/").content.decode()
    for cover in covers(ledger).values():
        assert f'id="{cover.name}"' in text


def test_a_ledger_that_is_not_there_has_no_page(acme: Actors) -> None:
    assert acme.client("owner").get("/admin/integrations/connection/coverage/abacus/").status_code == 404


@pytest.mark.parametrize("ledger", ledgers())
def test_the_api_publishes_the_coverage_to_everybody(ledger: str) -> None:
    rows = Client().get("/api/v1/coverage", {"ledger": ledger}).json()
    assert {row["resource"] for row in rows} == {name.replace("_", "-") for name in covers(ledger)}
    invoices = next(row for row in rows if row["resource"] == "invoices")
    assert "create" in invoices["operations"]
    assert {"name", "type", "is_read", "is_written", "needed_on"} == set(invoices["fields"][0])


def test_a_ledger_that_is_not_there_is_answered_with_those_that_are() -> None:
    answer = Client().get("/api/v1/coverage", {"ledger": "abacus"})
    assert answer.status_code == 404
    assert "quickbooks" in answer.json()["detail"]


def test_the_command_prints_json_for_scripts() -> None:
    out = StringIO()
    call_command("coverage", "--json", stdout=out)
    assert set(json.loads(out.getvalue())) == set(ledgers())
