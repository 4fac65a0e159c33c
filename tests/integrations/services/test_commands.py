"""Operators' commands: what they print, and the exit status."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integrations.models import Connection
from integrations.services.connections import pause
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Company, Sandbox

pytestmark = pytest.mark.integration


def run(*arguments: str) -> dict[str, Any]:
    """The one JSON object that a command prints."""
    out = io.StringIO()
    call_command(*arguments, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_connect_runs_the_real_consent_against_the_sandbox(acme: Actors, company: Company) -> None:
    found = run("connect", "--tenant", "acme", "--ledger", "quickbooks", "--org", company.realm)
    assert found["external_org_id"] == company.realm
    assert found["connection"]


def test_connect_says_when_there_is_no_company_to_connect(acme: Actors, sandbox: Sandbox) -> None:
    with pytest.raises(CommandError, match="declined"):
        run("connect", "--tenant", "acme", "--ledger", "quickbooks")


def test_sync_waits_and_counts(connected: Connection, sandbox: Sandbox) -> None:
    found = run("sync", str(connected.pk), "--wait")
    assert (found["status"], found["throttled"]) == ("succeeded", 0)
    assert found["records"] == found["changed"] > 10
    assert found["calls"] == len(sandbox.calls()) - 2, "consent read the company and its preferences"
    again = run("sync", str(connected.pk), "--resource", "journal-entries", "terms", "--full", "--wait")
    assert (again["status"], again["calls"], again["changed"]) == ("succeeded", 2, 0)


@pytest.mark.parametrize("wrong", [["nonsense"], ["00000000-0000-7000-8000-000000000000"]])
def test_sync_of_no_connection_is_wrong_usage(db: None, wrong: list[str]) -> None:
    with pytest.raises(CommandError) as refused:
        run("sync", *wrong)
    assert refused.value.returncode == 2


def test_sync_of_an_unknown_resource_is_wrong_usage_and_names_those_that_exist(connected: Connection) -> None:
    with pytest.raises(CommandError, match="invoices") as refused:
        run("sync", str(connected.pk), "--resource", "unicorns")
    assert refused.value.returncode == 2


def test_waiting_for_a_paused_connection_ends_with_words(connected: Connection) -> None:
    with tenant_scope(connected.tenant_id):
        pause(connected)
    with pytest.raises(CommandError, match="paused"):
        run("sync", str(connected.pk), "--wait")


def test_a_failed_sync_says_why_and_what_to_do(connected: Connection, company: Company, sandbox: Sandbox) -> None:
    sandbox.fault("permission_gap", org=company.realm)
    with pytest.raises(CommandError, match=r"\w+\. \w+") as refused:
        run("sync", str(connected.pk), "--wait")
    assert refused.value.returncode == 1
