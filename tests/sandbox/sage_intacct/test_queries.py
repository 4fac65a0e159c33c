"""The query service: fields, filters, expressions, order, pages, aggregates, line objects."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.driver import read
from tests.sandbox.sage_intacct.driver import Intacct

DEPARTMENT = "company-config/department"
BILL = "accounts-payable/bill"


def ids(rows: list[Any]) -> list[str]:
    """The ids of rows."""
    return [row["id"] for row in rows]


def test_rows_have_the_dotted_names_as_they_were_asked(busy: Intacct) -> None:
    row = busy.query(BILL, "key billNumber vendor.id vendor.name totalTxnAmount audit.modifiedDateTime", size=1)[0]
    assert set(row) == {"key", "billNumber", "vendor.id", "vendor.name", "totalTxnAmount", "audit.modifiedDateTime"}
    bill = busy.get(f"objects/{BILL}/{row['key']}")
    assert row["vendor.name"] == bill["vendor"]["name"]
    assert row["totalTxnAmount"] == bill["totalTxnAmount"]
    assert row["totalTxnAmount"].count(".") == 1
    assert row["audit.modifiedDateTime"].endswith("Z")


def test_pages_follow_next_until_it_is_null(busy: Intacct) -> None:
    found: list[str] = []
    start: int | None = 1
    while start is not None:
        body = {"object": BILL, "fields": ["key"], "orderBy": [{"key": "asc"}], "start": start, "size": 7}
        answer = read(busy.call("POST", "services/core/query", body))
        found += [row["key"] for row in answer["ia::result"]]
        start = answer["ia::meta"]["next"]
        assert answer["ia::meta"]["totalCount"] == 30
    assert len(found) == len(set(found)) == 30
    assert found == sorted(found, key=int)


def test_a_page_has_a_hundred_rows_and_at_most_four_thousand(busy: Intacct) -> None:
    query = {"object": BILL, "fields": ["key"]}
    assert read(busy.call("POST", "services/core/query", query))["ia::meta"]["pageSize"] == 100
    assert busy.refused("POST", "services/core/query", {**query, "size": 4001})[0] == 400
    assert busy.refused("POST", "services/core/query", {**query, "start": 0})[0] == 400


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"$eq": {"id": "10"}}, ["10"]),
        ({"$ne": {"id": "10"}}, ["20", "30"]),
        ({"$lt": {"id": "20"}}, ["10"]),
        ({"$lte": {"id": "20"}}, ["10", "20"]),
        ({"$gt": {"id": "20"}}, ["30"]),
        ({"$gte": {"id": "20"}}, ["20", "30"]),
        ({"$in": {"id": ["10", "30", "99"]}}, ["10", "30"]),
        ({"$notIn": {"id": ["10", "30"]}}, ["20"]),
        ({"$between": {"id": ["15", "25"]}}, ["20"]),
        ({"$notBetween": {"id": ["15", "25"]}}, ["10", "30"]),
        ({"$contains": {"name": "ale"}}, ["20"]),
        ({"$notContains": {"name": "ale"}}, ["10", "30"]),
        ({"$startsWith": {"name": "Fin"}}, ["30"]),
        ({"$notStartsWith": {"name": "Fin"}}, ["10", "20"]),
        ({"$endsWith": {"name": "tions"}}, ["10"]),
        ({"$notEndsWith": {"name": "tions"}}, ["20", "30"]),
        ({"$eq": {"parent.id": None}}, ["10", "20", "30"]),
        ({"$ne": {"parent.id": None}}, []),
    ],
)
def test_each_operator_finds_what_it_says(intacct: Intacct, condition: Any, expected: list[str]) -> None:
    assert ids(intacct.query(DEPARTMENT, "id", condition)) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("and", []),
        ("or", ["10", "20", "30"]),
        ("1 or 2", ["10", "20"]),
        ("1 and (2 or 3)", []),
        ("(1 or 2) and not 3", ["10", "20"]),
        ("3 or 1 and 2", ["30"]),
    ],
)
def test_filters_are_joined_by_an_expression(intacct: Intacct, expression: str, expected: list[str]) -> None:
    conditions = [{"$eq": {"id": key}} for key in ("10", "20", "30")]
    assert ids(intacct.query(DEPARTMENT, "id", *conditions, filterExpression=expression)) == expected


def test_ids_of_digits_are_texts_and_amounts_are_numbers(intacct: Intacct) -> None:
    intacct.post(f"objects/{DEPARTMENT}", {"id": "010", "name": "Zero ten"})
    assert ids(intacct.query(DEPARTMENT, "id", {"$eq": {"id": "010"}})) == ["010"]
    assert ids(intacct.query(DEPARTMENT, "id", {"$eq": {"id": "10"}})) == ["10"]
    item = {"id": "I-9", "name": "Nine", "itemType": "nonInventory", "sales": {"basePrice": "9.50"}}
    intacct.post("objects/inventory-control/item", item)
    assert ids(intacct.query("inventory-control/item", "id", {"$eq": {"sales.basePrice": "9.5"}})) == ["I-9"]


def test_case_counts_unless_it_is_said_not_to(intacct: Intacct) -> None:
    condition = {"$eq": {"name": "finance"}}
    assert intacct.query(DEPARTMENT, "id", condition) == []
    found = intacct.query(DEPARTMENT, "id", condition, filterParameters={"caseSensitiveComparison": False})
    assert ids(found) == ["30"]


def test_a_quote_in_a_value_is_written_with_a_backslash(intacct: Intacct) -> None:
    intacct.post(f"objects/{DEPARTMENT}", {"id": "40", "name": "Women's"})
    assert ids(intacct.query(DEPARTMENT, "id", {"$eq": {"name": "Women\\'s"}})) == ["40"]


def test_changes_are_found_by_their_moment_with_or_without_an_offset(intacct: Intacct) -> None:
    row = intacct.query(DEPARTMENT, "id audit.modifiedDateTime", size=1)[0]
    moment = row["audit.modifiedDateTime"]
    assert len(intacct.query(DEPARTMENT, "id", {"$gte": {"audit.modifiedDateTime": moment}})) == 3
    east = moment.replace("Z", "+00:00")
    assert len(intacct.query(DEPARTMENT, "id", {"$gte": {"audit.modifiedDateTime": east}})) == 3
    assert intacct.query(DEPARTMENT, "id", {"$gt": {"audit.modifiedDateTime": "2999-01-01T00:00:00Z"}}) == []


def test_relative_days_stand_for_days(busy: Intacct) -> None:
    as_of = {"filterParameters": {"asOfDate": "2999-05-05"}}
    assert busy.query(BILL, "id", {"$eq": {"createdDate": "currentMonth"}}, **as_of) == []
    assert len(busy.query(BILL, "id", {"$lte": {"createdDate": "today"}}, **as_of)) == 30


def test_moments_of_a_day_are_of_that_day(intacct: Intacct) -> None:
    for condition in (
        {"$eq": {"audit.modifiedDateTime": "currentYear"}},
        {"$lte": {"audit.modifiedDateTime": "today"}},
    ):
        as_of = {"filterParameters": {"asOfDate": intacct.world.clock.today().isoformat()}}
        intacct.post(f"objects/{DEPARTMENT}", {"id": str(len(str(condition))), "name": str(condition)})
        assert str(len(str(condition))) in ids(intacct.query(DEPARTMENT, "id", condition, **as_of))


def test_rows_come_in_the_order_asked_for(busy: Intacct) -> None:
    rows = busy.query(BILL, "totalTxnAmount key", orderBy=[{"totalTxnAmount": "desc"}, {"key": "asc"}])
    pairs = [(-Decimal(row["totalTxnAmount"]), int(row["key"])) for row in rows]
    assert pairs == sorted(pairs)


def test_lines_are_objects_that_name_their_owner(busy: Intacct) -> None:
    bill = busy.get(f"objects/{BILL}/{busy.query(BILL, 'key')[0]['key']}")
    rows = busy.query("accounts-payable/bill-line", "key bill.id bill.billNumber txnAmount glAccount.id",
                      {"$eq": {"bill.id": bill["id"]}})  # fmt: skip
    assert [row["key"] for row in rows] == [line["key"] for line in bill["lines"]]
    assert {row["bill.billNumber"] for row in rows} == {bill["billNumber"]}
    assert [row["txnAmount"] for row in rows] == [line["txnAmount"] for line in bill["lines"]]


def test_lines_and_taxes_of_chosen_owners_are_those_of_no_others(busy: Intacct) -> None:
    keys = [row["key"] for row in busy.query(BILL, "key", size=3)]
    lines = busy.query("accounts-payable/bill-line", "key bill.key", {"$in": {"bill.key": keys}})
    assert sorted({row["bill.key"] for row in lines}) == sorted(keys)
    assert len(lines) == sum(len(busy.get(f"objects/{BILL}/{key}")["lines"]) for key in keys)
    chosen = [row["key"] for row in lines][:2]
    taxes = busy.query("accounts-payable/bill-tax-entry", "billLine.key", {"$in": {"billLine.key": chosen}})
    assert sorted({row["billLine.key"] for row in taxes}) == sorted(chosen)
    either = busy.query("accounts-payable/bill-line", "key", {"$in": {"bill.key": keys}}, {"$ne": {"key": None}},
                        filterExpression="1 or 2")  # fmt: skip
    assert len(either) == len(busy.query("accounts-payable/bill-line", "key"))


def test_taxes_of_lines_are_objects_too(busy: Intacct) -> None:
    rows = busy.query("accounts-payable/bill-tax-entry", "key billLine.key txnTaxAmount purchasingTaxDetail.id", size=3)
    assert len(rows) == 3
    line = busy.get(f"objects/accounts-payable/bill-line/{rows[0]['billLine.key']}")
    assert line["taxEntries"][0]["txnTaxAmount"] == rows[0]["txnTaxAmount"]


def test_sums_and_counts_are_made_by_the_other_fields(busy: Intacct) -> None:
    rows = busy.query(BILL, "vendor.id sum:totalTxnAmount count:key")
    plain = busy.query(BILL, "vendor.id totalTxnAmount")
    first = rows[0]["vendor.id"]
    mine = [Decimal(row["totalTxnAmount"]) for row in plain if row["vendor.id"] == first]
    assert Decimal(rows[0]["sum:totalTxnAmount"]) == sum(mine)
    assert rows[0]["count:key"] == len(mine)
    assert sum(row["count:key"] for row in rows) == 30


def test_custom_fields_can_be_asked_for_and_filtered_by(intacct: Intacct) -> None:
    intacct.post("objects/accounts-receivable/customer", {"id": "C-1", "name": "One", "nsp::SEGMENT": "Trade"})
    rows = intacct.query("accounts-receivable/customer", "id nsp::SEGMENT", {"$eq": {"nsp::SEGMENT": "Trade"}})
    assert rows == [{"id": "C-1", "nsp::SEGMENT": "Trade"}]


def test_values_of_a_user_defined_dimension_are_queried_by_its_name(intacct: Intacct) -> None:
    assert [row["name"] for row in intacct.query("platform-apps/nsp::CHANNEL", "key id name")] == ["Online", "Partner"]


@pytest.mark.parametrize(
    "body",
    [
        {"object": DEPARTMENT},
        {"object": DEPARTMENT, "fields": ["colour"]},
        {"object": DEPARTMENT, "fields": ["parent"]},
        {"object": DEPARTMENT, "fields": ["*"]},
        {"object": DEPARTMENT, "fields": ["id"], "filters": [{"$like": {"id": "1"}}]},
        {"object": DEPARTMENT, "fields": ["id"], "filters": [{"field": "id", "operator": "$eq", "value": "1"}]},
        {"object": DEPARTMENT, "fields": ["id"], "filters": [{"$gt": {"id": None}}]},
        {"object": DEPARTMENT, "fields": ["id"], "filters": [{"$eq": {"id": "1"}}], "filterExpression": "1 and 2"},
        {"object": DEPARTMENT, "fields": ["id"], "filters": [{"$eq": {"id": "1"}}], "filterExpression": "1 &"},
        {"object": DEPARTMENT, "fields": ["id"], "orderBy": [{"id": "up"}]},
    ],
)
def test_a_query_that_makes_no_sense_is_an_invalid_request(intacct: Intacct, body: Any) -> None:
    assert intacct.refused("POST", "services/core/query", body)[:2] == (400, "invalidRequest")


def test_a_query_of_an_unknown_object_is_refused(intacct: Intacct) -> None:
    assert (
        intacct.refused("POST", "services/core/query", {"object": "general-ledger/acount", "fields": ["id"]})[0] == 404
    )


def test_texts_cannot_be_summed_up(busy: Intacct) -> None:
    body = {"object": BILL, "fields": ["sum:billNumber"]}
    status, code, why = busy.refused("POST", "services/core/query", body)
    assert (status, code) == (400, "invalidRequest")
    assert "billNumber" in why
