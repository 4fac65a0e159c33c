"""Files that hang on records: uploaded in one or several calls, listed, downloaded; as a manifest says.

An upload's bytes are the same for the same write, so that a ledger recognises its repetition.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from integrations.engine import jsontext, paths, templates
from integrations.engine.errors import RejectedError, UnexpectedShape
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.results import Attachment

if TYPE_CHECKING:
    from integrations.engine.ledger import Ledger

PLACES = frozenset({"kind", "id", "file", "file_name", "content_type", "size", "base64", "idempotency"})


_ID = re.compile(r"[\w.:~|-]{1,100}")


@dataclass(frozen=True, slots=True)
class FileCall:
    """One call about files: of an upload, or the list."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None
    interface: str = ""
    action: str = ""

    def request(self, places: Mapping[str, Any], **more: Any) -> RemoteRequest:
        """The call with its places filled in."""
        return RemoteRequest(
            self.method,
            templates.filled_path(self.path, places),
            templates.filled_all(self.params, places),
            {**templates.filled_all(self.headers, places), **more.pop("headers", {})},
            body=templates.filled_structure(self.body, places),
            interface=self.interface,
            action=self.action,
            **more,
        )


@dataclass(frozen=True, slots=True)
class UploadStep:
    """One call of an upload. The first carries the file; later ones may hang it on the record."""

    call: FileCall
    style: str = "base64"
    part: str = ""
    parts: Mapping[str, Any] = field(default_factory=dict)
    take: Mapping[str, str] = field(default_factory=dict)
    """Places for the later steps: name → path in the answer."""
    when: Mapping[str, bool] = field(default_factory=dict)
    """Place → whether an earlier step must have taken something for it."""

    def fits(self, places: Mapping[str, Any]) -> bool:
        """Whether the step is made after what was taken."""
        return all((places.get(name) is not None) is wanted for name, wanted in self.when.items())


@dataclass(frozen=True, slots=True)
class Listing:
    """How the files of a record are listed, and what each says of itself."""

    call: FileCall
    many: str
    id: str
    name: str
    type: str
    size: str
    before: tuple[tuple[FileCall, Mapping[str, str]], ...] = ()
    """Calls that come first, with what each answer gives the later ones: place → path."""


@dataclass(frozen=True, slots=True)
class Download:
    """Where the bytes of a file are: a path of the API, an address that its entry in the list names, or that entry."""

    call: FileCall | None
    url_path: str
    hosts: tuple[str, ...]
    """Other hosts that such an address may name, with everything below them."""
    content_path: str = ""
    """Where the bytes stand as base64; empty: the answer is the file."""


@dataclass(frozen=True, slots=True)
class Files:
    """How files hang on records."""

    max_bytes: int
    kinds: Mapping[str, Mapping[str, str]]
    """Unified resource → places, `kind` above all: the ledger's name of what a file can hang on."""
    upload: tuple[UploadStep, ...]
    answer: str
    listing: Listing | None
    download: Download | None


def attach(
    ledger: "Ledger", resource: str, external_id: str, *, file_name: str, content_type: str, content: bytes, key: str
) -> Attachment:
    """Upload a file and hang it on a record. Raises like `Ledger.post`."""
    files, places = _declared(ledger, resource, external_id)
    if len(content) > files.max_bytes:
        raise RejectedError(
            f"The file has {len(content):,} bytes; {ledger.connector.label} takes at most {files.max_bytes:,}.",
            code="too_large",
            remedy="Make the file smaller.",
        )
    if any(sign in content_type for sign in "\r\n"):
        raise RejectedError("This is no content type.", code="invalid_file")
    places |= {
        "file_name": clean_name(file_name),
        "content_type": content_type,
        "size": len(content),
        "idempotency": key,
        "file": "",
    }
    found: Any = None
    for position, step in enumerate(files.upload):
        if not step.fits(places):
            continue
        # A step has its own key: the ledger must not take the second for the first.
        own = key if position == 0 else f"{key}-{position + 1}"
        answer = ledger.client.send(ledger.keyed(_upload(step, places, content), own))
        places |= {name: paths.getter(path)(answer.body) for name, path in step.take.items()}
        found = found or (paths.getter(files.answer)(answer.body) if files.answer else None)
    return _attached(files, found, places)


def clean_name(file_name: str) -> str:
    """The name that a file can have in an address, a query and a form: 200 characters, none of them a sign of those."""
    return "".join(sign for sign in file_name if sign.isprintable() and sign not in '"\\/')[:200] or "file"


def _declared(ledger: "Ledger", resource: str, external_id: str) -> tuple[Files, dict[str, Any]]:
    files, name = ledger.connector.files, resource.replace("-", "_")
    if files is None or name not in files.kinds:
        text = f"{ledger.connector.label} takes no files for {name.replace('_', ' ')}."
        raise RejectedError(text, code="unsupported")
    if not _ID.fullmatch(external_id):
        # It may stand in a query: what no ledger uses in an id cannot end one.
        raise RejectedError(f"{external_id!r} is no id of a record.", code="not_found")
    values = {"org": "", **ledger.context.values}
    return files, {**values, **templates.filled_all(files.kinds[name], values), "id": external_id}


def _upload(step: UploadStep, places: Mapping[str, Any], content: bytes) -> RemoteRequest:
    if step.style == "raw":
        headers = {"Content-Type": places["content_type"]}
        return step.call.request(places, content=content, headers=headers, operation="attach")
    if step.style == "base64":
        encoded = {**places, "base64": b64encode(content).decode()}
        return step.call.request(encoded, operation="attach")
    boundary = sha256(content + str(places["id"]).encode() + places["file_name"].encode()).hexdigest()[:40]
    parts = [
        _part(
            boundary, name, f"{name}.json", "application/json", jsontext.dumps(templates.filled_structure(data, places))
        )
        for name, data in step.parts.items()
    ]
    parts.append(_part(boundary, step.part, places["file_name"], places["content_type"], content))
    body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return step.call.request(places, content=body, headers=headers, operation="attach")


def _part(boundary: str, name: str, file_name: str, content_type: str, content: bytes) -> bytes:
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    )
    return head.encode() + content + b"\r\n"


def _attached(files: Files, found: Any, places: Mapping[str, Any]) -> Attachment:
    """The file as the ledger has it; what its answer does not say is as it was sent."""
    card = found if isinstance(found, Mapping) else {}
    known = _attachment(files.listing, card) if files.listing and card else None
    return Attachment(
        external_id=(known.external_id if known else "") or str(places.get("file") or ""),
        file_name=(known.file_name if known else "") or str(places["file_name"]),
        content_type=(known.content_type if known else "") or str(places["content_type"]),
        size=(known.size if known else None) or int(places["size"]),
        raw=dict(card),
    )


def _attachment(listing: Listing, item: Mapping[str, Any]) -> Attachment:
    def at(path: str) -> Any:
        return paths.getter(path)(item) if path else None

    size = at(listing.size)
    return Attachment(
        external_id=str(at(listing.id) or ""),
        file_name=str(at(listing.name) or ""),
        content_type=str(at(listing.type) or ""),
        size=int(size) if str(size or "").isdecimal() else None,
        raw=dict(item),
    )


def listed(ledger: "Ledger", resource: str, external_id: str) -> list[Attachment]:
    """The files of a record. Raises RejectedError `unsupported`."""
    files, places = _declared(ledger, resource, external_id)
    if files.listing is None:
        raise RejectedError(f"{ledger.connector.label} cannot list the files of a record.", code="unsupported")
    for call, take in files.listing.before:
        answer = ledger.client.send(call.request(places, operation="read"))
        told = {name: paths.getter(path)(answer.body) for name, path in take.items()}
        if None in told.values():
            # The record names nothing that could hold files.
            return []
        places |= told
    answer = ledger.client.send(files.listing.call.request(places, operation="read"))
    ledger.needs_json(answer)
    found = paths.getter(templates.filled(files.listing.many, places))(answer.body)
    items = found if isinstance(found, list) else [found] if found else []
    return [_attachment(files.listing, item) for item in items]


def downloaded(ledger: "Ledger", resource: str, external_id: str, file_id: str) -> bytes:
    """The bytes of a file, at most as many as the manifest lets an answer have."""
    files, places = _declared(ledger, resource, external_id)
    if files.download is None:
        raise RejectedError(f"{ledger.connector.label} cannot give files back.", code="unsupported")
    if files.download.url_path:
        url = _address(ledger, files.download, resource, external_id, file_id)
        return ledger.client.fetch(url, hosts=files.download.hosts).data
    if files.download.call is None:
        entry = _entry(ledger, resource, external_id, file_id)
        return _decoded(ledger, paths.getter(files.download.content_path)(entry.raw))
    places |= {"file": file_id}
    answer = ledger.client.send(files.download.call.request(places, operation="read", kind="download"))
    return _content(ledger, files.download, answer) if files.download.content_path else answer.data


def _content(ledger: "Ledger", download: Download, answer: Answer) -> bytes:
    """The bytes that stand as base64 in an answer."""
    return _decoded(ledger, paths.getter(download.content_path)(answer.body), answer.correlation_id)


def _decoded(ledger: "Ledger", text: Any, correlation_id: str = "") -> bytes:
    if not isinstance(text, str):
        raise UnexpectedShape(f"{ledger.connector.label} sent no file.", correlation_id=correlation_id)
    try:
        return b64decode(text, validate=True)
    except binascii.Error as error:
        raise UnexpectedShape(f"{ledger.connector.label} sent a file that is no base64.") from error


def _address(ledger: "Ledger", download: Download, resource: str, external_id: str, file_id: str) -> str:
    entry = _entry(ledger, resource, external_id, file_id)
    url = paths.getter(download.url_path)(entry.raw)
    if not isinstance(url, str) or not url:
        raise UnexpectedShape(f"{ledger.connector.label} does not say where the file is.")
    return url


def _entry(ledger: "Ledger", resource: str, external_id: str, file_id: str) -> Attachment:
    """A file's entry in the list of its record."""
    entry = next((item for item in listed(ledger, resource, external_id) if item.external_id == file_id), None)
    if entry is None:
        raise RejectedError("There is no such file at this record any more.", code="not_found")
    return entry
