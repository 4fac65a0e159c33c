"""One more ledger is files alone: connected, read, written, found again, covered; no Python knows its name."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.engine import manifest
from integrations.engine.announcements import taken_apart
from integrations.engine.compare import differences
from integrations.engine.coverage import coverage
from integrations.engine.errors import OutcomeUnknown, RejectedError
from integrations.engine.results import Outcome, Record
from integrations.engine.seals import NotGenuineError, opened
from tests.integrations.connectors.simulation import Simulation
from tests.integrations.connectors.sixth.face import BrookFace
from tests.integrations.connectors.test_round_trip import MAKERS, Books, known

ROOT = Path(__file__).resolve().parents[4]
WRITABLE = ["accounts", "contacts", "items", "invoices", "payments", "bills", "journal_entries"]


@pytest.fixture(scope="module")
def brook() -> Iterator[Books]:
    """A business in Brook, found by the folder that the operator names."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PORTAL_CONNECTORS_DIR", str(Path(__file__).parent))
        yield Books(Simulation("brook", faces=(BrookFace,)))


def test_no_python_of_the_portal_knows_its_name() -> None:
    apps = ("portal", "tenants", "integrations", "mappings", "reconciliation")
    assert [
        path for app in apps for path in (ROOT / app).rglob("*.py") if "brook books" in path.read_text().lower()
    ] == []


@pytest.mark.parametrize("resource", ["accounts", "contacts", "items", "invoices", "payments", "bills", "tax_rates"])
def test_everything_it_holds_is_read(brook: Books, resource: str) -> None:
    pages = list(brook.ledger.pages(resource))
    assert [page.unreadable for page in pages if page.unreadable] == []
    assert {record.external_id for page in pages for record in page.records} == {
        item["id"] for item in brook.simulation.truth(resource)
    }


def test_only_what_changed_is_asked_for(brook: Books) -> None:
    body = {"contact_type": "customer", "name": "Late Comer"}
    made = brook.ledger.post("contacts", "create", body, key="late")
    assert isinstance(made, Record)
    moment = datetime.now(UTC) - timedelta(seconds=30)
    recent = [record.external_id for page in brook.ledger.pages("contacts", since=moment) for record in page.records]
    assert made.external_id in recent
    assert len(recent) < len(brook.simulation.truth("contacts"))


@pytest.mark.parametrize("resource", WRITABLE)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_written_is_read_as_it_was_given(brook: Books, resource: str, data: st.DataObject) -> None:
    body = known(brook, resource, MAKERS[resource](brook, data))
    written = brook.ledger.post(resource, "create", body, key=f"{resource}-{datetime.now(UTC).timestamp()}")
    assert isinstance(written, Record)
    found = brook.ledger.read(resource, written.external_id, written.remote_type)
    wanted = brook.ledger.connector.resources[resource].typed(body, "create")
    assert differences(wanted, found.unified) == []


def test_a_write_whose_answer_is_lost_is_found_and_not_doubled(brook: Books) -> None:
    body = {"contact_type": "vendor", "name": "Lost and Found"}
    brook.simulation.control(
        "faults", {"method": "POST", "path": "suppliers", "times": 1, "action": "drop_after_commit"}
    )
    with pytest.raises(OutcomeUnknown):
        brook.ledger.post("contacts", "create", body, key="lost")
    probe = brook.ledger.probe("contacts", "create", body, key="lost", sent_at=datetime.now(UTC))
    assert probe.outcome is Outcome.POSTED
    assert sum(item["name"] == "Lost and Found" for item in brook.simulation.truth("contacts")) == 1


def test_a_refusal_is_in_our_words_with_the_ledgers_own(brook: Books) -> None:
    invoice, contact = brook.open_document("invoices")
    settled = [{"type": "invoice", "id": invoice, "amount": Decimal(5)}]
    paid = {"contact": {"id": contact}, "issued_on": "2026-11-04", "total": Decimal(5), "allocations": settled}
    paid |= {"account": brook.account("bank")}
    brook.ledger.post("payments", "create", paid, key="paid-5")
    with pytest.raises(RejectedError) as caught:
        brook.ledger.post("invoices", "delete", {"external_id": invoice}, key="gone")
    assert (caught.value.code, caught.value.ledger_code) == ("in_use", "settled")
    assert "Undo the payment first." in caught.value.remedy


def test_what_it_announces_is_believed_taken_apart_and_read(brook: Books) -> None:
    declared = brook.ledger.connector.announcements
    assert declared is not None
    assert declared.seal is not None
    world = brook.simulation.app.world
    heard: list[Any] = []
    brook.simulation.app.world.organisation(brook.simulation.id).store.publish = heard.extend
    invoice, contact = brook.open_document("invoices")
    changed = brook.ledger.post("invoices", "update", {"external_id": invoice, "memo": "Told"}, key="told")
    body = known(brook, "items", {"name": "Short lived", "type": "service"})
    made = brook.ledger.post("items", "create", body, key="short")
    brook.ledger.post("items", "delete", {"external_id": made.external_id}, key="shorter")
    deliveries = world.faces["brook"].notify(heard, "key", "posts")
    now = datetime.now(UTC)
    wanted: dict[str, dict[str, bool]] = {}
    for delivery in deliveries:
        opened(declared.seal, delivery.body, delivery.headers.__getitem__, ["key"], now)
        with pytest.raises(NotGenuineError):
            opened(declared.seal, delivery.body + b" ", delivery.headers.__getitem__, ["key"], now)
        (event,) = taken_apart(declared, delivery.body, {}).events
        assert event.orgs == (brook.simulation.org,)
        wanted.setdefault(event.kind, {})[event.record] = event.action == "deleted"
    assert wanted == {"invoices": {invoice: False}, "products": {made.external_id: True}}
    parts = list(brook.ledger.announced(wanted, now - timedelta(minutes=5)))
    (found,) = [rows for told in parts for rows in told.found.values()]
    assert [(name, record.unified["memo"]) for name, record in found] == [("invoices", "Told")]
    assert [key for told in parts for key in told.gone] == [("products", made.external_id)]
    assert contact
    assert changed


def test_the_books_balance_after_everything(brook: Books) -> None:
    assert brook.simulation.trial_balance()["difference"] == "0.00"


def test_its_coverage_is_complete(brook: Books) -> None:
    rows = coverage(manifest.load("brook"))
    assert [row.name for row in rows if not row.is_there and not row.reason] == []
    assert [(row.name, verb) for row in rows for verb, reason in row.missing.items() if not reason] == []
