"""The heads of transactions as data: kind → properties that can be written. What is worked out stands in documents."""

from integrations.sandbox.sage_intacct.properties import Property, own, ref

VENDOR = "accounts-payable/vendor"
CUSTOMER = "accounts-receivable/customer"
_SOLUTION = (ref("taxSolution", "own.taxSolution", "tax/tax-solution"),)
_FILE = (ref("attachment", "own.attachment", "company-config/attachment"),)
_SAID = (Property("referenceNumber", "reference"), Property("description", "memo"), *_FILE)
_DRAFT = (Property("state", "own.action", "choice", values=("draft", "submitted", "posted")),)
"""Only its being a draft or not is read (that `state` can be written is not verified)."""
_RATE = (
    Property("date", "own.rateDate", "date"), Property("typeId", "own.rateType"), Property("rate", "rate", "number"),
)  # fmt: skip
PRIORITIES = ("urgent", "high", "normal", "low")


def _rate(prefix: str) -> tuple[Property, ...]:
    return tuple(Property(f"{prefix}.{each.path}", each.place, each.form) for each in _RATE)


_CURRENCY = (Property("currency.txnCurrency", "currency"), Property("currency.baseCurrency", "own.baseCurrency"),
             *_rate("currency.exchangeRate"))  # fmt: skip
_SPLIT_CURRENCY = (Property("txnCurrency.currency", "currency"), Property("baseCurrency.currency", "own.baseCurrency"),
                   *_rate("exchangeRate"))  # fmt: skip
"""How the exchange rate of these is called is not verified."""
_FLAT_CURRENCY = (Property("txnCurrency", "currency"), Property("baseCurrency", "own.baseCurrency"),
                  *_rate("exchangeRate"))  # fmt: skip
_POSTED = (Property("postingDate", "on", "date"),)
_INCLUSIVE = (Property("isTaxInclusive", "own.inclusive", "flag", default=False),)
_CONTACTS = tuple(ref(f"contacts.{name}", f"own.{name}", "company-config/contact")
                  for name in ("payTo", "returnTo", "shipTo", "billTo"))  # fmt: skip
METHODS = ("cash", "printedCheck", "check", "eft", "creditCard", "recordTransfer", "ach", "wire", "onlineCreditCard",
           "chargeCard", "joint", "other", "Cash", "Printed Check", "EFT", "Credit Card", "Check")  # fmt: skip
"""Two spellings are in use: the documents' and a production client's."""
_METHOD = (Property("paymentMethod", "own.paymentMethod", "choice", values=METHODS),)

HEADS: dict[str, tuple[Property, ...]] = {
    "bill": (
        Property("billNumber", "number"), ref("vendor", "contact", VENDOR),
        Property("createdDate", "own.createdDate", "date"), *_POSTED, Property("dueDate", "due_on", "date"),
        *own("date", "discountCutOffDate", "recommendedPaymentDate"),
        Property("paymentPriority", "own.paymentPriority", "choice", values=PRIORITIES, default="normal"),
        *own("flag", "isOnHold", default=False), ref("term", "term", "accounts-payable/term"),
        *_CONTACTS[:2], *own("text", "billSummary.id"),
        *_SAID, *_CURRENCY, *_INCLUSIVE, *_SOLUTION, *_DRAFT,
    ),
    "invoice": (
        Property("invoiceNumber", "number"), ref("customer", "contact", CUSTOMER),
        Property("invoiceDate", "own.createdDate", "date"), *_POSTED, Property("dueDate", "due_on", "date"),
        *own("date", "discountCutOffDate"), ref("term", "term", "accounts-receivable/term"), *_CONTACTS,
        *_SAID, *_CURRENCY, *_INCLUSIVE, *_SOLUTION, *_DRAFT,
    ),
    "credit_note": (
        Property("adjustmentNumber", "number"), ref("customer", "contact", CUSTOMER),
        Property("createdDate", "own.createdDate", "date"), *_POSTED, *_SAID, *_SPLIT_CURRENCY, *_INCLUSIVE,
        *_SOLUTION, *_DRAFT,
    ),
    "vendor_credit": (
        Property("adjustmentNumber", "number"), ref("vendor", "contact", VENDOR),
        Property("createdDate", "own.createdDate", "date"), *_POSTED, *_SAID, *_CURRENCY, *_INCLUSIVE, *_SOLUTION,
        *_DRAFT,
    ),
    "payment": (
        Property("documentNumber", "number"), ref("customer", "contact", CUSTOMER), *_METHOD,
        Property("paymentSummary.receiptDate", "on", "date"), *own("date", "paymentSummary.paymentDate"),
        Property("description", "memo"), *_SPLIT_CURRENCY, *_FILE, *_DRAFT,
        # What the customer paid beyond the documents (name not verified).
        *own("money", "overpaymentTxnAmount"),
    ),
    "bill_payment": (
        Property("documentNumber", "number"), ref("vendor", "contact", VENDOR), *_METHOD,
        Property("paymentDate", "on", "date"), Property("description", "memo"), *_SPLIT_CURRENCY, *_FILE, *_DRAFT,
    ),
    "purchase_order": (
        Property("documentNumber", "number"), ref("vendor", "contact", VENDOR), Property("txnDate", "on", "date"),
        Property("dueDate", "due_on", "date"), Property("referenceNumber", "reference"), Property("memo", "memo"),
        ref("paymentTerm", "term", "accounts-payable/term"), *own("text", "vendorDocumentNumber"), *_CONTACTS[:3],
        *_FILE, *_FLAT_CURRENCY, *_SOLUTION,
        Property("state", "own.state", "choice",
                 values=("draft", "submitted", "pending", "inProgress", "closed", "converted", "declined")),
    ),
    "expense": (
        Property("txnDate", "on", "date"), Property("referenceNumber", "number"), *own("text", "payee"),
        Property("description", "memo"), *_FILE, *_CURRENCY,
        Property("isInclusiveTax", "own.inclusive", "flag", default=False), *_SOLUTION, *_DRAFT,
    ),
    "journal_entry": (
        ref("glJournal", "own.journal", "general-ledger/journal"), *_POSTED, Property("description", "memo"),
        Property("referenceNumber", "reference"), ref("baseLocation", "own.baseLocation", "company-config/location"),
        # The date on which the opposite entry is made (name not verified).
        Property("reverseDate", "own.reverseDate", "date"),
        Property("tax.taxImplication", "own.taxImplication", "choice", values=("none", "inbound", "outbound"),
                 default="none"),
        ref("tax.taxSolution", "own.taxSolution", "tax/tax-solution"), *_FILE, *_DRAFT,
    ),
    "receipt": (
        *_POSTED, Property("receiptDate", "own.createdDate", "date"), Property("documentNumber", "number"),
        *own("text", "payer"), Property("description", "memo"), *_METHOD, *_FILE, *_SPLIT_CURRENCY, *_INCLUSIVE,
        *_SOLUTION, *_DRAFT,
    ),
    "deposit": (
        Property("txnDate", "on", "date"), Property("depositSlipId", "number"), Property("description", "memo"),
        *_FILE,
    ),
    "transfer": (
        *_POSTED, Property("documentNumber", "number"), Property("description", "memo"), *_FILE,
    ),
}  # fmt: skip
