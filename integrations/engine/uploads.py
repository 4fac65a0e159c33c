"""Attaching files: a multipart body whose bytes are the same for the same write, so that a repetition is recognised."""

from hashlib import sha256

from integrations.engine import jsontext, templates
from integrations.engine.declarations import Connector
from integrations.engine.errors import RejectedError
from integrations.engine.messages import RemoteRequest


def request(
    connector: Connector,
    *,
    org: str,
    resource: str,
    external_id: str,
    file_name: str,
    content_type: str,
    content: bytes,
) -> RemoteRequest:
    """The call that uploads a file and hangs it on a record. Raises RejectedError."""
    declared = connector.upload
    if declared is None or resource not in declared.kinds:
        raise RejectedError(f"{connector.label} takes no files for {resource.replace('_', ' ')}.", code="unsupported")
    if len(content) > declared.max_bytes:
        raise RejectedError(
            f"The file has {len(content):,} bytes; {connector.label} takes at most {declared.max_bytes:,}.",
            code="too_large",
            remedy="Make the file smaller.",
        )
    name = "".join(sign for sign in file_name if sign.isprintable() and sign not in '"\\/')[:200] or "file"
    metadata = {
        "AttachableRef": [
            {"EntityRef": {"type": declared.kinds[resource], "value": external_id}, "IncludeOnSend": False}
        ],
        "FileName": name,
        "ContentType": content_type,
    }
    boundary = sha256(content + external_id.encode() + name.encode()).hexdigest()[:40]
    parts = [
        _part(boundary, declared.metadata_part, "attachment.json", "application/json", jsontext.dumps(metadata)),
        _part(boundary, declared.content_part, name, content_type, content),
        f"--{boundary}--\r\n".encode(),
    ]
    return RemoteRequest(
        "POST",
        templates.filled_path(declared.path, {"org": org}),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        content=b"".join(parts),
        remote_type="Attachable",
        operation="create",
    )


def _part(boundary: str, name: str, file_name: str, content_type: str, content: bytes) -> bytes:
    if any(sign in content_type for sign in "\r\n"):
        raise RejectedError("This is no content type.", code="invalid_file")
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    )
    return head.encode() + content + b"\r\n"
