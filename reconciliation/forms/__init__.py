"""Forms of this app: statement files and their accounts, bank rules, period closes, due dates."""

from reconciliation.forms.automatic import AutoForm
from reconciliation.forms.closing import CloseForm
from reconciliation.forms.due import DueForm
from reconciliation.forms.rules import BankRuleForm
from reconciliation.forms.statements import SHOWS, SORTS, BankAccountForm, LayoutForm, StatementForm, ledger_accounts

__all__ = [
    "AutoForm",
    "SHOWS",
    "SORTS",
    "BankAccountForm",
    "BankRuleForm",
    "CloseForm",
    "DueForm",
    "LayoutForm",
    "StatementForm",
    "ledger_accounts",
]
