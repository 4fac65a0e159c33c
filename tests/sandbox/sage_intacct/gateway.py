"""Drives Intacct's XML gateway as a client does, in the same process."""

from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from werkzeug.test import Client, TestResponse

from tests.sandbox.sage_intacct.driver import Intacct

ADDRESS = "/sage_intacct/ia/xml/xmlgw.phtml"
SENDER = ("sandbox-client", "sandbox-secret")


def control(sender: tuple[str, str] = SENDER, *, unique: str = "false") -> str:
    """The control block."""
    return (f"<control><senderid>{sender[0]}</senderid><password>{sender[1]}</password><controlid>c1</controlid>"
            f"<uniqueid>{unique}</uniqueid><dtdversion>3.0</dtdversion></control>")  # fmt: skip


def login(company: str, user: str = "ws", password: str = "right", location: str = "") -> str:  # noqa: S107
    """A sign-in block."""
    return (f"<login><userid>{user}</userid><companyid>{company}</companyid><password>{password}</password>"
            f"<locationid>{location}</locationid></login>")  # fmt: skip


def functions(*inside: str, ids: str = "f") -> str:
    """Function blocks with the control ids f1, f2 …"""
    return "".join(f'<function controlid="{ids}{place}">{each}</function>' for place, each in enumerate(inside, 1))


def posted(client: Client, proof: str, content: str, control_block: str = "", atomic: str = "false") -> TestResponse:
    """A whole request."""
    body = (f'<?xml version="1.0" encoding="UTF-8"?><request>{control_block or control()}<operation '
            f'transaction="{atomic}"><authentication>{proof}</authentication><content>{content}</content></operation>'
            "</request>")  # fmt: skip
    return client.post(ADDRESS, data=body, content_type="application/xml")


def parsed(response: TestResponse) -> Element:
    """The answer's root."""
    return ElementTree.fromstring(response.get_data())  # noqa: S314


def said(element: Element, path: str) -> str:
    """The text at a path below an element; it must be there."""
    found = element.find(path)
    assert found is not None, ElementTree.tostring(element).decode()
    return found.text or ""


@dataclass
class Gateway:
    """A company with a session."""

    intacct: Intacct
    session: str

    def ask(self, *inside: str, atomic: bool = False, unique: bool = False, ids: str = "f") -> Element:
        """The answer to functions."""
        block = control(unique=str(unique).lower())
        proof = f"<sessionid>{self.session}</sessionid>"
        return parsed(posted(self.intacct.client, proof, functions(*inside, ids=ids), block, str(atomic).lower()))

    def done(self, function: str) -> Element:
        """The result of a function that must succeed."""
        result = self.ask(function).find("operation/result")
        assert result is not None
        assert said(result, "status") == "success", ElementTree.tostring(result).decode()
        return result

    def refused(self, function: str) -> tuple[str, str]:
        """(number, the sentence without its support id) of a function that must fail."""
        result = self.ask(function).find("operation/result")
        assert result is not None
        assert said(result, "status") == "failure", ElementTree.tostring(result).decode()
        why, mark, _ = said(result, "errormessage/error/description2").partition(" [Support ID: ")
        assert mark
        return said(result, "errormessage/error/errorno"), why

    def made(self, xml: str, **fields: Any) -> str:
        """The record number of an object created."""
        return said(self.done(f"<create>{element(xml, fields)}</create>"), "data/*/RECORDNO")

    def rows(self, name: str, fields: str, rest: str = "") -> list[dict[str, str]]:
        """The rows of a query."""
        select = "".join(f"<field>{each}</field>" for each in fields.split())
        data = self.done(f"<query><object>{name}</object><select>{select}</select>{rest}</query>").find("data")
        assert data is not None
        return [{each.tag: each.text or "" for each in row} for row in data]

    def row(self, name: str, key: str, fields: str) -> dict[str, str]:
        """One record by its number."""
        return self.rows(name, fields, where("equalto", "RECORDNO", key))[0]


def where(operator: str, field: str, *values: str) -> str:
    """A filter of one condition."""
    told = "".join(f"<value>{each}</value>" for each in values)
    return f"<filter><{operator}><field>{field}</field>{told}</{operator}></filter>"


def element(name: str, inside: Any) -> str:
    """Nested dictionaries and lists as XML."""
    if isinstance(inside, dict):
        return f"<{name}>{''.join(element(key, value) for key, value in inside.items())}</{name}>"
    if isinstance(inside, list):
        return "".join(element(name, each) for each in inside)
    return f"<{name}>{inside}</{name}>"


def opened(intacct: Intacct, location: str = "") -> Gateway:
    """A session by user and password."""
    content = functions("<getAPISession/>")
    root = parsed(posted(intacct.client, login(intacct.company, location=location), content))
    return Gateway(intacct, said(root, "operation/result/data/api/sessionid"))
