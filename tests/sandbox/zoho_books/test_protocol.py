"""What every call has in common: organisation, envelope, pages, filters, limits."""

from typing import Any

import pytest

from tests.sandbox.driver import read
from tests.sandbox.zoho_books.driver import Zoho, connect


def test_every_call_names_its_organisation(zoho: Zoho) -> None:
    path, headers = "/zoho_books/books/v3/items", {"Authorization": f"Zoho-oauthtoken {zoho.token}"}
    assert read(zoho.client.get(path, headers=headers))["code"] == 6041
    assert zoho.client.get("/zoho_books/books/v3/organizations", headers=headers).status_code == 200


def test_another_organisation_is_refused(zoho: Zoho) -> None:
    assert zoho.refused("GET", "items", organization_id="1")[1] == 6041


def test_the_token_has_its_own_scheme(zoho: Zoho) -> None:
    headers = {"Authorization": f"Basic {zoho.token}"}
    answer = zoho.client.get(f"/zoho_books/books/v3/items?organization_id={zoho.org}", headers=headers)
    assert answer.status_code == 401


def test_answers_are_enveloped(zoho: Zoho) -> None:
    answer = zoho.get("items")
    assert (answer["code"], answer["message"]) == (0, "success")
    assert zoho.refused("GET", "invoices/460000000000000000") == (404, 1002)
    assert zoho.refused("GET", "nowhere")[0] == 404


def test_a_broken_body_is_1038(zoho: Zoho) -> None:
    response = zoho.client.post(
        "/zoho_books/books/v3/items", query_string={"organization_id": zoho.org}, data=b"{", content_type="text/plain",
        headers={"Authorization": f"Zoho-oauthtoken {zoho.token}"},
    )  # fmt: skip
    assert (response.status_code, read(response)["code"]) == (400, 1038)


def test_the_old_form_field_works_as_well(zoho: Zoho) -> None:
    response = zoho.client.post(
        "/zoho_books/books/v3/items", query_string={"organization_id": zoho.org},
        data={"JSONString": '{"name": "Old form", "rate": 5}'},
        headers={"Authorization": f"Zoho-oauthtoken {zoho.token}"},
    )  # fmt: skip
    assert response.status_code == 201
    assert read(response)["item"]["name"] == "Old form"


def test_a_creation_is_201_and_says_where(zoho: Zoho) -> None:
    response = zoho.call("POST", "items", {"name": "Drive", "rate": 120})
    body = read(response)
    assert (response.status_code, body["message"]) == (201, "The item has been added.")
    assert response.headers["location"] == f"/api/v3/items/{body['item']['item_id']}"


def test_ids_are_texts_of_18_digits(zoho: Zoho) -> None:
    invoice = zoho.invoice()
    for key in (invoice["invoice_id"], invoice["line_items"][0]["line_item_id"], invoice["customer_id"]):
        assert isinstance(key, str)
        assert len(key) == 18
        assert key.isdigit()


def test_pages_cover_everything_once(busy: Zoho) -> None:
    seen: list[str] = []
    for page in range(1, 6):
        answer = busy.get("invoices", page=str(page), per_page="9")
        seen += [row["invoice_id"] for row in answer["invoices"]]
        assert answer["page_context"]["has_more_page"] is (page < 5)
    assert len(seen) == len(set(seen)) == 40


def test_two_hundred_rows_are_the_most(busy: Zoho) -> None:
    assert busy.get("invoices", per_page="5000")["page_context"]["per_page"] == 200


def test_rows_of_lists_have_no_lines(busy: Zoho) -> None:
    row = busy.one("bills", "bills")
    assert "line_items" not in row
    assert busy.get(f"bills/{row['bill_id']}")["bill"]["line_items"]


def test_several_items_are_read_whole_in_one_call(busy: Zoho) -> None:
    keys = [row["item_id"] for row in busy.get("items")["items"][:3]]
    found = busy.get("itemdetails", item_ids=",".join(keys))["items"]
    assert [item["item_id"] for item in found] == keys


@pytest.mark.parametrize(
    ("path", "many"), [("bills", "bills"), ("chartofaccounts", "chartofaccounts"), ("journals", "journals")]
)
def test_changes_are_asked_for_by_time(busy: Zoho, path: str, many: str) -> None:
    tomorrow = "2099-01-01T00:00:00+0000"
    assert busy.get(path, last_modified_time=tomorrow)[many] == []
    assert busy.get(path, last_modified_time="2001-01-01T00:00:00+0000")[many]


@pytest.mark.parametrize("path", ["customerpayments", "contacts", "items", "creditnotes", "expenses"])
def test_other_lists_ignore_the_time_asked_for(busy: Zoho, path: str) -> None:
    assert busy.get(path, last_modified_time="2099-01-01T00:00:00+0000")[path]


def test_unknown_filters_are_ignored(busy: Zoho) -> None:
    assert len(busy.get("bills", nonsense="x")["bills"]) == 30


def test_filters_narrow(busy: Zoho) -> None:
    paid = busy.get("invoices", filter_by="Status.Paid")["invoices"]
    assert {row["status"] for row in paid} == {"paid"}
    one = paid[0]
    found = busy.get("invoices", invoice_number=one["invoice_number"])["invoices"]
    assert [row["invoice_id"] for row in found] == [one["invoice_id"]]
    found = busy.get("invoices", invoice_number_startswith="INV-00001")["invoices"]
    assert len(found) == 10
    assert all(row["total"] > 100 for row in busy.get("invoices", total_greater_than="100")["invoices"])
    assert {row["contact_type"] for row in busy.get("contacts", contact_type="vendor")["contacts"]} == {"vendor"}


def test_rows_come_in_the_order_asked_for(busy: Zoho) -> None:
    rows = busy.get("invoices", sort_column="total", sort_order="A")["invoices"]
    totals = [row["total"] for row in rows]
    assert totals == sorted(totals)
    names = [row["contact_name"].casefold() for row in busy.get("contacts")["contacts"]]
    assert names == sorted(names)


def test_a_hundred_calls_a_minute(zoho: Zoho) -> None:
    # The clock here goes a second with each look at it; it is held back so that the calls fall into a minute.
    application: Any = zoho.client.application
    clock = application.world.clock
    codes = []
    for _ in range(101):
        clock.steps -= 30
        codes.append(read(zoho.call("GET", "settings/currencies"))["code"])
    assert codes.count(44) >= 1


def test_the_plan_decides_the_calls_of_a_day(zoho: Zoho) -> None:
    free = connect(zoho.client, name="Free", seed=6)
    free.control("changes", {"action": "set_preferences", "data": {"plan": "FREE"}})
    response = free.call("GET", "settings/currencies")
    assert response.headers["x-rate-limit-limit"] == "1000"
    assert response.headers["x-rate-limit-remaining"] == "999"
    assert 0 < int(response.headers["x-rate-limit-reset"]) <= 86400
    assert free.get("organizations")["organizations"][-1]["plan_name"] == "FREE"
