"""The chart of accounts: types, sub types and classifications, and the Account entity."""

from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.store import Record
from integrations.sandbox.quickbooks import checks, errors
from integrations.sandbox.quickbooks.company import Company, Draft, label
from integrations.sandbox.wire import Body

TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "Bank": ("Asset", ("CashOnHand", "Checking", "MoneyMarket", "RentsHeldInTrust", "Savings", "TrustAccounts",
                       "CashAndCashEquivalents")),
    "Accounts Receivable": ("Asset", ("AccountsReceivable",)),
    "Other Current Asset": ("Asset", ("OtherCurrentAssets", "UndepositedFunds", "Inventory", "PrepaidExpenses",
                                      "EmployeeCashAdvances", "AllowanceForBadDebts", "LoansToOthers", "Retainage")),
    "Fixed Asset": ("Asset", ("FurnitureAndFixtures", "MachineryAndEquipment", "Vehicles", "Buildings", "Land",
                              "LeaseholdImprovements", "AccumulatedDepreciation", "OtherFixedAssets",
                              "FixedAssetComputers")),
    "Other Asset": ("Asset", ("OtherLongTermAssets", "SecurityDeposits", "Goodwill", "Licenses")),
    "Accounts Payable": ("Liability", ("AccountsPayable",)),
    "Credit Card": ("Liability", ("CreditCard",)),
    "Other Current Liability": ("Liability", ("OtherCurrentLiabilities", "SalesTaxPayable", "GlobalTaxPayable",
                                              "GlobalTaxSuspense", "PayrollTaxPayable", "PayrollClearing",
                                              "DeferredRevenue", "LoanPayable", "LineOfCredit")),
    "Long Term Liability": ("Liability", ("OtherLongTermLiabilities", "NotesPayable", "ShareholderNotesPayable",
                                          "BankLoans")),
    "Equity": ("Equity", ("OpeningBalanceEquity", "RetainedEarnings", "OwnersEquity", "CommonStock", "ShareCapital",
                          "DividendDisbursed", "PartnersEquity")),
    "Income": ("Revenue", ("SalesOfProductIncome", "ServiceFeeIncome", "OtherPrimaryIncome", "DiscountsRefundsGiven",
                           "NonProfitIncome", "UnappliedCashPaymentIncome", "RevenueGeneral")),
    "Cost of Goods Sold": ("Expense", ("SuppliesMaterialsCogs", "CostOfLaborCos", "ShippingFreightDeliveryCos",
                                       "OtherCostsOfServiceCos", "CostOfSales")),
    "Expense": ("Expense", ("OtherBusinessExpenses", "AdvertisingPromotional", "Auto", "BankCharges", "Travel",
                            "Entertainment", "Insurance", "InterestPaid", "LegalProfessionalFees",
                            "OfficeGeneralAdministrativeExpenses", "PayrollExpenses", "RentOrLeaseOfBuildings",
                            "RepairMaintenance", "SuppliesMaterials", "TaxesPaid", "TravelMeals", "Utilities",
                            "OtherMiscellaneousServiceCost", "DuesSubscriptions", "EquipmentRental", "Communications",
                            "CharitableContributions", "BadDebts", "ShippingFreightDelivery")),
    "Other Income": ("Revenue", ("OtherMiscellaneousIncome", "InterestEarned", "DividendIncome",
                                 "OtherInvestmentIncome")),
    "Other Expense": ("Expense", ("OtherMiscellaneousExpense", "ExchangeGainOrLoss", "Depreciation", "Amortization",
                                  "PenaltiesSettlements")),
}  # fmt: skip
BALANCE_SHEET = ("Asset", "Liability", "Equity")
_TYPE_OF = {subtype: kind for kind, (_, subtypes) in TYPES.items() for subtype in subtypes}
_NEEDED = {"AccountsReceivable", "AccountsPayable", "UndepositedFunds", "RetainedEarnings", "OpeningBalanceEquity",
           "SalesTaxPayable", "GlobalTaxPayable"}  # fmt: skip
_DEEPEST = 5


def account(company: Company, body: Body, previous: Record | None) -> Draft:
    """The Account entity. Raises 2020, 2170, 6240, 6000."""
    checks.required(body, "Name")
    if ":" in body["Name"] or '"' in body["Name"]:
        raise errors.bad_value("2040", "Invalid String", "Name", body["Name"])
    _typed(body)
    parent = body.get("ParentRef")
    body["SubAccount"] = bool(parent)
    body["FullyQualifiedName"] = body["Name"]
    if parent:
        record = company.referred("Account", parent, "ParentRef")
        if record.body["AccountType"] != body["AccountType"]:
            raise errors.business("A sub account must be of the same type as its parent account.")
        body["ParentRef"] = {"value": record.id}
        body["FullyQualifiedName"] = f"{label(record)}:{body['Name']}"
        if body["FullyQualifiedName"].count(":") >= _DEEPEST:
            raise errors.business("Accounts can be at most five levels deep.")
    _unique_number(company, body, previous)
    code = (body.get("CurrencyRef") or {}).get("value") or company.home
    body["CurrencyRef"] = company.currency(code)
    if body.get("Active") is False and body["AccountSubType"] in _NEEDED:
        raise errors.business("You can't make this account inactive because QuickBooks uses it.")
    return Draft(body)


def _typed(body: Body) -> None:
    kind, subtype = body.get("AccountType"), body.get("AccountSubType")
    if not kind and not subtype:
        raise errors.missing("AccountType")
    if not kind:
        kind = _TYPE_OF.get(str(subtype))
    if kind not in TYPES:
        raise errors.bad_value("2170", "Invalid Enumeration", "AccountType", kind or subtype)
    body["AccountType"] = kind
    body["Classification"], subtypes = TYPES[kind]
    body["AccountSubType"] = subtype or subtypes[0]
    if _TYPE_OF.get(body["AccountSubType"], kind) != kind:
        raise errors.bad_value("2170", "Invalid Enumeration", "AccountSubType", subtype)


def _unique_number(company: Company, body: Body, previous: Record | None) -> None:
    number = body.get("AcctNum")
    if not number:
        return
    for other in company.store.live("Account"):
        if other.body.get("AcctNum") == number and (previous is None or other.id != previous.id):
            raise errors.business("This account number is already being used. Please use a different account number.")


def with_balance(company: Company, record: Record) -> Body:
    """The account as read: balance sheet accounts show debits minus credits, others and inactive ones 0."""
    body = record.body
    shown = body["Classification"] in BALANCE_SHEET and body.get("Active", True)
    balance = company.store.journal.balance(record.id) if shown else ZERO
    below = ZERO
    if shown:
        prefix = body["FullyQualifiedName"] + ":"
        for other in company.store.live("Account"):
            if other.body.get("SubAccount") and other.body["FullyQualifiedName"].startswith(prefix):
                below += company.store.journal.balance(other.id)
    return {**body, "CurrentBalance": balance, "CurrentBalanceWithSubAccounts": balance + below}
