"""The gateway's messages: requests taken apart, and elements, errors and results written out."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from integrations.sandbox.sage_intacct.answers import support_id
from integrations.sandbox.sage_intacct.errors import Detail

_DECLARATIONS = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
DTD_VERSION = "3.0"


class MalformedXmlError(ValueError):
    """The bytes are no XML, declare entities, or are no request."""


@dataclass(frozen=True)
class Control:
    """The control block: who sends, whether control ids are used once only, whether errors tell their REST ids."""

    sender: str = ""
    password: str = ""
    id: str = ""
    is_unique: bool = True
    version: str = DTD_VERSION
    is_detailed: bool = False


@dataclass(frozen=True)
class Login:
    """A user's sign-in; `location` is the entity to work in, None where it is not said."""

    user: str
    company: str
    password: str
    location: str | None


@dataclass(frozen=True)
class Function:
    """One thing to do: `name` is the element's, `body` the element itself."""

    id: str
    name: str
    body: Element


@dataclass(frozen=True)
class Asked:
    """A whole request: with a session's id, or with a login."""

    control: Control
    is_atomic: bool
    session: str | None
    login: Login | None
    functions: tuple[Function, ...]


def parse(data: bytes) -> Asked:
    """A request taken apart. Raises MalformedXmlError."""
    root = _root(data)
    operation = child(root, "operation")
    if root.tag != "request" or child(root, "control") is None or operation is None:
        raise MalformedXmlError("The document must be a request with a control block and an operation.")
    login = child(operation, "authentication", "login")
    session = child(operation, "authentication", "sessionid")
    functions = tuple(_function(each) for each in every(child(operation, "content"), "function"))
    if not functions:
        raise MalformedXmlError("The content block holds no function.")
    return Asked(
        _control(child(root, "control")), operation.get("transaction", "").casefold() == "true",
        None if session is None else text(session), None if login is None else _login(login), functions,
    )  # fmt: skip


def _root(data: bytes) -> Element:
    if _DECLARATIONS.search(data):
        raise MalformedXmlError("Document type declarations are not allowed.")
    try:
        # Without declarations there are no entities to expand.
        return ElementTree.fromstring(data)  # noqa: S314
    except ElementTree.ParseError as error:
        raise MalformedXmlError(f"XML error: {error}") from error


def _control(block: Element | None) -> Control:
    unique = text(block, "uniqueid").casefold() != "false"
    return Control(text(block, "senderid"), text(block, "password"), text(block, "controlid"), unique,
                   text(block, "dtdversion") or DTD_VERSION,
                   text(block, "showadditionalerrorinfo").casefold() == "true")  # fmt: skip


def _login(block: Element) -> Login:
    location = child(block, "locationid")
    return Login(text(block, "userid"), text(block, "companyid"), text(block, "password"),
                 None if location is None else text(location))  # fmt: skip


def _function(block: Element) -> Function:
    body = next(iter(block), None)
    if body is None:
        raise MalformedXmlError("A function block is empty.")
    return Function(block.get("controlid", ""), body.tag, body)


# Elements


def child(element: Element | None, *names: str) -> Element | None:
    """The descendant reached by these names, one a level."""
    for name in names:
        if element is None:
            return None
        element = next((each for each in element if each.tag == name), None)
    return element


def text(element: Element | None, *names: str) -> str:
    """The text of a descendant, "" where it is missing or empty."""
    found = child(element, *names)
    return "" if found is None else (found.text or "").strip()


def every(element: Element | None, name: str) -> Iterator[Element]:
    """The children of this name."""
    return (each for each in (() if element is None else element) if each.tag == name)


def node(name: str, *inside: str, **attributes: object) -> str:
    """An element as text; what is inside is XML already."""
    spelled = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items() if value is not None)
    return f"<{name}{spelled}>{''.join(inside)}</{name}>"


def leaf(name: str, value: object) -> str:
    """An element with a text; empty for None, true or false for a flag."""
    shown = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(_FORBIDDEN.sub('', shown))}</{name}>"


def leaves(values: dict[str, object]) -> str:
    """One element for each."""
    return "".join(leaf(name, value) for name, value in values.items())


# Answers


def errors_of(details: Iterable[Detail], *, is_detailed: bool = False, supported: bool = True) -> str:
    """An errormessage: a number, what, why (with a support id), and what to do; detailed with REST's error id too."""
    found = []
    for each in details:
        why = f"{each.message} [Support ID: {support_id()}]" if each.message and supported else each.message
        more = node("additionalinfo", leaf("errorid", each.error_id)) if is_detailed and each.error_id else ""
        found.append(node("error", leaf("errorno", each.number), leaf("description", each.description or None),
                          leaf("description2", why), leaf("correction", each.correction or None), more))  # fmt: skip
    return node("errormessage", *found)


def control_block(control: Control, status: str) -> str:
    """The control block of an answer."""
    return node("control", leaf("status", status), leaf("senderid", control.sender), leaf("controlid", control.id),
                leaf("uniqueid", control.is_unique), leaf("dtdversion", control.version))  # fmt: skip


def document(*inside: str) -> bytes:
    """A whole answer."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{node("response", *inside)}'.encode()
