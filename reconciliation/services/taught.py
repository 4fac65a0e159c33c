"""What a connection's approvals have taught the engine, in words, for the people whose decisions it comes from."""

from dataclasses import dataclass

from integrations.models import Connection
from reconciliation.matching.rehearsal import NEWEST, corrections_of
from reconciliation.matching.ways import WAYS
from reconciliation.services.learned import context_of

_MUCH, _LITTLE = 0.8, 0.25
_LEAST = 0.05
"""Smaller corrections change no proposal that anybody would notice."""


@dataclass(frozen=True, slots=True)
class Way:
    """One piece of evidence, and how much more or less it speaks for a match here than elsewhere."""

    evidence: str
    says: str


@dataclass(frozen=True, slots=True)
class Taught:
    """One connection: how many approvals matching learns from, of how many it asks what they would have surprised it
    with, and what came of that, the weightiest first."""

    connection: Connection
    approvals: int
    rehearsed: int
    ways: tuple[Way, ...]


def taught_by(connection: Connection) -> Taught:
    """Derived anew from the approvals, as every match does; nothing of it is stored."""
    context = context_of(connection, (), ())
    corrections = corrections_of(context)
    weighty = sorted((n for n, c in corrections.items() if abs(c) >= _LEAST), key=lambda n: (-abs(corrections[n]), n))
    ways = tuple(Way(WAYS[name], _in_words(corrections[name])) for name in weighty)
    return Taught(connection, len(context.history), min(NEWEST, len(context.history)), ways)


def _in_words(correction: float) -> str:
    size = "much " if abs(correction) >= _MUCH else "a little " if abs(correction) < _LITTLE else ""
    return f"speaks {size}{'more' if correction > 0 else 'less'} for a match than usual"
