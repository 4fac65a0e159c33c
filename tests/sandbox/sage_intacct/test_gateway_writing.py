"""Writing through the XML gateway: objects by their XML names."""

from typing import Any

import pytest

from tests.sandbox.sage_intacct.driver import Intacct
from tests.sandbox.sage_intacct.gateway import Gateway, element, opened, said, where


@pytest.fixture
def gateway(intacct: Intacct) -> Gateway:
    """A session with a small British company."""
    return opened(intacct)


def bill(**more: Any) -> dict[str, Any]:
    """A bill of 100.00 for vendor V100."""
    line = {"ACCOUNTNO": "6000", "TRX_AMOUNT": "100.00", "ENTRYDESCRIPTION": "Jan", "LOCATIONID": "110",
            "DEPARTMENTID": "10", "CLASSID": "C1"}  # fmt: skip
    return {"VENDORID": "V100", "WHENCREATED": "01/21/2026", "WHENPOSTED": "01/22/2026", "WHENDUE": "02/20/2026",
            "RECORDID": "B-001", "DOCNUMBER": "OUR-1", "ACTION": "Submit", "APBILLITEMS": {"APBILLITEM": [line]},
            **more}  # fmt: skip


def test_a_created_object_is_named_by_its_record_number_and_its_id(gateway: Gateway) -> None:
    result = gateway.done(element("create", {"VENDOR": {"VENDORID": "V-7", "NAME": "Design Works"}}))
    data = result.find("data")
    assert data is not None
    assert (data.get("listtype"), data.get("count")) == ("objects", "1")
    assert said(result, "data/vendor/VENDORID") == "V-7"
    key = said(result, "data/vendor/RECORDNO")
    assert gateway.intacct.get(f"objects/accounts-payable/vendor/{key}")["name"] == "Design Works"


def test_a_bill_of_the_gateway_is_the_same_record_in_rest(gateway: Gateway) -> None:
    key = gateway.made("APBILL", **bill())
    shown = gateway.intacct.get(f"objects/accounts-payable/bill/{key}")
    assert (shown["billNumber"], shown["referenceNumber"], shown["state"]) == ("B-001", "OUR-1", "posted")
    assert (shown["createdDate"], shown["postingDate"], shown["dueDate"]) == ("2026-01-21", "2026-01-22", "2026-02-20")
    line = shown["lines"][0]
    assert (line["glAccount"]["id"], line["txnAmount"], line["memo"]) == ("6000", "100.00", "Jan")
    assert {name: each["id"] for name, each in line["dimensions"].items()} == {
        "location": "110", "department": "10", "class": "C1"}  # fmt: skip


def test_a_draft_needs_no_due_date_and_is_not_posted(gateway: Gateway) -> None:
    before = gateway.intacct.control("trial_balance")
    gateway.made("VENDOR", VENDORID="V-NET", NAME="Without terms")
    key = gateway.made("APBILL", **bill(VENDORID="V-NET", WHENDUE="", ACTION="Draft"))
    assert gateway.row("APBILL", key, "STATE TRX_TOTALENTERED") == {"STATE": "Draft", "TRX_TOTALENTERED": "100.00"}
    assert gateway.intacct.control("trial_balance") == before


def test_taxes_of_lines_are_told_by_their_details(gateway: Gateway) -> None:
    taxes = {"TAXENTRY": {"DETAILID": "UK Purchase Goods Standard Rate"}}
    line = {"ACCOUNTNO": "6000", "TRX_AMOUNT": "100.00", "TAXENTRIES": taxes}
    key = gateway.made("APBILL", **bill(APBILLITEMS={"APBILLITEM": line}))
    assert gateway.row("APBILL", key, "TRX_TOTALENTERED") == {"TRX_TOTALENTERED": "120.00"}
    result = gateway.done(element("read", {"object": "APBILL", "keys": key, "fields": "*"}))
    entry = "data/APBILL/APBILLITEMS/APBILLITEM/TAXENTRIES/TAXENTRY"
    assert said(result, f"{entry}/DETAILID") == "UK Purchase Goods Standard Rate"
    assert said(result, f"{entry}/TRX_TAX") == "20.00"


def test_custom_fields_and_user_defined_dimensions_go_both_ways(gateway: Gateway) -> None:
    line = {"ACCOUNTNO": "6000", "TRX_AMOUNT": "10", "GLDIMCHANNEL": channel(gateway), "CONTRACT_REF": "K-1"}
    key = gateway.made("APBILL", **bill(APBILLITEMS={"APBILLITEM": line}, PROJECT_CODE="P-1", URGENT="true"))
    shown = gateway.intacct.get(f"objects/accounts-payable/bill/{key}")
    assert (shown["nsp::PROJECT_CODE"], shown["nsp::URGENT"]) == ("P-1", True)
    assert shown["lines"][0]["dimensions"]["nsp::CHANNEL"]["name"] == "Partner"
    assert gateway.row("APBILL", key, "PROJECT_CODE URGENT") == {"PROJECT_CODE": "P-1", "URGENT": "true"}
    row = gateway.rows("APBILLITEM", "GLDIMCHANNEL CONTRACT_REF", where("equalto", "RECORDKEY", key))[0]
    assert row == {"GLDIMCHANNEL": channel(gateway), "CONTRACT_REF": "K-1"}


def channel(gateway: Gateway) -> str:
    """The record number of the channel Partner."""
    return gateway.rows("CHANNEL", "id", where("equalto", "name", "Partner"))[0]["id"]


def test_an_update_changes_what_it_names_by_number_or_by_id(gateway: Gateway) -> None:
    gateway.made("VENDOR", VENDORID="V-7", NAME="Design Works", TAXID="GB1")
    gateway.done(element("update", {"VENDOR": {"VENDORID": "V-7", "NAME": "Design Works Ltd"}}))
    found = gateway.rows("VENDOR", "NAME TAXID", where("equalto", "VENDORID", "V-7"))
    assert found == [{"NAME": "Design Works Ltd", "TAXID": "GB1"}]
    key = gateway.made("APBILL", **bill())
    gateway.done(element("update", {"APBILL": {"RECORDNO": key, "DESCRIPTION": "changed", "WHENDUE": "03/01/2026"}}))
    told = gateway.row("APBILL", key, "DESCRIPTION WHENDUE TRX_TOTALENTERED")
    assert told == {"DESCRIPTION": "changed", "WHENDUE": "03/01/2026", "TRX_TOTALENTERED": "100.00"}


def test_several_objects_of_one_function_stand_or_fall_together(gateway: Gateway) -> None:
    two = {"VENDOR": [{"VENDORID": "V-7", "NAME": "Seven"}, {"VENDORID": "V-7", "NAME": "Again"}]}
    assert "already exists" in gateway.refused(element("create", two))[1]
    assert gateway.rows("VENDOR", "NAME", where("equalto", "VENDORID", "V-7")) == []


def test_what_is_deleted_is_gone(gateway: Gateway) -> None:
    key = gateway.made("APBILL", **bill())
    remove = element("delete", {"object": "APBILL", "keys": key})
    gateway.done(remove)
    assert gateway.rows("APBILL", "RECORDNO") == []
    assert key in gateway.refused(remove)[1]


def test_a_payment_settles_its_bill(gateway: Gateway) -> None:
    owed = gateway.made("APBILL", **bill())
    detail = {"RECORDKEY": owed, "TRX_PAYMENTAMOUNT": "60.00"}
    key = gateway.made("APPYMT", FINANCIALENTITY="BOA", PAYMENTMETHOD="EFT", VENDORID="V100", PAYMENTDATE="02/04/2026",
                       APPYMTDETAILS={"APPYMTDETAIL": detail})  # fmt: skip
    assert gateway.row("APBILL", owed, "TRX_TOTALDUE TRX_TOTALPAID STATE") == {
        "TRX_TOTALDUE": "40.00", "TRX_TOTALPAID": "60.00", "STATE": "Posted"}  # fmt: skip
    assert gateway.row("APPYMT", key, "PAYMENTMETHOD FINANCIALENTITY") == {
        "PAYMENTMETHOD": "EFT", "FINANCIALENTITY": "BOA"}  # fmt: skip
    rows = gateway.rows("APPYMTDETAIL", "RECORDKEY TRX_PAYMENTAMOUNT", where("equalto", "PAYMENTKEY", key))
    assert rows == [detail]


def test_a_receipt_settles_an_invoice_with_money_and_a_credit(gateway: Gateway) -> None:
    owed, credit = _invoice(gateway), _credit(gateway)
    gateway.made(
        "ARPYMT", FINANCIALENTITY="BOA", PAYMENTMETHOD="Cash", CUSTOMERID="C100", RECEIPTDATE="02/04/2026",
        CURRENCY="GBP", ARPYMTDETAILS={"ARPYMTDETAIL": {
            "RECORDKEY": owed, "TRX_PAYMENTAMOUNT": "70.00", "ADJUSTMENTKEY": credit, "TRX_ADJUSTMENTAMOUNT": "30.00"}},
    )  # fmt: skip
    assert gateway.row("ARINVOICE", owed, "STATE TRX_TOTALDUE") == {"STATE": "Paid", "TRX_TOTALDUE": "0.00"}
    assert gateway.row("ARADJUSTMENT", credit, "TRX_TOTALDUE") == {"TRX_TOTALDUE": "0.00"}


def _invoice(gateway: Gateway) -> str:
    line = {"ACCOUNTNO": "4000", "TRX_AMOUNT": "100.00"}
    return gateway.made("ARINVOICE", CUSTOMERID="C100", WHENCREATED="01/06/2026", WHENDUE="01/21/2026",
                        ARINVOICEITEMS={"ARINVOICEITEM": line})  # fmt: skip


def _credit(gateway: Gateway) -> str:
    line = {"ACCOUNTNO": "4000", "TRX_AMOUNT": "-30.00"}
    return gateway.made("ARADJUSTMENT", CUSTOMERID="C100", WHENCREATED="01/07/2026",
                        ARADJUSTMENTITEMS={"ARADJUSTMENTITEM": line})  # fmt: skip


def entry(credit: str) -> dict[str, Any]:
    """A journal entry of 200.00 on the debit side."""
    lines = [{"ACCOUNTNO": "6000", "TRX_AMOUNT": "200.00", "TR_TYPE": "1", "LOCATION": "110", "DEPARTMENT": "10"},
             {"ACCOUNTNO": "2100", "AMOUNT": credit, "TR_TYPE": "-1", "LOCATION": "110"}]  # fmt: skip
    return {"JOURNAL": "GJ", "BATCH_DATE": "01/31/2026", "BATCH_TITLE": "Accrual", "REFERENCENO": "OUR-3",
            "STATE": "Posted", "ENTRIES": {"GLENTRY": lines}}  # fmt: skip


def test_a_journal_entry_balances(gateway: Gateway) -> None:
    key = gateway.made("GLBATCH", **entry("200.00"))
    assert gateway.row("GLBATCH", key, "JOURNAL BATCH_TITLE BATCH_DATE STATE") == {
        "JOURNAL": "GJ", "BATCH_TITLE": "Accrual", "BATCH_DATE": "01/31/2026", "STATE": "Posted"}  # fmt: skip
    rows = gateway.rows("GLENTRY", "ACCOUNTNO TR_TYPE TRX_AMOUNT DEPARTMENT", where("equalto", "BATCHNO", key))
    assert [tuple(row.values()) for row in rows] == [
        ("6000", "1", "200.00", "10"), ("2100", "-1", "200.00", "")]  # fmt: skip
    number, why = gateway.refused(element("create", {"GLBATCH": entry("150.00")}))
    assert number == "BL01001973"
    assert why.startswith("Transactions do not balance")


@pytest.mark.parametrize(("changed", "why"), [
    ({"VENDORID": "V999"}, "Vendor 'V999' specified is not valid."),
    ({"APBILLITEMS": {"APBILLITEM": {"ACCOUNTNO": "9999", "TRX_AMOUNT": "1"}}}, "Account 9999 is not valid"),
    ({"APBILLITEMS": {"APBILLITEM": {"ACCOUNTNO": "6000", "TRX_AMOUNT": "1", "LOCATIONID": "Moon"}}},
     "The location 'Moon' is invalid."),
    ({"APBILLITEMS": {"APBILLITEM": {"ACCOUNTNO": "6000", "TRX_AMOUNT": "1", "DEPARTMENTID": "Fun"}}},
     "The department 'Fun' is invalid."),
    ({"WHENCREATED": "31/12/2026"}, "The value '31/12/2026' of field WHENCREATED is not valid."),
    ({"WHENDUE": "", "VENDORID": "V-NET"}, "Required field dueDate is missing."),
])  # fmt: skip
def test_refusals_are_in_the_ledgers_own_words(gateway: Gateway, changed: dict[str, Any], why: str) -> None:
    gateway.made("VENDOR", VENDORID="V-NET", NAME="Without terms")
    assert gateway.refused(element("create", {"APBILL": bill(**changed)}))[1] == why
    assert gateway.rows("APBILL", "RECORDNO") == []


def test_a_bill_number_is_taken_once_a_vendor(gateway: Gateway) -> None:
    gateway.made("APBILL", **bill())
    number, why = gateway.refused(element("create", {"APBILL": bill()}))
    assert number == "BL34000061"
    assert why.startswith("Another record with the value 'B-001'")
    assert gateway.made("APBILL", **bill(VENDORID="V101"))


def test_closed_periods_are_refused_in_the_ledgers_words(gateway: Gateway) -> None:
    gateway.intacct.change("close_period", through="2026-01-31")
    assert "Periods are closed. Your transaction date (01/22/2026)" in gateway.refused(
        element("create", {"APBILL": bill()}))[1]  # fmt: skip


def test_lines_and_what_is_read_only_cannot_be_created(gateway: Gateway) -> None:
    for name in ("APBILLITEM", "TAXDETAIL"):
        assert gateway.refused(element("create", {name: {"NAME": "x"}}))[0] == "DL02000001"
    assert gateway.refused(element("create", {"NOTHING": {"NAME": "x"}})) == (
        "Query Failed", "Object definition NOTHING not found")  # fmt: skip
