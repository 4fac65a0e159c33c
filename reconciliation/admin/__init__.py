"""Pages of reconciliation: the workbench first, then the lists behind it."""

from reconciliation.admin.accounts import BankAccountAdmin
from reconciliation.admin.anomalies import AnomalyAdmin
from reconciliation.admin.automatic import AutoApprovalAdmin, AutoMatchAdmin
from reconciliation.admin.cases import CaseAdmin
from reconciliation.admin.closing import PeriodCloseAdmin
from reconciliation.admin.layouts import StatementLayoutAdmin
from reconciliation.admin.lines import BankLineAdmin
from reconciliation.admin.matches import DecisionAdmin, MatchAdmin
from reconciliation.admin.proposals import ProposalAdmin
from reconciliation.admin.rules import BankRuleAdmin
from reconciliation.admin.runs import MatchRunAdmin
from reconciliation.admin.statements import StatementImportAdmin

__all__ = [
    "AnomalyAdmin",
    "AutoApprovalAdmin",
    "AutoMatchAdmin",
    "BankAccountAdmin",
    "BankLineAdmin",
    "BankRuleAdmin",
    "CaseAdmin",
    "DecisionAdmin",
    "MatchAdmin",
    "MatchRunAdmin",
    "PeriodCloseAdmin",
    "ProposalAdmin",
    "StatementImportAdmin",
    "StatementLayoutAdmin",
]
