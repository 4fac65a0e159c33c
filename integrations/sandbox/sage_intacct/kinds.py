"""The objects of Intacct: REST path, XML name, and which neutral records stand behind each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote

from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body

Tests = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Object:
    """One object type. `kind` is the table of its records, `tests` what else they must hold (dotted path → values).

    `natural` is the field of the neutral body that holds its `id`, "" where that is the key. `number` is the REST name
    of a document's own number. `lines` is the path of the object its lines are, `lines_field` the list they stand in,
    `owner` how a line names its owner. `birth` is what a record created through this object is given.
    """

    path: str
    kind: str
    xml: str
    label: str
    natural: str = ""
    number: str = ""
    lines: str = ""
    lines_field: str = "lines"
    lines_xml: str = ""
    owner: str = ""
    actions: tuple[str, ...] = ()
    methods: str = "OPTIONS,GET,POST,PATCH,DELETE"
    tests: Tests = field(default_factory=dict)
    birth: Body = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last step of the path."""
        return self.path.rpartition("/")[2]

    @cached_property
    def href(self) -> str:
        """Where its records are found."""
        return f"/objects/{quote(self.path, safe='/:')}"

    def line_href(self, key: str) -> str:
        """Where one of its lines is found."""
        return f"{self._lines_href}/{key}"

    @cached_property
    def _lines_href(self) -> str:
        return f"/objects/{quote(self.lines, safe='/:')}"

    def holds(self, record: Record) -> bool:
        """Whether a record is one of these."""
        return record.table == self.kind and all(at(record.body, path) in values for path, values in self.tests.items())


def at(body: Any, path: str) -> Any:
    """What stands at a dotted path, None where nothing does."""
    for step in path.split("."):
        body = body.get(step) if isinstance(body, dict) else None
    return body


def _list(path: str, kind: str, xml: str, label: str, natural: str = "code", **more: Any) -> Object:
    return Object(path, kind, xml, label, natural, **more)


def _dimension(path: str, xml: str, label: str, *types: str) -> Object:
    return Object(path, "dimension", xml, label, "code", tests={"type": types}, birth={"type": types[0]})


def _bank(name: str, xml: str, label: str, kind: str) -> Object:
    return Object(f"cash-management/{name}", "bank_account", xml, label, "code",
                  tests={"type": (kind,)}, birth={"type": kind})  # fmt: skip


def _lined(path: str, kind: str, xml: str, label: str, number: str, lines_xml: str, *, lines: str = "",
           owner: str = "", **more: Any) -> Object:  # fmt: skip
    name = path.rpartition("/")[2]
    return Object(path, kind, xml, label, number=number, lines=lines or f"{path}-line", lines_xml=lines_xml,
                  owner=owner or _camel(name), **more)  # fmt: skip


def _camel(name: str) -> str:
    first, *rest = name.split("-")
    return first + "".join(each.capitalize() for each in rest)


READ_ONLY = "OPTIONS,GET"
UDD = "nsp::CHANNEL"
"""The user-defined dimension that every simulated company has."""

MASTERS = (
    _list("general-ledger/account", "account", "GLACCOUNT", "Account"),
    _list("general-ledger/journal", "journal", "GLJOURNAL", "Journal"),
    _list("general-ledger/reporting-period", "reporting_period", "REPORTINGPERIOD", "Reporting period",
          methods=READ_ONLY),
    _list("general-ledger/budget", "budget", "GLBUDGETHEADER", "Budget", lines="general-ledger/budget-detail",
          lines_xml="GLBUDGETITEM", owner="budget"),
    _list("accounts-payable/vendor", "contact", "VENDOR", "Vendor", tests={"is_vendor": (True,)},
          birth={"is_vendor": True, "is_customer": False}),
    _list("accounts-receivable/customer", "contact", "CUSTOMER", "Customer", tests={"is_customer": (True,)},
          birth={"is_vendor": False, "is_customer": True}),
    _list("company-config/contact", "person", "CONTACT", "Contact"),
    _list("company-config/employee", "employee", "EMPLOYEE", "Employee"),
    _list("company-config/user", "user", "USERINFO", "User", methods=READ_ONLY),
    _list("accounts-payable/term", "payment_term", "APTERM", "Term", "name", tests={"own.side": (None, "ap")},
          birth={"own": {"side": "ap"}}),
    _list("accounts-receivable/term", "payment_term", "ARTERM", "Term", "name", tests={"own.side": (None, "ar")},
          birth={"own": {"side": "ar"}}),
    _list("inventory-control/item", "item", "ITEM", "Item"),
    _list("tax/tax-detail", "tax_rate", "TAXDETAIL", "Tax detail", "name", methods=READ_ONLY),
    _list("tax/purchasing-tax-detail", "tax_rate", "TAXDETAIL", "Tax detail", "name",
          tests={"own.taxType": ("purchase",)}, birth={"own": {"taxType": "purchase"}}),
    _list("tax/order-entry-tax-detail", "tax_rate", "TAXDETAIL", "Tax detail", "name",
          tests={"own.taxType": ("sale",)}, birth={"own": {"taxType": "sale"}}),
    _list("tax/tax-solution", "tax_solution", "TAXSOLUTION", "Tax solution", methods=READ_ONLY),
    _dimension("company-config/department", "DEPARTMENT", "Department", "department"),
    _dimension("company-config/entity", "LOCATIONENTITY", "Entity", "entity"),
    _dimension("company-config/location", "LOCATION", "Location", "location", "entity"),
    _dimension("company-config/class", "CLASS", "Class", "class"),
    _dimension("projects/project", "PROJECT", "Project", "project"),
    _dimension("inventory-control/warehouse", "WAREHOUSE", "Warehouse", "warehouse"),
    _dimension(f"platform-apps/{UDD}", UDD.partition("::")[2], "Channel", UDD),
    _list("company-config/txn-currency", "currency", "TRXCURRENCIES", "Currency"),
    Object("company-config/exchange-rate", "exchange_rate", "EXCHANGERATE", "Exchange rate", owner="exchangeRate",
           lines="company-config/exchange-rate-line", lines_xml="EXCHANGERATEENTRIES"),
    _list("company-config/exchange-rate-type", "exchange_rate_type", "EXCHANGERATETYPES", "Exchange rate type"),
    _bank("checking-account", "CHECKINGACCOUNT", "Checking account", "checking"),
    _bank("savings-account", "SAVINGSACCOUNT", "Savings account", "savings"),
    _bank("credit-card-account", "CREDITCARD", "Credit card", "creditCard"),
    _list("cash-management/bank-account", "bank_account", "BANKACCOUNT", "Bank account",
          tests={"type": ("checking", "savings")}, methods=READ_ONLY),
    _list("company-config/attachment", "attachment", "SUPDOC", "Attachment"),
    _list("company-config/folder", "folder", "SUPDOCFOLDER", "Folder"),
)  # fmt: skip
_APPROVAL = ("submit", "approve", "decline", "recall", "reverse")
DOCUMENTS = (
    _lined("general-ledger/journal-entry", "journal_entry", "GLBATCH", "Journal entry", "txnNumber", "GLENTRY"),
    _lined("accounts-receivable/invoice", "invoice", "ARINVOICE", "Invoice", "invoiceNumber", "ARINVOICEITEM",
           actions=("submit", "reverse"), owner="arInvoice"),
    _lined("accounts-receivable/adjustment", "credit_note", "ARADJUSTMENT", "Adjustment", "adjustmentNumber",
           "ARADJUSTMENTITEM", actions=("submit", "reverse"), owner="arAdjustment"),
    _lined("accounts-receivable/payment", "payment", "ARPYMT", "Payment", "documentNumber", "ARPYMTDETAIL",
           lines="accounts-receivable/payment-detail", lines_field="paymentDetails", owner="arPayment",
           actions=("submit", "reverse")),
    _lined("accounts-payable/bill", "bill", "APBILL", "Bill", "billNumber", "APBILLITEM", actions=_APPROVAL),
    _lined("accounts-payable/adjustment", "vendor_credit", "APADJUSTMENT", "Adjustment", "adjustmentNumber",
           "APADJUSTMENTITEM", actions=("submit", "reverse")),
    _lined("accounts-payable/payment", "bill_payment", "APPYMT", "Payment", "documentNumber", "APPYMTDETAIL",
           lines="accounts-payable/payment-detail", lines_field="details", owner="apPayment",
           actions=("submit", "approve", "decline", "confirm", "print", "reverse")),
    _lined("purchasing/document::Purchase Order", "purchase_order", "PODOCUMENT", "Purchase Order", "documentNumber",
           "PODOCUMENTENTRY", lines="purchasing/document-line::Purchase Order", owner="documentHeader", natural="code",
           actions=("submit", "approve", "decline")),
    _lined("cash-management/credit-card-txn", "expense", "CCTRANSACTION", "Credit card transaction",
           "referenceNumber", "CCTRANSACTIONENTRY", owner="creditCardTxn", actions=("reverse",)),
    _lined("expenses/employee-expense", "employee_expense", "EEXPENSES", "Expense report", "expenseReportNumber",
           "EEXPENSESITEM", actions=_APPROVAL, owner="employeeExpense"),
    _lined("cash-management/other-receipt", "receipt", "OTHERRECEIPTS", "Other receipt", "documentNumber",
           "OTHERRECEIPTSENTRY", actions=("reverse",)),
    _lined("cash-management/deposit", "deposit", "DEPOSIT", "Deposit", "depositSlipId", "DEPOSITENTRY",
           actions=("reverse",)),
    Object("cash-management/funds-transfer", "transfer", "FUNDSTRANSFER", "Funds transfer", number="documentNumber",
           actions=("reverse",)),
    Object("cash-management/bank-feed", "bank_feed", "BANKACCTTXNFEED", "Bank feed",
           methods="OPTIONS,GET,POST"),
    Object("cash-management/bank-transaction", "bank_transaction", "BANKACCTTXNRECORD", "Bank transaction",
           methods=READ_ONLY),
)  # fmt: skip
OBJECTS: tuple[Object, ...] = (*MASTERS, *DOCUMENTS)
BY_PATH: dict[str, Object] = {each.path: each for each in OBJECTS}
BY_LINES: dict[str, Object] = {each.lines: each for each in OBJECTS if each.lines}
BY_XML: dict[str, Object] = {each.xml: each for each in reversed(OBJECTS)}
NATURAL: dict[str, str] = {each.kind: each.natural for each in OBJECTS if each.natural}
NEUTRAL_LISTS = frozenset({"account", "contact", "item", "tax_rate", "dimension", "currency", "payment_term"})
OWN_KINDS = frozenset({
    "journal", "reporting_period", "person", "employee", "tax_solution", "exchange_rate", "exchange_rate_type",
    "bank_account", "folder", "user", "bank_feed", "bank_transaction", "employee_expense",
})  # fmt: skip
"""Tables that the neutral books know nothing of: written by Books.keep instead of Company.save."""
RECORD_KINDS = frozenset(each.kind for each in DOCUMENTS)
"""Kinds whose records share one sequence of record numbers."""
_FIRST_KEYS = {"contact": 40, "account": 200, "dimension": 1, "item": 60}
FIRST_RECORD = 1001


def sequence(kind: str) -> tuple[str, int]:
    """The counter that gives a kind its record numbers, and where it starts."""
    if kind in RECORD_KINDS:
        return "record", FIRST_RECORD
    return f"list.{kind}", _FIRST_KEYS.get(kind, 1)


def object_of(record: Record) -> Object | None:
    """The first object type that a record belongs to: a vendor that is a customer too shows as a vendor."""
    return next((each for each in OBJECTS if each.holds(record)), None)


def line_key(record: str, line: Any) -> str:
    """The record number of a document's line: no two lines of a company have the same."""
    return str(int(record) * 1000 + int(line))


def owner_key(line: str) -> tuple[str, str]:
    """The record and the position that a line's record number stands for."""
    record, position = divmod(int(line), 1000) if line.isdigit() else (0, 0)
    return str(record), str(position)
