"""Lines that somebody added or took out in the ledger, and documents voided or deleted there, ledger by ledger."""

from copy import deepcopy
from typing import Any

import pytest

from integrations.models import Discrepancy, Posting
from integrations.services.decisions import accept, repush
from integrations.services.postings import send_and_follow
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Sandbox
from tests.integrations.services.shop import LEDGERS, Shop, open_shop
from tests.integrations.services.test_drift import rows

pytestmark = pytest.mark.integration
Kind, Status = Discrepancy.Kind, Discrepancy.Status

KEYS = {"quickbooks": "Id", "xero": "InvoiceID", "zoho_books": "invoice_id", "netsuite": "id", "sage_intacct": "key"}
LINES = {"quickbooks": ("Line",), "xero": ("LineItems",), "zoho_books": ("line_items",), "netsuite": ("item", "items"),
         "sage_intacct": ("lines",)}  # fmt: skip
KEEPS_LINES = {"sage_intacct"}
"""Ledgers in which lines that an update does not name stay: a person takes them out there."""
LINE_IDS = {"Id", "LineItemID", "line_item_id", "line", "lineUniqueKey", "id", "key", "lineNumber", "LineNum"}
WORDS = {"quickbooks": "Description", "xero": "Description", "zoho_books": "description", "netsuite": "description",
         "sage_intacct": "memo"}  # fmt: skip


@pytest.fixture(params=LEDGERS)
def shop(acme: Actors, sandbox: Sandbox, request: pytest.FixtureRequest) -> Shop:
    return open_shop(acme, sandbox, request.param)


class Document:
    """An invoice as its ledger keeps it, with its lines to be changed."""

    def __init__(self, shop: Shop, key: str) -> None:
        self._shop, self._key, self._ledger = shop, key, shop.connection.connector
        (self._body,) = [each for each in shop.company.documents("invoices") if str(each[KEYS[self._ledger]]) == key]
        self._path = LINES[self._ledger]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines themselves."""
        found = self._body
        for name in self._path:
            found = found[name]
        return found  # type: ignore[return-value]

    def add(self, words: str) -> None:
        """One more line like the first."""
        first = next(line for line in self.lines if line.get("DetailType") != "SubTotalLineDetail")
        added = {name: value for name, value in deepcopy(first).items() if name not in LINE_IDS}
        if self._ledger == "sage_intacct":
            # Intacct refuses what only it may say of a line.
            taxes = [
                {"orderEntryTaxDetail": {"key": each["orderEntryTaxDetail"]["key"]}} for each in first["taxEntries"]
            ]
            added = {
                "glAccount": {"key": first["glAccount"]["key"]}, "txnAmount": first["txnAmount"], "taxEntries": taxes,
            }  # fmt: skip
        added[WORDS[self._ledger]] = words
        self._save([added] if self._ledger == "sage_intacct" else [*self.lines, added])

    def take_out(self, words: str) -> None:
        """The line that says so."""
        (gone,) = [line for line in self.lines if line.get(WORDS[self._ledger]) == words]
        if self._ledger == "sage_intacct":
            self._save([{"key": gone["key"], "ia::operation": "delete"}])
        else:
            self._save([line for line in self.lines if line is not gone])

    def _save(self, lines: list[dict[str, Any]]) -> None:
        data: Any = lines
        for name in reversed(self._path):
            data = {name: data}
        more = {"replace": ["item"]} if self._ledger == "netsuite" else {}
        self._shop.rest()
        self._shop.company.change(action="edit", resource="invoices", id=self._key, data=data, **more)
        self._shop.pull()


def told(shop: Shop) -> dict[str, tuple[str, str]]:
    """label → (ours, theirs) of the one open difference."""
    (row,) = [each for each in rows(shop) if each.status == Status.OPEN]
    assert row.kind == Kind.DRIFT
    return {each["label"]: (each["ours"], each["theirs"]) for each in row.differences}


def test_an_added_line_is_told_and_goes_when_ours_is_sent_again_or_stays_told(acme: Actors, shop: Shop) -> None:
    mine = shop.post()
    total = mine.record.unified["total"]  # type: ignore[union-attr]
    Document(shop, mine.external_id).add("Slipped in")
    found = told(shop)
    assert set(found) == {"Line 3", "Total"}
    assert found["Line 3"][0] == ""
    assert found["Line 3"][1].startswith("Slipped in")
    with tenant_scope(acme.tenant.pk):
        posting = repush(discrepancy=Discrepancy.objects.open().get(), by=acme.owner)
    shop.rest()
    sent = shop.send(posting)
    shop.pull()
    if shop.connection.connector in KEEPS_LINES:
        assert told(shop) == found, "what the ledger kept is not agreed on in silence"
        return
    with tenant_scope(acme.tenant.pk):
        sent.record.refresh_from_db()  # type: ignore[union-attr]
        assert not Discrepancy.objects.open().exists()
    unified = sent.record.unified  # type: ignore[union-attr]
    assert ([line["description"] for line in unified["lines"]], unified["total"]) == (["Consulting", "Travel"], total)


def test_a_line_that_was_taken_out_is_told_and_comes_back(acme: Actors, shop: Shop) -> None:
    mine = shop.post()
    Document(shop, mine.external_id).take_out("Travel")
    found = told(shop)
    assert set(found) == {"Line 2", "Total"}
    assert found["Line 2"][0].startswith("Travel")
    assert found["Line 2"][1] == ""
    with tenant_scope(acme.tenant.pk):
        posting = repush(discrepancy=Discrepancy.objects.open().get(), by=acme.owner)
    shop.rest()
    sent = shop.send(posting)
    shop.pull()
    with tenant_scope(acme.tenant.pk):
        sent.record.refresh_from_db()  # type: ignore[union-attr]
        assert not Discrepancy.objects.open().exists()
    assert [line["description"] for line in sent.record.unified["lines"]] == ["Consulting", "Travel"]  # type: ignore[union-attr]


DELETED = {"quickbooks", "zoho_books", "netsuite", "sage_intacct"}
"""Ledgers whose invoices a person can delete. Xero keeps them."""


def test_a_voided_invoice_is_told_as_voided_and_made_anew(acme: Actors, shop: Shop) -> None:
    mine = shop.post()
    shop.undo("void", mine)
    shop.pull()
    (row,) = rows(shop)
    assert (row.kind, row.status, row.record_id) == (Kind.VOIDED, Status.OPEN, mine.record_id)
    assert [(each["label"], each["theirs"]) for each in row.differences] == [("Status", "void")]
    with tenant_scope(acme.tenant.pk):
        posting = repush(discrepancy=row, by=acme.owner)
    shop.rest()
    if KEEPS_NUMBERS.get(shop.connection.connector):
        again = refused_then_sent(acme, shop, posting)
    else:
        again = shop.send(posting)
        assert again.body["number"] == mine.body["number"]
    assert again.external_id != mine.external_id
    shop.pull()
    with tenant_scope(acme.tenant.pk):
        assert not Discrepancy.objects.open().exists()


KEEPS_NUMBERS = {"quickbooks": True}
"""Ledgers whose voided documents keep their number: a new one has to have another."""


def refused_then_sent(acme: Actors, shop: Shop, posting: Posting) -> Posting:
    """The ledger refuses the number; the difference is open again, says so, and the next sending has another number."""
    send_and_follow(posting.tenant_id, posting.pk)
    shop.pull()
    with tenant_scope(acme.tenant.pk):
        row = Discrepancy.objects.open().get()
        assert f"{posting.body['number']}-2" in row.reason
        again = repush(discrepancy=row, by=acme.owner)
    sent = shop.send(again)
    assert sent.body["number"] == f"{posting.body['number']}-2"
    return sent


def test_a_deleted_invoice_is_told_as_deleted(acme: Actors, shop: Shop) -> None:
    if shop.connection.connector not in DELETED:
        pytest.skip("nothing is deleted there")
    mine = shop.post()
    shop.undo("delete", mine)
    shop.pull(is_full=True)
    (row,) = rows(shop)
    assert (row.kind, row.status, row.record_id) == (Kind.DELETED, Status.OPEN, mine.record_id)
    with tenant_scope(acme.tenant.pk):
        accept(discrepancy=row, by=acme.owner)
    shop.pull(is_full=True)
    assert [each.status for each in rows(shop)] == [Status.ACCEPTED]
