"""Tax on QuickBooks documents: US company rate with TAX/NON lines, elsewhere a tax code per line."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from integrations.sandbox.books import tax
from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.quickbooks import checks, errors
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.wire import Body

Side = Literal["Sales", "Purchase"]
_MODES = ("TaxExcluded", "TaxInclusive", "NotApplicable")


@dataclass
class TaxPlan:
    """How a document is taxed: mode, side, the US rates if any, and what was collected from its lines."""

    company: Company
    side: Side
    mode: str
    currency: str
    code: str | None = None
    rates: list[tax.Rate] = field(default_factory=list)
    taxed: list[tax.Taxed] = field(default_factory=list)


def plan(company: Company, body: Body, side: Side, currency: str) -> TaxPlan:
    """Read GlobalTaxCalculation and the header's tax code. Raises 2170, 2500, 6170."""
    if company.is_us:
        body.pop("GlobalTaxCalculation", None)
        return _us_plan(company, body, side, currency)
    mode = checks.choice(body.get("GlobalTaxCalculation") or "TaxExcluded", _MODES, "GlobalTaxCalculation")
    body["GlobalTaxCalculation"] = mode
    if mode == "NotApplicable" and (body.get("TxnTaxDetail") or {}).get("TaxLine"):
        raise errors.FaultError("6170", "Invalid TxnTaxDetail", "TxnTaxDetail is not allowed with NotApplicable")
    return TaxPlan(company, side, mode, currency)


def _us_plan(company: Company, body: Body, side: Side, currency: str) -> TaxPlan:
    if side == "Purchase":
        return TaxPlan(company, side, "NotApplicable", currency)
    wanted = (body.get("TxnTaxDetail") or {}).get("TxnTaxCodeRef")
    reference = wanted or company.preferences.get("TaxPrefs", {}).get("TaxGroupCodeRef")
    if not reference:
        return TaxPlan(company, side, "TaxExcluded", currency)
    code = company.referred("TaxCode", reference, "TxnTaxDetail.TxnTaxCodeRef")
    return TaxPlan(company, side, "TaxExcluded", currency, code.id, rates_of(company, code.id, side))


def rates_of(company: Company, code: str, side: Side) -> list[tax.Rate]:
    """The rates a tax code applies on this side."""
    body = company.read("TaxCode", code).body
    details = (body.get(f"{side}TaxRateList") or {}).get("TaxRateDetail") or []
    rates = []
    for detail in sorted(details, key=lambda each: int(each.get("TaxOrder", 0))):
        rate = company.read("TaxRate", detail["TaxRateRef"]["value"])
        rates.append(tax.Rate(rate.id, Decimal(rate.body["RateValue"])))
    return rates


def line_code(plan: TaxPlan, reference: Any, default: str) -> tuple[Body | None, list[tax.Rate]]:
    """The tax code reference of a line and its rates. Raises 6000 without one, 6100, 2500, 610."""
    company = plan.company
    value = str((reference or {}).get("value") or "")
    if company.is_us:
        value = value or default
        if value not in ("TAX", "NON"):
            raise errors.FaultError("6100", "Invalid Line TaxCode", f"Invalid Line TaxCode : {value}")
        return {"value": value}, plan.rates if value == "TAX" else []
    if plan.mode == "NotApplicable":
        return None, []
    if not value:
        raise errors.business("Make sure all your transactions have a VAT rate before you save.")
    code = company.reference("TaxCode", {"value": value}, "TaxCodeRef")
    return {"value": code["value"]}, rates_of(company, code["value"], plan.side)


def compute(plan: TaxPlan, body: Body) -> list[tax.TaxLine]:
    """The tax lines, from the document's lines or from the TaxLine overrides it carries."""
    if plan.mode == "NotApplicable":
        return []
    sent = body.get("TxnTaxDetail") or {}
    overrides = checks.objects(sent, "TaxLine")
    if overrides:
        return [_override(plan, line) for line in overrides]
    lines = (
        tax.inclusive(plan.taxed, plan.currency)
        if plan.mode == "TaxInclusive"
        else tax.exclusive(plan.taxed, plan.currency)
    )
    if plan.company.is_us and sent.get("TotalTax") is not None and lines:
        return _forced(lines, checks.amount(sent, "TotalTax"))
    return lines


def _forced(lines: list[tax.TaxLine], total: Decimal) -> list[tax.TaxLine]:
    rest = total - sum((line.tax for line in lines[1:]), ZERO)
    first = lines[0]
    return [tax.TaxLine(first.rate, first.net, rest), *lines[1:]]


def _override(plan: TaxPlan, line: Body) -> tax.TaxLine:
    detail = line.get("TaxLineDetail") or {}
    rate = plan.company.referred("TaxRate", detail.get("TaxRateRef"), "TaxLineDetail.TaxRateRef")
    net = checks.amount(detail, "NetAmountTaxable", ZERO)
    amount = cents(checks.amount(line, "Amount"), plan.currency)
    return tax.TaxLine(tax.Rate(rate.id, Decimal(rate.body["RateValue"])), net, amount)


def detail(plan: TaxPlan, lines: list[tax.TaxLine]) -> Body:
    """The TxnTaxDetail of a document."""
    body: Body = {}
    if plan.code is not None and lines:
        body["TxnTaxCodeRef"] = {"value": plan.code}
    body["TotalTax"] = sum((line.tax for line in lines), ZERO)
    if lines:
        body["TaxLine"] = [_detail_line(line) for line in lines]
    return body


def _detail_line(line: tax.TaxLine) -> Body:
    inner = {
        "TaxRateRef": {"value": line.rate.id},
        "PercentBased": True,
        "TaxPercent": line.rate.percent,
        "NetAmountTaxable": line.net,
    }
    return {"Amount": line.tax, "DetailType": "TaxLineDetail", "TaxLineDetail": inner}


def account_for(company: Company, rate: str) -> str:
    """The account tax of this rate is owed on: its agency's, else the company's tax account."""
    agency = company.read("TaxRate", rate).body.get("AgencyRef") or {}
    record = company.store.get("TaxAgency", str(agency.get("value", "")))
    if record is not None and record.extra.get("account"):
        return str(record.extra["account"])
    return company.account("SalesTaxPayable" if company.is_us else "GlobalTaxPayable")
