"""What the sandbox's operator and the company's users can do: changes, faults, platform triggers, reset."""

import base64
import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import pytest

from integrations.sandbox import wire
from integrations.sandbox.faces import Delivery
from integrations.sandbox.storage import SqliteStorage
from tests.sandbox.driver import control, start
from tests.sandbox.sage_intacct.driver import Intacct, connect

VENDOR = "accounts-payable/vendor"
BILL = "accounts-payable/bill"


def decoded(text: str) -> Any:
    """Base64 JSON, whichever alphabet."""
    return wire.parse(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def deliveries(intacct: Intacct, heard: list[Any]) -> list[Delivery]:
    """The platform trigger's posts for what was heard."""
    return intacct.world.faces["sage_intacct"].notify(heard, "the client's secret", "http_post")


@pytest.fixture
def heard(intacct: Intacct) -> list[Any]:
    """What the company announces from now on."""
    events: list[Any] = []
    intacct.world.organisation(intacct.id).store.publish = events.extend
    return events


def test_a_trigger_posts_the_record_with_a_context_and_a_signature(intacct: Intacct, heard: list[Any]) -> None:
    made = intacct.made(VENDOR, {"id": "V-1", "name": "Acme"})
    sent = deliveries(intacct, heard)[0]
    assert wire.parse(sent.body)["key"] == made["key"]
    context = decoded(sent.headers["x-clientcontext"])
    assert context["COMPANY"] == intacct.company
    assert (context["OBJECTNAME"], context["RESTOBJECTNAME"]) == ("VENDOR", VENDOR)
    assert (context["ID"], context["VID"], context["EVENT"]) == (made["key"], "V-1", "after_create")
    token = sent.headers["Authorization"].removeprefix("Bearer ")
    assert decoded(sent.headers["X-IA-Sage-Signature"])["JWT"] == token
    signed, _, mark = token.rpartition(".")
    expected = hmac.new(b"the client's secret", signed.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64encode(expected).rstrip(b"=").decode() == mark
    claims = decoded(signed.partition(".")[2])
    assert (claims["iss"], claims["tenant_id"], claims["app_id"]) == ("Sage Intacct", intacct.company, "sandbox-client")
    assert claims["payload_signature"] == hashlib.sha256(sent.body).hexdigest()
    assert claims["exp"] > time.time()
    assert sent.headers["Idempotency-Key"] == sent.headers["X-IdempotencyKey"]


def test_a_trigger_is_tried_four_times(intacct: Intacct, heard: list[Any]) -> None:
    intacct.post(f"objects/{VENDOR}", {"id": "V-1", "name": "Acme"})
    assert deliveries(intacct, heard)[0].retries == (10, 30, 90)


def test_changes_and_deletions_are_told_apart(intacct: Intacct, heard: list[Any]) -> None:
    made = intacct.made(VENDOR, {"id": "V-1", "name": "Acme"})
    intacct.patch(f"objects/{VENDOR}/{made['key']}", {"notes": "x"})
    intacct.call("DELETE", f"objects/{VENDOR}/{made['key']}")
    sent = deliveries(intacct, heard)
    assert [decoded(each.headers["x-clientcontext"])["EVENT"] for each in sent] == [
        "after_create", "after_update", "after_delete",
    ]  # fmt: skip
    assert set(wire.parse(sent[2].body)) == {"key", "id", "href"}
    assert len({each.headers["Idempotency-Key"] for each in sent}) == 3


def test_a_user_pays_archives_renames_and_closes_a_period(busy: Intacct) -> None:
    row = next(each for each in busy.query(BILL, "key totalTxnAmountDue state") if each["state"] == "posted")
    busy.change("pay", resource="bills", id=row["key"])
    assert busy.query(BILL, "state", {"$eq": {"key": row["key"]}}) == [{"state": "paid"}]
    account = busy.query("general-ledger/account", "key", {"$eq": {"id": "6120"}})[0]["key"]
    busy.change("archive", resource="accounts", id=account)
    busy.change("rename", resource="accounts", id=account, name="Courses")
    found = busy.get(f"objects/general-ledger/account/{account}")
    assert (found["status"], found["name"]) == ("inactive", "Courses")
    busy.change("close_period", through="2999-12-31")
    bill = {"billNumber": "late", "vendor": {"id": "V100"}, "createdDate": "2026-01-21", "dueDate": "2026-02-20",
            "lines": [{"glAccount": {"id": "6000"}, "txnAmount": "1.00"}]}  # fmt: skip
    status, code, text = busy.refused("POST", f"objects/{BILL}", bill)
    assert (status, code) == (422, "operationFailed")
    assert text.startswith("Periods are closed. Your transaction date (01/21/2026)")


def test_a_user_creates_and_edits_in_rests_words(intacct: Intacct) -> None:
    made = intacct.change("create", resource="vendors", data={"id": "V-9", "name": "By hand"})
    assert made["record"]["id"] == "V-9"
    changed = intacct.change("edit", resource="vendors", id=made["id"], data={"notes": "Seen"})
    assert changed["record"]["notes"] == "Seen"
    documents = intacct.control("documents?resource=vendors")["documents"]
    assert "V-9" in {each["id"] for each in documents}


def test_a_new_custom_field_is_known_at_once(intacct: Intacct) -> None:
    made = intacct.change("add_custom_field", object=VENDOR, label="Cost Unit", data_type="picklist", values=["A", "B"])
    assert made["id"] == "nsp::COST_UNIT"
    vendor = intacct.made(VENDOR, {"id": "V-1", "name": "Acme", "nsp::COST_UNIT": "B"})
    assert vendor["nsp::COST_UNIT"] == "B"
    assert intacct.get("services/core/model", name=VENDOR)["fields"]["nsp::COST_UNIT"]["enum"] == ["A", "B"]


def test_faults_take_the_permission_or_the_token(intacct: Intacct) -> None:
    control(intacct.client, "/_control/faults", {"ledger": "sage_intacct", "action": "permission_gap", "times": 1})
    assert intacct.refused("GET", f"objects/{VENDOR}")[0] == 403
    control(intacct.client, "/_control/faults", {"ledger": "sage_intacct", "action": "revoke_token", "times": 1})
    intacct.call("GET", f"objects/{VENDOR}")
    assert intacct.refused("GET", f"objects/{VENDOR}")[:2] == (401, "tokenInvalid")


def test_calls_are_logged_with_their_company_and_kind(intacct: Intacct) -> None:
    intacct.query(VENDOR, "id")
    calls = control(intacct.client, "/_control/calls?since=0")["calls"]
    assert (calls[-1]["org"], calls[-1]["kind"]) == (intacct.company, "query")


def test_a_reset_forgets_every_token(intacct: Intacct) -> None:
    control(intacct.client, "/_control/reset", {})
    assert intacct.refused("GET", f"objects/{VENDOR}")[:2] == (401, "GW-0031")


def test_everything_is_there_again_after_a_restart(tmp_path: Path) -> None:
    storage = SqliteStorage(tmp_path)
    before = connect(start(storage), currencies=["GBP", "EUR"])
    answer = before.call("POST", f"objects/{VENDOR}", {"id": "V-1", "name": "Acme"}, {"Idempotency-Key": "k"})
    after = Intacct(start(storage), before.id, before.company, before.token)
    assert after.query(VENDOR, "id name", {"$eq": {"id": "V-1"}}) == [{"id": "V-1", "name": "Acme"}]
    again = after.call("POST", f"objects/{VENDOR}", {"id": "V-1", "name": "Acme"}, {"Idempotency-Key": "k"})
    assert again.data == answer.data
    assert after.query("company-config/exchange-rate-line", "rate")
