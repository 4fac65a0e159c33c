"""Document lines: checked, completed and turned into amounts per account."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from integrations.sandbox.books import tax
from integrations.sandbox.books.money import HUNDRED, ZERO, cents
from integrations.sandbox.quickbooks import checks, errors, schema
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.quickbooks.taxing import TaxPlan, line_code
from integrations.sandbox.wire import Body

_PRICE_STEP = Decimal("0.0000001")


@dataclass
class Part:
    """What a line moves: `amount` is positive in the document's natural direction."""

    account: str
    amount: Decimal
    memo: str | None = None
    item: str | None = None
    quantity: Decimal = ZERO


@dataclass
class Lines:
    """All lines of a document so far."""

    company: Company
    plan: TaxPlan
    bodies: list[Body] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    @property
    def subtotal(self) -> Decimal:
        """Net of all parts, discounts included as negatives."""
        return sum((part.amount for part in self.parts), ZERO)


def number_lines(bodies: list[Body]) -> None:
    """Give every line that lacks them an Id and a LineNum, as QuickBooks does."""
    used = [int(str(line["Id"])) for line in bodies if str(line.get("Id", "")).isdigit()]
    following = max(used, default=0) + 1
    for position, line in enumerate(bodies, 1):
        if not str(line.get("Id", "")).isdigit():
            line["Id"], following = str(following), following + 1
        line["LineNum"] = position


def read(company: Company, plan: TaxPlan, raw: list[Body], kinds: dict[str, "Reader"]) -> Lines:
    """Each line through the reader of its DetailType. Raises 2020, 2170 and what the readers raise."""
    lines = Lines(company, plan)
    for line in raw:
        _known(line, "Line")
        kind = line.get("DetailType")
        if kind == "SubTotalLineDetail":
            continue
        if kind is None:
            raise errors.missing("Line.DetailType")
        if kind not in kinds:
            raise errors.bad_value("2170", "Invalid Enumeration", "Line.DetailType", kind)
        kinds[kind](lines, line)
    number_lines(lines.bodies)
    return lines


def _known(body: Body, name: str) -> None:
    for key in body:
        if key not in schema.properties(name):
            raise errors.unsupported_property(key)


def detail_of(line: Body, name: str) -> Body:
    """A copy of the line's detail object, its properties checked."""
    found = line.get(name) or {}
    if not isinstance(found, dict):
        raise errors.unsupported_property(name)
    _known(found, name)
    return dict(found)


def keep(line: Body, **replaced: Any) -> Body:
    """The line's common properties with some replaced."""
    body = {name: line[name] for name in ("Id", "Description", "LinkedTxn") if line.get(name) not in (None, "")}
    return {**body, **replaced}


def _net(lines: Lines, line: Body, detail: Body, rates: list[tax.Rate]) -> Decimal:
    """The line's net; under TaxInclusive a TaxInclusiveAmt rules, and is filled in when absent."""
    plan = lines.plan
    if plan.mode != "TaxInclusive":
        return cents(checks.amount(line, "Amount"), plan.currency)
    if detail.get("TaxInclusiveAmt") is not None:
        gross = checks.amount(detail, "TaxInclusiveAmt")
        net = tax.net_of(gross, rates, plan.currency)
    else:
        net = cents(checks.amount(line, "Amount"), plan.currency)
        gross = net + sum((cents(net * rate.percent / HUNDRED, plan.currency) for rate in rates), ZERO)
        detail["TaxInclusiveAmt"] = gross
    plan.taxed.append(tax.Taxed(net, rates, gross))
    return net


def _tax(lines: Lines, line: Body, detail: Body, default: str) -> Decimal:
    """Check the line's tax code, remember what is taxed, return the net."""
    code, rates = line_code(lines.plan, detail.get("TaxCodeRef"), default)
    detail.pop("TaxCodeRef", None)
    if code is not None:
        detail["TaxCodeRef"] = code
    net = _net(lines, line, detail, rates)
    if lines.plan.mode == "TaxExcluded" and rates:
        lines.plan.taxed.append(tax.Taxed(net, rates))
    return net


def _price(line: Body, detail: Body, net: Decimal, currency: str) -> Decimal:
    """Check Qty × UnitPrice against Amount (6070) and fill in what is missing; returns the quantity."""
    if detail.get("UnitPrice") is None and detail.get("Qty") is None:
        return Decimal(1)
    quantity = checks.amount(detail, "Qty", Decimal(1))
    if detail.get("UnitPrice") is not None and line.get("Amount") is not None:
        supplied = cents(checks.amount(line, "Amount"), currency)
        if cents(quantity * checks.amount(detail, "UnitPrice"), currency) != supplied:
            raise errors.wrong_amount(f"{supplied:f}")
        if supplied != net and quantity:
            detail["UnitPrice"] = (net / quantity).quantize(_PRICE_STEP)
    elif quantity and detail.get("UnitPrice") is None:
        detail["UnitPrice"] = (net / quantity).quantize(_PRICE_STEP)
    return quantity


def _tracking(company: Company, detail: Body) -> None:
    for name, entity in (("ClassRef", "Class"), ("CustomerRef", "Customer"), ("DepartmentRef", "Department")):
        if detail.get(name):
            detail[name] = company.reference(entity, detail[name], name)


def sales_item(lines: Lines, line: Body) -> None:
    """SalesItemLineDetail."""
    company = lines.company
    detail = detail_of(line, "SalesItemLineDetail")
    item = company.referred("Item", detail.get("ItemRef") or {"value": "1"}, "SalesItemLineDetail.ItemRef")
    detail["ItemRef"] = {"value": item.id, "name": item.body["FullyQualifiedName"]}
    income = item.body.get("IncomeAccountRef")
    if not income:
        raise errors.business("The item you selected has no income account.")
    if company.store.tables["Account"][income["value"]].body["Active"] is False and not company.is_trusted:
        raise errors.inactive()
    _tracking(company, detail)
    net = _tax(lines, line, detail, "TAX" if item.body.get("Taxable") else "NON")
    quantity = _price(line, detail, net, lines.plan.currency)
    detail["ItemAccountRef"] = income
    lines.bodies.append(keep(line, Amount=net, DetailType="SalesItemLineDetail", SalesItemLineDetail=detail))
    lines.parts.append(Part(income["value"], net, line.get("Description"), item.id, quantity))


def discount(lines: Lines, line: Body) -> None:
    """DiscountLineDetail: an amount, or a percentage of what stands above it."""
    company, currency = lines.company, lines.plan.currency
    detail = detail_of(line, "DiscountLineDetail")
    if detail.get("DiscountAccountRef"):
        detail["DiscountAccountRef"] = company.reference("Account", detail["DiscountAccountRef"], "DiscountAccountRef")
    else:
        detail["DiscountAccountRef"] = company.account_reference("DiscountsRefundsGiven")
    if detail.get("PercentBased"):
        amount = cents(lines.subtotal * checks.amount(detail, "DiscountPercent") / HUNDRED, currency)
    else:
        amount = cents(checks.amount(line, "Amount"), currency)
    lines.bodies.append(keep(line, Amount=amount, DetailType="DiscountLineDetail", DiscountLineDetail=detail))
    lines.parts.append(Part(detail["DiscountAccountRef"]["value"], -amount, "Discount"))


def description(lines: Lines, line: Body) -> None:
    """DescriptionOnly: text without money."""
    extra = {"DescriptionLineDetail": line.get("DescriptionLineDetail") or {}}
    lines.bodies.append(keep(line, DetailType="DescriptionOnly", **extra))


def account_expense(lines: Lines, line: Body) -> None:
    """AccountBasedExpenseLineDetail."""
    company = lines.company
    detail = detail_of(line, "AccountBasedExpenseLineDetail")
    account = company.reference("Account", detail.get("AccountRef"), "AccountBasedExpenseLineDetail.AccountRef")
    detail["AccountRef"] = account
    _tracking(company, detail)
    _billable(detail)
    net = _tax(lines, line, detail, "NON")
    body = keep(line, Amount=net, DetailType="AccountBasedExpenseLineDetail", AccountBasedExpenseLineDetail=detail)
    lines.bodies.append(body)
    lines.parts.append(Part(account["value"], net, line.get("Description")))


def item_expense(lines: Lines, line: Body) -> None:
    """ItemBasedExpenseLineDetail."""
    company = lines.company
    detail = detail_of(line, "ItemBasedExpenseLineDetail")
    item = company.referred("Item", detail.get("ItemRef"), "ItemBasedExpenseLineDetail.ItemRef")
    detail["ItemRef"] = {"value": item.id, "name": item.body["FullyQualifiedName"]}
    account = item.body.get("AssetAccountRef") or item.body.get("ExpenseAccountRef")
    if not account:
        raise errors.business("The item you selected has no expense account.")
    _tracking(company, detail)
    _billable(detail)
    net = _tax(lines, line, detail, "NON")
    quantity = _price(line, detail, net, lines.plan.currency)
    body = keep(line, Amount=net, DetailType="ItemBasedExpenseLineDetail", ItemBasedExpenseLineDetail=detail)
    lines.bodies.append(body)
    lines.parts.append(Part(account["value"], net, line.get("Description"), item.id, quantity))


def _billable(detail: Body) -> None:
    default = "Billable" if detail.get("CustomerRef") else "NotBillable"
    detail.setdefault("BillableStatus", default)
    allowed = ("Billable", "NotBillable", "HasBeenBilled")
    checks.choice(detail["BillableStatus"], allowed, "BillableStatus")


Reader = Callable[[Lines, Body], None]
SALES: dict[str, Reader] = {
    "SalesItemLineDetail": sales_item,
    "DiscountLineDetail": discount,
    "DescriptionOnly": description,
}
EXPENSES: dict[str, Reader] = {
    "AccountBasedExpenseLineDetail": account_expense,
    "ItemBasedExpenseLineDetail": item_expense,
    "DescriptionOnly": description,
}
