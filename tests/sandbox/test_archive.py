"""Old invoices that are made when they are asked for: true, balanced, always the same."""

from decimal import Decimal
from typing import Any

import pytest
from werkzeug.test import Client

from tests.sandbox.driver import Books, connect

ARCHIVED = 2345


@pytest.fixture
def old(sandbox: Client) -> Books:
    return connect(sandbox, invoices=7, payments=3, archived=ARCHIVED)


def page(books: Books, start: int, size: int = 1000) -> list[dict[str, Any]]:
    told = books.query(f"SELECT * FROM Invoice ORDERBY Id STARTPOSITION {start} MAXRESULTS {size}")  # noqa: S608
    rows: list[dict[str, Any]] = told.get("Invoice", [])
    return rows


def test_a_walk_meets_every_invoice_once_in_the_order_of_ids(old: Books) -> None:
    rows = [row for start in range(1, 4001, 1000) for row in page(old, start)]
    ids = [int(row["Id"]) for row in rows]
    assert len(ids) == 7 + ARCHIVED
    assert ids == sorted(set(ids))
    assert len({row["DocNumber"] for row in rows}) == len(rows)
    assert old.query("select count(*) from Invoice") == {"totalCount": len(rows)}


def test_pages_overlap_and_repeat_as_they_were(old: Books) -> None:
    assert page(old, 5, 10)[5:] == page(old, 10, 5)
    assert page(old, 2000) == page(old, 2000)


def test_the_books_balance_and_hold_what_all_invoices_say(old: Books, sandbox: Client) -> None:
    rows = [row for start in range(1, 4001, 1000) for row in page(old, start)]
    (receivable,) = old.rows("Account", "AccountType = 'Accounts Receivable'")
    assert Decimal(str(receivable["CurrentBalance"])) == sum(Decimal(str(row["Balance"])) for row in rows)
    told: Any = sandbox.get(f"/_control/organisations/{old.realm}/trial_balance").json
    assert Decimal(told["difference"]) == 0


def test_an_archived_invoice_is_found_by_id_and_by_what_it_says(old: Books) -> None:
    (last,) = page(old, 7 + ARCHIVED, 1)
    assert old.rows("Invoice", f"Id = '{last['Id']}'") == [last]
    assert old.rows("Invoice", f"DocNumber = '{last['DocNumber']}'") == [last]
    assert old.get(f"invoice/{last['Id']}")["Invoice"] == last


def test_archived_invoices_are_no_news(old: Books) -> None:
    changed = old.rows("Invoice", "MetaData.LastUpdatedTime > '2026-10-01T00:00:00Z'")
    assert len(changed) <= 7
    assert all(row["TxnDate"] < "2026-10-01" for row in page(old, 8))


def test_another_ledger_says_that_it_has_none(sandbox: Client) -> None:
    made = sandbox.post("/_control/organisations", json={"ledger": "xero", "archived": 5})
    assert made.status_code == 400
    assert b"archived" in made.data
