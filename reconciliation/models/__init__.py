"""Everything the portal keeps about bank statements and how they meet the books."""

from reconciliation.models.anomaly import Anomaly
from reconciliation.models.automatic import AutoApproval, AutoMatch
from reconciliation.models.bank import BankAccount, BankLine, StatementBalance, StatementImport, StatementLayout
from reconciliation.models.case import Case, CaseComment, CaseFile, DuePolicy
from reconciliation.models.close import CloseStep, PeriodClose
from reconciliation.models.clue import Clue, MatchMark
from reconciliation.models.figure import DayFigure
from reconciliation.models.match import Decision, Match, MatchEntry, MatchLine
from reconciliation.models.proposal import MatchRun, Proposal, ProposalEntry, ProposalLine
from reconciliation.models.rule import BankRule

__all__ = [
    "Anomaly",
    "AutoApproval",
    "AutoMatch",
    "BankAccount",
    "BankLine",
    "BankRule",
    "Case",
    "CaseComment",
    "CaseFile",
    "CloseStep",
    "Clue",
    "DayFigure",
    "Decision",
    "DuePolicy",
    "Match",
    "MatchEntry",
    "MatchLine",
    "MatchMark",
    "MatchRun",
    "PeriodClose",
    "Proposal",
    "ProposalEntry",
    "ProposalLine",
    "StatementBalance",
    "StatementImport",
    "StatementLayout",
]
