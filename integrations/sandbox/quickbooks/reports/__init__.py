"""Reports computed from the journal, in the shape of QuickBooks' Reports API."""

from integrations.sandbox.quickbooks import errors
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.quickbooks.reports import aging, cashflow, ledger, statements
from integrations.sandbox.wire import Body

_BUILDERS = {
    "TrialBalance": statements.trial_balance,
    "ProfitAndLoss": statements.profit_and_loss,
    "BalanceSheet": statements.balance_sheet,
    "CashFlow": cashflow.cash_flow,
    "GeneralLedger": ledger.general_ledger,
    "AgedReceivables": aging.aged_receivables,
    "AgedPayables": aging.aged_payables,
    "CustomerBalance": aging.customer_balance,
    "VendorBalance": aging.vendor_balance,
}


def build(company: Company, name: str, options: dict[str, str]) -> Body:
    """The report. Raises 5030 for names nobody serves, 2060 for impossible dates."""
    builder = _BUILDERS.get(name)
    if builder is None:
        detail = f"Report {name} is not supported here; there are {', '.join(sorted(_BUILDERS))}."
        raise errors.FaultError("5030", "Feature Not Supported Error", detail)
    return builder(company, options)
