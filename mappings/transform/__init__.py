"""From a source document and a set of mappings to the ledger's document: plain values in, plain values out."""

from mappings.transform.apply import apply
from mappings.transform.model import Book, Document, Key, Line, Problem, Result, Target, Trace

__all__ = ["Book", "Document", "Key", "Line", "Problem", "Result", "Target", "Trace", "apply"]
