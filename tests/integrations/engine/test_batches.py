"""Collections: several records of one kind in one call, each with its own outcome."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.engine import errors, jsontext
from integrations.engine.client import Client
from integrations.engine.converters import Context
from integrations.engine.endpoints import resolve
from integrations.engine.ledger import Ledger
from integrations.engine.manifest import load_from
from integrations.engine.results import BatchItem, Record
from tests.integrations.engine.company import Tokens, said

ORCHARD = Path(__file__).parent / "ledgers" / "orchard"


def invoice(number: str, operation: str = "create") -> BatchItem:
    lines = [{"description": "Apples", "quantity": "1", "unit_price": "2.00", "amount": "2.00"}]
    body = {"external_id": "x", "contact": {"id": "c1"}, "number": number, "lines": lines}
    return BatchItem("invoices", operation, body, f"key-{number}")


def orchard(answer: Any, asked: list[httpx.Request]) -> Ledger:
    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return said(answer)

    connector = load_from(ORCHARD)
    endpoints = resolve(connector, {"PORTAL_ORCHARD_API_URL": "https://orchard.test"})
    return Ledger(connector, Client(connector, endpoints, Tokens(), transport=httpx.MockTransport(respond)), Context())


def test_a_collection_is_answered_in_order_with_errors_per_element() -> None:
    asked: list[httpx.Request] = []
    answer = {
        "Invoices": [
            {"InvoiceID": "i1", "InvoiceNumber": "A"},
            {"InvoiceID": "0", "ValidationErrors": [{"Message": "Invoice # must be unique."}]},
        ]
    }
    made, refused = orchard(answer, asked).post_batch([invoice("A"), invoice("B")])
    assert isinstance(made, Record)
    assert made.external_id == "i1"
    assert isinstance(refused, errors.RejectedError)
    assert "must be unique" in refused.message
    assert asked[0].method == "PUT"
    assert asked[0].url.params["summarizeErrors"] == "false"
    assert [row["InvoiceNumber"] for row in jsontext.loads(asked[0].content)["Invoices"]] == ["A", "B"]
    assert len(asked[0].headers["Idempotency-Key"]) == 36


def test_an_answer_of_another_length_tells_nothing_of_any_element() -> None:
    found = orchard({"Invoices": [{"InvoiceID": "i1"}]}, []).post_batch([invoice("A"), invoice("B")])
    assert [type(each) for each in found] == [errors.OutcomeUnknown] * 2


def test_a_collection_is_of_one_kind_and_of_declared_verbs() -> None:
    with pytest.raises(errors.RejectedError, match="at most 3 of create, all of one kind"):
        orchard({}, []).post_batch([invoice("A", "update")])
    with pytest.raises(errors.RejectedError, match="at most 3 of create"):
        orchard({}, []).post_batch([invoice("A")] * 4)


def test_an_array_is_the_whole_body_and_its_records_are_what_each_would_be_alone() -> None:
    asked: list[httpx.Request] = []
    ledger = orchard({"Invoices": [{"InvoiceID": "i1"}, {"InvoiceID": "i2"}]}, asked)
    batch = replace(ledger.connector.batch or pytest.fail("no batch"), is_array=True)
    ledger.connector = replace(ledger.connector, batch=batch)
    ledger.post_batch([invoice("A"), invoice("B")])
    alone = [ledger.request("invoices", "create", invoice(name).unified).body for name in "AB"]
    assert jsontext.loads(asked[0].content) == jsontext.loads(jsontext.dumps(alone))
