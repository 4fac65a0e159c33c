"""The endpoints of the Accounting API: their names, ids, scopes and habits."""

from dataclasses import dataclass

from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body


@dataclass(frozen=True)
class Endpoint:
    """One endpoint. `paged`: page and pageSize are known; `lean`: lists without page have no lines.

    `also`: a property that names a record beside its id; `type`: own type of the records that belong here.
    """

    name: str
    id: str
    kinds: tuple[str, ...]
    scope: str
    paged: bool = False
    lean: bool = False
    since: bool = True
    also: str = ""
    type: str = ""
    files: bool = True

    def holds(self, record: Record) -> bool:
        """Whether a record stands here: over- and prepayments are payments of their own kind."""
        mine: Body = record.body.get("own") or {}
        if record.table not in ("payment", "bill_payment"):
            return True
        if self.name == "BankTransactions":
            return bool(mine.get("type"))
        return str(mine.get("type") or "") == self.type


ENDPOINTS = {
    each.name: each
    for each in (
        Endpoint("Invoices", "InvoiceID", ("invoice", "bill"), "invoices", True, True, also="InvoiceNumber"),
        Endpoint("CreditNotes", "CreditNoteID", ("credit_note", "vendor_credit"), "invoices", True, True,
                 also="CreditNoteNumber"),
        Endpoint("PurchaseOrders", "PurchaseOrderID", ("purchase_order",), "invoices", True,
                 also="PurchaseOrderNumber"),
        Endpoint("Payments", "PaymentID", ("payment", "bill_payment"), "payments", True, files=False),
        Endpoint("Overpayments", "OverpaymentID", ("payment", "bill_payment"), "payments", True, True,
                 type="overpayment", files=False),
        Endpoint("Prepayments", "PrepaymentID", ("payment", "bill_payment"), "payments", True, True,
                 type="prepayment", files=False),
        Endpoint("BankTransactions", "BankTransactionID", ("expense", "receipt", "payment", "bill_payment"),
                 "banktransactions", True, True),
        Endpoint("BankTransfers", "BankTransferID", ("transfer",), "banktransactions"),
        Endpoint("ManualJournals", "ManualJournalID", ("journal_entry",), "manualjournals", True, True),
        Endpoint("Contacts", "ContactID", ("contact",), "contacts", True, also="ContactNumber"),
        Endpoint("Accounts", "AccountID", ("account",), "settings"),
        Endpoint("Items", "ItemID", ("item",), "settings", also="Code", files=False),
        Endpoint("TaxRates", "TaxType", ("tax_rate",), "settings", since=False, files=False),
        Endpoint("TrackingCategories", "TrackingCategoryID", ("category",), "settings", since=False, files=False),
        Endpoint("Currencies", "Code", ("currency",), "settings", since=False, files=False),
        Endpoint("Budgets", "BudgetID", ("budget",), "budgets", since=False, files=False),
    )
}  # fmt: skip
_REPORTS = {"AgedReceivablesByContact": "aged", "AgedPayablesByContact": "aged", "BalanceSheet": "balancesheet",
            "BankSummary": "banksummary", "ProfitAndLoss": "profitandloss", "TrialBalance": "trialbalance"}  # fmt: skip
_BROAD = ("invoices", "payments", "banktransactions", "manualjournals")


def covers(scopes: str, method: str, parts: list[str]) -> bool:
    """Whether a consent lets a call through; the broad scopes of old apps still count."""
    given, name = set(scopes.split()), parts[0] if parts else ""
    if name == "Reports":
        report = _REPORTS.get(parts[1] if len(parts) > 1 else "", "")
        return bool({"accounting.reports.read", f"accounting.reports.{report}.read"} & given)
    if name in ("Journals", "Budgets"):
        return f"accounting.{name.lower()}.read" in given
    endpoint = ENDPOINTS.get(name)
    module = (
        "attachments" if len(parts) > 2 and parts[2] == "Attachments" else endpoint.scope if endpoint else "settings"
    )
    modules = {f"accounting.{module}"}
    if module in _BROAD:
        modules.add("accounting.transactions")
    if method == "GET":
        modules |= {f"{each}.read" for each in modules}
    if name == "Items":
        modules |= {"accounting.invoices"} | ({"accounting.invoices.read"} if method == "GET" else set())
    return bool(modules & given)
