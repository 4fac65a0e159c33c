"""Forms of this app: statement files and their accounts, bank rules, period closes."""

from reconciliation.forms.closing import CloseForm
from reconciliation.forms.rules import BankRuleForm
from reconciliation.forms.statements import SHOWS, SORTS, BankAccountForm, LayoutForm, StatementForm, ledger_accounts

__all__ = [
    "SHOWS",
    "SORTS",
    "BankAccountForm",
    "BankRuleForm",
    "CloseForm",
    "LayoutForm",
    "StatementForm",
    "ledger_accounts",
]
