"""Deliveries taken apart: the examples of the ledgers' own documents, and whatever else may come."""

import base64
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.engine import manifest
from integrations.engine.announcements import Announced, Announcements, UnreadableDeliveryError, taken_apart
from integrations.engine.sections import ManifestError

LEDGERS = ("quickbooks", "xero", "zoho_books", "sage_intacct")


def declared(ledger: str) -> Announcements:
    found = manifest.load(ledger).announcements
    assert found is not None
    return found


def apart(ledger: str, body: Any, headers: dict[str, Any] | None = None) -> list[Announced]:
    taken = taken_apart(declared(ledger), json.dumps(body).encode(), headers or {})
    assert taken.problem == ""
    return taken.events


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_intuits_classic_form_names_companies_and_records_and_what_was_merged() -> None:
    entities = [
        {"name": "Account", "id": "1234", "operation": "Create", "lastUpdated": "2025-09-08T20:52:31.657Z"},
        {"name": "Customer", "id": "5", "operation": "Merge", "lastUpdated": "2026-01-05T10:00:00.000Z",
         "deletedID": "7"},
    ]  # fmt: skip
    body = {"eventNotifications": [{"realmId": "310687", "dataChangeEvent": {"entities": entities}}]}
    found = apart("quickbooks", body)
    assert [(each.orgs, each.kind, each.record, each.action) for each in found] == [
        (("310687",), "Account", "1234", "created"),
        (("310687",), "Customer", "5", "merged"),
        (("310687",), "Customer", "7", "deleted"),
    ]
    assert found[0].at == at("2025-09-08T20:52:31.657")
    assert len({each.key for each in found}) == 3


def test_intuits_cloud_events_may_mix_companies() -> None:
    event = {
        "specversion": "1.0", "id": "88cd52aa-33b6-4351-9aa4-47572edbd068", "source": "intuit.x",
        "type": "qbo.Account.created.v1", "datacontenttype": "application/json",
        "time": "2025-09-10T21:31:25.179851517Z", "intuitentityid": "1234", "intuitaccountid": "310687", "data": {},
    }  # fmt: skip
    other = {**event, "id": "2", "type": "qbo.invoice.voided.v1", "intuitaccountid": "99"}
    first, second = apart("quickbooks", [event, other])
    assert (first.orgs, first.kind, first.record, first.action) == (("310687",), "Account", "1234", "created")
    assert (first.key, first.at) == (event["id"], at("2025-09-10T21:31:25.179851"))
    assert (second.orgs, second.kind, second.action) == (("99",), "invoice", "voided")


def test_xeros_example() -> None:
    event = {
        "resourceUrl": "https://api.xero.com/api.xro/2.0/Contacts/717f2bfc", "resourceId": "717f2bfc",
        "tenantId": "c2cc9b6e", "tenantType": "ORGANISATION", "eventCategory": "CONTACT", "eventType": "UPDATE",
        "eventDateUtc": "2024-06-21T01:15:39.902",
    }  # fmt: skip
    body = {"events": [event], "firstEventSequence": 1, "lastEventSequence": 1, "entropy": "S0m3r4Nd0mt3xt"}
    (found,) = apart("xero", body)
    assert (found.orgs, found.kind, found.record, found.action) == (("c2cc9b6e",), "CONTACT", "717f2bfc", "updated")
    assert found.at == at("2024-06-21T01:15:39.902")
    # The same event in another delivery is the same event.
    assert apart("xero", {**body, "entropy": "other"})[0].key == found.key


def test_xeros_trials_announce_nothing() -> None:
    assert apart("xero", {"events": [], "firstEventSequence": 0, "lastEventSequence": 0, "entropy": "x"}) == []


def test_zohos_record_is_known_by_its_kind() -> None:
    body = {"invoice": {"invoice_id": "46001", "customer_id": "9", "last_modified_time": "2026-11-20T10:00:00+0000"}}
    (found,) = apart("zoho_books", body)
    assert (found.orgs, found.kind, found.record, found.action) == ((), "invoice", "46001", "other")
    assert found.at == at("2026-11-20T10:00:00")
    assert declared("zoho_books").repeats
    # What waits is merged, so one event may stand for our own write and for somebody else's.
    assert not declared("zoho_books").tells_each_change


def test_intacct_names_company_entity_and_record_and_only_the_signed_company_counts() -> None:
    context = {"COMPANY": "FORGED", "ENTITY": "100", "RESTOBJECTNAME": "accounts-receivable/invoice", "ID": "200",
               "VID": "INV-7", "EVENT": "after_update"}  # fmt: skip
    told = base64.b64encode(json.dumps(context).encode()).decode()
    headers = {"x-clientcontext": told, "idempotency-key": "k-1", "claims": {"tenant_id": "ACME", "iat": 1763719200123}}
    (found,) = apart("sage_intacct", {"key": "200"}, headers)
    assert (found.orgs, found.kind, found.record) == (("ACME", "ACME|100"), "accounts-receivable/invoice", "200")
    assert (found.key, found.action) == ("k-1", "updated")
    plain = apart("sage_intacct", {}, {**headers, "x-clientcontext": json.dumps(context)})
    assert plain[0].record == "200"


@pytest.mark.parametrize(
    ("ledger", "word", "wanted"),
    [
        ("quickbooks", "PURCHASE", {("expenses", "Purchase"), ("bank_transactions", "Purchase")}),
        ("quickbooks", "Employee", set()),
        ("xero", "INVOICE", {("invoices", "invoice"), ("bills", "bill")}),
        ("zoho_books", "vendorpayment", {("bill_payments", "vendorpayment")}),
        ("sage_intacct", "purchasing/document::Purchase Order", {("purchase_orders", "purchase_order")}),
        ("sage_intacct", "accounts-payable/bill", {("bills", "bill")}),
    ],
)
def test_the_ledgers_words_are_ours(ledger: str, word: str, wanted: set[tuple[str, str]]) -> None:
    assert {(each.resource, each.remote_type) for each in declared(ledger).targets(word)} == wanted


@pytest.mark.parametrize("ledger", LEDGERS)
@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"3", b'"x"', b"null"])
def test_what_cannot_be_read_says_so(ledger: str, body: bytes) -> None:
    with pytest.raises(UnreadableDeliveryError, match=r"\w+ \w+"):
        raise UnreadableDeliveryError(taken_apart(declared(ledger), body, {}).problem)


def test_one_bad_event_does_not_hide_the_others() -> None:
    good = {"resourceId": "1", "tenantId": "t", "eventCategory": "CONTACT", "eventType": "UPDATE"}
    taken = taken_apart(declared("xero"), json.dumps({"events": [{"tenantId": "t"}, good]}).encode(), {})
    assert [each.record for each in taken.events] == ["1"]
    assert "names no record" in taken.problem


_RIGHT = """
signature: {scheme: hmac_sha256, header: X-Mark, signed: [X-Time, body], time: X-Time, seconds: 300}
sources: [10.0.0.0/8]
forms: [{org: org, kind: kind, record: id}]
actions: {created: new}
named_by: key
kinds: {Invoice: {invoices: {kind: Invoice, when: {Type: sale}}}}
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("scheme: hmac_sha256", "scheme: md5", "signature.scheme: 'md5' is unknown, expected one of hmac_sha256"),
        ("header: X-Mark, ", "", "signature: header is missing, expected a text"),
        ("[X-Time, body]", "[X-Time]", "signature.signed: expected body"),
        ("[X-Time, body]", "[body]", "signature.time: a moment that is not signed proves nothing"),
        ("10.0.0.0/8", "10.0.0.0/99", "sources: '10.0.0.0/99' does not appear"),
        ("{org: org, kind: kind, record: id}", "", "forms is missing, expected at least one form"),
        ("org: org,", "realm: org,", "forms.0: unknown realm, expected action"),
        ("org: org,", "split: x, pattern: '(?P<what>a)',", "forms.0.pattern: expected groups of action, kind"),
        ("org: org,", "split: x, pattern: '(',", "forms.0.pattern: missing )"),
        ("created: new", "born: new", "actions.born: unknown, expected one of created"),
        ("invoices: {kind: Invoice", "receipts: {kind: Invoice", "kinds.Invoice.receipts: unknown, expected one of"),
        ("kind: Invoice, when", "kind: Bill, when", "kinds.Invoice.invoices: 'Bill' is unknown, expected one of"),
    ],
)
def test_a_mistake_says_where_it_is_and_what_was_expected(tmp_path: Path, old: str, new: str, expected: str) -> None:
    folder = tmp_path / "orchard"
    shutil.copytree(Path(__file__).parent / "ledgers" / "orchard", folder)
    (folder / "webhooks.yaml").write_text(_RIGHT)
    assert manifest.load_from(folder).announcements is not None
    assert old in _RIGHT
    (folder / "webhooks.yaml").write_text(_RIGHT.replace(old, new, 1))
    with pytest.raises(ManifestError, match="orchard/webhooks.yaml") as caught:
        manifest.load_from(folder)
    assert expected in str(caught.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["events", "eventNotifications", "dataChangeEvent", "entities", "invoice", "id", "tenantId", "resourceId",
         "eventCategory", "type", "invoice_id"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize("ledger", LEDGERS)
@settings(deadline=None)
@given(body=_JSON)
def test_whatever_json_comes_is_read_or_refused_in_words(ledger: str, body: Any) -> None:
    try:
        events = taken_apart(declared(ledger), json.dumps(body).encode(), {"claims": {}}).events
    except UnreadableDeliveryError:
        events = []
    assert all(each.record and each.kind and len(each.key) <= 150 for each in events)
