"""A tenant whose ledger nobody can reach, a sandbox for its pilots, and what asks for them."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.models import Connection
from mappings.models import Pilot
from mappings.services import pilots
from mappings.services.intake import receive_document
from mappings.services.versions import Word
from tests.conftest import Actors
from tests.integrations.conftest import Sandbox
from tests.mappings.factories import activated, chart_of, connection_of, drafted, expense, sale

CONSULTING = Word("category", "sales", "Consulting")


def opened(actors: Actors, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """A tenant's connection to a ledger that nobody can reach: whatever is posted, is not posted there."""
    for name in ("API", "AUTH", "TOKEN", "REVOKE"):
        monkeypatch.setenv(f"PORTAL_QUICKBOOKS_{name}_URL", "https://ledger.invalid")
    monkeypatch.setenv("PORTAL_QUICKBOOKS_CLIENT_ID", "the-real-application")
    found = connection_of(actors.tenant)
    chart_of(found)
    activated(found, actors)
    for number in (1, 2):
        receive_document(connection=found, body=sale(found, f"order-{number}"))
    receive_document(connection=found, body=expense(found))
    return found


def asked(connection: Connection, acme: Actors, words: dict[Word, str], **choice: Any) -> Pilot:
    draft = drafted(connection, acme.editor, words)
    chosen = pilots.Choice(**{"documents": 50, **choice})
    return pilots.request_pilot(mapping_set=draft, choice=chosen, by=acme.editor)


def run(pilot: Pilot) -> Pilot:
    pilots.run_pilot(pilot.tenant_id, pilot.pk)
    pilot.refresh_from_db()
    return pilot


def piloted(connection: Connection, acme: Actors, words: dict[Word, str], **choice: Any) -> Pilot:
    found = run(asked(connection, acme, words, **choice))
    assert found.status == "done", found.error
    return found


def left_in(sandbox: Sandbox) -> list[str]:
    return [each["name"] for each in sandbox.get("/_control/organisations")["organisations"]]


def changes(pilot: Pilot) -> dict[str, Decimal]:
    return {row["name"]: Decimal(row["change"]) for row in pilot.report["accounts"] if row["is_unlike"]}
