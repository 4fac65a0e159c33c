"""Every kind of entity: created, read back, balanced."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.driver import Books, bill, sale


def _account(books: Books, number: str) -> dict[str, str]:
    return {"value": books.rows("Account", f"AcctNum = '{number}'")[0]["Id"]}


def _vendor(books: Books) -> str:
    return str(books.rows("Vendor")[0]["Id"])


def _expense(books: Books, amount: Any = 40) -> list[Any]:
    return list(bill(amount, vendor="1", account=_account(books, "6040")["value"])["Line"])


def _bodies(books: Books) -> dict[str, dict[str, Any]]:
    vendor, bank = {"value": _vendor(books)}, _account(books, "1000")
    return {
        "SalesReceipt": sale(40, DepositToAccountRef=bank),
        "RefundReceipt": sale(40, DepositToAccountRef=bank),
        "CreditMemo": sale(40),
        "Estimate": sale(40),
        "VendorCredit": {"VendorRef": vendor, "Line": _expense(books)},
        "PurchaseOrder": {"VendorRef": vendor, "Line": _expense(books)},
        "Purchase": {"PaymentType": "CreditCard", "Credit": True, "AccountRef": _account(books, "2150"),
                     "EntityRef": {**vendor, "type": "Vendor"}, "Line": _expense(books)},
        "Transfer": {"FromAccountRef": bank, "ToAccountRef": _account(books, "1210"), "Amount": 40},
        "Deposit": {"DepositToAccountRef": bank, "Line": [
            {"Amount": 40, "DetailType": "DepositLineDetail",
             "DepositLineDetail": {"AccountRef": _account(books, "7000"), "Entity": {**vendor, "type": "VENDOR"}}}]},
        "Class": {"Name": "North"},
        "Department": {"Name": "Paris"},
        "Term": {"Name": "Net 7", "DueDays": 7},
        "PaymentMethod": {"Name": "Voucher"},
        "TaxAgency": {"DisplayName": "State of Somewhere"},
        "Budget": {"Name": "Next year", "StartDate": "2027-01-01", "EndDate": "2027-12-31", "BudgetDetail": [
            {"BudgetDate": "2027-01-01", "Amount": 100, "AccountRef": _account(books, "6040")}]},
        "Attachable": {"Note": "remember"},
        "Account": {"Name": "Petty Cash", "AccountType": "Bank"},
        "Vendor": {"DisplayName": "Supplier", "TaxIdentifier": "12-3451234"},
    }  # fmt: skip


@pytest.mark.parametrize(
    "entity",
    ["SalesReceipt", "RefundReceipt", "CreditMemo", "Estimate", "VendorCredit", "PurchaseOrder", "Purchase", "Transfer",
     "Deposit", "Class", "Department", "Term", "PaymentMethod", "TaxAgency", "Budget", "Attachable", "Account",
     "Vendor"],
)  # fmt: skip
def test_it_is_created_read_found_and_updated_with_balanced_books(us: Books, entity: str) -> None:
    made = us.create(entity, _bodies(us)[entity])
    assert us.read(entity, made["Id"]) == made
    assert us.rows(entity, f"Id = '{made['Id']}'") == [made]
    required = {"PaymentType": made["PaymentType"]} if entity == "Purchase" else {}
    changed = us.create(entity, {"Id": made["Id"], "SyncToken": made["SyncToken"], "sparse": True, **required})
    assert changed["SyncToken"] == "1"
    ignored = {"SyncToken", "MetaData"}
    assert {k: v for k, v in changed.items() if k not in ignored} == {k: v for k, v in made.items() if k not in ignored}
    assert us.difference() == 0


def test_a_card_refund_lowers_what_is_owed_on_the_card(us: Books) -> None:
    card = _account(us, "2150")["value"]
    before = us.read("Account", card)["CurrentBalance"]
    us.create("Purchase", _bodies(us)["Purchase"])
    assert us.read("Account", card)["CurrentBalance"] - before == 40
    body = {**_bodies(us)["Purchase"], "PaymentType": "Cash"}
    assert us.fault("purchase", body)[0] == "6430"


def test_reads_show_what_quickbooks_adds(us: Books) -> None:
    bodies = _bodies(us)
    purchase = us.create("Purchase", bodies["Purchase"])
    assert purchase["PurchaseEx"]["any"][0]["value"]["Name"] == "TxnType"
    assert us.create("PurchaseOrder", bodies["PurchaseOrder"])["POStatus"] == "Open"
    assert us.create("Estimate", bodies["Estimate"])["TxnStatus"] == "Pending"
    account = us.create("Account", bodies["Account"])
    assert (account["Classification"], account["AccountSubType"], account["CurrentBalance"]) == (
        "Asset",
        "CashOnHand",
        0,
    )
    vendor = us.create("Vendor", bodies["Vendor"])
    assert (vendor["TaxIdentifier"][-4:], vendor["TaxIdentifier"][:2], vendor["Vendor1099"]) == ("1234", "XX", False)


def test_children_carry_the_whole_path_of_names(us: Books) -> None:
    parent = us.create("Class", {"Name": "Europe"})
    child = us.create("Class", {"Name": "France", "ParentRef": {"value": parent["Id"]}})
    assert (child["FullyQualifiedName"], child["SubClass"]) == ("Europe:France", True)
    account = us.create("Account", {"Name": "Paper", "AccountType": "Expense", "ParentRef": _account(us, "6040")})
    assert account["FullyQualifiedName"] == "Office Supplies:Paper"
    project = us.create("Customer", {"DisplayName": "Roof", "Job": True, "ParentRef": {"value": "1"}})
    assert project["FullyQualifiedName"].endswith(":Roof")


def test_inventory_moves_its_cost_when_sold(us: Books) -> None:
    body = {
        "Name": "Lamp", "Type": "Inventory", "QtyOnHand": 10, "InvStartDate": "2026-01-01", "PurchaseCost": 12,
        "IncomeAccountRef": _account(us, "4020"), "ExpenseAccountRef": _account(us, "5010"),
        "AssetAccountRef": _account(us, "1250"),
    }  # fmt: skip
    item = us.create("Item", body)
    stock = _account(us, "1250")["value"]
    assert us.read("Account", stock)["CurrentBalance"] == 120
    sold = sale(60, item=item["Id"], code="NON")
    sold["Line"][0]["SalesItemLineDetail"] |= {"Qty": 3, "UnitPrice": Decimal(20)}
    us.create("Invoice", sold)
    assert us.read("Account", stock)["CurrentBalance"] == 84
    assert us.difference() == 0
