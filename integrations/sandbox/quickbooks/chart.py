"""The charts of accounts, lists and tax codes a new QuickBooks company starts with."""

from decimal import Decimal

from integrations.sandbox.quickbooks import taxes
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.quickbooks.entities import ENTITIES
from integrations.sandbox.quickbooks.writing import save
from integrations.sandbox.wire import Body

_COMMON = """
1100|Accounts Receivable (A/R)|Accounts Receivable|AccountsReceivable
1200|Undeposited Funds|Other Current Asset|UndepositedFunds
1210|Savings|Bank|Savings
1250|Inventory Asset|Other Current Asset|Inventory
1300|Prepayments|Other Current Asset|PrepaidExpenses
1500|Computer Equipment|Fixed Asset|FixedAssetComputers
1510|Furniture and Fittings|Fixed Asset|FurnitureAndFixtures
1590|Accumulated Depreciation|Fixed Asset|AccumulatedDepreciation
2100|Accounts Payable (A/P)|Accounts Payable|AccountsPayable
2150|Company Credit Card|Credit Card|CreditCard
2300|Payroll Liabilities|Other Current Liability|PayrollTaxPayable
2400|Deferred Income|Other Current Liability|DeferredRevenue
2500|Loan|Long Term Liability|NotesPayable
3000|Opening Balance Equity|Equity|OpeningBalanceEquity
3100|Retained Earnings|Equity|RetainedEarnings
3200|Owner's Equity|Equity|OwnersEquity
4000|Services|Income|ServiceFeeIncome
4010|Subscriptions|Income|ServiceFeeIncome
4020|Product Sales|Income|SalesOfProductIncome
4030|Recharged Costs|Income|OtherPrimaryIncome
4090|Discounts Given|Income|DiscountsRefundsGiven
5000|Subcontractors|Cost of Goods Sold|CostOfLaborCos
5010|Materials|Cost of Goods Sold|SuppliesMaterialsCogs
6000|Rent|Expense|RentOrLeaseOfBuildings
6010|Light and Heat|Expense|Utilities
6020|Telephone and Internet|Expense|Communications
6030|Software Subscriptions|Expense|DuesSubscriptions
6040|Office Supplies|Expense|OfficeGeneralAdministrativeExpenses
6050|Advertising|Expense|AdvertisingPromotional
6060|Legal and Professional Fees|Expense|LegalProfessionalFees
6070|Insurance|Expense|Insurance
6080|Travel|Expense|Travel
6090|Meals|Expense|TravelMeals
6100|Repairs and Maintenance|Expense|RepairMaintenance
6110|Postage and Delivery|Expense|ShippingFreightDelivery
6120|Training and Conferences|Expense|OtherMiscellaneousServiceCost
6130|Bank Charges|Expense|BankCharges
6140|Payment Processing Fees|Expense|BankCharges
6150|Bad Debts|Expense|BadDebts
6200|Wages and Salaries|Expense|PayrollExpenses
7000|Interest Earned|Other Income|InterestEarned
8000|Depreciation|Other Expense|Depreciation
8100|Exchange Gain or Loss|Other Expense|ExchangeGainOrLoss
"""
_OWN = {
    True: "1000|Business Checking|Bank|Checking\n2200|Sales Tax Payable|Other Current Liability|SalesTaxPayable",
    False: "1000|Business Current Account|Bank|Checking\n2200|VAT Control|Other Current Liability|GlobalTaxPayable"
    "\n2210|VAT Suspense|Other Current Liability|GlobalTaxSuspense",
}
_EXTRA = ("Projects", "Marketing", "Research", "Facilities", "Vehicles", "Events", "Recruitment", "Subscriptions")


def open_books(company: Company, name: str, extra_accounts: int) -> None:
    """Preferences, accounts, tax codes, terms, payment methods, classes and departments."""
    _cards(company, name)
    codes = [line.split("|") for line in (_OWN[company.is_us] + _COMMON).split("\n") if line]
    for code, label, kind, subtype in sorted(codes):
        body = {"AcctNum": code, "Name": label, "AccountType": kind, "AccountSubType": subtype}
        save(company, ENTITIES["Account"], body)
    for number in range(max(0, extra_accounts - len(codes))):
        label = f"{_EXTRA[number % len(_EXTRA)]} {number // len(_EXTRA) + 1:02d}"
        body = {"AcctNum": str(6300 + number), "Name": label, "AccountType": "Expense"}
        save(company, ENTITIES["Account"], body)
    _us_taxes(company) if company.is_us else _vat(company)
    _lists(company)


def _cards(company: Company, name: str) -> None:
    is_us = company.is_us
    address: Body = (
        {"Id": "1", "Line1": "2500 Harbor Way", "City": "San Diego", "CountrySubDivisionCode": "CA",
         "PostalCode": "92101",         "Country": "USA"}
        if is_us
        else {"Id": "1", "Line1": "14 Canal Wharf", "City": "Leeds", "CountrySubDivisionCode": "West Yorkshire",
              "PostalCode": "LS11 5PS", "Country": "GBR"}
    )  # fmt: skip
    info: Body = {
        "CompanyName": name, "LegalName": name, "CompanyAddr": address, "LegalAddr": address,
        "Country": company.organisation.country, "FiscalYearStartMonth": "January" if is_us else "April",
        "CompanyStartDate": "2019-04-01", "Email": {"Address": "accounts@example.com"}, "WebAddr": {},
        "SupportedLanguages": "en", "DefaultTimeZone": "America/Los_Angeles" if is_us else "Europe/London",
        "NameValue": [{"Name": "NeoEnabled", "Value": "true"}, {"Name": "SubscriptionStatus", "Value": "PAID"},
                      {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"}],
    }  # fmt: skip
    with company.store.transaction():
        taxes.stamp(company, "CompanyInfo", info)
        taxes.stamp(company, "Preferences", _preferences(company))


def _preferences(company: Company) -> Body:
    is_us = company.is_us
    return {
        "AccountingInfoPrefs": {
            "UseAccountNumbers": True, "TrackDepartments": True, "DepartmentTerminology": "Location",
            "ClassTrackingPerTxn": False, "ClassTrackingPerTxnLine": True,
            "FirstMonthOfFiscalYear": "January" if is_us else "April",
            "TaxYearMonth": "January" if is_us else "April", "CustomerTerminology": "Customers",
        },
        "ProductAndServicesPrefs": {"ForSales": True, "ForPurchase": True, "QuantityWithPriceAndRate": True,
                                    "QuantityOnHand": True},
        "SalesFormsPrefs": {"CustomTxnNumbers": True, "AllowDeposit": True, "AllowDiscount": True,
                            "AllowEstimates": True, "AllowServiceDate": False, "AllowShipping": False,
                            "DefaultTerms": {"value": "3"}},
        "VendorAndPurchasesPrefs": {"TrackingByCustomer": True, "BillableExpenseTracking": True},
        "TaxPrefs": {"UsingSalesTax": True, "PartnerTaxEnabled": not is_us,
                     **({"TaxGroupCodeRef": {"value": "2"}} if is_us else {})},
        "CurrencyPrefs": {"MultiCurrencyEnabled": bool(company.organisation.specification.get("currencies")),
                          "HomeCurrency": {"value": company.home}},
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {"NameValue": [{"Name": "SalesFormsPrefs.DefaultItem", "Value": "1"}]},
    }  # fmt: skip


def _us_taxes(company: Company) -> None:
    owner = save(company, ENTITIES["TaxAgency"], {"DisplayName": "California Department of Tax and Fee Administration"})
    state = taxes.make_rate(company, "California State", Decimal(6), owner.id)
    county = taxes.make_rate(company, "San Diego County", Decimal("1.75"), owner.id)
    nothing = taxes.make_rate(company, "Out of state", Decimal(0), owner.id)
    taxes.make_code(company, "Out of state", "No sales tax", [nothing], [])
    taxes.make_code(company, "California", "Sales tax in San Diego", [state, county], [])
    for key, name, taxable in (("TAX", "Taxable", True), ("NON", "Non-taxable", False)):
        taxes.pseudo_code(company, key, name, taxable=taxable)


def _vat(company: Company) -> None:
    owner = save(company, ENTITIES["TaxAgency"], {"DisplayName": "HM Revenue & Customs (VAT)"})
    plain = (("20.0% S", "Standard rate", "20"), ("5.0% R", "Reduced rate", "5"), ("0.0% Z", "Zero rated", "0"),
             ("Exempt", "Exempt from VAT", "0"), ("No VAT", "Outside the scope of VAT", "0"))  # fmt: skip
    for name, text, percent in plain:
        sold = taxes.make_rate(company, f"{name} (Sales)", Decimal(percent), owner.id, text)
        bought = taxes.make_rate(company, f"{name} (Purchases)", Decimal(percent), owner.id, text)
        taxes.make_code(company, name, text, [sold], [bought], taxable=name not in ("Exempt", "No VAT"))
    output = taxes.make_rate(company, "20.0% RC (Output)", Decimal(-20), owner.id, "Reverse charge, output")
    entry = taxes.make_rate(company, "20.0% RC (Input)", Decimal(20), owner.id, "Reverse charge, input")
    zero = taxes.make_rate(company, "0.0% RC (Sales)", Decimal(0), owner.id, "Reverse charge, sales")
    taxes.make_code(company, "20.0% RC", "Reverse charge", [zero], [entry, output])


def _lists(company: Company) -> None:
    for name, days in (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60)):
        save(company, ENTITIES["Term"], {"Name": name, "DueDays": days})
    cheque = "Check" if company.is_us else "Cheque"
    for name, kind in (("Cash", "NON_CREDIT_CARD"), (cheque, "NON_CREDIT_CARD"), ("Credit Card", "CREDIT_CARD"),
                       ("Direct Debit", "NON_CREDIT_CARD"), ("Bank Transfer", "NON_CREDIT_CARD")):  # fmt: skip
        save(company, ENTITIES["PaymentMethod"], {"Name": name, "Type": kind})
    for name in ("Consulting", "Products", "Support"):
        save(company, ENTITIES["Class"], {"Name": name})
    for name in ("San Diego", "Denver") if company.is_us else ("Leeds", "London"):
        save(company, ENTITIES["Department"], {"Name": name})
    for code in company.organisation.specification.get("currencies") or []:
        save(company, ENTITIES["CompanyCurrency"], {"Code": code})
