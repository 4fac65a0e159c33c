"""Masters as REST shows them."""

from collections.abc import Callable

from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct.books import Books, title
from integrations.sandbox.sage_intacct.kinds import Object
from integrations.sandbox.wire import Body


def account(books: Books, obj: Object, record: Record) -> Body:
    """A ledger account."""
    return {**books.base(obj, record), "name": title(record)}


SHOWN: dict[str, Callable[[Books, Object, Record], Body]] = {"account": account}
"""Kind → how its records look in REST."""
