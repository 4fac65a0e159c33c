"""The collections of the API: their paths, words and habits."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Collection:
    """One collection. `since`: last_modified_time is obeyed; `upsert`: PUT on the collection is known.

    `says` are the messages of create, update and delete; `numbered`: the number is made unless one is given.
    """

    path: str
    kind: str
    one: str
    many: str
    id: str
    label: str
    module: str
    report: str
    says: tuple[str, str, str]
    sort: tuple[str, str] = ("created_time", "D")
    since: bool = True
    upsert: bool = False
    number: str = ""
    numbered: str = ""
    statuses: Mapping[str, str] = field(default_factory=dict)
    searches: tuple[str, ...] = ()


def _said(subject: str, made: str = "created", changed: str = "updated", gone: str = "deleted") -> tuple[str, str, str]:
    return (f"{subject} has been {made}.", f"{subject} has been {changed}.", f"{subject} has been {gone}.")


_STATUS = "{label} status has been changed to {status}."
COLLECTIONS = (
    Collection("contacts", "contact", "contact", "contacts", "contact_id", "Contact", "contacts", "Contacts",
               ("The contact has been added.", "Contact information has been saved.", "The customer has been deleted."),
               sort=("contact_name", "A"), since=False, upsert=True,
               searches=("contact_name", "company_name", "email", "phone", "first_name", "last_name", "contact_type")),
    Collection("chartofaccounts", "account", "chart_of_account", "chartofaccounts", "account_id", "Account",
               "accountants", "Chart of Accounts",
               ("The account has been created.", "The details of the account have been updated.",
                "The account has been deleted."), sort=("account_name", "A"),
               searches=("account_name", "account_code")),
    Collection("items", "item", "item", "items", "item_id", "Item", "settings", "Items",
               ("The item has been added.", "Item details have been saved.", "The item has been deleted."),
               sort=("name", "A"), since=False, upsert=True, searches=("name", "sku", "description")),
    Collection("invoices", "invoice", "invoice", "invoices", "invoice_id", "Invoice", "invoices", "Invoices",
               ("The invoice has been created.", "Invoice information has been updated.",
                "The invoice has been deleted."), upsert=True, number="invoice_number", numbered="INV-{:06d}",
               statuses={"sent": "authorised", "draft": "draft", "void": "voided"},
               searches=("invoice_number", "reference_number", "customer_id", "customer_name", "date", "total")),
    Collection("creditnotes", "credit_note", "creditnote", "creditnotes", "creditnote_id", "Credit Note",
               "creditnotes", "Credit Notes", _said("The credit note"), sort=("date", "D"), since=False, upsert=True,
               number="creditnote_number", numbered="CN-{:05d}",
               statuses={"open": "authorised", "draft": "draft", "void": "voided"},
               searches=("creditnote_number", "reference_number", "customer_id", "customer_name", "date", "total")),
    Collection("customerpayments", "payment", "payment", "customerpayments", "payment_id", "Payment",
               "customerpayments", "Payments Received",
               ("The payment from the customer has been recorded",
                "The details of the payment received from the customer have been updated",
                "The payment has been deleted."), sort=("date", "D"), since=False, upsert=True,
               number="payment_number", numbered="{}",
               searches=("reference_number", "customer_id", "customer_name", "date", "amount", "payment_mode")),
    Collection("bills", "bill", "bill", "bills", "bill_id", "Bill", "bills", "Bills",
               ("The bill has been created.", "Bill information has been updated.", "The bill has been deleted."),
               upsert=True, number="bill_number", statuses={"open": "authorised", "void": "voided"},
               searches=("bill_number", "reference_number", "vendor_id", "vendor_name", "date", "total")),
    Collection("vendorcredits", "vendor_credit", "vendor_credit", "vendor_credits", "vendor_credit_id",
               "Vendor Credit", "debitnotes", "Vendor Credits", _said("Vendor credit"), sort=("date", "D"),
               number="vendor_credit_number", numbered="DN-{:05d}",
               statuses={"open": "authorised", "void": "voided"},
               searches=("vendor_credit_number", "reference_number", "vendor_id", "vendor_name", "date", "total")),
    Collection("vendorpayments", "bill_payment", "vendorpayment", "vendorpayments", "payment_id", "Payment",
               "vendorpayments", "Payments Made",
               ("The payment made to the vendor has been recorded",
                "The details of the payment made to the vendor have been updated", "The payment has been deleted."),
               sort=("date", "D"), upsert=True, number="payment_number", numbered="{}",
               searches=("reference_number", "vendor_id", "vendor_name", "date", "amount", "payment_mode")),
    Collection("purchaseorders", "purchase_order", "purchaseorder", "purchaseorders", "purchaseorder_id",
               "Purchase Order", "purchaseorders", "Purchase Orders",
               ("Purchase Order has been added.", "Purchase Order has been updated.",
                "The purchase order has been deleted."), upsert=True, number="purchaseorder_number",
               numbered="PO-{:05d}", statuses={"open": "open", "billed": "billed", "cancelled": "cancelled"},
               searches=("purchaseorder_number", "reference_number", "vendor_id", "vendor_name", "date", "total")),
    Collection("expenses", "expense", "expense", "expenses", "expense_id", "Expense", "expenses", "Expenses",
               ("The expense has been recorded.", "Expense information has been updated.",
                "The expense has been deleted."), sort=("date", "D"), since=False, upsert=True,
               searches=("reference_number", "vendor_id", "vendor_name", "customer_id", "date", "total", "account_id",
                         "paid_through_account_id")),
    Collection("journals", "journal_entry", "journal", "journals", "journal_id", "Journal", "accountants",
               "Manual Journals", ("The journal entry has been created.", "The journal entry has been updated.",
                                   "The selected journal entry has been deleted."), sort=("journal_date", "D"),
               number="entry_number", numbered="{}", statuses={"publish": "authorised"},
               searches=("entry_number", "reference_number", "journal_date", "total", "notes")),
)  # fmt: skip
BY_PATH = {each.path: each for each in COLLECTIONS}
BY_KIND = {each.kind: each for each in COLLECTIONS}
TRACKED = ("deposit", "transfer", "receipt")
"""What has no collection of its own and stands among the bank transactions."""
NUMBERED = (
    "account", "contact", "item", "tax_rate", "dimension", "currency", "payment_term", "invoice", "credit_note",
    "payment", "bill", "bill_payment", "vendor_credit", "purchase_order", "expense", "receipt", "deposit", "transfer",
    "journal_entry", "attachment", "budget", "tag", "statement_line", "custom_field",
)  # fmt: skip


def record_id(kind: str, number: int) -> str:
    """18 digits; the last three are kept for a document's lines."""
    return f"46{NUMBERED.index(kind):02d}{number:011d}000"


def line_id(record: str, line: str) -> str:
    """The id of a line, an allocation or another part of a record."""
    return f"{record[:-3]}{int(line):03d}"


def owner_id(part: str) -> str:
    """The record that a line's id belongs to."""
    return f"{part[:-3]}000"
