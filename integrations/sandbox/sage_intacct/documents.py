"""Transactions as REST shows them."""

from collections.abc import Callable

from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.kinds import Object
from integrations.sandbox.wire import Body

SHOWN: dict[str, Callable[[Books, Object, Record], Body]] = {}
"""Kind → how its records look in REST."""
