"""What a face says about a new company: accounts, tax rates and dimensions as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.sandbox.wire import Body

_ROWS = """
1000|Current Account|bank|
1100|Accounts Receivable|receivable|receivable
1200|Undeposited Funds|current_asset|undeposited
1210|Savings Account|bank|
1300|Prepayments|current_asset|
1500|Computer Equipment|fixed_asset|
1590|Accumulated Depreciation|fixed_asset|
2100|Accounts Payable|payable|payable
2150|Company Credit Card|credit_card|
2200|Sales Tax|current_liability|tax
2300|Payroll Liabilities|current_liability|
2500|Loan|long_liability|
3000|Opening Balances|equity|opening
3100|Retained Earnings|equity|retained
4000|Services|income|
4010|Subscriptions|income|
4020|Product Sales|income|
4030|Recharged Costs|income|
5000|Subcontractors|cost_of_sales|
5010|Materials|cost_of_sales|
6000|Rent|expense|
6010|Light and Heat|expense|
6020|Telephone and Internet|expense|
6030|Software Subscriptions|expense|
6040|Office Supplies|expense|
6050|Advertising|expense|
6060|Legal and Professional Fees|expense|
6070|Insurance|expense|
6080|Travel|expense|
6090|Meals|expense|
6100|Repairs and Maintenance|expense|
6110|Postage and Delivery|expense|
6120|Training and Conferences|expense|
6130|Bank Charges|expense|
6200|Wages and Salaries|expense|
7000|Interest Earned|other_income|
8000|Depreciation|other_expense|
8100|Exchange Gain or Loss|other_expense|exchange
"""


@dataclass(frozen=True)
class Chart:
    """A new company's lists, as neutral bodies.

    An account's `plan` is the code the planned history knows it by (its own `code` when left out); a tax rate's
    `account` is such a code, an account's `tax` a tax rate's name. `sale_tax`, `purchase_tax` and `untaxed` name
    tax rates; `numbers` is a pattern per kind, e.g. {"invoice": "INV-{:04d}"}. An `id` in a body becomes the record's.
    """

    accounts: Sequence[Body]
    tax_rates: Sequence[Body] = ()
    dimensions: Sequence[Body] = ()
    sale_tax: str | None = None
    purchase_tax: str | None = None
    untaxed: str | None = None
    tax_mode: str = "exclusive"
    numbers: Mapping[str, str] = field(default_factory=dict)


def standard_accounts(changes: Mapping[str, Body] | None = None) -> list[Body]:
    """The accounts a planned history needs, each with what a ledger calls it: plan code → what differs."""
    found = []
    for row in _ROWS.strip().splitlines():
        code, name, kind, role = row.split("|")
        body: dict[str, Any] = {"plan": code, "code": code, "name": name, "type": kind}
        if role:
            body["role"] = role
        found.append(body | (changes or {}).get(code, {}))
    return found
