"""What is kept of a call: long bodies cost no more than short ones, and no cut lays a secret open."""

import json
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from integrations.engine import excerpts, jsontext, manifest
from integrations.engine.exchanges import Wire, exchange

SECRET = "tell-nobody-0123456789"


def kept(data: bytes, kind: str = "application/json", *, status: int = 400) -> str:
    wire = Wire(datetime.now(UTC), time.monotonic(), status, {"content-type": kind}, data)
    sent: Any = SimpleNamespace(method="GET", url="https://ledger.test/", headers={}, content=b"")
    return exchange(manifest.load("quickbooks").http, sent, wire, "call").response_body


def page(rows: int, **more: Any) -> bytes:
    invoices = [{"Id": str(number), "Memo": "one, two", **more} for number in range(rows)]
    return json.dumps({"QueryResponse": {"Invoice": invoices}}).encode()


def test_a_short_body_is_kept_whole() -> None:
    assert jsontext.loads(kept(page(3))) == json.loads(page(3))


def test_of_a_long_body_the_beginning_is_kept_and_it_shows_that_there_was_more() -> None:
    shown = kept(page(100_000))
    assert shown.startswith('{"QueryResponse":{"Invoice":[{"Id":"0","Memo":"one, two"}')
    assert len(shown) == 20_000


def test_of_a_long_answer_with_which_all_is_well_a_shorter_beginning_is_enough() -> None:
    shown = kept(page(100_000), status=200)
    assert shown.startswith('{"QueryResponse":{"Invoice":[{"Id":"0","Memo":"one, two"}')
    assert shown.endswith("…")
    assert 4_000 < len(shown) < 6_001
    assert jsontext.loads(kept(page(400), status=200)) == json.loads(page(400)), "what is not long is kept whole"


def test_a_long_body_that_becomes_short_by_redaction_says_that_it_is_cut() -> None:
    shown = kept(page(50, access_token="x" * 2000))
    assert shown.endswith("…")
    assert "xxx" not in shown
    assert "[hidden]" in shown


def test_no_more_of_a_long_body_is_parsed_than_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []
    loads = jsontext.loads

    def noticed(data: bytes | str) -> Any:
        parsed.append(len(data))
        return loads(data)

    monkeypatch.setattr(jsontext, "loads", noticed)
    kept(page(100_000))
    assert len(parsed) == 1
    assert parsed[0] <= 25_010


@pytest.mark.parametrize(
    ("status", "before"), [*((400, at) for at in range(24_930, 25_010)), *((200, at) for at in range(5_930, 6_010))]
)
def test_a_secret_at_the_cut_is_left_out(status: int, before: int) -> None:
    rest = "y" * 100_000
    for body in (
        '{"a":"%s","Memo":"b,c","access_token":"%s","rest":"%s"}',
        '{"a":"%s","SSN":["%s"],"rest":"%s"}',
        '{"a":"%s","Memo":"said \\"quote\\", then","password":"%s","rest":"%s"}',
    ):
        assert SECRET[:6] not in kept((body % ("x" * (before - 40), SECRET, rest)).encode(), status=status)
    xml = f"<a><memo>{'x' * (before - 40)}</memo><password>{SECRET}</password><rest>{rest}</rest></a>"
    assert SECRET[:6] not in kept(xml.encode(), "application/xml", status=status)


def test_a_long_body_of_one_value_is_kept_by_its_size() -> None:
    assert kept(json.dumps({"token": "x" * 90_000}).encode()) == "[90,013 bytes in one value]"


def test_a_long_body_that_is_no_json_is_not_shown_whole() -> None:
    assert kept(b"sorry, down " * 9000, "text/plain").startswith("[108,000 bytes that are no JSON] sorry, down")
    assert kept(b'{"a": nonsense, "b": 1, ' * 9000) == "[216,000 bytes of JSON that is broken off]"


@pytest.mark.parametrize("size", range(1, 120))
def test_every_beginning_of_a_json_text_can_be_closed(size: int) -> None:
    whole = json.dumps(
        {"a": [{"b": "c, d"}, {"e": ["f\\", 'g"'], "h": {"i": 1.5, "j": None}}], "k": [[1, 2], []], "l": "m"}
    )
    text, end = excerpts.json_beginning(whole[:size])
    assert not text or json.loads(text + end)
