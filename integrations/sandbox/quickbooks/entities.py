"""Every entity: its path, id sequence, how it is prepared, read, ordered and queried."""

from collections.abc import Callable
from dataclasses import dataclass

from integrations.sandbox.books.store import Record
from integrations.sandbox.quickbooks import accounts, attachments, banking, lists, payments, purchases, sales, taxes
from integrations.sandbox.quickbooks.company import Company, Draft
from integrations.sandbox.wire import Body

Prepare = Callable[[Company, Body, Record | None], Draft]
_COMMON = "Id MetaData.CreateTime MetaData.LastUpdatedTime"
_TXN = f"{_COMMON} DocNumber TxnDate TotalAmt CurrencyRef ExchangeRate"
_NAME = f"{_COMMON} Active DisplayName GivenName MiddleName FamilyName CompanyName FullyQualifiedName Balance"
_NAME += " PrintOnCheckName PrimaryEmailAddr Title Suffix CurrencyRef"


@dataclass(frozen=True)
class Entity:
    """How one entity behaves. Without `prepare` it is read-only through the API."""

    name: str
    queryable: frozenset[str]
    prepare: Prepare | None = None
    sequence: str = "txn"
    first_id: int = 1
    is_list: bool = False
    is_deletable: bool = True
    is_captured: bool = True
    required: tuple[str, ...] = ()
    shown: Callable[[Company, Record], Body] | None = None

    @property
    def path(self) -> str:
        """Its path segment."""
        return self.name.lower()


def _txn(name: str, prepare: Prepare, fields: str, *, required: tuple[str, ...] = ()) -> Entity:
    return Entity(name, frozenset(f"{_TXN} {fields}".split()), prepare, required=required)


def _list(name: str, prepare: Prepare | None, fields: str, **options: object) -> Entity:
    settings = {"sequence": name, "is_list": True, "is_deletable": False, **options}
    return Entity(name, frozenset(f"{_COMMON} {fields}".split()), prepare, **settings)  # type: ignore[arg-type]


_SALES = "CustomerRef DueDate Balance SalesTermRef"
_ALL = (
    _txn("Invoice", sales.invoice, _SALES),
    _txn("CreditMemo", sales.credit_memo, f"{_SALES} RemainingCredit"),
    _txn("SalesReceipt", sales.sales_receipt, "CustomerRef Balance DepositToAccountRef PaymentRefNum"),
    _txn("RefundReceipt", sales.refund_receipt, "CustomerRef Balance DepositToAccountRef PaymentRefNum"),
    _txn("Estimate", sales.estimate, "CustomerRef TxnStatus ExpirationDate"),
    _txn("Payment", payments.payment, "CustomerRef PaymentRefNum PaymentMethodRef UnappliedAmt DepositToAccountRef"),
    _txn("Bill", purchases.bill, "VendorRef DueDate Balance SalesTermRef APAccountRef", required=("VendorRef",)),
    _txn("BillPayment", payments.bill_payment, "VendorRef PayType APAccountRef"),
    _txn("VendorCredit", purchases.vendor_credit, "VendorRef Balance APAccountRef"),
    _txn("Purchase", purchases.purchase, "PaymentType AccountRef EntityRef Credit", required=("PaymentType",)),
    _txn("PurchaseOrder", purchases.purchase_order, "VendorRef POStatus APAccountRef"),
    _txn("JournalEntry", banking.journal_entry, "Adjustment"),
    _txn("Deposit", banking.deposit, "DepositToAccountRef"),
    _txn("Transfer", banking.transfer, "Amount FromAccountRef ToAccountRef"),
    _list("Customer", lists.customer, f"{_NAME} ParentRef Job", sequence="name", shown=lists.customer_with_balance),
    _list("Vendor", lists.vendor, f"{_NAME} AcctNum", sequence="name", shown=lists.vendor_with_balance),
    _list(
        "Account",
        accounts.account,
        "Active Name FullyQualifiedName AccountType AccountSubType Classification AcctNum CurrentBalance ParentRef"
        " SubAccount CurrencyRef Description",
        shown=accounts.with_balance,
    ),
    _list("Item", lists.item, "Active Name FullyQualifiedName Type Sku UnitPrice PurchaseCost Description ParentRef"
          " IncomeAccountRef ExpenseAccountRef Taxable QtyOnHand"),
    _list("Class", lists.tree("Class", "SubClass"), "Active Name FullyQualifiedName ParentRef SubClass",
          first_id=5000000000000007280),
    _list("Department", lists.tree("Department", "SubDepartment"), "Active Name FullyQualifiedName ParentRef"),
    _list("Term", lists.term, "Active Name DueDays Type"),
    _list("PaymentMethod", lists.payment_method, "Active Name Type"),
    _list("CompanyCurrency", lists.company_currency, "Active Code Name", is_captured=False),
    _list("Budget", lists.budget, "Active Name StartDate EndDate BudgetType", is_deletable=True),
    _list("TaxCode", None, "Active Name Description Taxable TaxGroup", is_captured=False),
    _list("TaxRate", None, "Active Name Description RateValue AgencyRef", is_captured=False),
    _list("TaxAgency", taxes.agency, "DisplayName", is_captured=False),
    _list("ExchangeRate", taxes.exchange_rate, "SourceCurrencyCode AsOfDate", is_captured=False),
    _list("Attachable", attachments.attachable, "FileName Note Category ContentType AttachableRef.EntityRef.Type"
          " AttachableRef.EntityRef.value", is_deletable=True, first_id=5000000000000010341),
    _list("CompanyInfo", lists.company_info, "CompanyName Country", is_captured=False),
    _list("Preferences", lists.preferences, "", is_captured=False),
)  # fmt: skip
ENTITIES = {entity.name: entity for entity in _ALL}
BY_PATH = {entity.path: entity for entity in _ALL}


def render(company: Company, record: Record) -> Body:
    """A record as the API shows it, with what is computed at the moment of reading."""
    shown = ENTITIES[record.table].shown
    body = record.body if shown is None else shown(company, record)
    if record.table == "Purchase":
        return {**body, "PurchaseEx": _PURCHASE_EX[body["PaymentType"]]}
    return body


def _extension(number: str) -> Body:
    value = {"Name": "TxnType", "Value": number}
    entry = {
        "name": "{http://schema.intuit.com/finance/v3}NameValue",
        "declaredType": "com.intuit.schema.finance.v3.NameValue",
        "scope": "javax.xml.bind.JAXBElement$GlobalScope",
        "value": value,
        "nil": False,
        "globalScope": True,
        "typeSubstituted": False,
    }
    return {"any": [entry]}


_PURCHASE_EX = {"Cash": _extension("54"), "Check": _extension("3"), "CreditCard": _extension("11")}
