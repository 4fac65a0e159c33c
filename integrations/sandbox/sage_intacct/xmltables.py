"""The names of the gateway's fields, a table for each object. See xmlnames for how they are spelled."""

DIMENSIONS = {"LOCATION": "location", "DEPARTMENT": "department", "CLASS": "class", "PROJECT": "project",
              "CUSTOMER": "customer", "VENDOR": "vendor", "EMPLOYEE": "employee", "ITEM": "item",
              "WAREHOUSE": "warehouse"}  # fmt: skip
"""First part of the XML names → name among the dimensions of a REST line."""
WORDS: dict[str, dict[str, str]] = {
    "state": {"draft": "Draft", "submitted": "Submitted", "posted": "Posted", "paid": "Paid", "reversed": "Reversed",
              "declined": "Declined", "partiallyApproved": "Partially Approved", "pending": "Pending",
              "closed": "Closed", "converted": "Converted", "inProgress": "In Progress"},
    "side": {"debit": "1", "credit": "-1"},
    "account": {"balanceSheet": "balancesheet", "incomeStatement": "incomestatement"},
    "closing": {"nonClosingAccount": "non-closing account", "closingAccount": "closing account",
                "closedToAccount": "closed to account"},
    "alternative": {"none": "None", "payablesAccount": "Payables Account", "receivablesAccount": "Receivables Account"},
    "method": {"printedCheck": "Printed Check", "cash": "Cash", "eft": "EFT", "creditCard": "Credit Card",
               "check": "Check", "recordTransfer": "Record Transfer", "ach": "ACH", "wire": "WF Domestic Wire"},
    "implication": {"none": "None", "inbound": "Inbound", "outbound": "Outbound"},
    "item": {"inventory": "Inventory", "nonInventory": "Non-Inventory", "kit": "Kit", "stockableKit": "Stockable Kit",
             "nonInventoryPurchaseOnly": "Non-Inventory (Purchase only)",
             "nonInventorySalesOnly": "Non-Inventory (Sales only)"},
    "tax": {"purchase": "Purchase", "sale": "Sale"},
    "action": {"draft": "Draft", "submitted": "Submit", "posted": "Submit"},
    "billing": {"openItem": "Open Item", "balanceForward": "Balance Forward"},
}  # fmt: skip
"""Form → REST's word → the gateway's."""


def _contact(before: str, path: str) -> dict[str, str]:
    """The contact block of a vendor or customer."""
    names = {"PRINTAS": "printAs", "COMPANYNAME": "companyName", "FIRSTNAME": "firstName", "LASTNAME": "lastName",
             "EMAIL1": "email1", "EMAIL2": "email2", "PHONE1": "phone1", "PHONE2": "phone2",
             "MAILADDRESS.ADDRESS1": "mailingAddress.addressLine1",
             "MAILADDRESS.ADDRESS2": "mailingAddress.addressLine2", "MAILADDRESS.CITY": "mailingAddress.city",
             "MAILADDRESS.STATE": "mailingAddress.state", "MAILADDRESS.ZIP": "mailingAddress.postCode",
             "MAILADDRESS.COUNTRY": "mailingAddress.country"}  # fmt: skip
    return {f"{before}{xml}": f"{path}{rest}" for xml, rest in names.items()}


_DISPLAY = {"DISPLAYCONTACT.CONTACTNAME": "=contacts.default.id", **_contact("DISPLAYCONTACT.", "contacts.default.")}
_PARTY = {
    "NAME": "name", "TERMNAME": "term.id", "TAXID": "taxId", "CREDITLIMIT": "creditLimit", "ONHOLD": "isOnHold:flag",
    "CURRENCY": "currency", "COMMENTS": "notes", "PARENTID": "parent.id", "PARENTKEY": "=parent.key",
    "PARENTNAME": "=parent.name", "TOTALDUE": "=totalDue", "BILLINGTYPE": "billingType:billing",
    "ONETIME": "isOneTimeUse:flag", **_DISPLAY,
}  # fmt: skip
_PARENTED = {"PARENTID": "parent.id", "PARENTKEY": "=parent.key", "PARENTNAME": "=parent.name",
             "DESCRIPTION": "description"}  # fmt: skip
_BANK = {"BANKACCOUNTID": "id", "BANKNAME": "bankName", "BANKACCOUNTNO": "accountNumber", "DESCRIPTION": "description",
         "CURRENCY": "currency", "GLACCOUNTNO": "glAccount.id", "BANKACCOUNTTYPE": "=type"}  # fmt: skip
_TERM = {"NAME": "id", "DESCRIPTION": "description", "DUEDATE": "due.days", "DUEFROM": "due.from"}
MASTERS: dict[str, dict[str, str]] = {
    "general-ledger/account": {
        "ACCOUNTNO": "id", "TITLE": "name", "ACCOUNTTYPE": "accountType:account", "NORMALBALANCE": "normalBalance",
        "CLOSINGTYPE": "closingType:closing", "ALTERNATIVEACCOUNT": "alternativeGLAccount:alternative",
        "CATEGORY": "accountCategory", "TAXABLE": "isTaxable:flag", "REQUIREDEPT": "requireDimensions.department:flag",
        "REQUIRELOC": "requireDimensions.location:flag", "REQUIREPROJECT": "requireDimensions.project:flag",
        "REQUIRECLASS": "requireDimensions.class:flag", "REQUIRECUSTOMER": "requireDimensions.customer:flag",
        "REQUIREVENDOR": "requireDimensions.vendor:flag", "REQUIREITEM": "requireDimensions.item:flag",
        "REQUIREEMPLOYEE": "requireDimensions.employee:flag",
    },
    "general-ledger/journal": {"SYMBOL": "id", "TITLE": "name", "ADJ": "isAdjustment:flag"},
    "general-ledger/reporting-period": {"NAME": "id", "START_DATE": "startDate:date", "END_DATE": "endDate:date"},
    "general-ledger/budget": {"BUDGETID": "id", "DESCRIPTION": "description", "DEFAULT_BUDGET": "isDefault:flag",
                              "CURRENCY": "currency"},
    "accounts-payable/vendor": {
        "VENDORID": "id", **_PARTY, "VENDORACCOUNTNO": "vendorAccountNumber", "VENDTYPE": "vendorType.id",
        "ACCOUNTLABEL": "=defaultExpenseGLAccount.name", "APACCOUNT": "defaultExpenseGLAccount.id",
        "APACCOUNTTITLE": "=defaultExpenseGLAccount.name", "DONOTCUTCHECK": "doNotPay:flag",
    },
    "accounts-receivable/customer": {
        "CUSTOMERID": "id", **_PARTY, "CUSTTYPE": "customerType.id", "ARACCOUNT": "defaultRevenueGLAccount.id",
        "ARACCOUNTTITLE": "=defaultRevenueGLAccount.name", "ENTITY": "=id",
    },
    "company-config/contact": {"CONTACTNAME": "id", **_contact("", "")},
    "company-config/employee": {
        "EMPLOYEEID": "id", "TITLE": "title", "LOCATIONID": "location.id", "DEPARTMENTID": "department.id",
        "CONTACT.CONTACTNAME": "primaryContactName", "PERSONALINFO.CONTACTNAME": "primaryContactName",
        "CONTACT.EMAIL1": "email", "CONTACT.PRINTAS": "=primaryContactName",
    },
    "accounts-payable/term": _TERM, "accounts-receivable/term": _TERM,
    "inventory-control/item": {
        "ITEMID": "id", "NAME": "name", "ITEMTYPE": "itemType:item", "EXTENDED_DESCRIPTION": "extendedDescription",
        "BASEPRICE": "sales.basePrice", "STANDARD_COST": "purchasing.standardCost", "UOMGRP": "unitOfMeasure",
        "TAXABLE": "sales.isTaxable:flag", "COST_METHOD": "costMethod", "PRODUCTLINEID": "=productLine.id",
        "GLGROUP": "=inventory.glGroup.id",
    },
    "tax/tax-detail": {
        "DETAILID": "=id", "TAXUID": "=taxUniqueId", "DESCRIPTION": "=description", "TAXTYPE": "=taxType:tax",
        "VALUE": "=taxPercent", "GLACCOUNT": "=glAccount.id", "TAXAUTHORITY": "=taxAuthority.id",
        "REVERSECHARGE": "=reverseCharge:flag", "TAXRATE": "=taxRate", "TAXSOLUTIONID": "=taxSolution.id",
    },
    "tax/tax-solution": {"SOLUTIONID": "=id", "DESCRIPTION": "=description", "TAXMETHOD": "=taxCalculationMethod",
                         "TYPE": "=type", "SHOWMULTILINETAX": "=enableMultilineTax:flag"},
    "company-config/department": {"DEPARTMENTID": "id", "TITLE": "name", **_PARENTED, "CUSTTITLE": "reportTitle"},
    "company-config/entity": {"LOCATIONID": "id", "NAME": "name", "TAXID": "taxId", "OPCOUNTRY": "operatingCountry",
                              "STARTDATE": "startDate:date", "DESCRIPTION": "description"},
    "company-config/location": {"LOCATIONID": "id", "NAME": "name", **_PARENTED, "REPORTPRINTAS": "reportTitle"},
    "company-config/class": {"CLASSID": "id", "NAME": "name", **_PARENTED},
    "projects/project": {
        "PROJECTID": "id", "NAME": "name", **_PARENTED, "CUSTOMERID": "customer.id", "CUSTOMERNAME": "=customer.name",
        "CUSTOMERKEY": "=customer.key", "PROJECTCATEGORY": "projectCategory", "PROJECTSTATUS": "projectStatus",
        "BEGINDATE": "startDate:date", "ENDDATE": "endDate:date",
    },
    "inventory-control/warehouse": {"WAREHOUSEID": "id", "LOCATIONID": "id", "NAME": "name"},
    "company-config/txn-currency": {"CODE": "id", "CURRENCYTYPE": "currencyType"},
    "company-config/exchange-rate": {"FROM_CURRENCY": "fromCurrency", "TO_CURRENCY": "toCurrency",
                                     "TYPE_ID": "exchangeRateType.id"},
    "company-config/exchange-rate-type": {"NAME": "id"},
    "cash-management/checking-account": _BANK, "cash-management/savings-account": _BANK,
    "cash-management/bank-account": _BANK,
    "cash-management/credit-card-account": {"CARDID": "id", "DESCRIPTION": "description", "GLACCOUNTNO": "glAccount.id",
                                            "CURRENCY": "currency", "CARDNUM": "accountNumber"},
    "company-config/attachment": {"SUPDOCID": "id", "SUPDOCNAME": "name", "FOLDER": "folder.id",
                                  "DESCRIPTION": "description"},
    "company-config/folder": {"NAME": "id", "DESCRIPTION": "description"},
    "platform-apps/nsp::CHANNEL": {"id": "=key", "NAME": "name", "name": "name", "createdBy": "=audit.createdBy",
                                   "updatedBy": "=audit.modifiedBy", "createdAt": "=audit.createdDateTime:moment",
                                   "updatedAt": "=audit.modifiedDateTime:moment"},
}  # fmt: skip


def _currency(currency: str, base: str, rate: str) -> dict[str, str]:
    """Currency, base currency and exchange rate, which each object has elsewhere in REST."""
    return {"CURRENCY": currency, "BASECURR": base, "EXCH_RATE_DATE": f"{rate}.date:date",
            "EXCH_RATE_TYPE_ID": f"{rate}.typeId", "EXCHANGE_RATE": f"{rate}.rate"}  # fmt: skip


_TOGETHER = _currency("currency.txnCurrency", "currency.baseCurrency", "currency.exchangeRate")
_SPLIT = _currency("txnCurrency.currency", "baseCurrency.currency", "exchangeRate")
_FLAT = _currency("txnCurrency", "baseCurrency", "exchangeRate")
_TOTALS = {
    "TOTALENTERED": "=totalBaseAmount", "TRX_TOTALENTERED": "=totalTxnAmount", "TOTALDUE": "=totalBaseAmountDue",
    "TRX_TOTALDUE": "=totalTxnAmountDue", "TOTALPAID": "=paymentInformation.totalBaseAmountPaid",
    "TRX_TOTALPAID": "=paymentInformation.totalTxnAmountPaid", "WHENPAID": "=paymentInformation.fullyPaidDate:date",
    "TOTALSELECTED": "=paymentInformation.totalBaseAmountSelectedForPayment",
    "TRX_TOTALSELECTED": "=paymentInformation.totalTxnAmountSelectedForPayment", "RECORDTYPE": "=recordType",
    "STATE": "=state:state", "RAWSTATE": "=state", "ACTION": "state:action",
    "INCLUSIVETAX": "isTaxInclusive:flag", "TAXSOLUTIONID": "taxSolution.id", "SUPDOCID": "attachment.id",
    "DESCRIPTION": "description", "DOCNUMBER": "referenceNumber", "SYSTEMGENERATED": "=isSystemGenerated:flag",
}  # fmt: skip
_VENDOR = {"VENDORID": "vendor.id", "VENDORNAME": "=vendor.name", "VENDORKEY": "=vendor.key",
           "VENDOR.NAME": "=vendor.name"}  # fmt: skip
_CUSTOMER = {"CUSTOMERID": "customer.id", "CUSTOMERNAME": "=customer.name", "CUSTOMERKEY": "=customer.key",
             "CUSTOMER.NAME": "=customer.name"}  # fmt: skip
_PAID = {
    **_SPLIT, "FINANCIALENTITY": "financialEntity.id", "FINANCIALACCOUNTNAME": "=financialEntity.name",
    "PAYMENTMETHOD": "paymentMethod:method", "DOCNUMBER": "documentNumber", "DESCRIPTION": "description",
    "STATE": "=state:state", "RAWSTATE": "=state", "RECORDTYPE": "=recordType", "TOTALENTERED": "=totalBaseAmount",
    "TRX_TOTALENTERED": "=totalTxnAmount", "TOTALPAID": "=totalBaseAmount", "TRX_TOTALPAID": "=totalTxnAmount",
    "SUPDOCID": "attachment.id", "ACTION": "state:action",
}  # fmt: skip
_CREATED = {"WHENCREATED": "createdDate:date", "WHENPOSTED": "postingDate:date"}
TRANSACTIONS: dict[str, dict[str, str]] = {
    "general-ledger/journal-entry": {
        "BATCHNO": "=txnNumber", "BATCH_NO": "=txnNumber", "JOURNAL": "glJournal.id", "BATCH_DATE": "postingDate:date",
        "BATCH_TITLE": "description", "REFERENCENO": "referenceNumber", "REVERSEDATE": "reverseDate:date",
        "STATE": "state:state", "SUPDOCID": "attachment.id", "BASELOCATION_NO": "baseLocation.id",
        "TAXIMPLICATIONS": "tax.taxImplication:implication", "TAXSOLUTIONID": "tax.taxSolution.id",
        "MODULE": "=moduleName", "REVERSEDFROM": "=reversedFromDate:date", "REVERSEDKEY": "=reversedBy.key",
    },
    "accounts-receivable/invoice": {
        "RECORDID": "invoiceNumber", **_CUSTOMER, "WHENCREATED": "invoiceDate:date", "WHENPOSTED": "postingDate:date",
        "WHENDUE": "dueDate:date", "WHENDISCOUNT": "discountCutOffDate:date", "TERMNAME": "term.id", **_TOGETHER,
        **_TOTALS, "BILLTOPAYTOCONTACTNAME": "contacts.payTo.id", "SHIPTORETURNTOCONTACTNAME": "contacts.returnTo.id",
        "DUE_IN_DAYS": "=dueInDays",
    },
    "accounts-receivable/adjustment": {"RECORDID": "adjustmentNumber", **_CUSTOMER, **_CREATED, **_SPLIT, **_TOTALS},
    "accounts-receivable/payment": {
        **_CUSTOMER, **_PAID, "RECEIPTDATE": "paymentSummary.receiptDate:date", "RECORDID": "=documentNumber",
        "PAYMENTDATE": "paymentSummary.paymentDate:date", "WHENCREATED": "=paymentSummary.receiptDate:date",
        "WHENPAID": "=paymentSummary.receiptDate:date", "UNDEPOSITEDACCOUNTNO": "undepositedGLAccount.id",
        "OVERPAYMENTAMOUNT": "overpaymentTxnAmount",
    },
    "accounts-payable/bill": {
        "RECORDID": "billNumber", **_VENDOR, **_CREATED, "WHENDUE": "dueDate:date",
        "WHENDISCOUNT": "discountCutOffDate:date", "RECPAYMENTDATE": "recommendedPaymentDate:date",
        "PAYMENTPRIORITY": "paymentPriority", "ONHOLD": "isOnHold:flag", "TERMNAME": "term.id", **_TOGETHER, **_TOTALS,
        "BILLTOPAYTOCONTACTNAME": "contacts.payTo.id", "SHIPTORETURNTOCONTACTNAME": "contacts.returnTo.id",
        "DUE_IN_DAYS": "=dueInDays",
    },
    "accounts-payable/adjustment": {"RECORDID": "adjustmentNumber", **_VENDOR, **_CREATED, **_TOGETHER, **_TOTALS},
    "accounts-payable/payment": {**_VENDOR, **_PAID, "PAYMENTDATE": "paymentDate:date", "WHENPAID": "=paymentDate:date",
                                 "WHENCREATED": "=paymentDate:date", "RECORDID": "=documentNumber"},
    "purchasing/document::Purchase Order": {
        "DOCNO": "documentNumber", "DOCID": "=id", "DOCPARID": "=documentType", "CUSTVENDID": "vendor.id",
        "CUSTVENDNAME": "=vendor.name", **_VENDOR, "WHENCREATED": "txnDate:date", "WHENDUE": "dueDate:date",
        "PONUMBER": "referenceNumber", "MESSAGE": "memo", "TERM.NAME": "paymentTerm.id", "STATE": "state:state",
        "TOTAL": "=total", "TRX_TOTAL": "=txnTotal", "SUBTOTAL": "=subtotal", "SUPDOCID": "attachment.id",
        "VENDORDOCNO": "vendorDocumentNumber", **_FLAT,
    },
    "cash-management/credit-card-txn": {
        "RECORDID": "referenceNumber", "FINANCIALENTITY": "creditCardAccount.id", "WHENCREATED": "txnDate:date",
        "PAYEE": "payee", "TRX_TOTALENTERED": "=totalTxnAmount", "TOTALENTERED": "=totalBaseAmount",
        "DESCRIPTION": "description", "SUPDOCID": "attachment.id", "STATE": "=state:state", "RAWSTATE": "=state",
        "INCLUSIVETAX": "isInclusiveTax:flag", "TAXSOLUTIONID": "taxSolution.id", **_TOGETHER,
    },
    "expenses/employee-expense": {
        "RECORDID": "expenseReportNumber", "EMPLOYEEID": "employee.id", "WHENCREATED": "createdDate:date",
        "DESCRIPTION": "description", "STATE": "state:state", "BASECURR": "basePayment.baseCurrency",
        "CURRENCY": "reimbursement.reimbursementCurrency", "TOTALENTERED": "=totalTxnAmount",
        "TRX_TOTALENTERED": "=totalTxnAmount", "SUPDOCID": "attachment.id",
    },
    "cash-management/other-receipt": {
        "RECORDID": "documentNumber", "PAYMENTDATE": "postingDate:date", "RECEIPTDATE": "receiptDate:date",
        "PAYER": "payer", "DESCRIPTION": "description", "PAYMETHOD": "paymentMethod:method",
        "FINANCIALENTITY": "financialEntity.id", "UNDEPOSITEDACCOUNTNO": "undepositedGLAccount.id",
        "TRX_TOTALENTERED": "=totalTxnAmount", "TOTALENTERED": "=totalBaseAmount", "STATE": "=state:state", **_SPLIT,
    },
    "cash-management/deposit": {"RECORDID": "depositSlipId", "WHENCREATED": "txnDate:date",
                                "DESCRIPTION": "description", "FINANCIALENTITY": "financialEntity.id",
                                "STATE": "=state:state"},
    "cash-management/funds-transfer": {
        "RECORDID": "documentNumber", "WHENCREATED": "postingDate:date", "DESCRIPTION": "description",
        "FROMACCOUNTID": "fromAccount.id", "TOACCOUNTID": "toAccount.id", "AMOUNT": "txnAmount",
        "STATE": "=state:state",
    },
    "cash-management/bank-feed": {},
    "general-ledger/detail": {
        "BATCHKEY": "=batch.key", "BATCH_NO": "=batch.key", "BATCH_DATE": "=batch.date:date",
        "BATCH_TITLE": "=batch.title", "SYMBOL": "=symbol", "BOOKID": "=book", "REFERENCENO": "=reference",
        "MODIFIED": "=audit.modifiedDateTime:moment", "ADJ": "=isAdjustment", "MODULEKEY": "=module",
        "LINE_NO": "=lineNumber", "ENTRY_DATE": "=batch.date:date", "TR_TYPE": "=side:side", "DOCUMENT": "=document",
        "ACCOUNTNO": "=account.id", "ACCOUNTTITLE": "=account.name", "STATISTICAL": "=isStatistical",
        "CURRENCY": "=currency", "BASECURR": "=base", "DESCRIPTION": "=memo", "DEBITAMOUNT": "=debit",
        "CREDITAMOUNT": "=credit", "AMOUNT": "=amount", "TRX_AMOUNT": "=trxAmount",
    },
    "cash-management/bank-transaction": {
        "FINANCIALENTITY": "=financialAccount.id", "TRANSACTIONID": "=txnId", "POSTINGDATE": "=postingDate:date",
        "TRANSACTIONTYPE": "=txnType", "DOCTYPE": "=documentType", "DOCNO": "=documentNumber", "PAYEE": "=payee",
        "AMOUNT": "=amount", "DESCRIPTION": "=description", "CLEARED": "=reconciliationInformation.status",
    },
}  # fmt: skip
_ACCOUNT = {"ACCOUNTNO": "glAccount.id", "ACCOUNTKEY": "=glAccount.key", "ACCOUNTTITLE": "=glAccount.name",
            "LINE_NO": "=lineNumber", "LINEITEM": "=lineNumber"}  # fmt: skip
_LINE = {
    **_ACCOUNT, "TRX_AMOUNT": "txnAmount", "AMOUNT": "=baseAmount", "TOTALTRXAMOUNT": "totalTxnAmount",
    "ENTRYDESCRIPTION": "memo", "CURRENCY": "=currency.txnCurrency", "BASECURR": "=currency.baseCurrency",
    "OFFSETGLACCOUNTNO": "overrideOffsetGLAccount.id", "ALLOCATION": "allocation.id",
}  # fmt: skip
_CARD_LINE = {name: path for name, path in _LINE.items() if name not in ("OFFSETGLACCOUNTNO", "ALLOCATION")}
_SPLIT_LINE = {**_LINE, "TRX_AMOUNT": "txnCurrency.amount", "AMOUNT": "=baseCurrency.amount",
               "TOTALTRXAMOUNT": "txnCurrency.totalAmount", "CURRENCY": "txnCurrency.currency",
               "BASECURR": "=baseCurrency.currency"}  # fmt: skip
_DETAIL = {"TRX_PAYMENTAMOUNT": "txnCurrency.paymentAmount", "PAYMENTAMOUNT": "=baseCurrency.paymentAmount",
           "ADJUSTMENTKEY": "adjustment.key", "TRX_ADJUSTMENTAMOUNT": "txnCurrency.adjustmentAmount",
           "CURRENCY": "=txnCurrency.currency"}  # fmt: skip
LINES: dict[str, dict[str, str]] = {
    "general-ledger/journal-entry-line": {
        **_ACCOUNT, "BATCHNO": "=journalEntry.key", "ENTRY_DATE": "=entryDate:date", "TR_TYPE": "txnType:side",
        "TRX_AMOUNT": "txnAmount", "AMOUNT": "=baseAmount", "DESCRIPTION": "description", "DOCUMENT": "documentId",
        "BILLABLE": "isBillable:flag", "DEPARTMENT": "dimensions.department.id", "LOCATION": "dimensions.location.id",
        "ALLOCATION": "allocation.id", **_TOGETHER,
    },
    "accounts-receivable/invoice-line": {"RECORDKEY": "=arInvoice.key", **_LINE},
    "accounts-receivable/adjustment-line": {"RECORDKEY": "=arAdjustment.key", **_SPLIT_LINE},
    "accounts-receivable/payment-detail": {"PAYMENTKEY": "=arPayment.key", "RECORDKEY": "arInvoice.key", **_DETAIL},
    "accounts-payable/bill-line": {
        "RECORDKEY": "=bill.key", **_LINE, "FORM1099": "hasForm1099:flag", "BILLABLE": "project.isBillable:flag",
    },
    "accounts-payable/adjustment-line": {"RECORDKEY": "=adjustment.key", **_LINE,
                                         "BILLABLE": "project.isBillable:flag"},
    "accounts-payable/payment-detail": {"PAYMENTKEY": "=apPayment.key", "RECORDKEY": "bill.key", **_DETAIL},
    "purchasing/document-line::Purchase Order": {
        "DOCHDRNO": "=documentHeader.key", "LINE_NO": "=lineNumber", "UNIT": "unit", "MEMO": "memo",
        "QUANTITY": "unitQuantity", "PRICE": "unitPrice", "TRX_PRICE": "=priceInTxnCurrency",
        "TOTAL": "=extendedPrice", "TRX_VALUE": "=txnExtendedPrice",
    },
    "cash-management/credit-card-txn-line": {
        "RECORDKEY": "=creditCardTxn.key", **_CARD_LINE, "DESCRIPTION": "description",
        "ENTRYDESCRIPTION": "description", "BILLABLE": "isBillable:flag",
    },
    "cash-management/other-receipt-line": {"RECORDKEY": "=otherReceipt.key", **_LINE},
    "cash-management/deposit-line": {"RECORDKEY": "=deposit.key"},
    "expenses/employee-expense-line": {
        "RECORDKEY": "=employeeExpense.key", **_ACCOUNT, "ENTRY_DATE": "entryDate:date", "AMOUNT": "=txnAmount",
        "TRX_AMOUNT": "txnAmount", "ENTRYDESCRIPTION": "paidFor", "DESCRIPTION2": "paidTo", "CURRENCY": "txnCurrency",
        "ACCOUNTLABEL": "expenseType.id", "BILLABLE": "isBillable:flag",
    },
    "general-ledger/budget-detail": {
        "ACCT_NO": "glAccount.id", "PERIODNAME": "reportingPeriod.id", "AMOUNT": "amount",
        "DEPT_NO": "dimensions.department.id", "LOCATION_NO": "dimensions.location.id", "BUDGETKEY": "=budget.key",
    },
    "company-config/exchange-rate-line": {"EFFECTIVE_DATE": "effectiveStartDate:date", "RATE": "rate"},
}  # fmt: skip
PREFIXES = ("CONTACT.", "SHIPTO.", "BILLTO.", "RETAINAGE", "REVREC", "DEFERRED", "AMORTIZATION", "PROJECTCONTRACT",
            "ORIGDOC", "LEGAL", "BILLABLECONTRACT", "VAT", "PAYTO.", "RETURNTO.")  # fmt: skip
"""Families of fields that Intacct has and nothing here fills."""
_EMPTY = """
CHILDENTITY DEPARTMENTTITLE OWNERSHIPKEY
BASECURR ENTRY_DATE RECORD_URL REPORTPRINTAS TOTALENTERED
ACHBANKID ADDRESSCOUNTRYDEFAULT ALLOCATIONKEY ALTSETUP AMOUNTRELEASED AMOUNTRETAINED ARADVANCEOFFSETACCT
ARADVANCEOFFSETACCTKEY ARADVANCEOFFSETACCTTITLE BASELOCATION BILLTOPAYTOKEY BILLTOPAYTONAME BIRTHDATE BRANCHID
BUDGETID CARDTYPE CLEARED CLRDATE COMMCARD COMPANYNAME CONTACTKEY CONTRACTDIMKEY CONTRACTID CONTRACTNAME CUSTMESSAGEID
CUSTMESSAGE.MESSAGE CUSTREPNAME DEFERREVENUE DEPARTMENTNAME DEPT DESCRIPTION2 DETAILKEY DISPLAYCONTACT.INITIAL
DISPLAYSTATE EMPLOYEETYPE EMPLOYEETYPE1099TYPE ENABLELEGALCONTACT ENDDATE EXP_MONTH EXP_YEAR FEDERALID
FINANCIALACCOUNTCURRENCY FINANCIALENTITYTYPE FIRSTMONTH FIRSTMONTHTAX GENDER GLACCOUNTPURCHASE GLACCOUNTPURCHASEKEY
GLACCOUNTPURCHASETITLE GLACCOUNTSALE GLACCOUNTSALEKEY GLACCOUNTSALETITLE GLGRPKEY GLGROUP HAS_IE_RELATION INCLUDE
INITIAL ISRETAINAGERELEASE ISSUMMARIZED LASTUPDATE LIABILITYTYPE LOCATION LOCATIONNAME MAXTAX MAXTAXABLE MEMO MINTAX
MINTAXABLE MRR MULTIENTITYPYMTKEY OBJECTRESTRICTION OFFSETACCOUNTKEY OFFSETGLACCOUNTTITLE OUTSOURCECARD PARENTENTRY
PARENTPAYMENTKEY PAYERNAME PAYMENTMETHODKEY PAYMENTTAXCAPTURE PAYMETHODKEY PRBATCH PRBATCHKEY PROJECTTYPE ROUTINGNO
SSN STARTDATE SUBMISSIONPROCESS SUBTOTAL SUMMARYTITLE SUPERVISORID SUPERVISORNAME SYMBOL TAXABLE TAXMETHOD
TAXSOLUTIONID TERMINATIONTYPE TOTALRETAINED TRX_AMOUNTRELEASED TRX_AMOUNTRETAINED TRX_DISCOUNTAPPLIED
TRX_TOTALRELEASED TRX_TOTALRETAINED VENDORID VENDORNAME CUSTOMERID CUSTOMERNAME WEEKSTART WHENPOSTED CURRENCY
LOCATIONID DEPARTMENTID TOTALDUE TOTALPAID TOTALSELECTED TRX_TOTALDUE TRX_TOTALPAID TRX_TOTALSELECTED WHENPAID
EXCH_RATE_DATE EXCH_RATE_TYPE_ID EXCHANGE_RATE ACCOUNTLABEL ACCOUNTLABELKEY STATE RECORDTYPE WHENCREATED ONETIME
MODULEKEY
"""
EMPTY = frozenset(_EMPTY.split())
"""Fields that Intacct has and that stay empty where no table names them."""
