"""Tax codes and rates: the TaxService that makes them, agencies, exchange rates."""

from decimal import Decimal

from integrations.sandbox.books.store import Record
from integrations.sandbox.clock import pacific
from integrations.sandbox.quickbooks import checks, errors
from integrations.sandbox.quickbooks.company import Company, Draft
from integrations.sandbox.wire import Body


def agency(company: Company, body: Body, previous: Record | None) -> Draft:
    """Whom tax is owed to."""
    checks.required(body, "DisplayName")
    body.setdefault("TaxTrackedOnSales", True)
    body.setdefault("TaxTrackedOnPurchases", not company.is_us)
    return Draft(body)


def exchange_rate(company: Company, body: Body, previous: Record | None) -> Draft:
    """A rate set for a day."""
    checks.required(body, "SourceCurrencyCode", "Rate")
    checks.amount(body, "Rate")
    body.setdefault("AsOfDate", company.today.isoformat())
    body.setdefault("TargetCurrencyCode", company.home)
    return Draft(body)


def stamp(company: Company, table: str, body: Body, *, first: int = 1) -> Record:
    """Store a tax record with the next id of its table."""
    key = str(company.store.take(f"id.{table}", first))
    moment = pacific(company.now)
    meta = {"CreateTime": moment, "LastUpdatedTime": moment}
    full = {"domain": "QBO", "sparse": False, "Id": key, "SyncToken": "0", "MetaData": meta, "Active": True, **body}
    record = Record(table, key, full, int(company.now), int(company.now))
    company.store.put(record)
    return record


def make_rate(company: Company, name: str, percent: Decimal, agency_id: str, description: str = "") -> Record:
    """A TaxRate in force since long ago."""
    body: Body = {
        "Name": name,
        "Description": description or name,
        "RateValue": percent,
        "AgencyRef": {"value": agency_id},
        "SpecialTaxType": "NONE" if percent else "ZERO_RATE",
        "DisplayType": "ReadOnly",
        "EffectiveTaxRate": [{"RateValue": percent, "EffectiveDate": "2011-01-04T00:00:00-08:00"}],
    }
    return stamp(company, "TaxRate", body)


def make_code(
    company: Company, name: str, description: str, sales: list[Record], purchases: list[Record], *, taxable: bool = True
) -> Record:
    """A TaxCode over rates for each side."""
    body: Body = {
        "Name": name,
        "Description": description,
        "Taxable": taxable,
        "TaxGroup": True,
        "SalesTaxRateList": {"TaxRateDetail": [_detail(rate, order) for order, rate in enumerate(sales)]},
        "PurchaseTaxRateList": {"TaxRateDetail": [_detail(rate, order) for order, rate in enumerate(purchases)]},
    }
    return stamp(company, "TaxCode", body)


def _detail(rate: Record, order: int) -> Body:
    reference = {"value": rate.id, "name": rate.body["Name"]}
    return {"TaxRateRef": reference, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": order}


def tax_service(company: Company, payload: Body) -> Body:
    """POST /taxservice/taxcode: a tax code with its rates at once. The answer has no wrapper."""
    checks.required(payload, "TaxCode", "TaxRateDetails")
    name = str(payload["TaxCode"])
    if any(code.body["Name"].casefold() == name.casefold() for code in company.store.live("TaxCode")):
        raise errors.duplicate_name("tax code")
    sides: dict[str, list[Record]] = {"Sales": [], "Purchase": []}
    shown: list[Body] = []
    with company.store.transaction():
        for detail in checks.objects(payload, "TaxRateDetails"):
            side = checks.choice(detail.get("TaxApplicableOn") or "Sales", ("Sales", "Purchase"), "TaxApplicableOn")
            rate = _service_rate(company, detail)
            sides[side].append(rate)
            shown.append({
                "TaxRateName": rate.body["Name"], "TaxRateId": rate.id, "RateValue": rate.body["RateValue"],
                "TaxAgencyId": rate.body["AgencyRef"]["value"], "TaxApplicableOn": side,
            })  # fmt: skip
        code = make_code(company, name, name, sides["Sales"], sides["Purchase"])
    return {"TaxCode": name, "TaxCodeId": code.id, "TaxRateDetails": shown}


def _service_rate(company: Company, detail: Body) -> Record:
    if detail.get("TaxRateId"):
        return company.referred("TaxRate", {"value": detail["TaxRateId"]}, "TaxRateId")
    checks.required(detail, "TaxRateName", "TaxAgencyId")
    owner = company.referred("TaxAgency", {"value": detail["TaxAgencyId"]}, "TaxAgencyId")
    return make_rate(company, str(detail["TaxRateName"]), checks.amount(detail, "RateValue"), owner.id)


def pseudo_code(company: Company, key: str, name: str, *, taxable: bool) -> Record:
    """TAX and NON, which US lines refer to by these very ids."""
    moment = pacific(company.now)
    body: Body = {
        "domain": "QBO", "sparse": False, "Id": key, "SyncToken": "0", "Name": key, "Description": name,
        "MetaData": {"CreateTime": moment, "LastUpdatedTime": moment}, "Active": True, "Taxable": taxable,
        "TaxGroup": False,
    }  # fmt: skip
    record = Record("TaxCode", key, body, int(company.now), int(company.now))
    company.store.put(record)
    return record
