"""The record types: their REST names, the codes queries know them by, and the neutral kind behind each."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RecordType:
    """One record type. `tests` are facts of the neutral body that tell it from others of the same kind."""

    name: str
    kind: str
    code: str = ""
    label: str = ""
    table: str = ""
    tests: Mapping[str, object] = field(default_factory=dict)
    is_read_only: bool = False

    @property
    def is_transaction(self) -> bool:
        """Whether it posts, or could."""
        return bool(self.code)


_TRANSACTIONS = (
    ("invoice", "invoice", "CustInvc", "Invoice"),
    ("creditMemo", "credit_note", "CustCred", "Credit Memo"),
    ("customerPayment", "payment", "CustPymt", "Payment"),
    ("vendorBill", "bill", "VendBill", "Bill"),
    ("vendorCredit", "vendor_credit", "VendCred", "Bill Credit"),
    ("vendorPayment", "bill_payment", "VendPymt", "Bill Payment"),
    ("purchaseOrder", "purchase_order", "PurchOrd", "Purchase Order"),
    ("check", "expense", "Check", "Check"),
    ("creditCardCharge", "expense", "CardChrg", "Credit Card Charge"),
    ("deposit", "deposit", "Deposit", "Deposit"),
    ("transfer", "transfer", "Transfer", "Transfer"),
    ("journalEntry", "journal_entry", "Journal", "Journal"),
)
ITEM_TYPES = {
    "serviceSaleItem": ("Service", "Sale"), "servicePurchaseItem": ("Service", "Purchase"),
    "serviceResaleItem": ("Service", "Resale"), "nonInventorySaleItem": ("NonInvtPart", "Sale"),
    "nonInventoryPurchaseItem": ("NonInvtPart", "Purchase"), "nonInventoryResaleItem": ("NonInvtPart", "Resale"),
    "otherChargeSaleItem": ("OthCharge", "Sale"), "otherChargePurchaseItem": ("OthCharge", "Purchase"),
    "otherChargeResaleItem": ("OthCharge", "Resale"), "inventoryItem": ("InvtPart", ""),
    "discountItem": ("Discount", ""),
}  # fmt: skip
_LISTS = (
    RecordType("account", "account", label="Account", table="account"),
    RecordType("customer", "contact", label="Customer", table="customer", tests={"is_customer": True}),
    RecordType("vendor", "contact", label="Vendor", table="vendor", tests={"is_vendor": True}),
    RecordType("department", "dimension", label="Department", table="department", tests={"type": "department"}),
    RecordType("classification", "dimension", label="Class", table="classification", tests={"type": "class"}),
    RecordType("location", "dimension", label="Location", table="location", tests={"type": "location"}),
    RecordType("currency", "currency", label="Currency", table="currency"),
    RecordType("term", "payment_term", label="Term", table="term"),
    RecordType("employee", "employee", label="Employee", table="employee"),
    RecordType("subsidiary", "subsidiary", label="Subsidiary", table="subsidiary"),
    RecordType("paymentMethod", "payment_method", label="Payment Method", table="paymentmethod"),
    RecordType("currencyRate", "currency_rate", label="Currency Exchange Rate", table="currencyrate"),
    RecordType("accountingPeriod", "period", label="Accounting Period", table="accountingperiod", is_read_only=True),
    RecordType("salesTaxItem", "tax_rate", label="Tax Code", table="salestaxitem", is_read_only=True),
)
RECORD_TYPES: Mapping[str, RecordType] = {
    each.name.lower(): each
    for each in (
        *(RecordType(name, kind, code, label, "transaction") for name, kind, code, label in _TRANSACTIONS),
        *(RecordType(name, "item", label="Item", table="item", tests={"own.type": name}) for name in ITEM_TYPES),
        *_LISTS,
    )
}
BY_CODE: Mapping[str, RecordType] = {each.code: each for each in RECORD_TYPES.values() if each.code}
TRANSACTION_KINDS = tuple(dict.fromkeys(each.kind for each in RECORD_TYPES.values() if each.code))

STATUSES: Mapping[str, Mapping[str, str]] = {
    "CustInvc": {"A": "Open", "B": "Paid In Full", "D": "Pending Approval", "V": "Voided"},
    "CustCred": {"A": "Open", "B": "Fully Applied", "V": "Voided"},
    "CustPymt": {"A": "Unapproved Payment", "B": "Not Deposited", "C": "Deposited", "V": "Voided"},
    "VendBill": {"A": "Open", "B": "Paid In Full", "C": "Cancelled", "D": "Pending Approval", "E": "Rejected",
                 "F": "Payment In-Transit"},
    "VendCred": {"A": "Open", "B": "Fully Applied", "V": "Voided"},
    "VendPymt": {"A": "Pending Approval", "B": "In-Transit", "C": "Confirmed", "D": "Rejected", "E": "Declined",
                 "F": "Approved", "V": "Voided", "Z": "Online Bill Pay Pending Accounting Approval"},
    "PurchOrd": {"P": "Planned", "A": "Pending Supervisor Approval", "B": "Pending Receipt",
                 "C": "Rejected by Supervisor",
                 "D": "Partially Received", "E": "Pending Billing/Partially Received", "F": "Pending Bill",
                 "G": "Fully Billed", "H": "Closed"},
    "Journal": {"A": "Pending Approval", "B": "Approved for Posting", "V": "Voided"},
    "Check": {"V": "Voided"}, "CardChrg": {"V": "Voided"}, "Deposit": {"V": "Voided"}, "Transfer": {"V": "Voided"},
}  # fmt: skip
"""Letters and their words. Those of purchase orders, and V outside payments, are read from practice only."""

ACCOUNT_TYPES: Mapping[str, str] = {
    "bank": "Bank", "receivable": "AcctRec", "current_asset": "OthCurrAsset", "fixed_asset": "FixedAsset",
    "other_asset": "OthAsset", "payable": "AcctPay", "credit_card": "CredCard", "current_liability": "OthCurrLiab",
    "long_liability": "LongTermLiab", "equity": "Equity", "income": "Income", "other_income": "OthIncome",
    "cost_of_sales": "COGS", "expense": "Expense", "other_expense": "OthExpense",
}  # fmt: skip
ACCOUNT_TYPE_LABELS: Mapping[str, str] = {
    "Bank": "Bank", "AcctRec": "Accounts Receivable", "OthCurrAsset": "Other Current Asset",
    "FixedAsset": "Fixed Asset",
    "OthAsset": "Other Asset", "AcctPay": "Accounts Payable", "CredCard": "Credit Card",
    "OthCurrLiab": "Other Current Liability", "LongTermLiab": "Long Term Liability", "Equity": "Equity",
    "Income": "Income", "OthIncome": "Other Income", "COGS": "Cost of Goods Sold", "Expense": "Expense",
    "OthExpense": "Other Expense", "NonPosting": "Non Posting", "UnbilledRec": "Unbilled Receivable",
    "DeferExpense": "Deferred Expense", "DeferRevenue": "Deferred Revenue", "Stat": "Statistical",
}  # fmt: skip
NEUTRAL_ACCOUNT_TYPES = {theirs: ours for ours, theirs in ACCOUNT_TYPES.items()}
