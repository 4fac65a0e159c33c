"""What every call has in common: envelope, pages, filters, changes, refusals, limits, keys."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Thread
from typing import Any

import pytest
from werkzeug.test import Client

from tests.sandbox.driver import read
from tests.sandbox.xero.driver import NOBODY, Xero, connect


def _clock(xero: Xero) -> Any:
    application: Any = xero.client.application
    return application.world.clock


def test_answers_are_enveloped(xero: Xero) -> None:
    answer = xero.get("Organisation")
    assert list(answer) == ["Id", "Status", "ProviderName", "DateTimeUTC", "Organisations"]
    assert answer["Status"] == "OK"
    assert answer["Organisations"][0]["OrganisationID"] == xero.org


def test_an_unknown_id_is_404_without_a_body(xero: Xero) -> None:
    response = xero.call("GET", f"Invoices/{NOBODY}")
    assert (response.status_code, response.content_type, response.get_data()) == (404, "text/html", b"")
    body = {"Invoices": [{"Type": "ACCREC", "Contact": {"ContactID": NOBODY}, "LineItems": []}]}
    assert xero.call("PUT", "Invoices", body).status_code == 404


def test_a_broken_body_is_refused_as_a_whole(xero: Xero) -> None:
    response = xero.call("PUT", "Invoices", b"{")
    assert (response.status_code, read(response)["Type"]) == (400, "PostDataInvalidException")


def test_a_method_that_is_not_there_is_405(xero: Xero) -> None:
    headers = {"Authorization": f"Bearer {xero.token}", "Xero-tenant-id": xero.org}
    assert xero.client.delete(f"/xero/api.xro/2.0/Invoices/{NOBODY}", headers=headers).status_code == 405


def test_pages_cover_everything_once(busy: Xero) -> None:
    seen: list[str] = []
    for page in range(1, 9):
        answer = busy.get("Invoices", page=str(page), pageSize="9", order="InvoiceID ASC")
        assert answer["pagination"] == {"page": page, "pageSize": 9, "pageCount": 8, "itemCount": 70}
        seen += [row["InvoiceID"] for row in answer["Invoices"]]
    assert len(seen) == len(set(seen)) == 70


def test_a_page_is_the_same_when_asked_again_and_tells_what_changed_since(xero: Xero) -> None:
    contact = xero.put("Contacts", {"Name": "Orchard"})["Contacts"][0]
    lines = [{"Description": "Pears", "Quantity": 1, "UnitAmount": 5, "AccountCode": "200"}]
    made = {"Type": "ACCREC", "Contact": {"ContactID": contact["ContactID"]}, "LineItems": lines, "Date": "2026-01-05"}
    invoice = xero.put("Invoices", made)["Invoices"][0]
    first = xero.get("Invoices", page="1")["Invoices"]
    assert xero.get("Invoices", page="1")["Invoices"] == first
    xero.post("Contacts", {"ContactID": contact["ContactID"], "Name": "Orchard & Daughters"})
    (again,) = xero.get("Invoices", page="1")["Invoices"]
    assert (again["InvoiceID"], again["Contact"]["Name"]) == (invoice["InvoiceID"], "Orchard & Daughters")


def test_past_the_last_page_there_is_nothing(busy: Xero) -> None:
    answer = busy.get("Contacts", page="7")
    assert answer["Contacts"] == []
    assert answer["pagination"]["page"] == 7


def test_a_page_has_a_hundred_rows_and_at_most_a_thousand(busy: Xero) -> None:
    assert busy.get("Invoices", page="1")["pagination"]["pageSize"] == 100
    assert busy.get("Invoices", page="1", pageSize="5000")["pagination"]["pageSize"] == 1000


def test_rows_have_lines_only_on_pages(busy: Xero) -> None:
    bare = busy.get("Invoices")
    assert "pagination" not in bare
    assert all(row["LineItems"] == [] for row in bare["Invoices"])
    assert all(row["LineItems"] for row in busy.get("Invoices", page="1")["Invoices"])
    assert all(row["LineItems"] == [] for row in busy.get("Invoices", page="1", summaryOnly="true")["Invoices"])


@pytest.mark.parametrize(
    ("where", "fits"),
    [
        ('Type=="ACCPAY"', lambda row: row["Type"] == "ACCPAY"),
        ('Status=="PAID" AND Type=="ACCREC"', lambda row: (row["Status"], row["Type"]) == ("PAID", "ACCREC")),
        ('Status=="PAID"&&Type=="ACCREC"', lambda row: (row["Status"], row["Type"]) == ("PAID", "ACCREC")),
        ("AmountDue>0", lambda row: row["AmountDue"] > 0),
        ("AmountDue==0 OR Total>=1000", lambda row: row["AmountDue"] == 0 or row["Total"] >= 1000),
        ('(Type=="ACCREC" || Type=="ACCPAY") && Total<500', lambda row: row["Total"] < 500),
        ('InvoiceNumber.StartsWith("INV-")', lambda row: row["InvoiceNumber"].startswith("INV-")),
        ('InvoiceNumber.Contains("00")', lambda row: "00" in row["InvoiceNumber"]),
        ('Type.ToLower()=="accrec"', lambda row: row["Type"] == "ACCREC"),
        ("Reference!=null", lambda row: "Reference" in row),
        ("Date>=DateTime(2001, 1, 1)", lambda row: True),
        ("Date<DateTime(2001, 1, 1)", lambda row: False),
    ],
)
def test_where_narrows(busy: Xero, where: str, fits: Any) -> None:
    everything = busy.get("Invoices")["Invoices"]
    found = busy.get("Invoices", where=where)["Invoices"]
    assert [row["InvoiceID"] for row in found] == [row["InvoiceID"] for row in everything if fits(row)]


def test_where_reaches_into_the_contact(busy: Xero) -> None:
    one = busy.get("Invoices")["Invoices"][0]["Contact"]
    for where in (f'Contact.ContactID==guid("{one["ContactID"]}")', f'Contact.Name=="{one["Name"]}"'):
        found = busy.get("Invoices", where=where)["Invoices"]
        assert found
        assert {row["Contact"]["ContactID"] for row in found} == {one["ContactID"]}


@pytest.mark.parametrize(
    "where", ["Type==", 'Type=="ACCREC', "Type==ACCREC", '"A"=="B"', "Date>DateTime(x)", "(Total>1"]
)
def test_a_senseless_where_is_refused(xero: Xero, where: str) -> None:
    response = xero.call("GET", "Invoices", where=where)
    assert (response.status_code, read(response)["Type"]) == (400, "QueryParseException")


def test_lists_of_ids_numbers_and_statuses_narrow(busy: Xero) -> None:
    rows = busy.get("Invoices")["Invoices"]
    two = rows[:2]
    found = busy.get("Invoices", IDs=",".join(row["InvoiceID"] for row in two))["Invoices"]
    assert {row["InvoiceID"] for row in found} == {row["InvoiceID"] for row in two}
    found = busy.get("Invoices", InvoiceNumbers=two[0]["InvoiceNumber"])["Invoices"]
    assert {row["InvoiceNumber"] for row in found} == {two[0]["InvoiceNumber"]}
    statuses = {row["Status"] for row in busy.get("Invoices", Statuses="PAID,AUTHORISED")["Invoices"]}
    assert statuses == {"PAID", "AUTHORISED"}
    assert busy.get("Invoices", Statuses="")["Invoices"] == []


def test_rows_come_in_the_order_asked_for(busy: Xero) -> None:
    totals = [row["Total"] for row in busy.get("Invoices", order="Total DESC")["Invoices"]]
    assert totals == sorted(totals, reverse=True)
    names = [row["Name"] for row in busy.get("Contacts", order="Name")["Contacts"]]
    assert names == sorted(names)


@pytest.mark.parametrize("path", ["Invoices", "Contacts", "Payments", "Accounts", "Items", "BankTransactions"])
def test_changes_are_asked_for_by_a_header(busy: Xero, path: str) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=2)
    for spelled in (f"{tomorrow:%Y-%m-%dT%H:%M:%S}", f"{tomorrow:%Y-%m-%dT%H:%M:%SZ}", format_datetime(tomorrow)):
        assert read(busy.call("GET", path, None, {"If-Modified-Since": spelled}))[path] == []
    assert read(busy.call("GET", path, None, {"If-Modified-Since": "2001-01-01T00:00:00"}))[path]


def test_tax_rates_know_no_changes(busy: Xero) -> None:
    answer = busy.call("GET", "TaxRates", None, {"If-Modified-Since": "2099-01-01T00:00:00"})
    assert read(answer)["TaxRates"]


def test_a_deleted_draft_stays_among_the_changes(xero: Xero) -> None:
    draft = xero.invoice(Status="DRAFT")
    xero.changed(f"Invoices/{draft['InvoiceID']}", {"Status": "DELETED"})
    rows = read(xero.call("GET", "Invoices", None, {"If-Modified-Since": "2001-01-01T00:00:00"}))["Invoices"]
    assert [row["Status"] for row in rows] == ["DELETED"]


def test_one_bad_element_refuses_all(xero: Xero) -> None:
    good, bad = {"Name": "Good"}, {"Name": "Bad", "EmailAddress": "nowhere"}
    assert xero.refused("PUT", "Contacts", {"Contacts": [good, bad]}) == ["Email address must be valid."]
    assert xero.get("Contacts", where='Name=="Good"')["Contacts"] == []


def test_errors_can_stand_beside_what_was_saved(xero: Xero) -> None:
    good, bad = {"Name": "Good"}, {"Name": "Bad", "EmailAddress": "nowhere"}
    saved, refused = xero.put("Contacts", {"Contacts": [good, bad]}, summarizeErrors="false")["Contacts"]
    assert (saved["StatusAttributeString"], saved["Name"]) == ("OK", "Good")
    assert refused["StatusAttributeString"] == "ERROR"
    assert refused["ContactID"] == "00000000-0000-0000-0000-000000000000"
    assert refused["ValidationErrors"] == [{"Message": "Email address must be valid."}]
    assert xero.get("Contacts", where='Name=="Good"')["Contacts"]


def test_a_bare_element_is_taken_as_a_list_of_one(xero: Xero) -> None:
    assert xero.put("Contacts", {"Name": "Bare"})["Contacts"][0]["Name"] == "Bare"


def test_a_key_answers_again_without_doing_it_again(xero: Xero) -> None:
    body = {"Contacts": [{"Name": "Once"}]}
    first = xero.call("PUT", "Contacts", body, {"Idempotency-Key": "k-1"})
    again = xero.call("PUT", "Contacts", body, {"Idempotency-Key": "k-1"})
    assert first.get_data() == again.get_data()
    assert len(xero.get("Contacts", where='Name=="Once"')["Contacts"]) == 1


def test_a_key_is_for_one_request(xero: Xero) -> None:
    xero.call("PUT", "Contacts", {"Contacts": [{"Name": "Once"}]}, {"Idempotency-Key": "k-1"})
    other = xero.call("PUT", "Contacts", {"Contacts": [{"Name": "Twice"}]}, {"Idempotency-Key": "k-1"})
    assert other.status_code == 400
    assert read(other)["Message"] == "Idempotency Key: k-1 is used with a different request."


def test_a_key_is_remembered_for_six_minutes(xero: Xero) -> None:
    body = {"Contacts": [{"Name": "Once"}]}
    xero.call("PUT", "Contacts", body, {"Idempotency-Key": "k-1"})
    _clock(xero).advance(361)
    late = xero.call("PUT", "Contacts", body, {"Idempotency-Key": "k-1"})
    assert late.status_code == 400
    assert "is already assigned to another contact" in late.get_data(as_text=True)


def test_a_refusal_is_repeated_under_its_key_too(xero: Xero) -> None:
    bad = {"Contacts": [{"Name": "Bad", "EmailAddress": "nowhere"}]}
    first = xero.call("PUT", "Contacts", bad, {"Idempotency-Key": "k-2"})
    assert first.status_code == 400
    assert xero.call("PUT", "Contacts", bad, {"Idempotency-Key": "k-2"}).get_data() == first.get_data()


def test_a_key_has_at_most_128_characters(xero: Xero) -> None:
    assert xero.call("PUT", "Contacts", {"Name": "X"}, {"Idempotency-Key": "k" * 129}).status_code == 400


def test_sixty_calls_a_minute(xero: Xero) -> None:
    # The clock here goes on with each look at it; it is held back so that the calls fall into a minute.
    clock, answers = _clock(xero), []
    for _ in range(61):
        clock.steps = 0
        answers.append(xero.call("GET", "Currencies"))
    assert [each.status_code for each in answers] == [200] * 60 + [429]
    assert answers[0].headers["X-MinLimit-Remaining"] == "59"
    assert answers[59].headers["X-MinLimit-Remaining"] == "0"
    refused = answers[60]
    assert refused.headers["X-Rate-Limit-Problem"] == "minute"
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    clock.advance(61)
    assert xero.call("GET", "Currencies").status_code == 200


def test_a_minute_is_counted_for_each_organisation(xero: Xero) -> None:
    other, clock = connect(xero.client, name="Other", seed=6), _clock(xero)
    for _ in range(60):
        clock.steps = 0
        xero.call("GET", "Currencies")
    clock.steps = 0
    assert other.call("GET", "Currencies").headers["X-MinLimit-Remaining"] == "59"
    clock.steps = 0
    assert xero.call("GET", "Currencies").status_code == 429


@pytest.mark.parametrize(("plan", "most"), [("PREMIUM", 5000), ("STARTER", 1000)])
def test_the_plan_decides_the_calls_of_a_day(xero: Xero, plan: str, most: int) -> None:
    own = connect(xero.client, name=plan, seed=9, plan=plan)
    assert own.call("GET", "Currencies").headers["X-DayLimit-Remaining"] == str(most - 1)


def test_after_a_days_calls_the_day_is_over(xero: Xero) -> None:
    own, clock = connect(xero.client, name="Starter", seed=9, plan="STARTER"), _clock(xero)
    headers = {"Authorization": f"Bearer {own.token}", "Xero-tenant-id": own.org}
    statuses = []
    for _ in range(1001):
        # 1.1 seconds a call: under sixty a minute, and over before the token is.
        clock.steps = 0
        clock.advance(1.1)
        refused = own.client.get("/xero/api.xro/2.0/Currencies", headers=headers)
        statuses.append(refused.status_code)
    assert statuses == [200] * 1000 + [429]
    assert refused.headers["X-Rate-Limit-Problem"] == "day"
    assert int(refused.headers["Retry-After"]) > 3600


def test_five_calls_at_once(xero: Xero) -> None:
    application: Any = xero.client.application
    store = application.world.organisation(xero.id).store
    statuses: list[int] = []
    headers = {"Authorization": f"Bearer {xero.token}", "Xero-tenant-id": xero.org}

    def ask() -> None:
        answer = Client(application).get("/xero/api.xro/2.0/Currencies", headers=headers)
        statuses.append(answer.status_code)

    with store.lock:
        waiting = [Thread(target=ask) for _ in range(5)]
        for each in waiting:
            each.start()
        deadline = time.monotonic() + 10
        refused = xero.call("GET", "Currencies")
        while refused.status_code == 200 and time.monotonic() < deadline:
            refused = xero.call("GET", "Currencies")
        assert refused.status_code == 429
        assert refused.headers["X-Rate-Limit-Problem"] == "concurrent"
        assert "Retry-After" not in refused.headers
    for each in waiting:
        each.join(10)
    assert statuses == [200] * 5
