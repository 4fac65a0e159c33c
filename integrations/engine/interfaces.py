"""Protocols beside JSON in one ledger: what a call's body is put into, how it is spelled, who signs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from integrations.engine import templates
from integrations.engine.messages import RemoteRequest


@dataclass(frozen=True, slots=True)
class Interface:
    """One protocol: where it is spoken, its envelope around `{body}`, and the signer of the envelope."""

    format: str = "json"
    path: str = ""
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    envelope: Any = None
    sign: str = ""
    lists: tuple[str, ...] = ()
    """Elements of XML that are lists even when there is one."""


def spoken(interface: Interface, request: RemoteRequest, places: Mapping[str, Any]) -> RemoteRequest:
    """The request as this protocol says it."""
    told = {**places, "action": request.action, "body": request.body}
    return replace(
        request,
        method=interface.method if not request.path else request.method,
        path=request.path or templates.filled_path(interface.path, told),
        headers={**templates.filled_all(interface.headers, told), **request.headers},
        body=request.body if interface.envelope is None else templates.filled_structure(interface.envelope, told),
        sign=request.sign or interface.sign,
        format=interface.format,
    )
