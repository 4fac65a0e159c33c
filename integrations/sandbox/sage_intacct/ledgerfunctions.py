"""Functions of the gateway about the ledger as a whole: get_trialbalance, get_accountbalances, getFinancialSetup."""

from collections.abc import Callable
from datetime import date
from xml.etree.ElementTree import Element

from integrations.sandbox.sage_intacct import errors, reports
from integrations.sandbox.sage_intacct.books import money
from integrations.sandbox.sage_intacct.desk import Desk, Result
from integrations.sandbox.sage_intacct.envelopes import child, leaves, node, text
from integrations.sandbox.sage_intacct.kinds import BY_PATH

_PERIOD = BY_PATH["general-ledger/reporting-period"]


def day(block: Element | None, name: str) -> str | None:
    """{year, month, day} as YYYY-MM-DD, None where the block is missing or empty. Raises SageError."""
    parts = [text(block, part) for part in ("year", "month", "day")]
    if block is None or not any(parts):
        return None
    try:
        return date(*(int(part) for part in parts)).isoformat()
    except ValueError as error:
        shown = "/".join(parts)
        raise errors.business(f"The value '{shown}' of {name} is not a date.", description="Invalid date") from error


def trial_balance(desk: Desk, body: Element) -> Result:
    """Every account over a period; debit balances are positive (the names of a row's elements are not verified)."""
    start, end = _period(desk, body)
    show_zero = text(body, "showzerobalances").casefold() == "true"
    found = []
    for each in reports.trial_balance_rows(desk.books, start, end, show_zero=show_zero):
        account = each.account.body
        told = {"glaccountno": account.get("code"), "title": account["name"], "startbalance": money(each.start),
                "debits": money(each.debits), "credits": money(each.credits), "adjdebits": "0.00",
                "adjcredits": "0.00", "endbalance": money(each.end), "reportingbook": reports.BOOK,
                "currency": desk.books.home}  # fmt: skip
        found.append(node("trialbalance", leaves(dict(told))))
    return Result(node("data", *found, listtype="trialbalance"))


def _period(desk: Desk, body: Element) -> tuple[date, date]:
    """A reporting period by its name, or a first and a last day. Raises SageError."""
    name = text(body, "reportingperiodname")
    if name:
        record = desk.books.named(_PERIOD, name)
        if record is None:
            raise errors.business(f"The reporting period '{name}' is invalid.")
        return date.fromisoformat(record.body["from"]), date.fromisoformat(record.body["to"])
    told = [day(child(body, each), each) for each in ("startdate", "enddate")]
    if not told[0] or not told[1]:
        raise errors.business("A reportingperiodname, or a startdate and an enddate are required.", "BL01001974")
    start, end = (date.fromisoformat(each) for each in told if each)
    if end < start:
        raise errors.business("The enddate must not be before the startdate.")
    return start, end


def account_balances(desk: Desk, body: Element) -> Result:
    """The accounts that moved or hold a balance in a period, shorter (names of a row's elements not verified)."""
    start, end = _period(desk, body)
    found = []
    for each in reports.trial_balance_rows(desk.books, start, end):
        told = {"glaccountno": each.account.body.get("code"), "startbalance": money(each.start),
                "debits": money(each.debits), "credits": money(each.credits), "endbalance": money(each.end),
                "currency": desk.books.home}  # fmt: skip
        found.append(node("accountbalance", leaves(dict(told))))
    return Result(node("data", *found, listtype="accountbalance"))


def financial_setup(desk: Desk, body: Element) -> Result:
    """The company's base currency, books and fiscal year."""
    is_multi = len(desk.books.store.live("currency")) > 1
    told = {"baseCurrency": desk.books.home, "defaultBook": reports.BOOK, "firstFiscalMonth": "1", "multiBook": False,
            "multiCurrency": is_multi, "multiBaseCurrency": False, "multiEntityShared": True}  # fmt: skip
    return Result(node("data", node("financialSetup", leaves(dict(told))), listtype="financialSetup", count=1))


FUNCTIONS: dict[str, Callable[[Desk, Element], Result]] = {
    "get_trialbalance": trial_balance, "get_accountbalances": account_balances, "getFinancialSetup": financial_setup,
}  # fmt: skip
"""Name → function."""
