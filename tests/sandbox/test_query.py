"""The query language, paging, change data capture."""

import pytest

from tests.sandbox.driver import Books, paid, sale


def _fault(books: Books, text: str) -> tuple[str, str]:
    error = books.get("query", query=text)["Fault"]["Error"][0]
    return error["code"], error["Detail"]


@pytest.fixture
def sold(us: Books) -> Books:
    """Five invoices of 10 to 50 before tax."""
    for number in range(1, 6):
        us.create("Invoice", sale(10 * number, code="NON", DocNumber=f"N-{number}", TxnDate=f"2026-10-0{number}"))
    return us


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ("DocNumber = 'N-2'", ["N-2"]),
        ("TotalAmt > '30'", ["N-4", "N-5"]),
        ("TotalAmt >= '30' AND TotalAmt < '50'", ["N-3", "N-4"]),
        ("TxnDate <= '2026-10-02'", ["N-1", "N-2"]),
        ("DocNumber LIKE '%-3'", ["N-3"]),
        ("DocNumber LIKE 'N%'", ["N-1", "N-2", "N-3", "N-4", "N-5"]),
        ("DocNumber IN ('N-1', 'N-5')", ["N-1", "N-5"]),
        ("CustomerRef = '999'", []),
        ("MetaData.LastUpdatedTime > '2020-01-01T00:00:00-08:00'", ["N-1", "N-2", "N-3", "N-4", "N-5"]),
        ("MetaData.CreateTime < '2020-01-01'", []),
    ],
)
def test_every_operator_selects_what_it_says(sold: Books, where: str, numbers: list[str]) -> None:
    rows = sold.rows("Invoice", where, "orderby DocNumber")
    assert [row["DocNumber"] for row in rows] == numbers


def test_order_start_and_size_in_any_order(sold: Books) -> None:
    page = sold.query("SELECT * FROM invoice ORDER BY TotalAmt DESC MAXRESULTS 2 STARTPOSITION 2")
    assert [row["TotalAmt"] for row in page["Invoice"]] == [40, 30]
    assert (page["startPosition"], page["maxResults"]) == (2, 2)


def test_transactions_come_newest_first_unless_ordered(sold: Books) -> None:
    ids = [int(row["Id"]) for row in sold.query("select * from Invoice")["Invoice"]]
    assert ids == sorted(ids, reverse=True)


def test_count_gives_a_number_only(sold: Books) -> None:
    assert sold.query("select count(*) from Invoice") == {"totalCount": 5}


def test_an_empty_page_is_an_empty_object(sold: Books) -> None:
    assert sold.query("select * from Invoice startposition 6") == {}


def test_queries_may_be_posted_as_text(us: Books) -> None:
    answer = us.client.post(
        f"/quickbooks/v3/company/{us.realm}/query",
        data="select count(*) from Customer",
        content_type="application/text",
        headers={"Authorization": f"Bearer {us.token}"},
    )
    assert answer.json["QueryResponse"]["totalCount"] > 0  # type: ignore[index]


def test_quotes_are_escaped_with_a_backslash(us: Books) -> None:
    us.create("Customer", {"DisplayName": "Adam's Candy"})
    assert us.query(r"select * from Customer where DisplayName = 'Adam\'s Candy'")["maxResults"] == 1


def test_inactive_list_entries_are_hidden_unless_asked_for(us: Books) -> None:
    made = us.create("Customer", {"DisplayName": "Gone"})
    us.create("Customer", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Active": False})
    assert us.rows("Customer", f"Id = '{made['Id']}'") == []
    found = us.rows("Customer", f"Id = '{made['Id']}' and Active in (true, false)")[0]
    assert (found["Active"], found["DisplayName"]) == (False, "Gone (deleted)")


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("selec * from Invoice", "4000", "QueryParserError"),
        ("select * from Invoice where DocNumber = 12", "4000", "quoted value"),
        ("select * from Invoice where DocNumber = '1' or DocNumber = '2'", "4000", "QueryParserError"),
        ("select * from Invoice where DocNumber != '1'", "4000", "QueryParserError"),
        ("select * from Nothing", "4001", "QueryValidationError"),
        ("select * from Invoice startposition 0", "4001", "value 0 is too small. Min allowed value is 1"),
        ("select * from Invoice maxresults 1001", "4001", "too large"),
        ("select * from Purchase where PrivateNote = 'x'", "4001", "property 'PrivateNote' is not queryable"),
        ("select * from Invoice where Colour = 'x'", "4001", "Property Colour not found for Entity Invoice"),
        ("select Line from Invoice", "4001", "can not be projected"),
    ],
)
def test_impossible_queries_are_refused_in_quickbooks_words(us: Books, text: str, code: str, words: str) -> None:
    found = _fault(us, text)
    assert found[0] == code
    assert words in found[1]


def test_change_data_capture_has_one_answer_per_entity_in_order(us: Books) -> None:
    made = us.create("Invoice", sale(10, code="NON"))
    kept = us.create("Invoice", sale(20, code="NON"))
    us.post("invoice", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")
    since = kept["MetaData"]["CreateTime"]
    answer = us.get("cdc", entities="Bill,Invoice,Payment", changedSince=since)["CDCResponse"][0]["QueryResponse"]
    assert answer[0] == {}
    assert answer[2] == {}
    stub, row = sorted(answer[1]["Invoice"], key=lambda each: int(each["Id"]))
    assert (stub["status"], stub["Id"], "TotalAmt" in stub) == ("Deleted", made["Id"], False)
    assert row["TotalAmt"] == 20


def test_change_data_capture_shows_deactivated_entries_and_documents_touched_by_payments(us: Books) -> None:
    made = us.create("Invoice", sale(10, code="NON", TxnDate="2026-10-01"))
    us.create("Payment", paid(made, 10))
    since = made["MetaData"]["CreateTime"]
    answer = us.get("cdc", entities="Invoice", changedSince=since)["CDCResponse"][0]["QueryResponse"][0]
    assert (answer["Invoice"][0]["Balance"], answer["Invoice"][0]["SyncToken"]) == (0, "1")


def test_change_data_capture_looks_back_thirty_days_at_most(us: Books) -> None:
    fault = us.get("cdc", entities="Invoice", changedSince="2026-01-01T00:00:00-08:00")["Fault"]["Error"][0]
    assert (fault["code"], fault["Detail"]) == ("4000", "changedSince cannot be more than 30 days ago")


def test_change_data_capture_refuses_what_it_does_not_cover(us: Books) -> None:
    fault = us.get("cdc", entities="TaxCode", changedSince="2026-11-20T00:00:00-08:00")["Fault"]["Error"][0]
    assert fault["code"] == "4001"


def test_change_data_capture_stops_at_a_thousand(us: Books) -> None:
    for _ in range(35):
        items = [{"bId": str(n), "operation": "create", "Invoice": sale(10, code="NON")} for n in range(30)]
        us.post("batch", {"BatchItemRequest": items})
    since = us.query("select * from Invoice orderby Id maxresults 1")["Invoice"][0]["MetaData"]["CreateTime"]
    answer = us.get("cdc", entities="Invoice,Customer", changedSince=since)["CDCResponse"][0]["QueryResponse"]
    assert answer[0]["maxResults"] == 1000
    assert answer[1] == {}
