"""Deposits, transfers and journal entries."""

from decimal import Decimal

from integrations.sandbox.books.money import HUNDRED, ZERO, cents
from integrations.sandbox.books.store import Record
from integrations.sandbox.quickbooks import checks, errors, headers, taxing
from integrations.sandbox.quickbooks.company import Company, Draft, label
from integrations.sandbox.quickbooks.lines import detail_of, number_lines
from integrations.sandbox.quickbooks.posting import Ledger
from integrations.sandbox.wire import Body

_DEPOSITABLE = ("Payment", "SalesReceipt")
_CONTROL = {"Accounts Receivable": ("Customer", "a customer"), "Accounts Payable": ("Vendor", "a vendor")}
_MONEY = {"Bank", "Credit Card", "Other Current Asset", "Other Current Liability", "Equity", "Long Term Liability"}


def deposit(company: Company, body: Body, previous: Record | None) -> Draft:
    """Money into a bank account: from undeposited funds (linked lines) or straight from an account."""
    checks.required(body, "DepositToAccountRef", "Line")
    account = headers.account(company, body, "DepositToAccountRef", "Checking")
    money = headers.dated(company, body)
    ledger = Ledger(company, money)
    settles: dict[str, Decimal] = {}
    kept: list[Body] = []
    total = ZERO
    for line in checks.objects(body, "Line"):
        amount = cents(checks.amount(line, "Amount"), money.currency)
        body_line = _linked(company, ledger, line, amount, settles) or _direct(company, ledger, line, amount)
        kept.append(body_line)
        total += amount
    number_lines([line for line in kept if line.get("DetailType")])
    cash_back = body.get("CashBack") or {}
    if cash_back:
        back = cents(checks.amount(cash_back, "Amount"), money.currency)
        target = company.reference("Account", cash_back.get("AccountRef"), "CashBack.AccountRef")
        ledger.post(target["value"], back, memo="Cash back")
        total -= back
    ledger.post(account, total, memo=body.get("PrivateNote"))
    body.update(TotalAmt=total, Line=kept, TxnTaxDetail={})
    return Draft(body, ledger.closed(), settles)


def _linked(company: Company, ledger: Ledger, line: Body, amount: Decimal, settles: dict[str, Decimal]) -> Body | None:
    links = checks.objects(line, "LinkedTxn")
    if not links:
        return None
    kind, key = str(links[0].get("TxnType")), str(links[0].get("TxnId"))
    source = company.store.get(kind, key) if kind in _DEPOSITABLE else None
    if source is None:
        raise errors.invalid_reference("Txns", key, "Line.LinkedTxn.TxnId")
    funds = company.account("UndepositedFunds")
    if (source.body.get("DepositToAccountRef") or {}).get("value") != funds:
        raise errors.business("The linked transaction is not in Undeposited Funds.")
    if amount != source.body["TotalAmt"]:
        raise errors.business("The deposit amount must match the linked transaction's amount.")
    settles[source.key] = amount
    ledger.post(funds, -amount, memo=line.get("Description"))
    return {"Amount": amount, "LinkedTxn": [{"TxnId": key, "TxnType": kind, "TxnLineId": "0"}]}


def _direct(company: Company, ledger: Ledger, line: Body, amount: Decimal) -> Body:
    detail = detail_of(line, "DepositLineDetail")
    detail["AccountRef"] = company.reference("Account", detail.get("AccountRef"), "DepositLineDetail.AccountRef")
    contact = None
    if detail.get("Entity"):
        kind = str(detail["Entity"].get("type") or "CUSTOMER").capitalize()
        reference = company.reference(kind, detail["Entity"], "DepositLineDetail.Entity")
        detail["Entity"] = {**reference, "type": kind.upper()}
        contact = f"{kind}:{reference['value']}"
    ledger.post(detail["AccountRef"]["value"], -amount, contact=contact, memo=line.get("Description"))
    shown = {name: line[name] for name in ("Id", "Description") if line.get(name)}
    return {**shown, "Amount": amount, "DetailType": "DepositLineDetail", "DepositLineDetail": detail}


def transfer(company: Company, body: Body, previous: Record | None) -> Draft:
    """Money between two balance sheet accounts."""
    checks.required(body, "FromAccountRef", "ToAccountRef", "Amount")
    money = headers.dated(company, body)
    amount = cents(checks.amount(body, "Amount"), money.currency)
    if amount <= 0:
        raise errors.business("You must set a transaction amount.")
    ledger = Ledger(company, money)
    for name, sign in (("FromAccountRef", -1), ("ToAccountRef", 1)):
        record = company.referred("Account", body[name], name)
        if record.body["AccountType"] not in _MONEY:
            raise errors.FaultError("6430", "Invalid account type used", "Invalid account type used for Transfer")
        body[name] = {"value": record.id, "name": label(record)}
        ledger.post(record.id, sign * amount, memo=body.get("PrivateNote"))
    if body["FromAccountRef"]["value"] == body["ToAccountRef"]["value"]:
        raise errors.business("You can't transfer funds to the same account.")
    body["Amount"] = amount
    return Draft(body, ledger.closed())


def journal_entry(company: Company, body: Body, previous: Record | None) -> Draft:
    """Debits and credits as given. Raises 2300 unless they balance, 6000 for control accounts without a name."""
    checks.required(body, "Line")
    money = headers.dated(company, body)
    if body.get("DocNumber"):
        headers.unique(company, "JournalEntry", str(body["DocNumber"]), previous)
    ledger = Ledger(company, money)
    mode = "NotApplicable" if company.is_us else str(body.get("GlobalTaxCalculation") or "TaxExcluded")
    kept, controls, balance = [], set(), ZERO
    for position, line in enumerate(checks.objects(body, "Line")):
        if line.get("DetailType") == "DescriptionOnly":
            continue
        detail, control, moved = _entry_line(company, ledger, line, mode)
        controls |= {control} - {None}
        balance += moved
        shown: Body = {"Id": str(line.get("Id", position))}
        if line.get("Description"):
            shown["Description"] = line["Description"]
        amount = cents(checks.amount(line, "Amount"), money.currency)
        kept.append(
            {**shown, "Amount": amount, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}
        )
    if len(kept) < 2 or balance:
        text = "Amount on debits not equal to credits"
        raise errors.FaultError("2300", text, f"{text} : difference {balance:f}")
    if len(controls) > 1:
        raise errors.business("You can only use one Accounts Receivable or Accounts Payable account per journal entry.")
    body.update(Line=kept, TotalAmt=ZERO, Adjustment=bool(body.get("Adjustment")))
    body.setdefault("TxnTaxDetail", {})
    return Draft(body, ledger.closed())


def _entry_line(company: Company, ledger: Ledger, line: Body, mode: str) -> tuple[Body, str | None, Decimal]:
    """Post one line and its tax; returns its detail, the control account it touches and what it moved."""
    detail = detail_of(line, "JournalEntryLineDetail")
    checks.required(detail, "PostingType")
    side = checks.choice(detail["PostingType"], ("Debit", "Credit"), "PostingType")
    record = company.referred("Account", detail.get("AccountRef"), "JournalEntryLineDetail.AccountRef")
    detail["AccountRef"] = {"value": record.id, "name": label(record)}
    for name, entity in (("ClassRef", "Class"), ("DepartmentRef", "Department")):
        if detail.get(name):
            detail[name] = company.reference(entity, detail[name], name)
    amount = cents(checks.amount(line, "Amount"), ledger.money.currency)
    signed = amount if side == "Debit" else -amount
    contact = _entry_contact(company, detail, record.body["AccountType"])
    ledger.post(record.id, signed, contact=contact, memo=line.get("Description"))
    moved = signed + (_entry_tax(company, ledger, detail, signed) if mode != "NotApplicable" else ZERO)
    control = record.id if record.body["AccountType"] in _CONTROL else None
    return detail, control, moved


def _entry_contact(company: Company, detail: Body, account_type: str) -> str | None:
    entity = detail.get("Entity") or {}
    wanted = _CONTROL.get(account_type)
    if not entity:
        if wanted:
            text = f"When you use {account_type.replace('Accounts', 'Accounts')}, you must choose {wanted[1]}"
            raise errors.business(f"{text} in the Name field.")
        return None
    kind = str(entity.get("Type") or (wanted[0] if wanted else "Customer"))
    checks.choice(kind, ("Customer", "Vendor", "Employee"), "Entity.Type")
    if wanted and kind != wanted[0]:
        raise errors.business(f"When you use {account_type}, you must choose {wanted[1]} in the Name field.")
    reference = company.reference(kind, entity.get("EntityRef"), "Entity.EntityRef")
    detail["Entity"] = {"Type": kind, "EntityRef": reference}
    return f"{kind}:{reference['value']}"


def _entry_tax(company: Company, ledger: Ledger, detail: Body, signed: Decimal) -> Decimal:
    """Tax on top of a line that carries a tax code, posted to its side."""
    code = (detail.get("TaxCodeRef") or {}).get("value")
    if not code:
        return ZERO
    default = "Purchase" if signed > 0 else "Sales"
    side = checks.choice(detail.get("TaxApplicableOn") or default, ("Sales", "Purchase"), "TaxApplicableOn")
    company.referred("TaxCode", {"value": code}, "TaxCodeRef")
    total = ZERO
    for rate in taxing.rates_of(company, code, "Sales" if side == "Sales" else "Purchase"):
        amount = cents(signed * rate.percent / HUNDRED, ledger.money.currency)
        ledger.post(taxing.account_for(company, rate.id), amount, memo="Tax")
        total += amount
    detail.update(TaxApplicableOn=side, TaxAmount=abs(total))
    return total
