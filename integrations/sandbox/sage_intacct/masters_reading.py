"""Masters as REST sends them, as neutral bodies."""

from collections.abc import Callable

from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.kinds import Object
from integrations.sandbox.wire import Body

READ: dict[str, Callable[[Books, Object, Body, Record | None], Body]] = {}
"""Kind → the neutral body of what REST sends."""
