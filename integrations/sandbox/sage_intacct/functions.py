"""Every function of the gateway by its name, and how its refusals are told."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from integrations.sandbox.sage_intacct import (
    ledgerfunctions,
    legacy,
    supdocs,
    xmlnames,
    xmlquery,
    xmlreading,
    xmlwriting,
)
from integrations.sandbox.sage_intacct.desk import Desk, Result
from integrations.sandbox.sage_intacct.envelopes import Function, leaf, node, text
from integrations.sandbox.sage_intacct.errors import Detail, SageError

_NO_NUMBER = {
    "REST-1045": "DL02000001",
    "REST-1028": "XL03000003",
    "REST-1001": "DL02000001",
    "REST-1003": "DL02000001",
}
"""REST's outer errors that have no details → the gateway's numbers (not verified)."""
GENERIC_WRITES = frozenset(xmlwriting.FUNCTIONS)


def get_api_session(desk: Desk, body: Element) -> Result:
    """A session for the following calls, in the entity of the sign-in or in another that is named."""
    entity = text(body, "locationid") or desk.books.entity
    session = desk.opened(entity)
    told = node("api", leaf("sessionid", session.id), leaf("endpoint", desk.endpoint), leaf("locationid", entity))
    return Result(node("data", told))


_FUNCTIONS: dict[str, Callable[[Desk, Element], Result]] = {
    "getAPISession": get_api_session, **xmlquery.FUNCTIONS, **xmlreading.FUNCTIONS, **ledgerfunctions.FUNCTIONS,
    **xmlwriting.FUNCTIONS, **legacy.FUNCTIONS, **supdocs.FUNCTIONS,
}  # fmt: skip
READING = frozenset({"getAPISession", "get_list", *xmlquery.FUNCTIONS, *xmlreading.FUNCTIONS,
                     *ledgerfunctions.FUNCTIONS})  # fmt: skip
"""What changes nothing."""


def run(desk: Desk, function: Function) -> Result:
    """Do it. Raises SageError, BooksError."""
    found = _FUNCTIONS.get(function.name)
    if found is None:
        raise xmlreading.refused(function.name)
    return found(desk, function.body)


def details_of(function: Function, error: SageError) -> list[Detail]:
    """The entries of an errormessage: the telling one first, then what could not be done."""
    if not error.details:
        number = _NO_NUMBER.get(error.error_id, "BL01001973")
        return [Detail(error.message, error.error_id, error.code, number), *_general(function)]
    told = list(reversed(error.details))
    return told if len(told) > 1 else [*told, *_general(function)]


def _general(function: Function) -> list[Detail]:
    """Could not create Bill record."""
    if function.name not in ("create", "update"):
        return []
    shape = next((xmlnames.shape(each.tag) for each in function.body), None)
    return [Detail(f"Could not {function.name} {shape.obj.label} record.")] if shape else []
