"""The tables a query may name, with their columns: name:kind, where kind is int, num, date or text (the default).

Some columns are seen in production queries only, and differ from edition to edition: accountingperiod.*locked,
currency.*, transactionline.expenseaccount, .linesequencenumber, .taxcode, .taxrate1, .tax1amt, .grossamt,
        deletedrecord.type.
A column that ends with two underscores is the engine's own and is never shown.
"""

from collections.abc import Iterable, Mapping

Columns = tuple[tuple[str, str], ...]

_ENTITY = """id:int entityid externalid isinactive isperson firstname lastname email phone url
    currency:int terms:int category:int datecreated:date lastmodifieddate:date comments"""
_SPELLED: Mapping[str, str] = {
    "transaction": """id:int tranid transactionnumber externalid type recordtype abbrevtype entity:int
        trandate:date duedate:date
        status status__ approvalstatus:int postingperiod:int posting void voided currency:int exchangerate:num
        foreigntotal:num total:num foreignamountpaid:num foreignamountunpaid:num memo otherrefnum terms:int
        employee:int
        createddate:date lastmodifieddate:date closedate:date source paymentmethod:int reversal:int isreversal
        foreignpaymentamountunused:num foreignpaymentamountused:num ordpicked""",
    "transactionline": """transaction:int id:int uniquekey:int linesequencenumber:int mainline taxline iscogs
        itemtype item:int
        accountinglinetype expenseaccount:int entity:int memo quantity:num rate:num foreignamount:num netamount:num
        creditforeignamount:num debitforeignamount:num taxcode:int taxrate1:num tax1amt:num grossamt:num
        department:int class:int location:int subsidiary:int isclosed isbillable quantitybilled:num
        quantityshiprecv:num
        createdfrom:int linelastmodifieddate:date linecreateddate:date cleared donotdisplayline""",
    "transactionaccountingline": """transaction:int transactionline:int accountingbook:int account:int debit:num
        credit:num
        amount:num netamount:num amountpaid:num amountunpaid:num posting exchangerate:num accounttype
        lastmodifieddate:date""",
    "nexttransactionlinelink": """previousdoc:int previousline:int previoustype previousdate:date nextdoc:int
        nextline:int
        nexttype nextdate:date foreignamount:num linktype lastmodifieddate:date""",
    "previoustransactionlinelink": """previousdoc:int previousline:int previoustype previousdate:date nextdoc:int
        nextline:int
        nexttype nextdate:date foreignamount:num linktype lastmodifieddate:date""",
    "entity": f"{_ENTITY} type altname entitytitle fullname",
    "vendor": f"""{_ENTITY} companyname altname legalname printoncheckas accountnumber taxidnum vatregnumber
        is1099eligible
        subsidiary:int payablesaccount:int expenseaccount:int defaultbillingaddress:int defaultshippingaddress:int""",
    "customer": f"""{_ENTITY} companyname altname fullname accountnumber resalenumber vatregnumber defaulttaxreg
        subsidiary:int
        receivablesaccount:int salesrep:int parent:int entitystatus:int creditlimit:num defaultbillingaddress:int
        defaultshippingaddress:int searchstage""",
    "employee": f"{_ENTITY} altname title department:int subsidiary:int supervisor:int hiredate:date",
    "vendorsubsidiaryrelationship": "id:int entity:int subsidiary:int isprimarysub",
    "customersubsidiaryrelationship": "id:int entity:int subsidiary:int isprimarysub",
    "entityaddress": "nkey:int addr1 addr2 city state zip country addressee attention addrphone addrtext",
    "customeraddressbook": "entity:int internalid:int addressbookaddress:int label defaultbilling defaultshipping",
    "vendoraddressbook": "entity:int internalid:int addressbookaddress:int label defaultbilling defaultshipping",
    "subsidiary": """id:int name legalname fullname parent:int country currency:int state iselimination isinactive
        edition
        federalidnumber email url fiscalcalendar:int externalid lastmodifieddate:date""",
    "account": """id:int acctnumber accountsearchdisplayname accountsearchdisplaynamecopy displaynamewithhierarchy
        fullname
        accttype parent:int currency:int isinactive issummary externalid description legalname eliminate
        subsidiary includechildren lastmodifieddate:date sspecacct""",
    "item": """id:int itemid displayname fullname itemtype subtype description salesdescription purchasedescription
        baseprice:num cost:num incomeaccount:int expenseaccount:int assetaccount:int isinactive externalid parent:int
        vendorname taxschedule:int salestaxcode:int purchasetaxcode:int subsidiary includechildren createddate:date
        lastmodifieddate:date quantityonhand:num""",
    "itemprice": "item:int pricelevel:int pricelevelname price:num currency:int quantity:num",
    "department": """id:int name fullname parent:int isinactive externalid subsidiary includechildren
        lastmodifieddate:date""",
    "classification": """id:int name fullname parent:int isinactive externalid subsidiary includechildren
        lastmodifieddate:date""",
    "location": """id:int name fullname parent:int isinactive externalid subsidiary includechildren
        lastmodifieddate:date""",
    "currency": """id:int name symbol displaysymbol exchangerate:num isbasecurrency isinactive
        currencyprecision:int externalid
        lastmodifieddate:date""",
    "currencyrate": """id:int basecurrency:int transactioncurrency:int exchangerate:num effectivedate:date
        lastmodifieddate:date""",
    "consolidatedexchangerate": """id:int fromsubsidiary:int tosubsidiary:int fromcurrency:int tocurrency:int
        postingperiod:int period:int currentrate:num averagerate:num historicalrate:num""",
    "term": """id:int name daysuntilnetdue:int dayofmonthnetdue:int discountpercent:num daysuntilexpiry:int isinactive
        preferred datedriven externalid lastmodifieddate:date""",
    "paymentmethod": "id:int name isinactive methodtype externalid lastmodifieddate:date",
    "accountingperiod": """id:int periodname startdate:date enddate:date closed alllocked aplocked arlocked
        isquarter isyear
        isadjust isinactive isposting parent:int lastmodifieddate:date""",
    "accountingbook": "id:int name isprimary isinactive",
    "taxitemtaxgroup": "id:int itemid description rate:num isinactive lastmodifieddate:date",
    "salestaxitem": """id:int name itemid description taxtype:int isinactive available rate externalid
        lastmodifieddate:date""",
    "taxtype": "id:int name description isinactive",
    "customrecord_ste_taxrate": """id:int name custrecord_ste_taxrate_taxcode:int custrecord_ste_taxrate_rate
        custrecord_ste_taxrate_startdate:date isinactive""",
    "customsegment": "internalid:int name scriptid recordtype isinactive glimpact",
    "customfield": "internalid:int name scriptid fieldtype fieldvaluetype fieldvaluetyperecord isinactive",
    "deletedrecord": """recordid:int recordtypeid:int scriptid type name deleteddate:date deletedby:int context
        iscustomlist""",
    "file": """id:int name filetype filesize:int folder:int url externalid createddate:date lastmodifieddate:date
        description""",
    "budgets": """id:int account:int amount:num category:int period:int subsidiary:int department:int class:int
        location:int""",
    "dual": "dummy",
}  # fmt: skip
_SQL = {"int": "INTEGER", "num": "NUMERIC", "date": "TEXT", "text": "TEXT"}
SUITETAX_ONLY = ("salestaxitem", "taxtype", "customrecord_ste_taxrate")


def _columns(spelled: str) -> Columns:
    pairs = (word.partition(":") for word in spelled.split())
    return tuple((name, kind or "text") for name, _, kind in pairs)


TABLES: Mapping[str, Columns] = {name: _columns(spelled) for name, spelled in _SPELLED.items()}


def created(table: str, columns: Iterable[tuple[str, str]]) -> list[str]:
    """The statements that make a table; `source__` is the record a row comes from."""
    spelled = ", ".join(f'"{name}" {_SQL[kind]}' for name, kind in columns)
    found = [
        f'CREATE TABLE "{table}" ({spelled}, "source__" TEXT)',
        f'CREATE INDEX "{table}_source" ON "{table}" ("source__")',
    ]
    names = {name for name, _ in columns}
    found += [
        f'CREATE INDEX "{table}_{name}" ON "{table}" ("{name}")'
        for name in ("id", "transaction", "entity", "nextdoc", "previousdoc")
        if name in names
    ]
    return found
