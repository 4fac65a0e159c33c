"""What a user who only says "an invoice over 120" means: a plausible document in QuickBooks' form."""

from decimal import Decimal
from typing import Any

from integrations.sandbox.books import money
from integrations.sandbox.faces import BadOrderError
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.wire import Body

_SALES = ("Invoice", "CreditMemo", "SalesReceipt", "RefundReceipt", "Estimate")
_PURCHASES = ("Bill", "VendorCredit", "PurchaseOrder", "Purchase")


def complete(company: Company, entity: str, data: Body, order: Body) -> Body:
    """`data` with what it lacks: contact, lines, accounts; the order may give contact, amount, date, name, number."""
    body: Body = dict(data)
    for name, field in (("date", "TxnDate"), ("number", "DocNumber"), ("due_date", "DueDate"), ("memo", "PrivateNote")):
        if order.get(name) and field not in body:
            body[field] = str(order[name])
    if entity in _SALES:
        return _sale(company, body, order)
    if entity in _PURCHASES:
        return _purchase(company, entity, body, order)
    maker = {"Payment": _payment, "JournalEntry": _entry, "Deposit": _deposit, "Transfer": _transfer}.get(entity)
    if maker is not None:
        return maker(company, body, order)
    return _named(company, entity, body, order)


def _amount(order: Body) -> Decimal:
    try:
        return money.cents(money.decimal(order.get("amount", "100")))
    except ValueError as error:
        raise BadOrderError(str(error)) from error


def _first(company: Company, entity: str, wanted: Any) -> Body:
    """A reference to the wanted record, else to the first active one."""
    if wanted:
        return {"value": str(wanted.get("id", wanted.get("value")) if isinstance(wanted, dict) else wanted)}
    for record in company.store.live(entity):
        if record.body.get("Active", True):
            return {"value": record.id}
    raise BadOrderError(f"there is no {entity} yet")


def _expense_account(company: Company) -> Body:
    return {"value": company.account("OfficeGeneralAdministrativeExpenses")}


def _tax(company: Company, code: str) -> Body:
    return {} if company.is_us else {"TaxCodeRef": {"value": code}}


def _sale(company: Company, body: Body, order: Body) -> Body:
    body.setdefault("CustomerRef", _first(company, "Customer", order.get("contact")))
    if "Line" not in body:
        detail = {"ItemRef": _first(company, "Item", order.get("item")), **_tax(company, "1")}
        body["Line"] = [{"Amount": _amount(order), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}]
    return body


def _purchase(company: Company, entity: str, body: Body, order: Body) -> Body:
    if entity == "Purchase":
        body.setdefault("PaymentType", "Cash")
        body.setdefault("AccountRef", {"value": company.account("Checking")})
    else:
        body.setdefault("VendorRef", _first(company, "Vendor", order.get("contact")))
    if "Line" not in body:
        account = {"value": str(order["account"])} if order.get("account") else _expense_account(company)
        detail = {"AccountRef": account, **_tax(company, "1")}
        line = {"Amount": _amount(order), "DetailType": "AccountBasedExpenseLineDetail"}
        body["Line"] = [{**line, "AccountBasedExpenseLineDetail": detail}]
    return body


def _payment(company: Company, body: Body, order: Body) -> Body:
    body.setdefault("CustomerRef", _first(company, "Customer", order.get("contact")))
    body.setdefault("TotalAmt", _amount(order))
    return body


def _entry(company: Company, body: Body, order: Body) -> Body:
    if "Line" not in body:
        sides = (("Debit", _expense_account(company)), ("Credit", {"value": company.account("Checking")}))
        body["Line"] = [
            {"Amount": _amount(order), "DetailType": "JournalEntryLineDetail",
             "JournalEntryLineDetail": {"PostingType": side, "AccountRef": account}}
            for side, account in sides
        ]  # fmt: skip
    return body


def _deposit(company: Company, body: Body, order: Body) -> Body:
    body.setdefault("DepositToAccountRef", {"value": company.account("Checking")})
    if "Line" not in body:
        detail = {"AccountRef": {"value": company.account("InterestEarned")}}
        body["Line"] = [{"Amount": _amount(order), "DetailType": "DepositLineDetail", "DepositLineDetail": detail}]
    return body


def _transfer(company: Company, body: Body, order: Body) -> Body:
    body.setdefault("FromAccountRef", {"value": company.account("Checking")})
    body.setdefault("ToAccountRef", {"value": company.account("Savings")})
    body.setdefault("Amount", _amount(order))
    return body


def _named(company: Company, entity: str, body: Body, order: Body) -> Body:
    field = "DisplayName" if entity in ("Customer", "Vendor") else "Name"
    if order.get("name"):
        body.setdefault(field, str(order["name"]))
    if entity == "Account":
        body.setdefault("AccountType", "Expense")
    if entity == "Item":
        body.setdefault("IncomeAccountRef", {"value": company.account("ServiceFeeIncome")})
    if entity == "Term":
        body.setdefault("DueDays", 30)
    return body
