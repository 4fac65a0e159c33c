"""Sales forms: invoice, credit memo, sales receipt, refund receipt, estimate."""

from dataclasses import replace
from decimal import Decimal

from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.books.store import Record
from integrations.sandbox.quickbooks import checks, errors, headers, lines, taxing
from integrations.sandbox.quickbooks.company import Company, Draft
from integrations.sandbox.quickbooks.posting import Ledger, Money
from integrations.sandbox.wire import Body

_STATUS = {"PrintStatus": "NeedToPrint", "EmailStatus": "NotSet"}


def _form(company: Company, entity: str, body: Body, previous: Record | None) -> tuple[Money, str, lines.Lines]:
    """Everything sales forms have in common; fills in lines, tax and totals."""
    checks.required(body, "CustomerRef", "Line")
    contact = headers.party(company, body, "CustomerRef", "Customer")
    headers.same_currency(company, "Customer", body["CustomerRef"]["value"], body)
    money = headers.dated(company, body)
    headers.number(company, entity, body, previous)
    plan = taxing.plan(company, body, "Sales", money.currency)
    found = lines.read(company, plan, checks.objects(body, "Line"), lines.SALES)
    if not found.parts:
        raise errors.missing("Line")
    if body.get("ApplyTaxAfterDiscount"):
        _discount_first(found)
    taxes = taxing.compute(plan, body)
    body["TxnTaxDetail"] = taxing.detail(plan, taxes)
    _totals(body, found, money)
    return money, contact, found


def _discount_first(found: lines.Lines) -> None:
    """Spread the discounts over what is taxed."""
    gross = sum((part.amount for part in found.parts if part.amount > 0), ZERO)
    if not gross or found.subtotal == gross:
        return
    share = found.subtotal / gross
    currency = found.plan.currency
    found.plan.taxed = [replace(each, net=cents(each.net * share, currency)) for each in found.plan.taxed]


def _totals(body: Body, found: lines.Lines, money: Money) -> None:
    net = sum((part.amount for part in found.parts if part.amount > 0), ZERO)
    subtotal: Body = {"Amount": net, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    body["Line"] = [*found.bodies, subtotal]
    body["TotalAmt"] = found.subtotal + body["TxnTaxDetail"]["TotalTax"]
    if body["TotalAmt"] < 0:
        raise errors.business("Transaction amount must be 0 or greater.")
    if found.company.is_multicurrency:
        body["HomeTotalAmt"] = money.at_home(body["TotalAmt"])
    body.setdefault("ApplyTaxAfterDiscount", False)
    for name, value in _STATUS.items():
        body.setdefault(name, value)


def _post(
    company: Company, body: Body, money: Money, found: lines.Lines, debit: str, contact: str, sign: int
) -> Ledger:
    """Total to one side, income and tax to the other; sign -1 turns it round for credits."""
    ledger = Ledger(company, money)
    ledger.post(debit, sign * body["TotalAmt"], contact=contact, memo=body.get("PrivateNote"))
    for part in found.parts:
        ledger.post(part.account, -sign * part.amount, contact=contact, memo=part.memo)
        _cost_of_sale(company, ledger, part, sign)
    for line in body["TxnTaxDetail"].get("TaxLine", []):
        rate = line["TaxLineDetail"]["TaxRateRef"]["value"]
        ledger.post(taxing.account_for(company, rate), -sign * line["Amount"], memo="Tax")
    return ledger


def _cost_of_sale(company: Company, ledger: Ledger, part: lines.Part, sign: int) -> None:
    if part.item is None:
        return
    item = company.read("Item", part.item).body
    cost = cents(Decimal(item.get("PurchaseCost") or 0) * part.quantity, company.home)
    if item["Type"] == "Inventory" and cost:
        ledger.post_home(item["ExpenseAccountRef"]["value"], sign * cost, ZERO)
        ledger.post_home(item["AssetAccountRef"]["value"], -sign * cost, ZERO)


def invoice(company: Company, body: Body, previous: Record | None) -> Draft:
    """Debits receivables."""
    defaults: Body = {
        "AllowIPNPayment": False, "AllowOnlinePayment": False, "AllowOnlineCreditCardPayment": True,
        "AllowOnlineACHPayment": True, "FreeFormAddress": True,
    }  # fmt: skip
    body.update({name: value for name, value in defaults.items() if name not in body})
    money, contact, found = _form(company, "Invoice", body, previous)
    customer = company.read("Customer", body["CustomerRef"]["value"]).body
    if not body.get("SalesTermRef") and customer.get("SalesTermRef"):
        body["SalesTermRef"] = customer["SalesTermRef"]
    headers.due(company, body, 30)
    account = company.account("AccountsReceivable")
    ledger = _post(company, body, money, found, account, contact, 1)
    return Draft(body, ledger.closed())


def credit_memo(company: Company, body: Body, previous: Record | None) -> Draft:
    """Credits receivables."""
    money, contact, found = _form(company, "CreditMemo", body, previous)
    account = company.account("AccountsReceivable")
    ledger = _post(company, body, money, found, account, contact, -1)
    return Draft(body, ledger.closed())


def sales_receipt(company: Company, body: Body, previous: Record | None) -> Draft:
    """A sale paid at once: debits the bank or undeposited funds."""
    money, contact, found = _form(company, "SalesReceipt", body, previous)
    _method(company, body)
    account = headers.account(company, body, "DepositToAccountRef", "UndepositedFunds")
    body["Balance"] = ZERO
    return Draft(body, _post(company, body, money, found, account, contact, 1).closed())


def refund_receipt(company: Company, body: Body, previous: Record | None) -> Draft:
    """Money back to a customer: credits the bank."""
    money, contact, found = _form(company, "RefundReceipt", body, previous)
    _method(company, body)
    checks.required(body, "DepositToAccountRef")
    account = headers.account(company, body, "DepositToAccountRef", "Checking")
    body["Balance"] = ZERO
    return Draft(body, _post(company, body, money, found, account, contact, -1).closed())


def estimate(company: Company, body: Body, previous: Record | None) -> Draft:
    """An offer: posts nothing."""
    _form(company, "Estimate", body, previous)
    allowed = ("Pending", "Accepted", "Closed", "Rejected", "Converted")
    body["TxnStatus"] = checks.choice(body.get("TxnStatus") or "Pending", allowed, "TxnStatus")
    return Draft(body)


def _method(company: Company, body: Body) -> None:
    if body.get("PaymentMethodRef"):
        body["PaymentMethodRef"] = company.reference("PaymentMethod", body["PaymentMethodRef"], "PaymentMethodRef")
