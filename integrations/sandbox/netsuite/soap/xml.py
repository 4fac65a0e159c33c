"""XML as SuiteTalk writes and reads it."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

_DECLARATIONS = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_FAMILIES = {
    "platformMsgs": "messages_{v}.platform.webservices.netsuite.com",
    "platformCore": "core_{v}.platform.webservices.netsuite.com",
    "platformCommon": "common_{v}.platform.webservices.netsuite.com",
    "platformFaults": "faults_{v}.platform.webservices.netsuite.com",
    "listAcct": "accounting_{v}.lists.webservices.netsuite.com",
    "listRel": "relationships_{v}.lists.webservices.netsuite.com",
    "listEmp": "employees_{v}.lists.webservices.netsuite.com",
    "tranSales": "sales_{v}.transactions.webservices.netsuite.com",
    "tranPurch": "purchases_{v}.transactions.webservices.netsuite.com",
    "tranBank": "bank_{v}.transactions.webservices.netsuite.com",
    "tranCust": "customers_{v}.transactions.webservices.netsuite.com",
    "tranGeneral": "general_{v}.transactions.webservices.netsuite.com",
    "fileCabinet": "filecabinet_{v}.documents.webservices.netsuite.com",
}


class MalformedXmlError(ValueError):
    """The bytes are no XML, or declare things that SOAP forbids."""


def parse(data: bytes) -> Element:
    """The root element; declarations of types and entities are refused. Raises MalformedXmlError."""
    if _DECLARATIONS.search(data):
        raise MalformedXmlError("A SOAP message must not contain a document type declaration.")
    try:
        # Without declarations there are no entities to expand.
        return ElementTree.fromstring(data)  # noqa: S314
    except ElementTree.ParseError as error:
        raise MalformedXmlError(str(error)) from error


def local(element: Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def child(element: Element | None, *names: str) -> Element | None:
    """The descendant reached by these local names, one a level."""
    for name in names:
        if element is None:
            return None
        element = next((each for each in element if local(each) == name), None)
    return element


def text(element: Element | None, *names: str, default: str = "") -> str:
    """The text of a descendant."""
    found = child(element, *names)
    return default if found is None else (found.text or "").strip()


def every(element: Element | None, name: str) -> Iterator[Element]:
    """The children of this local name."""
    return (each for each in (() if element is None else element) if local(each) == name)


def kind(element: Element) -> str:
    """The local name of its xsi:type."""
    return element.get(f"{{{XSI}}}type", "").rpartition(":")[2]


def node(name: str, *inside: str | None, **attributes: str | None) -> str:
    """An element as text; what is inside is XML already. `xsi_type` becomes xsi:type."""
    spelled = "".join(
        f" {key.replace('_', ':', 1) if key.startswith(('xsi_', 'xmlns_')) else key}={quoteattr(value)}"
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{spelled}>{''.join(part for part in inside if part)}</{name}>"


def leaf(name: str, value: object) -> str:
    """An element with a text; empty for None."""
    if value is None:
        return ""
    shown = str(value).lower() if isinstance(value, bool) else escape(str(value))
    return f"<{name}>{shown}</{name}>"


def envelope(version: str, header: str, body: str) -> bytes:
    """A whole message with every namespace declared on top."""
    names = {"soapenv": SOAP, "xsi": XSI, "xsd": "http://www.w3.org/2001/XMLSchema"}
    names |= {prefix: f"urn:{form.format(v=version)}" for prefix, form in _FAMILIES.items()}
    spelled = {f"xmlns_{prefix}": uri for prefix, uri in names.items()}
    whole = node("soapenv:Envelope", node("soapenv:Header", header), node("soapenv:Body", body), **spelled)
    return f'<?xml version="1.0" encoding="UTF-8"?>{whole}'.encode()
