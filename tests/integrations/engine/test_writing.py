"""The verbs that write, against a made-up ledger that upserts by our key and answers with a header only."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.engine import jsontext
from integrations.engine.client import Client
from integrations.engine.converters import Context
from integrations.engine.endpoints import resolve
from integrations.engine.errors import InvalidRecord, OutcomeUnknown, RejectedError
from integrations.engine.ledger import Ledger
from integrations.engine.manifest import ManifestError, load_from
from integrations.engine.results import Deletion, Outcome, Record
from tests.integrations.engine.company import Tokens, said

LEDGERS = Path(__file__).parent / "ledgers"
API = "https://quarry.test"
KEY = "0a1b"
CREDIT = {"contact": {"id": "7"}, "number": "C-1", "lines": [{"amount": "12.50"}]}


class Quarry:
    """The ledger, and what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)
        connector = load_from(LEDGERS / "quarry")
        endpoints = resolve(connector, {"PORTAL_QUARRY_API_URL": API}, org="acme", given={"dc": "eu"})
        self.client = Client(connector, endpoints, Tokens(), transport=httpx.MockTransport(self._answer))
        self.ledger = Ledger(connector, self.client, Context(values={"org": "acme", "dc": "eu"}))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else said(answer)

    @property
    def asked(self) -> list[tuple[str, str]]:
        return [(request.method, request.url.raw_path.decode()) for request in self.requests]

    @property
    def bodies(self) -> list[Any]:
        return [jsontext.loads(request.content) if request.content else None for request in self.requests]


def created(identity: str) -> httpx.Response:
    return httpx.Response(204, headers={"Location": f"{API}/credits/{identity}?view=1"})


def remote(identity: str, **more: Any) -> dict[str, Any]:
    return {
        "id": identity,
        "number": "C-1",
        "customer": {"id": "7"},
        "total": "12.50",
        "rows": [{"amount": "12.50"}],
        **more,
    }


def test_the_key_stands_in_the_path_and_the_record_is_read_after() -> None:
    quarry = Quarry(created("55"), remote("55"))
    record = quarry.ledger.post("credit_notes", "create", CREDIT, key=KEY)
    assert isinstance(record, Record)
    assert quarry.asked == [("PUT", "/eu/credits/key:0a1b"), ("GET", "/eu/credits/55")]
    assert (record.external_id, record.unified["number"]) == ("55", "C-1")


def test_an_accepted_write_is_posted_even_when_reading_it_fails() -> None:
    quarry = Quarry(created("55"), httpx.Response(503))
    record = quarry.ledger.post("credit_notes", "create", CREDIT, key=KEY)
    assert isinstance(record, Record)
    assert record.unified == {"external_id": "55", "remote_type": "Credit"}


def test_what_a_proxy_answers_is_no_write() -> None:
    page = httpx.Response(200, text="<html>Welcome</html>")
    with pytest.raises(OutcomeUnknown, match="without naming its record"):
        Quarry(page).ledger.post("credit_notes", "create", CREDIT, key=KEY)
    with pytest.raises(OutcomeUnknown, match="without naming its record"):
        Quarry(page).ledger.post("credit_notes", "update", {"external_id": "55", "memo": "x"}, key=KEY)


def test_a_body_may_stand_inside_a_structure_and_parameters_depend_on_fields() -> None:
    quarry = Quarry(httpx.Response(204), remote("55"), httpx.Response(204), remote("55"))
    change = {"external_id": "55", "memo": "late"}
    quarry.ledger.post("credit_notes", "update", change, key=KEY)
    quarry.ledger.post("credit_notes", "update", {**change, "lines": []}, key=KEY)
    assert quarry.asked[0] == ("PATCH", "/eu/credits/55")
    assert quarry.bodies[0] == {"data": {"attributes": {"note": "late"}, "reference": "0a1b"}}
    assert quarry.asked[2] == ("PATCH", "/eu/credits/55?replace=rows")


def test_an_allocation_has_its_own_shape_and_a_call_for_each_document() -> None:
    quarry = Quarry(said({"ok": True}), said({"ok": True}), remote("55"))
    items = [{"type": "invoice", "id": "1", "amount": "5.00"}, {"type": "invoice", "id": "2", "amount": "7.50"}]
    quarry.ledger.post("credit_notes", "allocate", {"external_id": "55", "allocations": items}, key=KEY)
    assert quarry.asked[:2] == [("PUT", "/eu/credits/55/apply/1"), ("PUT", "/eu/credits/55/apply/2")]
    assert [str(body["applied"][0]["amount"]) for body in quarry.bodies[:2]] == ["5.00", "7.50"]
    assert [request.headers["Request-Key"] for request in quarry.requests[:2]] == ["0a1b-1", "0a1b-2"]


def test_a_refusal_in_the_middle_says_how_far_it_came() -> None:
    quarry = Quarry(said({"ok": True}), httpx.Response(422, json={"code": 9, "message": "Too much"}))
    items = [{"type": "invoice", "id": "1", "amount": "5.00"}, {"type": "invoice", "id": "2", "amount": "7.50"}]
    with pytest.raises(RejectedError, match="1 of 2 were written, then: Too much"):
        quarry.ledger.post("credit_notes", "allocate", {"external_id": "55", "allocations": items}, key=KEY)


def test_a_verb_may_send_nothing_and_is_missed_by_name() -> None:
    quarry = Quarry(said({"ok": True}), remote("55"))
    quarry.ledger.post("credit_notes", "approve", {"external_id": "55"}, key=KEY)
    assert quarry.asked[0] == ("POST", "/eu/credits/55/approve")
    assert quarry.requests[0].content == b""
    with pytest.raises(InvalidRecord, match="external_id: is missing; it is needed to approve"):
        quarry.ledger.post("credit_notes", "approve", {}, key=KEY)


def test_a_verb_may_be_said_through_another_protocol() -> None:
    answer = "<e:Envelope xmlns:e='e'><e:Body><mailed>true</mailed></e:Body></e:Envelope>"
    quarry = Quarry(httpx.Response(200, text=answer, headers={"content-type": "text/xml"}), remote("55"))
    record = quarry.ledger.post("credit_notes", "send", {"external_id": "55"}, key=KEY)
    assert record.external_id == "55"
    assert quarry.asked == [("POST", "/soap/eu"), ("GET", "/eu/credits/55")]
    assert quarry.requests[0].headers["SOAPAction"] == "mail"
    sent = quarry.requests[0].content.decode()
    assert '<q:mail><q:credit id="55"></q:credit><q:reference>0a1b</q:reference></q:mail>' in sent


def test_a_field_that_a_verb_needs_may_stand_in_its_address() -> None:
    quarry = Quarry(httpx.Response(204), remote("55", state="void"))
    quarry.ledger.post("credit_notes", "void", {"external_id": "55", "issued_on": "2026-01-31"}, key=KEY)
    assert quarry.asked[0] == ("POST", "/eu/credits/55/reverse?on=2026-01-31")


def test_a_deletion_without_a_word_is_a_deletion() -> None:
    gone = Quarry(httpx.Response(204)).ledger.post("credit_notes", "delete", {"external_id": "55"}, key=KEY)
    assert isinstance(gone, Deletion)
    assert gone.external_id == "55"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(remote("55"), Outcome.POSTED), (httpx.Response(404), Outcome.ABSENT), (httpx.Response(400), Outcome.UNKNOWN)],
)
def test_what_became_of_a_write_is_asked_by_its_key(answer: Any, outcome: Outcome) -> None:
    quarry = Quarry(answer)
    probe = quarry.ledger.probe("credit_notes", "create", CREDIT, key=KEY)
    assert probe.outcome is outcome
    assert quarry.asked == [("GET", "/eu/credits/key:0a1b")]


def test_absent_is_not_believed_while_the_ledger_may_still_be_at_work() -> None:
    quarry = Quarry(httpx.Response(404))
    probe = quarry.ledger.probe("credit_notes", "create", CREDIT, key=KEY, sent_at=datetime.now(UTC))
    assert probe.outcome is Outcome.UNKNOWN
    assert probe.wait is not None
    assert 25 < probe.wait <= 30


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[str, str], str]:
    """The message that a changed copy of the ledger's manifest gives."""

    def message(old: str, new: str) -> str:
        folder = tmp_path / "quarry"
        folder.mkdir()
        for path in (LEDGERS / "quarry").iterdir():
            text = path.read_text()
            (folder / path.name).write_text(text.replace(old, new, 1))
        with pytest.raises(ManifestError) as caught:
            load_from(folder)
        return str(caught.value)

    return message


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{idempotency}", "{secret}", "unknown places secret, expected some of"),
        ("each: allocations", "each: parts", "'parts' is no field of this record"),
        ("{lines: {replace: rows}}", "{rows: {replace: rows}}", "'rows' is no field of this record"),
        (
            "interface: soap",
            "interface: pigeon",
            "credit_notes.yaml: entities.Credit.operations.send.interface: 'pigeon'",
        ),
        ("approve:", "bless:", "this operation is unknown, expected one of allocate, approve, create"),
    ],
)
def test_a_mistake_in_a_verb_says_where_and_what(
    broken: Callable[[str, str], str], old: str, new: str, expected: str
) -> None:
    assert expected in broken(old, new)


@pytest.mark.parametrize(
    ("applied", "outcome"),
    [
        ([{"kind": "invoice", "id": "9", "amount": 1}, {"kind": "invoice", "id": "1", "amount": 5}], Outcome.POSTED),
        ([{"kind": "invoice", "id": "1", "amount": 4}], Outcome.ABSENT),
    ],
)
def test_an_allocation_is_found_among_those_that_were_there(applied: list[Any], outcome: Outcome) -> None:
    quarry = Quarry(remote("55", applied=applied))
    wanted = {"external_id": "55", "allocations": [{"type": "invoice", "id": "1", "amount": "5.00"}]}
    assert quarry.ledger.probe("credit_notes", "allocate", wanted, key=KEY).outcome is outcome


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("open", Outcome.POSTED), ("draft", Outcome.ABSENT), ("void", Outcome.ABSENT), (None, Outcome.UNKNOWN)],
)
def test_an_approval_is_seen_in_the_status(status: str | None, outcome: Outcome) -> None:
    quarry = Quarry(remote("55", state=status))
    assert quarry.ledger.probe("credit_notes", "approve", {"external_id": "55"}, key=KEY).outcome is outcome
