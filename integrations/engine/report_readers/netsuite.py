"""NetSuite's statements: SuiteQL has no reports, but every posting.

The answer is a query's `items`: `id`, `acctnumber`, `name`, `accttype`, `debit`, `credit`, one row an account.
"""

from typing import Any

from integrations.engine.report_readers.statements import statement

_TYPES = {
    "Bank": "bank", "AcctRec": "accounts_receivable", "UnbilledRec": "accounts_receivable",
    "OthCurrAsset": "current_asset", "DeferExpense": "current_asset", "FixedAsset": "fixed_asset",
    "OthAsset": "other_asset", "AcctPay": "accounts_payable", "CredCard": "credit_card",
    "OthCurrLiab": "current_liability", "DeferRevenue": "current_liability", "LongTermLiab": "long_term_liability",
    "Equity": "equity", "Income": "income", "COGS": "cost_of_sales", "Expense": "expense", "OthIncome": "other_income",
    "OthExpense": "other_expense",
}  # fmt: skip


def netsuite_accounts(name: str, body: Any) -> dict[str, Any]:
    """A trial balance, profit and loss or balance sheet from the accounts' debits and credits."""
    accounts = [
        {"id": row["id"], "code": row.get("acctnumber"), "name": row.get("name"),
         "type": _TYPES.get(str(row.get("accttype"))), "debit": row.get("debit"), "credit": row.get("credit")}
        for row in body.get("items") or ()
    ]  # fmt: skip
    return {**statement(name, accounts), "is_cut_short": bool(body.get("hasMore"))}
