"""The matching engine: lists of bank lines and ledger entries in, explained and calibrated proposals out. Pure
Python, no I/O."""

from .census import Census
from .engine import match, match_among
from .history import settle
from .model import (
    Account,
    Alternative,
    Approved,
    BankLine,
    Context,
    FxRate,
    LedgerEntry,
    Processor,
    Proposal,
    Reason,
    Rejected,
    Tolerances,
)
from .standing import Change, Standing
from .weights import AUTOMATIC

__all__ = [
    "AUTOMATIC",
    "Account",
    "Alternative",
    "Approved",
    "BankLine",
    "Census",
    "Change",
    "Context",
    "FxRate",
    "LedgerEntry",
    "Processor",
    "Proposal",
    "Reason",
    "Rejected",
    "Standing",
    "Tolerances",
    "match",
    "match_among",
    "settle",
]
