"""A posting that hangs a kept file on a record: sent once, and looked up in the ledger by its content."""

from dataclasses import dataclass

from integrations.engine.errors import OutcomeUnknown, RejectedError
from integrations.engine.files_found import free_name
from integrations.engine.ledger import Ledger
from integrations.engine.results import Attachment, Outcome
from integrations.models import KeptFile, LedgerRecord, Posting
from tenants.rls import tenant_scope


@dataclass(frozen=True)
class Attached:
    """The ledger has the file. The record it hangs on is what the posting is about."""

    external_id: str
    remote_type: str
    file: Attachment


def body_of(file: KeptFile, record: str | Posting, remote_type: str = "") -> dict[str, object]:
    """What a posting that attaches a file says; the bytes stay with the file."""
    on = {"posting": str(record.pk)} if isinstance(record, Posting) else record
    said = {"external_id": on, "file": str(file.pk), "file_name": file.name, "content_type": file.content_type}
    return said | {"size": file.size, "digest": file.digest} | ({"remote_type": remote_type} if remote_type else {})


def looked_up(ledger: Ledger, posting: Posting) -> Attached | None:
    """What the ledger has of it: the file, or None where it certainly has not. Raises OutcomeUnknown."""
    file = kept(posting)
    probe = ledger.find_file(
        posting.resource,
        posting.body["external_id"],
        file_name=posting.body["file_name"],
        content=bytes(file.content),
        sent_at=posting.sent_at,
    )
    if probe.outcome == Outcome.UNKNOWN:
        raise OutcomeUnknown(probe.reason, retry_after=probe.wait)
    return _attached(posting, probe.attachment) if probe.attachment is not None else None


def before_sending(ledger: Ledger, posting: Posting) -> tuple[Attached | None, str]:
    """What is there already, if somebody has attached the same; and the name under which it replaces no other file."""
    content = bytes(kept(posting).content)
    name = posting.body["file_name"]
    if ledger.connector.files is None or ledger.connector.files.listing is None:
        return None, name
    probe = ledger.find_file(posting.resource, posting.body["external_id"], file_name=name, content=content)
    if probe.attachment is not None:
        return _attached(posting, probe.attachment), name
    return None, free_name(name, probe.names)


def attach(ledger: Ledger, posting: Posting, *, key: str) -> Attached:
    """Upload it. Raises like `Ledger.post`."""
    file = kept(posting)
    attachment = ledger.attach(
        posting.resource,
        posting.body["external_id"],
        file_name=posting.body["file_name"],
        content_type=file.content_type,
        content=bytes(file.content),
        key=key,
    )
    return _attached(posting, attachment)


def kept(posting: Posting) -> KeptFile:
    """The file; RejectedError when somebody has taken it away."""
    with tenant_scope(posting.tenant_id):
        file = KeptFile.objects.for_tenant(posting.tenant_id).filter(pk=posting.body.get("file")).first()
    if file is None:
        raise RejectedError(
            "The file is no longer kept here.", code="file_gone", remedy="Cancel this one, or add the file again."
        )
    return file


def note(posting: Posting, attached: Attached) -> LedgerRecord | None:
    """Keep the ledger's id of the file; the record that it hangs on, where the mirror has it. In the tenant's scope."""
    files = KeptFile.objects.for_tenant(posting.tenant_id).filter(pk=posting.body.get("file"))
    files.update(external_id=attached.file.external_id[:200])
    rows = LedgerRecord.objects.for_tenant(posting.tenant_id).of(posting.connection, posting.resource)
    found = rows.filter(external_id=attached.external_id)
    return (found.filter(remote_type=attached.remote_type) if attached.remote_type else found).first()


def _attached(posting: Posting, file: Attachment) -> Attached:
    return Attached(str(posting.body["external_id"]), str(posting.body.get("remote_type") or ""), file)
