"""Everything the portal keeps about bank statements and how they meet the books."""

from reconciliation.models.bank import BankAccount, BankLine, StatementBalance, StatementImport, StatementLayout
from reconciliation.models.match import Decision, Match, MatchEntry, MatchLine
from reconciliation.models.proposal import MatchRun, Proposal, ProposalEntry, ProposalLine

__all__ = [
    "BankAccount",
    "BankLine",
    "Decision",
    "Match",
    "MatchEntry",
    "MatchLine",
    "MatchRun",
    "Proposal",
    "ProposalEntry",
    "ProposalLine",
    "StatementBalance",
    "StatementImport",
    "StatementLayout",
]
