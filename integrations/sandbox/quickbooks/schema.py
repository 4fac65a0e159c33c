"""Property names of QuickBooks entities, as in Intuit's published XSD (QuickBooks-V3-PHP-SDK, src/XSD)."""

from functools import cache

_BASES = {
    "SalesItemLineDetail": "ItemLineDetail",
    "ItemBasedExpenseLineDetail": "ItemLineDetail",
    "DiscountLineDetail": "DiscountOverride",
    "Transaction": "IntuitEntity",
    "SalesTransaction": "Transaction",
    "PurchaseByVendor": "Transaction",
    "NameBase": "IntuitEntity",
    "Account": "IntuitEntity",
    "Invoice": "SalesTransaction",
    "Payment": "Transaction",
    "CreditMemo": "SalesTransaction",
    "SalesReceipt": "SalesTransaction",
    "RefundReceipt": "SalesTransaction",
    "Estimate": "SalesTransaction",
    "Bill": "PurchaseByVendor",
    "BillPayment": "Transaction",
    "VendorCredit": "PurchaseByVendor",
    "Purchase": "Transaction",
    "PurchaseOrder": "PurchaseByVendor",
    "JournalEntry": "Transaction",
    "Deposit": "Transaction",
    "Transfer": "Transaction",
    "Customer": "NameBase",
    "Vendor": "NameBase",
    "Item": "IntuitEntity",
    "TaxCode": "IntuitEntity",
    "TaxRate": "IntuitEntity",
    "TaxAgency": "Vendor",
    "Class": "IntuitEntity",
    "Department": "IntuitEntity",
    "Term": "IntuitEntity",
    "PaymentMethod": "IntuitEntity",
    "CompanyCurrency": "IntuitEntity",
    "ExchangeRate": "IntuitEntity",
    "Budget": "IntuitEntity",
    "CompanyInfo": "IntuitEntity",
    "Preferences": "IntuitEntity",
    "Attachable": "IntuitEntity",
}

_OWN = {
    "ItemLineDetail": (
        "ItemRef ClassRef UnitPrice RatePercent PriceLevelRef MarkupInfo Qty UOMRef ItemAccountRef "
        "InventorySiteRef TaxCodeRef TaxClassificationRef"
    ),
    "DiscountOverride": "DiscountRef PercentBased DiscountPercent DiscountAccountRef",
    "IntuitEntity": "Id SyncToken MetaData CustomField AttachableRef",
    "Transaction": (
        "DocNumber TxnDate TxnSubType DepartmentRef CurrencyRef ExchangeRate PrivateNote TxnStatus "
        "LinkedTxn Line TxnTaxDetail TxnSource TaxFormType TaxFormNum TransactionLocationType Tag "
        "TxnApprovalInfo RecurDataRef RecurringInfo ProjectRef TotalCostAmount HomeTotalCostAmount"
    ),
    "SalesTransaction": (
        "AutoDocNumber CustomerRef CustomerMemo BillAddr ShipAddr FreeFormAddress ShipFromAddr RemitToRef "
        "ClassRef SalesTermRef DueDate SalesRepRef PONumber FOB ShipMethodRef ShipDate TrackingNum "
        "GlobalTaxCalculation TotalAmt HomeTotalAmt ApplyTaxAfterDiscount ShippingTaxIncludedInTotalTax "
        "TemplateRef PrintStatus EmailStatus BillEmail BillEmailCc BillEmailBcc ARAccountRef Balance "
        "HomeBalance FinanceCharge PaymentMethodRef PaymentRefNum PaymentType CheckPayment "
        "CreditCardPayment DepositToAccountRef DeliveryInfo DiscountRate DiscountAmt GovtTxnRefIdentifier "
        "TaxExemptionRef"
    ),
    "PurchaseByVendor": "VendorRef APAccountRef TotalAmt BillEmail ReplyEmail Memo GlobalTaxCalculation",
    "NameBase": (
        "IntuitId Organization Title GivenName MiddleName FamilyName Suffix FullyQualifiedName "
        "CompanyName DisplayName PrintOnCheckName UserId Active V4IDPseudonym PrimaryPhone AlternatePhone "
        "Mobile Fax PrimaryEmailAddr WebAddr OtherContactInfo DefaultTaxCodeRef"
    ),
    "Account": (
        "Name SubAccount ParentRef Description FullyQualifiedName AccountAlias TxnLocationType Active "
        "Classification AccountType AccountSubType AccountPurposes AcctNum AcctNumExtn BankNum "
        "OpeningBalance OpeningBalanceDate CurrentBalance CurrentBalanceWithSubAccounts CurrencyRef "
        "TaxAccount TaxCodeRef OnlineBankingEnabled FIName JournalCodeRef AccountEx"
    ),
    "Invoice": (
        "Deposit AllowIPNPayment AllowOnlinePayment AllowOnlineCreditCardPayment AllowOnlineACHPayment "
        "AllowOnlinePayPalPayment AllowOnlineAffirmPayment EInvoiceStatus ECloudStatusTimeStamp CfdiUse "
        "Exportation GlobalInfo invoiceStatus callToAction invoiceStatusLog InvoiceEx LessCIS InvoiceLink "
        "PaymentDetailsMessage ConvenienceFeeDetail EnabledSurchargeInfo InvoiceLinkSecurityCode "
        "InvoiceLinkExpiryDate AutoPayEligible SchedulePayEligible ScheduledPaymentId GratuityEnabled "
        "FinancingProductType SubscriptionPaymentsSetting TxnRetainageDetail"
    ),
    "Payment": (
        "CustomerRef RemitToRef ARAccountRef DepositToAccountRef PaymentMethodRef PaymentRefNum "
        "PaymentType CheckPayment CreditCardPayment TotalAmt UnappliedAmt ProcessPayment "
        "PaymentExtendedType PaymentEx"
    ),
    "CreditMemo": "RemainingCredit InvoiceRef CreditMemoEx",
    "SalesReceipt": "SalesReceiptEx LessCIS",
    "RefundReceipt": "RemainingCredit RefundReceiptEx",
    "Estimate": "ExpirationDate AcceptedBy AcceptedDate EstimateEx",
    "Bill": (
        "PayerRef SalesTermRef DueDate RemitToAddr ShipAddr VendorAddr Balance HomeBalance BillEx LessCIS "
        "IncludeInAnnualTPAR"
    ),
    "BillPayment": "VendorRef VendorAddr APAccountRef PayType CheckPayment CreditCardPayment TotalAmt BillPaymentEx",
    "VendorCredit": "VendorAddr VendorCreditEx Balance IncludeInAnnualTPAR",
    "Purchase": (
        "AccountRef PaymentMethodRef PaymentRefNum PaymentType CheckPayment CreditCardPayment EntityRef "
        "Credit RemitToAddr TotalAmt Memo PrintStatus GlobalTaxCalculation PurchaseEx LessCIS "
        "IncludeInAnnualTPAR"
    ),
    "PurchaseOrder": (
        "TaxCodeRef ClassRef ReimbursableInfoRef SalesTermRef DueDate ExpectedDate VendorAddr ShipTo "
        "DropShipToEntity InventorySiteRef ShipAddr ShipMethodRef FOB POEmail TemplateRef PrintStatus "
        "EmailStatus ManuallyClosed POStatus PurchaseOrderEx"
    ),
    "JournalEntry": (
        "Adjustment HomeCurrencyAdjustment EnteredInHomeCurrency GlobalTaxCalculation TotalAmt "
        "HomeTotalAmt JournalEntryEx"
    ),
    "Deposit": "DepositToAccountRef CashBack GlobalTaxCalculation TotalAmt HomeTotalAmt DepositEx",
    "Transfer": "FromAccountRef ToAccountRef Amount ClassRef TransferEx",
    "Customer": (
        "Taxable BillAddr ShipAddr OtherAddr ContactName AltContactName Notes Job BillWithParent "
        "RootCustomerRef ParentRef Level CustomerTypeRef SalesTermRef SalesRepRef TaxGroupCodeRef "
        "TaxRateRef PaymentMethodRef CCDetail PriceLevelRef Balance OpenBalanceDate BalanceWithJobs "
        "CreditLimit AcctNum CurrencyRef OverDueBalance TotalRevenue TotalExpense PreferredDeliveryMethod "
        "ResaleNum JobInfo TDSEnabled CustomerEx SecondaryTaxIdentifier ARAccountRef PrimaryTaxIdentifier "
        "TaxExemptionReasonId IsProject BusinessNumber GSTIN GSTRegistrationType IsCISContractor "
        "ClientCompanyId ClientEntityId Source TaxRegime"
    ),
    "Vendor": (
        "ContactName AltContactName Notes BillAddr ShipAddr OtherAddr TaxCountry TaxIdentifier "
        "TaxIdEffectiveDate BusinessNumber ParentRef VendorTypeRef TermRef PrefillAccountRef Balance "
        "BillRate OpenBalanceDate CreditLimit AcctNum Vendor1099 T4AEligible T5018Eligible CurrencyRef "
        "TDSEnabled TDSEntityTypeId TDSSectionTypeId TDSOverrideThreshold TaxReportingBasis APAccountRef "
        "VendorEx GSTIN GSTRegistrationType IsSubContractor SubcontractorType CISRate HasTPAR "
        "VendorPaymentBankDetail Source CostRate AgencyVerificationStatus AgencyVerificationStatusMsg "
        "AgencyVerificationTSUTC CompanyRegistrationNumber"
    ),
    "Item": (
        "Name Sku Description Active SubItem ParentRef Level FullyQualifiedName Taxable SalesTaxIncluded "
        "PercentBased UnitPrice RatePercent Type PaymentMethodRef UOMSetRef IncomeAccountRef PurchaseDesc "
        "PurchaseTaxIncluded PurchaseCost ExpenseAccountRef COGSAccountRef AssetAccountRef PrefVendorRef "
        "AvgCost TrackQtyOnHand QtyOnHand QtyOnPurchaseOrder QtyOnSalesOrder ReorderPoint ManPartNum "
        "DepositToAccountRef SalesTaxCodeRef PurchaseTaxCodeRef InvStartDate BuildPoint PrintGroupedItems "
        "SpecialItem SpecialItemType ItemGroupDetail ItemAssemblyDetail AbatementRate ReverseChargeRate "
        "ServiceType ItemCategoryType ItemEx TaxClassificationRef UQCDisplayText UQCId ClassRef Source "
        "DeferredRevenue CustomExtensions"
    ),
    "TaxCode": (
        "Name Description Active Hidden Taxable TaxGroup SalesTaxRateList PurchaseTaxRateList "
        "AdjustmentTaxRateList TaxCodeEx TaxCodeConfigType"
    ),
    "TaxRate": (
        "Name Description Active RateValue AgencyRef TaxReturnLineRef EffectiveTaxRate SpecialTaxType "
        "DisplayType TaxRateEx OriginalTaxRate"
    ),
    "TaxAgency": (
        "SalesTaxCodeRef SalesTaxCountry SalesTaxReturnRef TaxRegistrationNumber ReportingPeriod "
        "TaxTrackedOnPurchases TaxOnPurchasesAccountRef TaxTrackedOnSales TaxTrackedOnSalesAccountRef "
        "TaxOnTax LastFileDate TaxAgencyExt TaxAgencyConfig"
    ),
    "Class": "Name SubClass ParentRef FullyQualifiedName Active ClassEx",
    "Department": "Name SubDepartment ParentRef FullyQualifiedName Active DepartmentEx Address",
    "Term": (
        "Name Active Type DiscountPercent DueDays DiscountDays DayOfMonthDue DueNextMonthDays "
        "DiscountDayOfMonth SalesTermEx"
    ),
    "PaymentMethod": "Name Active Type PaymentMethodEx",
    "CompanyCurrency": "Code Name Active CompanyCurrencyEx",
    "ExchangeRate": "SourceCurrencyCode TargetCurrencyCode Rate AsOfDate ExchangeRateEx",
    "Budget": "Name StartDate EndDate BudgetType BudgetEntryType Active BudgetDetail",
    "CompanyInfo": (
        "CompanyName LegalName CompanyAddr CustomerCommunicationAddr LegalAddr CompanyEmailAddr "
        "CustomerCommunicationEmailAddr CompanyURL PrimaryPhone OtherContactInfo CompanyFileName "
        "FlavorStratum SampleFile CompanyUserId CompanyUserAdminEmail CompanyStartDate EmployerId "
        "FiscalYearStartMonth TaxYearStartMonth QBVersion Country ShipAddr OtherAddr Mobile Fax Email "
        "WebAddr LastImportedTime LastSyncTime SupportedLanguages DefaultTimeZone MultiByteCharsSupported "
        "NameValue FifoCalculationStatus CompanyInfoEx"
    ),
    "Preferences": (
        "AccountingInfoPrefs AdvancedInventoryPrefs ProductAndServicesPrefs SalesFormsPrefs "
        "EmailMessagesPrefs PrintDocumentPrefs VendorAndPurchasesPrefs TimeTrackingPrefs TaxPrefs "
        "FinanceChargesPrefs CurrencyPrefs ReportPrefs OtherPrefs"
    ),
    "Attachable": (
        "FileName FileAccessUri TempDownloadUri Size ContentType Category Lat Long PlaceName Note Tag "
        "ThumbnailFileAccessUri ThumbnailTempDownloadUri AttachableEx documentId"
    ),
    "Line": (
        "Id LineNum Description Amount Received LinkedTxn DetailType PaymentLineDetail DiscountLineDetail "
        "TaxLineDetail SalesItemLineDetail DescriptionLineDetail ItemBasedExpenseLineDetail "
        "AccountBasedExpenseLineDetail ReimburseLineDetail DepositLineDetail PurchaseOrderItemLineDetail "
        "SalesOrderItemLineDetail ItemReceiptLineDetail JournalEntryLineDetail GroupLineDetail "
        "SubTotalLineDetail TDSLineDetail ItemAdjustmentLineDetail CustomField LineEx ProjectRef "
        "CostAmount HomeCostAmount CustomExtensions"
    ),
    "SalesItemLineDetail": (
        "ServiceDate TaxInclusiveAmt DiscountRate DiscountAmt DeferredRevenue RetainageAmount SalesItemLineDetailEx"
    ),
    "ItemBasedExpenseLineDetail": "CustomerRef BillableStatus TaxInclusiveAmt ItemBasedExpenseLineDetailEx",
    "AccountBasedExpenseLineDetail": (
        "CustomerRef ClassRef AccountRef BillableStatus MarkupInfo TaxAmount TaxCodeRef TaxInclusiveAmt "
        "ExpenseDetailLineDetailEx"
    ),
    "JournalEntryLineDetail": (
        "PostingType Entity AccountRef ClassRef DepartmentRef TaxCodeRef TaxRateRef TaxApplicableOn "
        "TaxAmount TaxInclusiveAmt BillableStatus JournalCodeRef JournalEntryLineDetailEx"
    ),
    "DepositLineDetail": (
        "Entity ClassRef AccountRef PaymentMethodRef CheckNum TxnType TaxCodeRef TaxApplicableOn DepositLineDetailEx"
    ),
    "DiscountLineDetail": "ServiceDate ClassRef TaxCodeRef DiscountLineDetailEx",
}
_EVERYWHERE = frozenset({"sparse", "domain", "status", "time", "CustomExtensions"})


@cache
def properties(name: str) -> frozenset[str]:
    """Every property an entity or line detail may carry in JSON."""
    own = frozenset(_OWN[name].split())
    base = _BASES.get(name)
    return own | (properties(base) if base else _EVERYWHERE)
