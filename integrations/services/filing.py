"""Files that people and applications bring: checked by their first bytes, kept once, each under a name of its own."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePath
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection as database
from django.db import transaction

from integrations.models import Connection, KeptFile
from tenants.models import PartnerGrant, User

MOST_BYTES = 10_000_000
MOST_FILES = 10
_OPC, _TEXT = (b"PK\x03\x04",), ()
# Ending → content type, and how such files begin; none: it is text.
TYPES: dict[str, tuple[str, tuple[bytes, ...]]] = {
    "pdf": ("application/pdf", (b"%PDF",)),
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "gif": ("image/gif", (b"GIF87a", b"GIF89a")),
    "tif": ("image/tiff", (b"II*\x00", b"MM\x00*")),
    "tiff": ("image/tiff", (b"II*\x00", b"MM\x00*")),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _OPC),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", _OPC),
    "csv": ("text/csv", _TEXT),
    "txt": ("text/plain", _TEXT),
    "xml": ("application/xml", _TEXT),
}
_NAME = KeptFile._meta.get_field("name").max_length or 0


@dataclass(frozen=True)
class Brought:
    """A file as it came: its name and its bytes."""

    name: str
    content: bytes

    @property
    def digest(self) -> str:
        """By which it is known again."""
        return sha256(self.content).hexdigest()


def check(file: Brought) -> str:
    """The content type of a file that may come in; ValidationError says what is wrong with it and what to do."""
    ending = PurePath(file.name).suffix.lstrip(".").lower()
    if not file.content:
        raise ValidationError(f"{file.name} is empty: choose the file again.")
    if len(file.content) > MOST_BYTES:
        raise ValidationError(f"{file.name} is larger than {MOST_BYTES // 1_000_000} MB: make it smaller.")
    if ending not in TYPES:
        known = ", ".join(TYPES)
        raise ValidationError(f"{file.name} is of a kind that is not kept: send it as a PDF or an image ({known}).")
    content_type, begins = TYPES[ending]
    if not (file.content.startswith(begins) if begins else _is_text(file.content)):
        raise ValidationError(f"{file.name} is not what its name says (.{ending}): save it again and send that file.")
    return content_type


def keep_file(
    *,
    connection: Connection,
    origin_kind: str,
    origin_id: UUID,
    file: Brought,
    sent_by: User | None = None,
    grant: PartnerGrant | None = None,
) -> tuple[KeptFile, bool]:
    """Keep a file of a document, and whether it is new: the same content again is the file that is there.

    ValidationError for what cannot be kept. Inside the tenant's scope.
    """
    content_type = check(file)
    with transaction.atomic():
        _wait_for_turn(origin_id)
        known = list(KeptFile.objects.for_tenant(connection.tenant_id).of_origin(origin_kind, origin_id))
        if same := next((each for each in known if each.digest == file.digest), None):
            return same, False
        if len(known) >= MOST_FILES:
            raise ValidationError(f"A document has at most {MOST_FILES} files. Put several into one PDF.")
        row = KeptFile.objects.create(
            tenant_id=connection.tenant_id,
            connection=connection,
            origin_kind=origin_kind,
            origin_id=origin_id,
            name=_free(file.name, {each.name.casefold() for each in known}),
            content_type=content_type,
            size=len(file.content),
            digest=file.digest,
            content=file.content,
            sent_by=sent_by,
            grant=grant,
        )
    return row, True


def _wait_for_turn(origin_id: UUID) -> None:
    """Whoever brings files of one document at once waits here; its first file has no row that could be locked."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 31))", [str(origin_id)])


def _free(name: str, taken: set[str]) -> str:
    """The last part of the name, short enough, and with a number where another file has it."""
    path = PurePath("".join(sign for sign in name.replace("\\", "/") if sign.isprintable()))
    stem, ending = path.stem, path.suffix
    for number in range(1, MOST_FILES + 2):
        counted = f" ({number})" if number > 1 else ""
        found = f"{stem[: _NAME - len(ending) - len(counted)]}{counted}{ending}"
        if found.casefold() not in taken:
            return found
    raise ValidationError("There are too many files of this name: give it another one.")


def _is_text(content: bytes) -> bool:
    if b"\x00" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    return not content.startswith((b"MZ", b"\x7fELF", b"PK\x03\x04", b"%PDF"))
