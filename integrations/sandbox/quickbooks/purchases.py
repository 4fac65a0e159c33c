"""What is bought: bill, vendor credit, purchase, purchase order."""

from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.store import Record
from integrations.sandbox.quickbooks import checks, errors, headers, lines, taxing
from integrations.sandbox.quickbooks.company import Company, Draft, label
from integrations.sandbox.quickbooks.posting import Ledger, Money
from integrations.sandbox.wire import Body

_PAYERS = {"Cash": ("Bank",), "Check": ("Bank",), "CreditCard": ("Credit Card",)}


def _form(company: Company, body: Body, money: Money) -> lines.Lines:
    """Lines, tax and total of a purchase form."""
    plan = taxing.plan(company, body, "Purchase", money.currency)
    found = lines.read(company, plan, checks.objects(body, "Line"), lines.EXPENSES)
    if not found.parts:
        raise errors.missing("Line")
    taxes = taxing.compute(plan, body)
    if company.is_us:
        body.pop("TxnTaxDetail", None)
    else:
        body["TxnTaxDetail"] = taxing.detail(plan, taxes)
    body["Line"] = found.bodies
    body["TotalAmt"] = found.subtotal + sum((line.tax for line in taxes), ZERO)
    if company.is_multicurrency:
        body["HomeTotalAmt"] = money.at_home(body["TotalAmt"])
    return found


def _post(
    company: Company, body: Body, money: Money, found: lines.Lines, credit: str, contact: str | None, sign: int
) -> Draft:
    """Costs and tax to one side, the total to the other; sign -1 turns it round for credits."""
    ledger = Ledger(company, money)
    ledger.post(credit, -sign * body["TotalAmt"], contact=contact, memo=body.get("PrivateNote"))
    for part in found.parts:
        ledger.post(part.account, sign * part.amount, contact=contact, memo=part.memo)
    for line in (body.get("TxnTaxDetail") or {}).get("TaxLine", []):
        rate = line["TaxLineDetail"]["TaxRateRef"]["value"]
        ledger.post(taxing.account_for(company, rate), sign * line["Amount"], memo="Tax")
    return Draft(body, ledger.closed())


def _vendor_form(company: Company, body: Body) -> tuple[Money, str]:
    checks.required(body, "VendorRef", "Line")
    contact = headers.party(company, body, "VendorRef", "Vendor")
    headers.same_currency(company, "Vendor", body["VendorRef"]["value"], body)
    money = headers.dated(company, body)
    headers.account(company, body, "APAccountRef", "AccountsPayable")
    return money, contact


def bill(company: Company, body: Body, previous: Record | None) -> Draft:
    """Credits payables."""
    money, contact = _vendor_form(company, body)
    vendor = company.read("Vendor", body["VendorRef"]["value"]).body
    if not body.get("SalesTermRef") and vendor.get("TermRef") and previous is None:
        body["SalesTermRef"] = vendor["TermRef"]
    headers.due(company, body, 0)
    found = _form(company, body, money)
    return _post(company, body, money, found, body["APAccountRef"]["value"], contact, 1)


def vendor_credit(company: Company, body: Body, previous: Record | None) -> Draft:
    """Debits payables."""
    money, contact = _vendor_form(company, body)
    found = _form(company, body, money)
    return _post(company, body, money, found, body["APAccountRef"]["value"], contact, -1)


def purchase_order(company: Company, body: Body, previous: Record | None) -> Draft:
    """An order: posts nothing."""
    money, _ = _vendor_form(company, body)
    _form(company, body, money)
    body["POStatus"] = checks.choice(body.get("POStatus") or "Open", ("Open", "Closed"), "POStatus")
    body.setdefault("EmailStatus", "NotSet")
    if not body.get("DocNumber"):
        body["DocNumber"] = str(company.store.take("number.orders", 1001))
    return Draft(body)


def purchase(company: Company, body: Body, previous: Record | None) -> Draft:
    """An expense paid from a bank or card account; `Credit` is a card refund."""
    checks.required(body, "PaymentType", "AccountRef", "Line")
    kind = checks.choice(body["PaymentType"], ("Cash", "Check", "CreditCard"), "PaymentType")
    payer = company.referred("Account", body["AccountRef"], "AccountRef")
    if payer.body["AccountType"] not in _PAYERS[kind]:
        raise errors.FaultError("6430", "Invalid account type used", f"Invalid account type used for {kind}")
    if body.get("Credit") and kind != "CreditCard":
        raise errors.business("Only credit card purchases can be credits.")
    body["AccountRef"] = {"value": payer.id, "name": label(payer)}
    contact = _payee(company, body)
    money = headers.dated(company, body)
    found = _form(company, body, money)
    if kind == "CreditCard":
        body.setdefault("Credit", False)
    if kind == "Check":
        body.setdefault("PrintStatus", "NotSet")
    return _post(company, body, money, found, payer.id, contact, -1 if body.get("Credit") else 1)


def _payee(company: Company, body: Body) -> str | None:
    entity = body.get("EntityRef")
    if not entity:
        return None
    kind = str(entity.get("type") or "Vendor").capitalize()
    checks.choice(kind, ("Vendor", "Customer", "Employee"), "EntityRef.type")
    body["EntityRef"] = {**company.reference(kind, entity, "EntityRef"), "type": kind}
    return f"{kind}:{body['EntityRef']['value']}"
