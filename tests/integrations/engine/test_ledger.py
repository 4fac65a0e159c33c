"""The verbs of a ledger, against a company that answers from a table."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from integrations.engine import jsontext, writing
from integrations.engine.errors import InvalidRecord, OutcomeUnknown, RejectedError, UnexpectedShape
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.results import Deletion, Record
from tests.integrations.engine.company import Company, fault, said

ACCOUNT = {"Id": "35", "SyncToken": "0", "Name": "Checking", "AcctNum": "4000", "AccountType": "Bank", "Active": True}


def accounts(*ids: int) -> dict[str, object]:
    rows = [{**ACCOUNT, "Id": str(identity)} for identity in ids]
    return {"QueryResponse": {"Account": rows} if rows else {}, "time": "2026-05-05T02:11:33-07:00"}


def test_a_short_page_is_the_last_and_keeps_the_account_code_a_text() -> None:
    company = Company([accounts(35)])
    (page,) = company.ledger.pages("accounts")
    assert page.is_last
    assert page.cursor is None
    assert page.records[0].unified["code"] == "4000"
    assert page.time == datetime(2026, 5, 5, 9, 11, 33, tzinfo=UTC)
    assert company.queries == [
        "SELECT * FROM Account WHERE Active IN (true, false) ORDERBY Id STARTPOSITION 1 MAXRESULTS 1000"
    ]


def test_pages_overlap_by_one_row_and_resume_from_a_cursor() -> None:
    company = Company([accounts(*range(1, 1001)), accounts(1000, 1001)])
    first = next(company.ledger.pages("accounts"))
    assert first.cursor is not None
    assert (first.cursor["entity"], first.cursor["at"]["start"]) == ("Account", 1000)
    assert "1000" in first.cursor["at"]["seen"]
    (second,) = company.ledger.pages("accounts", cursor=first.cursor)
    assert [record.external_id for record in second.records] == ["1000", "1001"]
    assert "STARTPOSITION 1000 " in company.queries[1]


def test_a_page_holds_what_its_caller_makes_of_each_record_as_it_is_read() -> None:
    rows = [{**ACCOUNT, "Id": str(identity)} for identity in (1, 2, 3)]
    rows[1]["AccountType"] = ["no", "text"]
    company, met = Company([{"QueryResponse": {"Account": rows}}]), []

    def each(record: Record) -> str:
        met.append(record.raw["Name"])
        return f"<{record.external_id}>"

    (arrived,) = company.ledger.arriving("accounts", each)
    assert (arrived.rows, arrived.asks, met) == (3, False, [])
    page = arrived.read()
    assert (page.records, met) == (["<1>", "<3>"], ["Checking", "Checking"])
    assert [unreadable.raw["Id"] for unreadable in page.unreadable] == ["2"]


def test_contacts_are_customers_then_vendors() -> None:
    company = Company(
        [
            {"QueryResponse": {"Customer": [{"Id": "1", "DisplayName": "Amy"}]}},
            {"QueryResponse": {"Vendor": [{"Id": "1", "DisplayName": "Bob"}]}},
        ]
    )
    pages = list(company.ledger.pages("contacts", since=datetime(2026, 1, 1, tzinfo=UTC)))
    assert [record.unified["contact_type"] for page in pages for record in page.records] == ["customer", "vendor"]
    assert [page.is_last for page in pages] == [False, True]
    assert pages[0].cursor == {"entity": "Vendor", "at": None}
    assert "MetaData.LastUpdatedTime >= '2026-01-01T00:00:00+00:00'" in company.queries[0]


def test_a_record_that_does_not_fit_is_set_aside_and_the_page_goes_on() -> None:
    rows = [{"Id": "1", "TotalAmt": "much"}, {"Id": "2", "TotalAmt": Decimal("1.10")}]
    company = Company([{"QueryResponse": {"Invoice": rows}}])
    (page,) = company.ledger.pages("invoices")
    assert [record.external_id for record in page.records] == ["2"]
    assert page.records[0].unified["total"] == Decimal("1.10")
    assert page.unreadable[0].error.field == "total"


def test_posting_sends_the_key_as_requestid_and_returns_the_ledgers_record() -> None:
    company = Company([{"Invoice": {"Id": "155", "SyncToken": "0", "TotalAmt": 100, "Balance": 100}}])
    invoice = {"contact": {"id": "1"}, "issued_on": "2026-01-15", "lines": [{"amount": "100.10", "item": {"id": "1"}}]}
    record = company.ledger.post("invoices", "create", invoice, key="k-1")
    assert isinstance(record, Record)
    assert record.external_id == "155"
    assert record.correlation_id == "1-tid"
    sent = company.requests[0]
    assert dict(sent.url.params) == {"minorversion": "75", "requestid": "k-1"}
    assert b'"Amount":100.10' in sent.content
    assert jsontext.loads(sent.content)["CustomerRef"] == {"value": "1"}


def test_what_cannot_be_written_names_its_path_and_nothing_is_sent() -> None:
    company = Company([])
    with pytest.raises(InvalidRecord) as caught:
        company.ledger.post("invoices", "create", {"lines": [{"amount": "x"}]}, key="k")
    assert [path for path, _ in caught.value.problems] == ["lines.0.amount", "contact"]
    assert company.requests == []


def test_a_deletion_is_told_by_its_status() -> None:
    company = Company([{"Invoice": {"status": "Deleted", "domain": "QBO", "Id": "145"}}])
    gone = company.ledger.post("invoices", "delete", {"external_id": "145", "version": "1"}, key="k")
    assert isinstance(gone, Deletion)
    assert gone.external_id == "145"
    assert jsontext.loads(company.requests[0].content) == {"Id": "145", "SyncToken": "1"}


def test_a_ledgers_refusal_is_one_of_ours() -> None:
    company = Company([fault("6140", "DocNumber=1001 is assigned to TxnType=Invoice with TxnId=130")])
    with pytest.raises(RejectedError) as caught:
        company.ledger.read("invoices", "1")
    assert caught.value.code == "duplicate_number"
    assert caught.value.ledger_code == "6140"
    assert caught.value.correlation_id == "1-tid"


def test_the_organisation_makes_currency_and_country_known() -> None:
    info = {"CompanyInfo": {"Id": "1", "CompanyName": "Larry's", "Country": "US", "FiscalYearStartMonth": "January"}}
    preferences = {
        "Preferences": {
            "CurrencyPrefs": {"HomeCurrency": {"value": "USD"}, "MultiCurrencyEnabled": False},
            "AccountingInfoPrefs": {"BookCloseDate": "2025-12-31"},
        }
    }
    company = Company([preferences, info])
    found = company.ledger.organisation()
    assert (found.name, found.currency, found.country) == ("Larry's", "USD", "US")
    assert (found.fiscal_year_start_month, str(found.closed_through)) == (1, "2025-12-31")
    assert company.ledger.context.values["home_currency"] == "USD"


def test_a_record_has_an_address_in_the_ledgers_own_pages() -> None:
    company = Company([])
    assert company.ledger.record_url("invoices", "155") == "https://app.qbo.intuit.com/app/invoice?txnId=155"


def test_counting_asks_the_ledger() -> None:
    company = Company([said({"QueryResponse": {"totalCount": 50}})])
    assert company.ledger.count("invoices") == 50
    assert company.queries == ["SELECT COUNT(*) FROM Invoice"]


def test_a_write_that_was_accepted_is_posted_even_when_its_record_cannot_be_read() -> None:
    company = Company([{"Account": {**ACCOUNT, "CurrentBalance": "much"}}])
    record = company.ledger.post("accounts", "create", {"name": "Checking", "type": "bank"}, key="k")
    assert isinstance(record, Record)
    assert record.external_id == "35"


def test_an_acceptance_without_a_record_leaves_the_outcome_unknown() -> None:
    company = Company([{"BatchItemResponse": [], "time": "2026-05-05T02:08:54-07:00"}])
    with pytest.raises(OutcomeUnknown):
        company.ledger.post("accounts", "create", {"name": "Checking", "type": "bank"}, key="k")


def test_records_of_several_kinds_are_read_by_id_together() -> None:
    company = Company([{"QueryResponse": {}}, {"QueryResponse": {"Vendor": [{"Id": "7", "DisplayName": "Bob"}]}}])
    assert [record.remote_type for record in company.ledger.read_many("contacts", ["7"])] == ["Vendor"]


@pytest.mark.parametrize("text", ["<html>Sign in to the guest network</html>", ""])
def test_a_page_that_is_no_json_is_not_an_empty_ledger(text: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=text, headers={"content-type": "text/html"})

    with pytest.raises(UnexpectedShape):
        list(Company(answer).ledger.pages("invoices"))
    with pytest.raises(UnexpectedShape):
        Company(answer).ledger.changes(["invoices"], datetime.now(UTC) - timedelta(hours=1))


def test_an_accepted_write_is_posted_even_when_what_its_record_refers_to_cannot_be_read() -> None:
    company = Company([fault("2010")])
    resource = company.ledger.connector.resource("tax_rates")
    request = RemoteRequest("POST", "/taxcode", remote_type="TaxCode", operation="read")
    answer = Answer(200, {}, {"TaxCode": {"Id": "7", "Name": "Standard"}}, "")
    posted = writing.outcome(company.ledger, resource, request, answer, {"name": "Standard"})
    assert posted.external_id == "7"
    assert len(company.requests) == 1
