"""The files of a document: kept with it, and hung on what it became in the ledger by writes of their own."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid5

from django.core.exceptions import ValidationError

from integrations.models import KeptFile, Posting
from integrations.models.files import ORIGIN as FILE
from integrations.services import attaching
from integrations.services.connectors import connector_of, takes_files
from integrations.services.filing import Brought, keep_file
from integrations.services.postings import cancel_posting, request_posting
from mappings.models import SourceDocument
from mappings.models.documents import ORIGIN
from mappings.transform.kinds import KINDS
from tenants.models import PartnerGrant, User

_STATUS = SourceDocument.Status
_BEFORE_CUT_OVER = (_STATUS.MATCHING, _STATUS.LINKED, _STATUS.LEFT_OUT)
_GONE = (Posting.Status.CANCELLED,)
_AWAY = (Posting.Status.SENT, Posting.Status.UNKNOWN, Posting.Status.POSTED)


@dataclass(frozen=True)
class FileState:
    """One file of a document, where it is, and why."""

    file: KeptFile
    code: str
    """kept (only here), waiting (for the document), sending, there, refused."""
    text: str
    tone: str
    posting: Posting | None = None

    @property
    def may_be_removed(self) -> bool:
        """Whether nothing of it is in the ledger or on its way."""
        return self.posting is None or self.posting.status not in _AWAY


def add_files(
    *,
    document: SourceDocument,
    files: Iterable[Brought],
    sent_by: User | None = None,
    grant: PartnerGrant | None = None,
) -> list[tuple[KeptFile, bool]]:
    """Keep files with a document, each with whether it is new; all of them or, with a ValidationError, none."""
    return [
        keep_file(
            connection=document.connection,
            origin_kind=ORIGIN,
            origin_id=document.pk,
            file=each,
            sent_by=sent_by,
            grant=grant,
        )
        for each in files
    ]


def files_of(document: SourceDocument) -> list[KeptFile]:
    """Its files in the order they came, without their bytes."""
    return list(KeptFile.objects.for_tenant(document.tenant_id).of_origin(ORIGIN, document.pk))


def request_files(document: SourceDocument) -> list[Posting]:
    """Ask for every file to follow what the document became; nothing where it became nothing, or the ledger takes none.

    ValidationError where the connection does not write.
    """
    files = files_of(document)
    made = _made(document) if files and document.status == _STATUS.MAPPED else None
    if made is None or why_kept(document, made):
        return []
    return [
        request_posting(
            connection=document.connection,
            resource=made.resource,
            operation=Posting.Operation.ATTACH,
            body=attaching.body_of(file, made),
            origin_kind=FILE,
            origin_id=file.pk,
            idempotency_key=_key(file, made),
            depends_on=made,
        )
        for file in files
    ]


def remove_file(*, document: SourceDocument, file: KeptFile) -> None:
    """Take a file away that has not gone to the ledger; ValidationError when it has, or may have."""
    for posting in Posting.objects.for_tenant(document.tenant_id).of_origin(FILE, file.pk).exclude(status__in=_GONE):
        if posting.status in _AWAY:
            raise ValidationError(f"{file} is in the ledger, or on its way: take it off the document there.")
        cancel_posting(posting)
    file.delete()


def states_of(document: SourceDocument) -> list[FileState]:
    """Every file and where it is; three queries."""
    files = files_of(document)
    rows = Posting.objects.for_tenant(document.tenant_id).filter(
        origin_kind=FILE, origin_id__in=[each.pk for each in files]
    )
    writes = {row.origin_id: row for row in rows.exclude(status__in=_GONE).order_by("id")} if files else {}
    kept = why_kept(document, _made(document)) if files else ""
    return [_state(document, each, writes.get(each.pk), kept) for each in files]


def reason_kept(document: SourceDocument) -> str:
    """Why its files stay here, as things stand; empty when they go."""
    return why_kept(document, _made(document))


def why_kept(document: SourceDocument, made: Posting | None) -> str:
    """Why its files stay here and do not go to the ledger; empty when they go.

    `made`: the write that makes what the document becomes, once there is one.
    """
    if document.status in _BEFORE_CUT_OVER:
        return "Kept here: the document was in the ledger before the cut-over, and nothing is written to it."
    connector = connector_of(document.connection)
    resource = made.resource if made else KINDS[document.kind].becomes[document.side]
    if takes_files(connector, resource):
        return ""
    said = connector.missing.get(f"{resource}.attach") or connector.missing.get("*.attach")
    said = said or f"{connector.label} takes no files for {resource.replace('_', ' ')}."
    return f"Kept here. {said}"


def _made(document: SourceDocument) -> Posting | None:
    """The write that makes what the document becomes; where its kind books otherwise in this ledger, its first."""
    rows = Posting.objects.for_tenant(document.tenant_id).of_origin(ORIGIN, document.pk)
    rows = rows.filter(reverses=None, operation=Posting.Operation.CREATE).exclude(status__in=_GONE)
    found = list(rows.defer("body", "question"))
    becomes = KINDS[document.kind].becomes[document.side]
    return next((each for each in found if each.resource == becomes), found[0] if found else None)


def _key(file: KeptFile, made: Posting) -> str:
    """One write for each file and each writing of its document; another one when that was cancelled."""
    cancelled = Posting.objects.for_tenant(made.tenant_id).of_origin(FILE, file.pk).filter(depends_on=made)
    return str(uuid5(file.pk, f"{made.pk} {cancelled.filter(status__in=_GONE).count()}"))


def _state(document: SourceDocument, file: KeptFile, posting: Posting | None, kept: str) -> FileState:
    if posting is None:
        waits = "Goes to the ledger after the document."
        is_there = document.status == _STATUS.MAPPED
        text = kept or ("Not sent to the ledger yet." if is_there else waits)
        return FileState(file, "kept" if kept else "waiting", text, "default" if kept else "info")
    if posting.status == Posting.Status.POSTED:
        return FileState(file, "there", "Attached in the ledger.", "success", posting)
    if posting.status in (Posting.Status.REJECTED, Posting.Status.RESTING, Posting.Status.HELD):
        why = str(posting.error.get("message") or posting.get_status_display())
        return FileState(file, "refused", f"Not in the ledger: {why}", "danger", posting)
    if posting.status == Posting.Status.UNKNOWN:
        return FileState(file, "sending", "Sent; the ledger is being asked whether it has it.", "warning", posting)
    return FileState(file, "sending", "On its way to the ledger.", "info", posting)
