"""Every document is in exactly one of posted, waiting and rejected, whatever ledger, queue and people make of it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.models import Connection, Posting
from mappings.models import PostingRule, SourceDocument
from mappings.models.documents import OUTCOMES, Outcome, State
from mappings.services import approval
from mappings.services.intake import receive_document
from mappings.services.journey import journey_of, state_of
from mappings.services.mapping import document_postings, map_documents
from mappings.services.versions import Word
from tests.conftest import Actors
from tests.mappings.factories import WORDS, activated, chart_of, connection_of, expense, record_of, sale

_MORE = {
    Word("payment_method", "sales", "card"): "1",
    Word("payment_method", "purchases", "card"): "1",
}
_Build = Callable[[Connection, str], dict[str, Any]]
_WRONG: dict[str, Any] = {"total": Decimal("999.00")}


def _refund(connection: Connection, key: str, **changes: Any) -> dict[str, Any]:
    found = sale(connection, key, kind="refund", payment_method="card", **changes)
    found.pop("due_on")
    return found


def _payment(connection: Connection, key: str, of: str) -> dict[str, Any]:
    found = sale(connection, key, kind="payment", payment_method="card", tax_mode="none")
    for name in ("lines", "tax_total", "due_on"):
        found.pop(name)
    return found | {"applies_to": [{"external_id": of}]}


_unknown = [{"category": "Unheard of", "tax_code": "VAT20", "amount": Decimal("100.00")}]
_BUILDS: dict[str, _Build] = {
    "a sale": sale,
    "a sale with an unknown word": lambda connection, key: sale(connection, key, lines=_unknown),
    "a sale that does not add up": lambda connection, key: sale(connection, key, **_WRONG),
    "an expense": expense,
    "a refund": _refund,
    "a refund that does not add up": lambda connection, key: _refund(connection, key, **_WRONG),
    "a payment of a sale to come": lambda connection, key: _payment(connection, key, "never came"),
    "a large sale": lambda connection, key: sale(
        connection,
        key,
        lines=[{"category": "Consulting", "tax_code": "VAT20", "amount": Decimal("5000.00")}],
        tax_total=Decimal("1000.00"),
        total=Decimal("6000.00"),
    ),
}
_ANSWERS = st.lists(st.sampled_from([each.value for each in Posting.Status]), min_size=3, max_size=3)


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    """A QuickBooks company where all words but one are mapped, and large documents wait for a second person."""
    found = connection_of(in_acme.tenant)
    chart_of(found)
    record_of(found, "accounts", "90", "Debtors", kind="accounts_receivable")
    activated(found, in_acme, WORDS | _MORE)
    PostingRule.objects.create(tenant_id=found.tenant_id, connection=found, approve_from=Decimal(5000))
    return found


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(list(_BUILDS)), _ANSWERS, st.sampled_from(["", "yes", "no"])), max_size=4))
def test_every_document_is_in_exactly_one_of_posted_waiting_and_rejected(
    connection: Connection, acme: Actors, arriving: list[tuple[str, list[str], str]]
) -> None:
    before = SourceDocument.objects.count()
    rows = []
    for turn, (what, _, _) in enumerate(arriving):
        sent = _BUILDS[what](connection, f"{what}-{before}-{turn}")
        rows.append(receive_document(connection=connection, body=sent).document)
    map_documents(connection.tenant_id, connection.pk)
    for row, (_, _, decision) in zip(rows, arriving, strict=True):
        row.refresh_from_db()
        if row.status == "approval" and decision:
            decide = approval.approve if decision == "yes" else approval.refuse
            decide(document=row, by=acme.approver, comment="Seen")
    map_documents(connection.tenant_id, connection.pk)
    for row, (_, answers, _) in zip(rows, arriving, strict=True):
        row.refresh_from_db()
        _answered(row, answers)
        _holds_what_its_outcome_says(row)
    shown: Any = SourceDocument.objects.all()
    counted = {state.value: shown.in_state(state.value).count() for state in State}
    assert sum(counted.values()) == SourceDocument.objects.count() == before + len(rows)
    assert Outcome.POSTED in OUTCOMES.values()


def _answered(row: SourceDocument, answers: list[str]) -> None:
    """What the ledger, the queue or people made of each write; a write goes only after the one before is posted."""
    for write, answer in zip(document_postings(row), answers, strict=False):
        changes = {"status": answer, "error": {"message": "Closed."} if answer == "rejected" else {}}
        changes |= {"external_id": f"{write.pk}"} if answer == "posted" else {}
        Posting.objects.filter(pk=write.pk).update(**changes)
        if answer != "posted":
            break


def _holds_what_its_outcome_says(row: SourceDocument) -> None:
    fresh: Any = SourceDocument.objects.with_state().get(pk=row.pk)
    outcome = OUTCOMES[State(fresh.state)]
    writes = list(document_postings(row))
    there = [write for write in writes if write.status == "posted"]
    moving = [write for write in writes if write.status in ("pending", "sent", "unknown", "held")]
    if outcome == Outcome.POSTED:
        assert writes
        assert there == [write for write in writes if write.status != "cancelled"]
    if outcome == Outcome.REJECTED:
        assert not there
        assert not any(write.status in ("sent", "unknown") for write in writes)
        words = [problem["text"] for problem in row.problems] + [step.text for step in journey_of(row).steps]
        assert any(words)
    if outcome == Outcome.WAITING:
        is_ours = row.status in ("received", "waiting", "approval")
        assert is_ours or moving or there, (fresh.state, [write.status for write in writes])
        assert row.status != "waiting" or row.problems
    assert state_of(row) == fresh.state
