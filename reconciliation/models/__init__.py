"""Everything the portal keeps about bank statements and how they meet the books."""

from reconciliation.models.anomaly import Anomaly
from reconciliation.models.bank import BankAccount, BankLine, StatementBalance, StatementImport, StatementLayout
from reconciliation.models.close import CloseStep, PeriodClose
from reconciliation.models.match import Decision, Match, MatchEntry, MatchLine
from reconciliation.models.proposal import MatchRun, Proposal, ProposalEntry, ProposalLine
from reconciliation.models.rule import BankRule

__all__ = [
    "Anomaly",
    "BankAccount",
    "BankLine",
    "BankRule",
    "CloseStep",
    "Decision",
    "Match",
    "MatchEntry",
    "MatchLine",
    "MatchRun",
    "PeriodClose",
    "Proposal",
    "ProposalEntry",
    "ProposalLine",
    "StatementBalance",
    "StatementImport",
    "StatementLayout",
]
