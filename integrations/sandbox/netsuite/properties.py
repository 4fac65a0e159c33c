"""What each record type holds, as data: `name:kind=neutral path`; without a path it is kept as it came.

kind: text (the default), number, int, bool, date, datetime, enum or ref/<record type>; `!` marks what only
        NetSuite sets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from integrations.sandbox.netsuite.kinds import ITEM_TYPES


@dataclass(frozen=True, slots=True)
class Property:
    """One property: its type, the record type a reference points to, where the neutral body has it."""

    name: str
    kind: str = "text"
    target: str = ""
    neutral: str = ""
    is_read_only: bool = False


Properties = Mapping[str, Property]
"""By lower-case name: NetSuite does not mind the case."""

_SEGMENTS = """department:ref/department=dimensions.department class:ref/classification=dimensions.class
        location:ref/location=dimensions.location"""
_LINE_TAX = """taxCode:ref/salesTaxItem=tax taxRate1:number! taxRate2:number! tax1Amt:number=tax_amount
        taxAmount:number! grossAmt:number! taxDetailsReference"""
_ITEM_LINE = f"""line:int item:ref/item=item itemType:enum! quantity:number=quantity rate:number=price
        amount:number=amount
    description=description units customer:ref/customer isBillable:bool isClosed:bool orderDoc:ref/purchaseOrder
        orderLine:int
    quantityReceived:number! quantityBilled:number! expectedReceiptDate:date price:ref/priceLevel {_LINE_TAX}
        {_SEGMENTS}"""
_EXPENSE_LINE = f"""line:int account:ref/account=account category:ref/expenseCategory amount:number=amount
        memo=description
    customer:ref/customer isBillable:bool isClosed:bool orderDoc:ref/purchaseOrder orderLine:int {_LINE_TAX}
        {_SEGMENTS}"""
_APPLY = """doc:ref/transaction apply:bool amount:number=amount applyDate:date! due:number! total:number! refNum!
        type! currency! line:int
    job discount:number"""
_JOURNAL_LINE = f"""line:int account:ref/account=account debit:number=debit credit:number=credit memo=description
    entity:ref/entity=contact taxCode:ref/salesTaxItem taxRate1:number! tax1Amt:number {_SEGMENTS}"""
_ADDRESS = "addr1 addr2 addr3 city state zip country:enum addrPhone addressee attention addrText! override:bool"
SUBLISTS: Mapping[str, str] = {
    "item": _ITEM_LINE,
    "expense": _EXPENSE_LINE,
    "apply": _APPLY,
    "line": _JOURNAL_LINE,
    "other": f"""line:int account:ref/account=account amount:number=amount memo=description
        entity:ref/entity=contact refNum {_SEGMENTS}""",
    "taxDetails": """taxDetailsReference taxType:ref/taxType taxCode:ref/salesTaxItem taxBasis:number
        taxRate:number taxAmount:number lineType lineName""",
    "addressBook": "id:int! internalId:int! defaultBilling:bool defaultShipping:bool label addressBookAddress:object",
    "price": "priceLevel:ref/priceLevel currencyPage:ref/currency quantity:object price:number",
}
_OWN = "id! externalId createdDate:datetime! lastModifiedDate:datetime! customForm:ref/customForm"
_TRANSACTION = f"""{_OWN} tranId=number transactionNumber! tranDate:date=on memo=memo subsidiary:ref/subsidiary
    currency:ref/currency=currency exchangeRate:number=rate postingPeriod:ref/accountingPeriod approvalStatus:enum
    nextApprover:ref/employee status:enum! source:enum! department:ref/department class:ref/classification
    location:ref/location deletionReason:ref/deletionReason deletionReasonMemo total:number! userTotal:number!
    voided:bool! prevDate:date!"""
_DOCUMENT = f"""{_TRANSACTION} dueDate:date=due_on terms:ref/term=term otherRefNum=reference subtotal:number!
        taxTotal:number! tax2Total:number!
    discountTotal:number! taxDetailsOverride:bool taxPointDate:date amountPaid:number! amountRemaining:number!
        balance:number!
    billAddress shipAddress email shippingAddress:object billingAddress:object shipDate:date message"""
_SPELLED: Mapping[str, tuple[str, str]] = {
    "invoice": (f"""{_DOCUMENT} entity:ref/customer=contact account:ref/account=account salesRep:ref/employee
        startDate:date endDate:date toBeEmailed:bool toBePrinted:bool""", "item taxDetails"),
    "creditMemo": (f"""{_DOCUMENT} entity:ref/customer=contact account:ref/account=account applied:number!
        unapplied:number! autoApply:bool""", "item apply taxDetails"),
    "customerPayment": (f"""{_TRANSACTION} customer:ref/customer=contact account:ref/account=account
        arAcct:ref/account payment:number=total undepFunds:enum autoApply:bool checkNumber
        paymentMethod:ref/paymentMethod applied:number! unapplied:number! pending:number!""", "apply"),
    "vendorBill": (f"""{_DOCUMENT} entity:ref/vendor=contact account:ref/account=account paymentHold:bool
        discountAmount:number discountDate:date""", "item expense taxDetails"),
    "vendorCredit": (f"""{_DOCUMENT} entity:ref/vendor=contact account:ref/account=account applied:number!
        unApplied:number! autoApply:bool""", "item expense apply taxDetails"),
    "vendorPayment": (f"""{_TRANSACTION} entity:ref/vendor=contact account:ref/account=account apAcct:ref/account
        toBePrinted:bool billPay:bool voidJournal:ref/journalEntry! toAch:bool""", "apply"),
    "purchaseOrder": (f"""{_DOCUMENT} entity:ref/vendor=contact employee:ref/employee orderStatus:enum
        supervisorApproval:bool shipTo:ref/entity unbilledOrders:number! isCrossSubTransaction:bool
        purchaseContract:ref/purchaseContract""", "item expense taxDetails"),
    "check": (f"""{_DOCUMENT} entity:ref/entity=contact account:ref/account=account toBePrinted:bool""",
        "item expense"),
    "creditCardCharge": (f"""{_DOCUMENT} entity:ref/entity=contact account:ref/account=account""", "item expense"),
    "deposit": (f"""{_TRANSACTION} account:ref/account=account""", "other payment cashBack"),
    "transfer": (f"""{_TRANSACTION} fromAccount:ref/account toAccount:ref/account fromAmount:number
        toAmount:number""", ""),
    "journalEntry": (f"""{_TRANSACTION} approved:bool reversalDate:date reversalDefer:bool
        reversalEntry:ref/journalEntry! isReversal:bool! accountingBook:ref/accountingBook""", "line"),
    "account": (f"""{_OWN} acctName=name acctNumber=code acctType:enum=type parent:ref/account=parent
        currency:ref/currency=currency isInactive:bool isSummary:bool balance:number! eliminate:bool revalue:bool
        includeChildren:bool generalRate:enum cashFlowRate:enum description legalName""", "subsidiary"),
    "vendor": (f"""{_OWN} entityId companyName isPerson:bool firstName=first_name lastName=last_name legalName
        email=email phone=phone url subsidiary:ref/subsidiary currency:ref/currency=currency terms:ref/term=term
        category:ref/vendorCategory accountNumber taxIdNum vatRegNumber=tax_number is1099Eligible:bool
        isInactive:bool payablesAccount:ref/account expenseAccount:ref/account balance:number!
        balancePrimary:number! unbilledOrders:number! printOnCheckAs taxItem:ref/salesTaxItem comments
        dateCreated:datetime! fax altName!""", "addressBook currencyList taxRegistration"),
    "customer": (f"""{_OWN} entityId companyName isPerson:bool firstName=first_name lastName=last_name email=email
        phone=phone url subsidiary:ref/subsidiary currency:ref/currency=currency terms:ref/term=term
        salesRep:ref/employee entityStatus:ref/customerStatus receivablesAccount:ref/account creditLimit:number
        category:ref/customerCategory accountNumber vatRegNumber=tax_number isInactive:bool balance:number!
        overdueBalance:number! unbilledOrders:number! comments parent:ref/customer taxItem:ref/salesTaxItem
        dateCreated:datetime! fax altName! defaultAddress!""", "addressBook currencyList taxRegistration"),
    "employee": (f"""{_OWN} entityId firstName lastName email phone title subsidiary:ref/subsidiary isInactive:bool
        department:ref/department supervisor:ref/employee dateCreated:datetime!""", ""),
    "department": (f"""{_OWN} name=name parent:ref/department=parent isInactive:bool includeChildren:bool""",
        "subsidiary"),
    "classification": (f"""{_OWN} name=name parent:ref/classification=parent isInactive:bool
        includeChildren:bool""", "subsidiary"),
    "location": (f"""{_OWN} name=name parent:ref/location=parent isInactive:bool includeChildren:bool""",
        "subsidiary"),
    "currency": (f"""{_OWN} name=name symbol=code displaySymbol exchangeRate:number isBaseCurrency:bool!
        isInactive:bool currencyPrecision:enum!""", ""),
    "term": (f"""{_OWN} name=name daysUntilNetDue:int=days dayOfMonthNetDue:int discountPercent:number
        daysUntilExpiry:int dateDriven:bool preferred:bool isInactive:bool""", ""),
    "subsidiary": (f"""{_OWN} name legalName fullName! parent:ref/subsidiary country:enum currency:ref/currency
        state isElimination:bool isInactive:bool edition:enum! federalIdNumber email url mainAddress:object
        tranPrefix""", ""),
    "paymentMethod": (f"""{_OWN} name isInactive:bool methodType:enum""", ""),
    "currencyRate": (f"""{_OWN} baseCurrency:ref/currency transactionCurrency:ref/currency exchangeRate:number
        effectiveDate:date""", ""),
    "accountingPeriod": (f"""{_OWN} periodName startDate:date endDate:date closed:bool allLocked:bool apLocked:bool
        arLocked:bool isQuarter:bool isYear:bool isAdjust:bool""", ""),
    "salesTaxItem": (f"""{_OWN} name description taxType:ref/taxType isInactive:bool itemType""", ""),
}  # fmt: skip
_ITEM = (
    f"""{_OWN} itemId=code displayName salesDescription purchaseDescription
        incomeAccount:ref/account=income_account expenseAccount:ref/account=expense_account
        assetAccount:ref/account cogsAccount:ref/account cost:number=purchase_price rate:number=sale_price
        parent:ref/item taxSchedule:ref/taxSchedule salesTaxCode:ref/salesTaxItem=sale_tax
        purchaseTaxCode:ref/salesTaxItem=purchase_tax isInactive:bool includeChildren:bool itemType:enum!
        vendorName department:ref/department class:ref/classification location:ref/location""",
    "subsidiary price",
)
# fmt: skip


@cache
def _parsed(spelled: str) -> Properties:
    found = {}
    for word in spelled.split():
        left, _, neutral = word.partition("=")
        name, _, kind = left.rstrip("!").partition(":")
        kind, _, target = kind.partition("/")
        found[name.lower()] = Property(name, kind or "text", target, neutral, left.endswith("!"))
    return found


def properties_of(record_type: str) -> Properties:
    """The body properties of a record type."""
    return _parsed((_ITEM if record_type in ITEM_TYPES else _SPELLED[record_type])[0])


def sublists_of(record_type: str) -> tuple[str, ...]:
    """The sublists of a record type, spelled as its properties are."""
    return tuple((_ITEM if record_type in ITEM_TYPES else _SPELLED[record_type])[1].split())


def line_properties(sublist: str) -> Properties:
    """The properties of a sublist's lines."""
    return _parsed(SUBLISTS.get(sublist, ""))


def address_properties() -> Properties:
    """The properties of an address."""
    return _parsed(_ADDRESS)
