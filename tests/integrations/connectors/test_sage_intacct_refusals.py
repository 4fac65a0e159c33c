"""What became of writes to Sage Intacct whose answer was lost, and what its refusals mean."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from integrations.engine import auth
from integrations.engine.client import Client
from integrations.engine.endpoints import resolve
from integrations.engine.errors import (
    ConfigurationError,
    LedgerUnavailable,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    ReauthorizationNeeded,
    RejectedError,
)
from integrations.engine.results import Outcome
from tests.integrations.connectors.simulation import SANDBOX, Simulation
from tests.integrations.connectors.test_sage_intacct import created, document, journal, listed


@pytest.fixture(scope="module")
def acme() -> Simulation:
    """A British company with some history, entered by client credentials."""
    return Simulation("sage_intacct", way="service")


# What became of a write


@pytest.mark.parametrize(
    ("action", "outcome"), [("drop_after_commit", Outcome.POSTED), ("drop_before", Outcome.POSTED)]
)
@pytest.mark.parametrize(("resource", "side"), [("invoices", "customer"), ("bills", "vendor")])
def test_a_lost_answer_is_asked_for_again_under_its_key(
    acme: Simulation, resource: str, side: str, action: str, outcome: Outcome
) -> None:
    body = document(acme, side, f"L-{resource}-{action}")
    acme.control("faults", {"method": "POST", "path": "/objects/", "action": action, "times": 1})
    with pytest.raises(OutcomeUnknown):
        acme.ledger.post(resource, "create", body, key=f"lost-{resource}-{action}")
    probe = acme.ledger.probe(resource, "create", body, key=f"lost-{resource}-{action}", sent_at=datetime.now(UTC))
    assert probe.outcome is outcome
    numbers = [row["number"] for row in listed(acme, resource)]
    assert numbers.count(body["number"]) == 1


@pytest.mark.parametrize(
    ("action", "outcome"), [("drop_after_commit", Outcome.POSTED), ("drop_before", Outcome.ABSENT)]
)
def test_when_the_key_is_forgotten_the_number_tells(acme: Simulation, action: str, outcome: Outcome) -> None:
    body = document(acme, "vendor", f"O'Brien {action}", f"77.{len(action)}")
    acme.control("faults", {"method": "POST", "path": "/objects/", "action": action, "times": 1})
    with pytest.raises(OutcomeUnknown):
        acme.ledger.post("bills", "create", body, key=f"old-{action}")
    long_ago = datetime.now(UTC) - timedelta(hours=49)
    assert acme.ledger.probe("bills", "create", body, key=f"old-{action}", sent_at=long_ago).outcome is outcome


def test_a_write_that_still_runs_is_neither_refused_nor_done(acme: Simulation) -> None:
    told = {"ia::result": refusal("idempotencyConflict", "A request with this Idempotency-Key is being processed.")}
    acme.control("faults", {"method": "POST", "path": "/objects/", "action": "status", "status": 409, "times": 1,
                            "body": told})  # fmt: skip
    with pytest.raises(OutcomeUnknown):
        acme.ledger.post("bills", "create", document(acme, "vendor", "RUN-1"), key="run-1")


# What refusals mean


def test_a_taken_number_is_named_as_such(acme: Simulation) -> None:
    created(acme, "bills", document(acme, "vendor", "DUP-1"))
    with pytest.raises(RejectedError) as caught:
        acme.ledger.post("bills", "create", document(acme, "vendor", "DUP-1"), key="dup-2")
    assert caught.value.code == "duplicate_number"
    assert "DUP-1" in caught.value.message


def test_the_last_detail_is_the_cause(acme: Simulation) -> None:
    with pytest.raises(RejectedError) as caught:
        acme.ledger.post("journal_entries", "create", journal(acme, "U-1", "6.00"), key="u-1")
    assert (caught.value.code, caught.value.ledger_code) == ("unbalanced", "GL-1009")
    assert "Could not create" not in caught.value.message


def test_an_unknown_account_is_named_as_such(acme: Simulation) -> None:
    body = document(acme, "vendor", "X-1")
    body["lines"][0]["account"] = {"id": "987654"}
    with pytest.raises(RejectedError) as caught:
        acme.ledger.post("bills", "create", body, key="x-1")
    assert caught.value.code == "invalid_reference"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("This transaction is missing the Department dimension for the Account 6000", "missing_dimension"),
        ("The account number '6000' requires a Location", "missing_dimension"),
        ("The vendor 'V9' is invalid.", "invalid_reference"),
        ("Customer 'C9' specified is not valid.", "invalid_reference"),
        ("Account 9 is not valid", "invalid_reference"),
        ("Another record with the value 'B-1' already exists.", "duplicate_number"),
        ("Transactions do not balance for Place ,", "unbalanced"),
        ("Something nobody has seen before.", "business_rule"),
    ],
)
def test_what_intacct_says_is_told_by_its_last_words(acme: Simulation, message: str, code: str) -> None:
    details = [{"errorId": "X-1", "message": "Could not create record."}, {"errorId": "X-2", "message": message}]
    told = {"ia::result": refusal("operationFailed", "POST request was unsuccessful", errorId="REST-7001",
                                  details=details)}  # fmt: skip
    acme.control(
        "faults", {"path": "/services/core/query", "action": "status", "status": 422, "body": told, "times": 1}
    )
    with pytest.raises(RejectedError) as caught:
        listed(acme, "items")
    assert (caught.value.code, caught.value.ledger_code) == (code, "X-2")


def test_a_closed_period_is_named_as_such() -> None:
    own = Simulation("sage_intacct", invoices=0, bills=0, payments=0)
    own.control(f"organisations/{own.id}/changes", {"action": "close_period", "through": "2026-11-30"})
    with pytest.raises(RejectedError) as caught:
        own.ledger.post("bills", "create", document(own, "vendor", "P-1"), key="p")
    assert caught.value.code == "period_closed"


def test_a_company_that_takes_the_portal_off_its_list_is_told_what_to_do() -> None:
    own = Simulation("sage_intacct", invoices=0, bills=0, payments=0)
    changes = {"action": "set_preferences", "data": {"sender_authorised": False}}
    own.control(f"organisations/{own.id}/changes", changes)
    with pytest.raises(PermissionMissing) as caught:
        listed(own, "items")
    assert "Web Services authorizations" in caught.value.remedy


def refusal(code: str, message: str, **more: Any) -> dict[str, Any]:
    return {"ia::error": {"code": code, "message": message, **more}}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, refusal("invalidRequest", "Invalid token"), ReauthorizationNeeded),
        (400, {"ia::result": refusal("invalidRequest", "The token is not valid")}, ReauthorizationNeeded),
        (401, refusal("tokenInvalid", "Ended.", errorId="REST-2102"), ReauthorizationNeeded),
        (401, refusal("GW-0034", "No Bearer."), ReauthorizationNeeded),
        (400, refusal("GW-0011", "Invalid Request", details={"requestId": "r"}), PermissionMissing),
        (403, refusal("permissionDenied", "No."), PermissionMissing),
        (429, refusal("GW-0010", "Slower."), RateLimited),
        (200, {"response": {}}, None),
        (503, refusal("GW-0001", "Overload."), LedgerUnavailable),
        (400, refusal("invalidRequest", "Unknown field"), RejectedError),
    ],
)  # fmt: skip
def test_every_kind_of_refusal_is_understood(
    acme: Simulation, status: int, body: dict[str, Any], error: type[Exception] | None
) -> None:
    acme.control("faults", {"path": "/services/core/query", "action": "status", "status": status, "body": body,
                            "times": 9})  # fmt: skip
    try:
        if error is None:
            assert listed(acme, "items") == []
            return
        with pytest.raises(error):
            listed(acme, "items")
    finally:
        acme.browser.delete("/_control/faults")


def test_a_session_that_ended_is_opened_again(acme: Simulation) -> None:
    assert acme.ledger.organisation().currency == "GBP"
    acme.ledger.client._session = "ended"  # type: ignore[attr-defined]
    assert acme.ledger.organisation().currency == "GBP"


def test_a_wrong_password_is_not_taken_for_a_missing_permission() -> None:
    own = Simulation("sage_intacct", way="password", invoices=0, bills=0, payments=0)
    with pytest.raises(ReauthorizationNeeded, match="company, user or password"):
        auth.obtain(own.client(), own.way, credentials={**own.typed, "user_password": "wrong"})


def test_a_wrong_sender_is_the_operators_to_correct() -> None:
    own = Simulation("sage_intacct", way="password", invoices=0, bills=0, payments=0)
    endpoints = resolve(own.connector, {**SANDBOX, "PORTAL_SAGE_INTACCT_SENDER_PASSWORD": "no"}, org=own.org)
    client = Client(own.connector, endpoints, way="password", transport=httpx.MockTransport(own._answer))
    typed = {name: own.typed[name] for name in ("company_id", "user_id", "user_password")}
    with pytest.raises(ConfigurationError, match="sender id"):
        auth.obtain(client, own.way, credentials=typed)


def test_a_token_that_ended_with_400_is_renewed_once(acme: Simulation) -> None:
    acme.control("faults", {"path": "/services/core/query", "action": "status", "status": 400, "times": 1,
                            "body": refusal("invalidRequest", "Invalid token")})  # fmt: skip
    assert listed(acme, "items") != []
