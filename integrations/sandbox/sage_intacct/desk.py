"""What a function of the gateway works with, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass

from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.sessions import Session


@dataclass(frozen=True)
class Desk:
    """The company as the session sees it; `endpoint` is the gateway's own address, `opened` makes a session."""

    books: Books
    endpoint: str
    opened: Callable[[str], Session]


@dataclass(frozen=True)
class Result:
    """What stands in a result after its control id, as XML."""

    xml: str = ""
