"""What documents refer to: contacts, accounts, items, tax rates, tracking, currencies, budgets; reports and files."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.driver import read
from tests.sandbox.xero.driver import NOBODY, Xero, connect

TAKEN = (
    "The contact name {} is already assigned to another contact. The contact name must be unique across all active "
    "contacts."
)


def sale(**more: Any) -> dict[str, Any]:
    """A line of a sale."""
    return {"Description": "Work", "Quantity": 1, "UnitAmount": 10, "AccountCode": "200", **more}


def test_a_contact_is_neither_until_its_first_document(xero: Xero) -> None:
    made = xero.made("Contacts", {"Name": "New"})
    assert (made["IsCustomer"], made["IsSupplier"], made["ContactStatus"]) == (False, False, "ACTIVE")
    xero.invoice(Contact={"ContactID": made["ContactID"]})
    assert xero.one(f"Contacts/{made['ContactID']}")["IsCustomer"] is True
    xero.invoice(Type="ACCPAY", Contact={"ContactID": made["ContactID"]})
    assert xero.one(f"Contacts/{made['ContactID']}")["IsSupplier"] is True


def test_slots_of_addresses_and_phones_merge(xero: Xero) -> None:
    street = {"AddressType": "STREET", "AddressLine1": "1 High Street", "City": "Leeds"}
    made = xero.made("Contacts", {"Name": "New", "Addresses": [street]})
    changed = xero.changed(f"Contacts/{made['ContactID']}", {"Addresses": [{"AddressType": "POBOX", "City": "York"}]})
    cities = {each["AddressType"]: each["City"] for each in changed["Addresses"]}
    assert cities == {"STREET": "Leeds", "POBOX": "York"}
    assert [each["PhoneType"] for each in changed["Phones"]] == ["DEFAULT", "DDI", "FAX", "MOBILE"]


def test_names_are_unique_among_active_contacts(xero: Xero) -> None:
    made = xero.made("Contacts", {"Name": "Only"})
    assert xero.refused("PUT", "Contacts", {"Contacts": [{"Name": "Only"}]}) == [TAKEN.format("Only")]
    again = xero.post("Contacts", {"Contacts": [{"Name": "Only", "FirstName": "Ann"}]})["Contacts"][0]
    assert (again["ContactID"], again["FirstName"]) == (made["ContactID"], "Ann")


def test_a_contact_needs_a_name(xero: Xero) -> None:
    (told,) = xero.refused("PUT", "Contacts", {"Contacts": [{"FirstName": "Ann"}]})
    assert told.startswith("The Contact must contain at least 1 of the following elements")


def test_an_unknown_name_on_a_document_becomes_a_contact(xero: Xero) -> None:
    made = xero.made("Invoices", {"Type": "ACCREC", "Contact": {"Name": "Walk-in"}, "LineItems": [sale()]})
    assert xero.one(f"Contacts/{made['Contact']['ContactID']}")["Name"] == "Walk-in"


def test_archived_contacts_are_hidden_and_refused(xero: Xero) -> None:
    made = xero.made("Contacts", {"Name": "Old"})
    path = f"Contacts/{made['ContactID']}"
    assert xero.changed(path, {"ContactStatus": "ARCHIVED"})["ContactStatus"] == "ARCHIVED"
    where = 'Name=="Old"'
    assert xero.get("Contacts", where=where)["Contacts"] == []
    assert len(xero.get("Contacts", where=where, includeArchived="true")["Contacts"]) == 1
    body = {"Type": "ACCREC", "Contact": {"ContactID": made["ContactID"]}, "LineItems": [sale()]}
    assert xero.refused("PUT", "Invoices", {"Invoices": [body]}) == [
        "The contact must be un-archived before creating new invoices or credit notes."
    ]
    (told,) = xero.refused("POST", path, {"FirstName": "Ann"})
    assert told.startswith("The specified contact details matched an archived contact.")


def test_a_contact_is_found_by_its_own_number(xero: Xero) -> None:
    made = xero.made("Contacts", {"Name": "Numbered", "ContactNumber": "C-7"})
    assert xero.one("Contacts/C-7")["ContactID"] == made["ContactID"]
    line = {"Type": "ACCREC", "Contact": {"ContactNumber": "C-7"}, "LineItems": [sale()]}
    assert xero.made("Invoices", line)["Contact"]["ContactID"] == made["ContactID"]


def test_the_chart_has_xeros_codes_types_and_classes(xero: Xero) -> None:
    rows = {row["Code"]: row for row in xero.get("Accounts")["Accounts"]}
    assert [rows[code]["Type"] for code in ("090", "200", "610", "800")] == ["BANK", "REVENUE", "CURRENT", "CURRLIAB"]
    assert [rows[code]["SystemAccount"] for code in ("610", "800", "820")] == ["DEBTORS", "CREDITORS", "GST"]
    assert rows["090"]["CurrencyCode"] == "GBP"
    assert {row["Class"] for row in rows.values()} == {"ASSET", "LIABILITY", "EQUITY", "REVENUE", "EXPENSE"}


def test_unused_accounts_are_deleted_used_ones_archived(xero: Xero) -> None:
    body = {"Code": "777", "Name": "Fares", "Type": "EXPENSE"}
    made = xero.put("Accounts", body)["Accounts"][0]
    path = f"Accounts/{made['AccountID']}"
    assert xero.refused("PUT", "Accounts", body) == ["Please enter a unique Code."]
    line = sale(AccountCode="777")
    xero.invoice(Type="ACCPAY", LineItems=[line])
    assert xero.call("DELETE", path).status_code == 400
    assert xero.changed(path, {"Status": "ARCHIVED"})["Status"] == "ARCHIVED"
    bare = xero.put("Accounts", {"Code": "778", "Name": "Tolls", "Type": "EXPENSE"})["Accounts"][0]
    assert xero.call("DELETE", f"Accounts/{bare['AccountID']}").status_code == 200
    assert xero.call("GET", f"Accounts/{bare['AccountID']}").status_code == 404


def test_items_are_known_by_id_and_code_and_vanish(xero: Xero) -> None:
    made = xero.made("Items", {"Code": "FID", "Name": "Work", "SalesDetails": {"UnitPrice": Decimal("12.5")}})
    assert xero.one("Items/FID")["ItemID"] == made["ItemID"]
    told = xero.refused("PUT", "Items", {"Items": [{"Code": "FID", "Name": "Again"}]})
    assert told == ["Price List Item with Code 'FID' already exists"]
    line = {"ItemCode": "FID", "Description": "Work", "Quantity": 2, "AccountCode": "200"}
    invoice = xero.made("Invoices", {"Type": "ACCREC", "Contact": {"ContactID": xero.contact()}, "LineItems": [line]})
    assert invoice["LineItems"][0]["Item"]["ItemID"] == made["ItemID"]
    other = xero.made("Items", {"Code": "GONE", "Name": "Gone"})
    assert xero.call("DELETE", f"Items/{other['ItemID']}").status_code == 204
    assert xero.call("GET", f"Items/{other['ItemID']}").status_code == 404


def test_a_tax_rate_is_its_components(xero: Xero) -> None:
    parts = [{"Name": "State", "Rate": 5}, {"Name": "City", "Rate": Decimal("2.5")}]
    made = xero.made("TaxRates", {"Name": "Both", "TaxComponents": parts})
    assert (made["EffectiveRate"], made["TaxType"][:3], made["Status"]) == (Decimal("7.5"), "TAX", "ACTIVE")
    invoice = xero.invoice(LineItems=[sale(UnitAmount=100, TaxType=made["TaxType"])])
    assert invoice["TotalTax"] == Decimal("7.5")


@pytest.mark.parametrize(
    ("country", "currency", "version", "sale_tax"),
    [("GB", "GBP", "UK", "OUTPUT2"), ("US", "USD", "US", "OUTPUT"), ("NZ", "NZD", "NZ", "OUTPUT2")],
)
def test_a_country_has_its_own_rates(xero: Xero, country: str, currency: str, version: str, sale_tax: str) -> None:
    own = connect(xero.client, country=country, currency=currency, name=country, seed=8)
    company = own.get("Organisation")["Organisations"][0]
    assert (company["Version"], company["BaseCurrency"]) == (version, currency)
    assert sale_tax in {row["TaxType"] for row in own.get("TaxRates")["TaxRates"]}


def test_lines_carry_an_option_of_each_category(xero: Xero) -> None:
    categories = xero.get("TrackingCategories")["TrackingCategories"]
    chosen = [{"Name": each["Name"], "Option": each["Options"][0]["Name"]} for each in categories]
    made = xero.invoice(LineItems=[sale(Tracking=chosen)])
    told = made["LineItems"][0]["Tracking"]
    assert [(each["Name"], each["Option"]) for each in told] == [(each["Name"], each["Option"]) for each in chosen]
    assert {each["TrackingCategoryID"] for each in told} == {each["TrackingCategoryID"] for each in categories}


def test_two_categories_are_the_most(xero: Xero) -> None:
    assert xero.refused("PUT", "TrackingCategories", {"Name": "Third"}) == [
        "An organisation can have two active tracking categories"
    ]
    first = xero.get("TrackingCategories")["TrackingCategories"][0]["TrackingCategoryID"]
    archived = xero.post(f"TrackingCategories/{first}", {"Status": "ARCHIVED"})["TrackingCategories"][0]
    assert archived["Status"] == "ARCHIVED"
    assert xero.put("TrackingCategories", {"Name": "Third"})["TrackingCategories"][0]["Status"] == "ACTIVE"
    assert len(xero.get("TrackingCategories")["TrackingCategories"]) == 2
    assert len(xero.get("TrackingCategories", includeArchived="true")["TrackingCategories"]) == 3


def test_options_are_made_renamed_and_deleted(xero: Xero) -> None:
    path = f"TrackingCategories/{xero.get('TrackingCategories')['TrackingCategories'][0]['TrackingCategoryID']}/Options"
    option = xero.put(path, {"Name": "New"})["Options"][0]
    renamed = xero.post(f"{path}/{option['TrackingOptionID']}", {"Name": "Newer"})["Options"][0]
    assert (renamed["TrackingOptionID"], renamed["Name"]) == (option["TrackingOptionID"], "Newer")
    assert xero.call("DELETE", f"{path}/{option['TrackingOptionID']}").status_code == 200
    assert xero.call("DELETE", f"{path}/{NOBODY}").status_code == 404


def test_currencies_are_added(xero: Xero) -> None:
    xero.put("Currencies", {"Code": "CHF", "Description": "Swiss Franc"})
    assert {row["Code"] for row in xero.get("Currencies")["Currencies"]} >= {"GBP", "CHF"}


def test_budgets_have_lines_when_read_alone(busy: Xero) -> None:
    (row, *_) = busy.get("Budgets")["Budgets"]
    assert "BudgetLines" not in row
    lines = busy.one(f"Budgets/{row['BudgetID']}")["BudgetLines"]
    assert lines[0]["BudgetBalances"][0]["Period"][4] == "-"


@pytest.mark.parametrize("name", ["ProfitAndLoss", "BalanceSheet", "TrialBalance", "BankSummary"])
def test_reports_are_rows_of_cells(busy: Xero, name: str) -> None:
    (report,) = busy.get(f"Reports/{name}")["Reports"]
    assert report["ReportID"] == name
    assert report["Rows"][0]["RowType"] == "Header"
    width = len(report["Rows"][0]["Cells"])
    cells = [row["Cells"] for section in report["Rows"][1:] for row in section["Rows"]]
    assert cells
    assert {len(each) for each in cells} == {width}


def test_aged_reports_are_for_one_contact(busy: Xero) -> None:
    owing = busy.get("Invoices", where='Type=="ACCREC" AND AmountDue>0')["Invoices"][0]["Contact"]["ContactID"]
    (report,) = busy.get("Reports/AgedReceivablesByContact", contactId=owing)["Reports"]
    rows = report["Rows"][-1]["Rows"]
    open_ = sum(Decimal(row["Cells"][-1]["Value"]) for row in rows[:-1])
    assert open_ == Decimal(rows[-1]["Cells"][-1]["Value"]) > 0
    assert busy.call("GET", "Reports/AgedReceivablesByContact").status_code in (400, 404)


def test_files_are_replaced_by_name_and_read_back(xero: Xero) -> None:
    path = f"Invoices/{xero.invoice()['InvoiceID']}/Attachments"
    for content in (b"%PDF first", b"%PDF second"):
        made = read(xero.call("PUT", f"{path}/a.pdf", content, {"Content-Type": "application/pdf"}))["Attachments"][0]
    (listed,) = xero.get(path)["Attachments"]
    assert (listed["AttachmentID"], listed["FileName"]) == (made["AttachmentID"], "a.pdf")
    assert (listed["ContentLength"], listed["MimeType"]) == (11, "application/pdf")
    for name in ("a.pdf", listed["AttachmentID"]):
        assert xero.call("GET", f"{path}/{name}").get_data() == b"%PDF second"
    assert xero.call("GET", f"{path}/b.pdf").status_code == 404


def test_a_document_holds_ten_files(xero: Xero) -> None:
    path = f"Invoices/{xero.invoice()['InvoiceID']}/Attachments"
    for number in range(10):
        assert xero.call("PUT", f"{path}/{number}.pdf", b"x", {"Content-Type": "application/pdf"}).status_code == 200
    assert xero.call("PUT", f"{path}/11.pdf", b"x", {"Content-Type": "application/pdf"}).status_code == 400
