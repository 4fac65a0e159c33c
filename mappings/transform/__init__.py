"""From a source document and a set of mappings to the ledger's document: plain values in, plain values out."""

from mappings.transform.apply import apply
from mappings.transform.model import Document, Key, Line, Problem, Result, Target, Trace
from mappings.transform.rules import Book, Choice, Rule

__all__ = ["Book", "Choice", "Document", "Key", "Line", "Problem", "Result", "Rule", "Target", "Trace", "apply"]
