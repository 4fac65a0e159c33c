"""Pages of reconciliation: the workbench first, then the lists behind it."""

from reconciliation.admin.accounts import BankAccountAdmin
from reconciliation.admin.lines import BankLineAdmin
from reconciliation.admin.matches import DecisionAdmin, MatchAdmin
from reconciliation.admin.proposals import ProposalAdmin
from reconciliation.admin.runs import MatchRunAdmin
from reconciliation.admin.statements import StatementImportAdmin

__all__ = [
    "BankAccountAdmin",
    "BankLineAdmin",
    "DecisionAdmin",
    "MatchAdmin",
    "MatchRunAdmin",
    "ProposalAdmin",
    "StatementImportAdmin",
]
