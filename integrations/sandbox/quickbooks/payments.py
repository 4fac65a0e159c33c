"""Payments from customers and to vendors, and what they settle."""

from decimal import Decimal

from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.books.store import Record
from integrations.sandbox.quickbooks import checks, errors, headers
from integrations.sandbox.quickbooks.company import Company, Draft
from integrations.sandbox.quickbooks.posting import Ledger, Money
from integrations.sandbox.wire import Body

_RECEIVED = {"Invoice": 1, "CreditMemo": -1, "JournalEntry": 1}
_PAID = {"Bill": 1, "VendorCredit": -1, "JournalEntry": 1}


def _allocations(company: Company, body: Body, kinds: dict[str, int], money: Money) -> dict[str, Decimal]:
    """Who is settled by how much, from the linked lines. Raises 2500, 6000."""
    found: dict[str, Decimal] = {}
    for line in checks.objects(body, "Line"):
        for link in checks.objects(line, "LinkedTxn"):
            kind, key = str(link.get("TxnType")), str(link.get("TxnId"))
            if kind not in kinds:
                continue
            target = company.store.get(kind, key)
            if target is None:
                raise errors.invalid_reference("Txns", key, "Line.LinkedTxn.TxnId")
            amount = cents(checks.amount(line, "Amount"), money.currency)
            if amount < 0:
                raise errors.FaultError("2290", "Negative Amount", f"Negative Amount : {amount}")
            found[target.key] = found.get(target.key, ZERO) + amount
    return {key: amount for key, amount in found.items() if amount}


def _same_party(company: Company, settles: dict[str, Decimal], reference: str, key: str) -> None:
    for target in settles:
        kind, _, number = target.partition(":")
        owner = (company.read(kind, number).body.get(reference) or {}).get("value")
        if owner is not None and owner != key:
            raise errors.business("The linked transaction belongs to another name.")


def _applied(settles: dict[str, Decimal], kinds: dict[str, int]) -> Decimal:
    return sum((kinds[key.partition(":")[0]] * amount for key, amount in settles.items()), ZERO)


def _body_lines(body: Body, kinds: dict[str, int]) -> list[Body]:
    """The linked lines QuickBooks keeps; others are dropped silently."""
    kept = []
    for line in checks.objects(body, "Line"):
        links = [link for link in checks.objects(line, "LinkedTxn") if link.get("TxnType") in kinds]
        if links and line.get("Amount"):
            kept.append({"Amount": line["Amount"], "LinkedTxn": links})
    return kept


def _settle(
    ledger: Ledger, account: str, contact: str, settles: dict[str, Decimal], kinds: dict[str, int], sign: int
) -> None:
    """Post each settlement to the control account at the rate of the settled document."""
    for key, amount in settles.items():
        kind, _, number = key.partition(":")
        signed = sign * kinds[kind] * amount
        target = ledger.company.read(kind, number).body
        rate = Decimal(target.get("ExchangeRate") or 1)
        home = Money(ledger.money.currency, rate, ledger.money.home).at_home(signed)
        ledger.post_home(account, home, signed, contact=contact)


def payment(company: Company, body: Body, previous: Record | None) -> Draft:
    """Money from a customer: debits bank or undeposited funds, credits receivables."""
    checks.required(body, "CustomerRef", "TotalAmt")
    contact = headers.party(company, body, "CustomerRef", "Customer")
    headers.same_currency(company, "Customer", body["CustomerRef"]["value"], body)
    money = headers.dated(company, body)
    total = cents(checks.amount(body, "TotalAmt"), money.currency)
    if total < 0:
        raise errors.FaultError("2290", "Negative Amount", f"Negative Amount : {total}")
    account = headers.account(company, body, "DepositToAccountRef", "UndepositedFunds")
    if body.get("PaymentMethodRef"):
        body["PaymentMethodRef"] = company.reference("PaymentMethod", body["PaymentMethodRef"], "PaymentMethodRef")
    settles = _allocations(company, body, _RECEIVED, money)
    _same_party(company, settles, "CustomerRef", body["CustomerRef"]["value"])
    unapplied = total - _applied(settles, _RECEIVED)
    if unapplied < 0:
        raise errors.business("The amount applied to transactions is greater than the payment amount.")
    body.update(TotalAmt=total, UnappliedAmt=unapplied, Line=_body_lines(body, _RECEIVED), ProcessPayment=False)
    ledger = Ledger(company, money)
    ledger.post(account, total, contact=contact, memo=body.get("PrivateNote"))
    receivable = company.account("AccountsReceivable")
    _settle(ledger, receivable, contact, settles, _RECEIVED, -1)
    ledger.post(receivable, -unapplied, contact=contact)
    return Draft(body, ledger.closed(), settles)


def _paid_from(company: Company, body: Body, total: Decimal) -> str:
    """The account a bill payment is paid from. Raises 2020, 2170, 6430."""
    kind = checks.choice(body["PayType"], ("Check", "CreditCard"), "PayType")
    outer, inner, types = {
        "Check": ("CheckPayment", "BankAccountRef", "Bank"),
        "CreditCard": ("CreditCardPayment", "CCAccountRef", "Credit Card"),
    }[kind]
    details = dict(body.get(outer) or {})
    if not details.get(inner) and kind == "Check" and not total:
        details.setdefault("PrintStatus", "NotSet")
        body[outer] = details
        return company.account("Checking")
    record = company.referred("Account", details.get(inner), f"{outer}.{inner}")
    if record.body["AccountType"] != types:
        raise errors.FaultError("6430", "Invalid account type used", f"Invalid account type used for {kind}")
    details[inner] = {"value": record.id, "name": record.body["FullyQualifiedName"]}
    if kind == "Check":
        details.setdefault("PrintStatus", "NeedToPrint")
    body[outer] = details
    return record.id


def bill_payment(company: Company, body: Body, previous: Record | None) -> Draft:
    """Money to a vendor: debits payables, credits bank or card; linked lines are mandatory."""
    checks.required(body, "VendorRef", "PayType", "TotalAmt")
    contact = headers.party(company, body, "VendorRef", "Vendor")
    headers.same_currency(company, "Vendor", body["VendorRef"]["value"], body)
    money = headers.dated(company, body)
    total = cents(checks.amount(body, "TotalAmt"), money.currency)
    settles = _allocations(company, body, _PAID, money)
    if not settles and not any(line.get("LinkedTxn") for line in checks.objects(body, "Line")):
        raise errors.missing("Line.LinkedTxn")
    account = _paid_from(company, body, total)
    _same_party(company, settles, "VendorRef", body["VendorRef"]["value"])
    left = total - _applied(settles, _PAID)
    if left < 0:
        raise errors.business("The amount applied to transactions is greater than the payment amount.")
    payable = headers.account(company, body, "APAccountRef", "AccountsPayable")
    body.update(TotalAmt=total, Line=_body_lines(body, _PAID))
    ledger = Ledger(company, money)
    ledger.post(account, -total, contact=contact, memo=body.get("PrivateNote"))
    _settle(ledger, payable, contact, settles, _PAID, 1)
    ledger.post(payable, left, contact=contact)
    return Draft(body, ledger.closed(), settles)
