"""Files: uploads, their temporary links, and a plain PDF of a document."""

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import replace

from werkzeug.wrappers import Request, Response

from integrations.sandbox.books.store import Record
from integrations.sandbox.quickbooks import attachments, errors, writing
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.quickbooks.entities import ENTITIES
from integrations.sandbox.wire import Body

_LINK_SECONDS = 900
_KEY = secrets.token_bytes(32)


def _signature(realm: str, key: str, expires: str) -> str:
    return hmac.new(_KEY, f"{realm}/{key}/{expires}".encode(), hashlib.sha256).hexdigest()


def link(root: str, realm: str, key: str) -> str:
    """A link to a file that works for about a quarter of an hour without a token."""
    expires = str(int(time.time()) + _LINK_SECONDS)
    return f"{root}/quickbooks/files/{realm}/{key}?Expires={expires}&Signature={_signature(realm, key, expires)}"


def is_valid(request: Request, realm: str, key: str) -> bool:
    """Whether a temporary link is genuine and fresh."""
    expires = request.args.get("Expires", "")
    given = request.args.get("Signature", "")
    return (
        expires.isdigit()
        and int(expires) >= time.time()
        and hmac.compare_digest(given, _signature(realm, key, expires))
    )


def download(company: Company, key: str) -> Response:
    """The bytes of an attachment. Raises 610."""
    card = company.read("Attachable", key)
    stored = company.store.get("_file", key)
    if stored is None:
        raise errors.not_found()
    data = base64.b64decode(stored.body["data"])
    response = Response(data, content_type=card.body.get("ContentType") or "application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=card.body.get("FileName", "file"))
    return response


def upload(company: Company, request: Request) -> Body:
    """Every pair of an upload as an Attachable or a Fault of its own. Raises 6040 for odd parts."""
    root = request.host_url.rstrip("/")
    answers: list[Body] = []
    for metadata, file in attachments.parts(request):
        try:
            if file is None:
                raise errors.FaultError("6041", "Invalid file", "The file content is missing.")
            name = str(metadata.get("FileName") or file.filename or "file")
            data = attachments.content(file, name)
            card = {**metadata, "FileName": name}
            record = _keep(company, root, card, data, str(metadata.get("ContentType") or file.mimetype))
            answers.append({"Attachable": record.body})
        except errors.FaultError as fault:
            answers.append({"Fault": fault.as_fault()})
    if not answers:
        raise errors.FaultError("6041", "Invalid file", "No file was sent.")
    return {"AttachableResponse": answers}


def _keep(company: Company, root: str, card: Body, data: bytes, content_type: str) -> Record:
    with company.store.transaction():
        record = writing.save(company, ENTITIES["Attachable"], card)
        details: Body = {
            "FileAccessUri": f"/v3/company/{company.realm}/download/{record.id}",
            "TempDownloadUri": link(root, company.realm, record.id),
            "Size": len(data),
            "ContentType": content_type,
        }
        record = replace(record, body={**record.body, **details})
        company.store.put(record)
        encoded = {"data": base64.b64encode(data).decode()}
        company.store.put(Record("_file", record.id, encoded, record.created, record.updated))
    return record


def pdf(record: Record) -> bytes:
    """A one-page PDF naming the document."""
    text = f"{record.table} {record.body.get('DocNumber', record.id)}  total {record.body.get('TotalAmt', '')}"
    safe = text.encode("latin-1", "replace").decode("latin-1").replace("\\", "").replace("(", "").replace(")", "")
    stream = f"BT /F1 16 Tf 60 760 Td ({safe}) Tj ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources "
        "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
    ]
    out, offsets = "%PDF-1.4\n", []
    for position, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{position} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    end = f"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return f"{out}xref\n0 5\n0000000000 65535 f \n{table}{end}".encode("latin-1")
