"""SuiteQL: the dialect, the tables, pages, refusals, signs."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.sandbox.netsuite.suiteql.dialect import QueryProblem, rewritten
from tests.sandbox.driver import read
from tests.sandbox.netsuite.driver import Account, bill, invoice, open_account

ORDERS = """SELECT t.id, t.tranid, t.entity, BUILTIN.DF(t.entity) AS entityname, v.companyname AS vendorname,
 e.type AS entitytype, TO_CHAR(t.trandate,'YYYY-MM-DD') AS trandate, BUILTIN.CF(t.status) AS statuscode,
 BUILTIN.DF(t.status) AS statusname, c.symbol AS currency, t.foreigntotal, tl.subsidiary, s.name AS subsidiaryname
 FROM transaction t INNER JOIN transactionline tl ON tl.transaction = t.id AND tl.mainline = 'T'
 LEFT JOIN entity e ON e.id = t.entity LEFT JOIN vendor v ON v.id = t.entity
 LEFT JOIN subsidiary s ON s.id = tl.subsidiary LEFT JOIN currency c ON c.id = t.currency
 WHERE t.type = 'PurchOrd' AND t.lastmodifieddate > TO_TIMESTAMP('2020-01-01 00:00:00','YYYY-MM-DD HH24:MI:SS')
 ORDER BY t.lastmodifieddate, t.id"""


def test_purchase_orders_come_joined_with_entity_vendor_and_subsidiary(busy: Account) -> None:
    rows = busy.rows(ORDERS)
    assert len(rows) == 6
    first = rows[0]
    assert first["entityname"] == first["vendorname"]
    assert (first["entitytype"], first["statuscode"]) == ("Vendor", "PurchOrd:B")
    assert first["statusname"] == "Purchase Order : Pending Receipt"
    assert (first["subsidiary"], first["subsidiaryname"], first["currency"]) == ("1", "Busy Company", "GBP")
    assert all(isinstance(value, str) for row in rows for value in row.values())


def test_pages_walk_the_whole_and_link_to_each_other(busy: Account) -> None:
    seen: list[str] = []
    offset = 0
    while True:
        page = busy.query("SELECT id FROM transaction ORDER BY id", limit=20, offset=offset)
        seen += [row["id"] for row in page["items"]]
        assert page["count"] == len(page["items"])
        if not page["hasMore"]:
            break
        assert any(link["rel"] == "next" and f"offset={offset + 20}" in link["href"] for link in page["links"])
        offset += 20
    assert len(seen) == len(set(seen)) == page["totalResults"]
    assert seen == sorted(seen, key=int)


def test_a_keyset_never_skips_rows_that_others_delete(busy: Account) -> None:
    after, seen = 0, []
    query = "SELECT id FROM transaction WHERE type = 'CustInvc' AND id > ? ORDER BY id"
    while page := busy.query(query, after, limit=7)["items"]:
        seen += [row["id"] for row in page]
        after = int(seen[-1])
    assert len(seen) == 40


@pytest.mark.parametrize(
    ("query", "params", "expected"),
    [
        ("SELECT TOP 1 id FROM account ORDER BY id", (), [{"id": "1"}]),
        ("SELECT id FROM account WHERE ROWNUM <= 1", (), [{"id": "1"}]),
        ("SELECT id FROM account ORDER BY id OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY", (), [{"id": "2"}]),
        ("SELECT acctnumber || '-x' AS Code FROM account WHERE id = ?", ("1",), [{"code": "1000-x"}]),
        (
            "SELECT NVL(NULL, 'none') AS a, NULL AS b, DECODE(1, 2, 'x', 'y') AS c FROM dual",
            (),
            [{"a": "none", "c": "y"}],
        ),
        (
            "SELECT TO_CHAR(TO_DATE('2026-02-28', 'YYYY-MM-DD') + 1, 'DD.MM.YYYY') d FROM dual",
            (),
            [{"d": "01.03.2026"}],
        ),
        ("SELECT TO_DATE('2026-01-31','YYYY-MM-DD') d FROM dual", (), [{"d": "1/31/2026"}]),
        ("SELECT COUNT(*) FROM account WHERE acctnumber = '1000'", (), [{"expr1": "1"}]),
        ("SELECT EXTRACT(YEAR FROM TO_DATE('2026-01-31','YYYY-MM-DD')) AS y FROM dual", (), [{"y": "2026"}]),
        ("SELECT CASE WHEN isinactive = 'F' THEN 1.50 ELSE 2 END AS n FROM account WHERE id = 1", (), [{"n": "1.5"}]),
        ("SELECT type FROM entity WHERE type IN ('Employee')", (), [{"type": "Employee"}]),
    ],
)
def test_the_dialect_is_understood(account: Account, query: str, params: tuple[Any, ...], expected: list[Any]) -> None:
    assert account.rows(query, *params) == expected


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("SELECT nothing FROM vendor v", "Unknown identifier: nothing"),
        ("SELECT v.nothing FROM vendor v", "Field 'nothing' for record 'vendor' was not found"),
        ("SELECT id FROM nowhere", "Record 'nowhere' was not found"),
        ("SELECT id FROM vendor LIMIT 5", "LIMIT"),
        ("DELETE FROM vendor", "Invalid or unsupported search"),
        ("SELECT name FROM sqlite_master", "Invalid or unsupported search"),
        ("SELECT [id] FROM vendor", "Unknown identifier"),
        ("SELECT id FROM vendor WHERE (id = 1", "Syntax error"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_the_ledger_s_words(account: Account, query: str, text: str) -> None:
    answer = account.raw_query(query)
    assert answer.status_code == 400
    detail = read(answer)["o:errorDetails"][0]
    assert detail["o:errorCode"] == "INVALID_PARAMETER"
    assert text in detail["detail"]


def test_the_rules_of_the_endpoint(account: Account) -> None:
    assert account.refusal("POST", "query/v1/suiteql", {"q": "SELECT 1 FROM dual"})[1] == "INVALID_REQUEST"
    assert account.raw_query("SELECT 1 FROM dual", limit=10, offset=5).status_code == 400
    assert account.raw_query("SELECT 1 FROM dual", limit=1001).status_code == 400
    assert account.call("GET", "query/v1/suiteql").status_code == 405


def test_postings_balance_and_agree_with_the_trial_balance(busy: Account) -> None:
    rows = busy.rows(
        """SELECT a.acctnumber, SUM(NVL(tal.debit, 0)) - SUM(NVL(tal.credit, 0)) AS amount
        FROM transactionaccountingline tal JOIN transaction t ON t.id = tal.transaction
        JOIN account a ON a.id = tal.account WHERE t.posting = 'T'
        GROUP BY a.acctnumber"""
    )
    theirs = {row["acctnumber"]: Decimal(row["amount"]) for row in rows}
    books = busy.control("trial_balance")["accounts"]
    ours = {row["code"]: Decimal(row["debit"]) - Decimal(row["credit"]) for row in books}
    assert {code: amount for code, amount in theirs.items() if amount} == {c: a for c, a in ours.items() if a}


def test_every_posting_belongs_to_a_line(busy: Account) -> None:
    lost = busy.rows(
        """SELECT tal.transaction FROM transactionaccountingline tal LEFT JOIN transactionline tl
        ON tl.transaction = tal.transaction AND tl.id = tal.transactionline WHERE tl.id IS NULL"""
    )
    assert lost == []


def test_signs_follow_debit_and_credit(account: Account) -> None:
    bought = account.create("vendorBill", bill(account, 100))
    sold = account.create("invoice", invoice(account, 2, 50))
    query = "SELECT foreigntotal FROM transaction WHERE id = ?"
    assert account.rows(query, bought) == [{"foreigntotal": "-120"}]
    assert account.rows(query, sold) == [{"foreigntotal": "120"}]
    lines = account.rows(
        "SELECT foreignamount, taxline FROM transactionline WHERE transaction = ? AND mainline = 'F'", sold
    )
    assert lines == [{"foreignamount": "-100", "taxline": "F"}, {"foreignamount": "-20", "taxline": "T"}]


def test_changes_and_deletions_are_seen_at_once(account: Account) -> None:
    key = account.create("vendorBill", bill(account, 100, memo="before"))
    assert account.rows("SELECT memo FROM transaction WHERE id = ?", key) == [{"memo": "before"}]
    account.call("PATCH", f"record/v1/vendorBill/{key}", {"memo": "after"})
    assert account.rows("SELECT memo FROM transaction WHERE id = ?", key) == [{"memo": "after"}]
    account.call("DELETE", f"record/v1/vendorBill/{key}")
    assert account.rows("SELECT id FROM transaction WHERE id = ?", key) == []
    assert account.rows("SELECT recordid, type FROM deletedrecord") == [{"recordid": key, "type": "vendorbill"}]


def test_applications_are_links(account: Account) -> None:
    key = account.create("invoice", invoice(account, 1, 100))
    paid = account.create("customerPayment", {
        "customer": {"id": account.party("customer")}, "payment": 50, "account": {"id": account.account_id("1000")},
        "apply": {"items": [{"doc": {"id": key}, "apply": True, "amount": 50}]},
    })  # fmt: skip
    links = account.rows("SELECT previousdoc, nextdoc, nexttype, foreignamount FROM nexttransactionlinelink")
    assert links == [{"previousdoc": key, "nextdoc": paid, "nexttype": "CustPymt", "foreignamount": "50"}]
    open_now = account.rows("SELECT foreignamountunpaid AS left FROM transaction WHERE id = ?", key)
    assert open_now == [{"left": "70"}]


def test_suitetax_tables_are_there_only_with_suitetax(account: Account) -> None:
    query = "SELECT s.id, r.custrecord_ste_taxrate_rate AS rate FROM salestaxitem s JOIN customrecord_ste_taxrate r " \
            "ON r.custrecord_ste_taxrate_taxcode = s.id ORDER BY s.id"  # fmt: skip
    assert account.raw_query(query).status_code == 400
    modern = open_account(account.client, name="Modern", suitetax=True)
    assert modern.rows(query)[0] == {"id": "5", "rate": "20%"}


def test_custom_fields_are_columns(account: Account) -> None:
    line = {"account": {"id": account.account_id("6000")}, "amount": 10, "taxCode": {"id": "5"},
            "custcol_project": {"id": "2"}, "cseg_region": {"id": "1"}}  # fmt: skip
    body = {"entity": {"id": account.party("vendor")}, "expense": {"items": [line]}, "custbody_po_ref": "A-1",
            "custbody_approved_on": "2026-03-01", "custbody_is_urgent": True}  # fmt: skip
    key = account.create("vendorBill", body)
    header = account.rows(
        "SELECT custbody_po_ref AS ref, TO_CHAR(custbody_approved_on, 'YYYY-MM-DD') AS d, custbody_is_urgent AS u "
        "FROM transaction WHERE id = ?", key)  # fmt: skip
    assert header == [{"ref": "A-1", "d": "2026-03-01", "u": "T"}]
    lines = account.rows(
        "SELECT custcol_project AS p, BUILTIN.DF(custcol_project) AS name, BUILTIN.DF(cseg_region) AS region "
        "FROM transactionline WHERE transaction = ? AND id = 1", key)  # fmt: skip
    assert lines == [{"p": "2", "name": "Warehouse", "region": "North"}]
    account.control("changes", {"action": "add_custom_field", "place": "body", "name": "cost_run", "kind": "number"})
    assert account.rows("SELECT custbody_cost_run AS c FROM transaction WHERE id = ?", key) == [{}]


def test_a_parenthesis_that_is_not_closed_is_found_before_sqlite() -> None:
    with pytest.raises(QueryProblem):
        rewritten("SELECT BUILTIN.DF(t.entity FROM transaction t")
