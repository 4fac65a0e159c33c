"""Files that people attach: which kinds are taken, told by their first bytes and never by their names alone. Pure."""

from dataclasses import dataclass
from io import BytesIO
from zipfile import BadZipFile, ZipFile

MOST_BYTES = 5_000_000
KINDS = "PDF, PNG, JPEG, WebP, XLSX, CSV or text"
_BEGINNINGS: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"%PDF-", "application/pdf", ("pdf",)),
    (b"\x89PNG\r\n\x1a\n", "image/png", ("png",)),
    (b"\xff\xd8\xff", "image/jpeg", ("jpg", "jpeg")),
)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TEXTS = {"csv": "text/csv", "txt": "text/plain"}


class AttachmentError(ValueError):
    """This file is not taken; the text says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that is taken: `name` is safe to offer as a download, `content_type` was told by the content."""

    name: str
    content_type: str
    content: bytes


def read_attachment(name: str, content: bytes) -> Attachment:
    """The file, checked. AttachmentError when it is empty, larger than 5 MB, or not what its name says."""
    if not content:
        raise AttachmentError("The file is empty.")
    if len(content) > MOST_BYTES:
        raise AttachmentError(f"The file is larger than {MOST_BYTES // 1_000_000} MB; attach a smaller one.")
    shown = _safe(name)
    ending = shown.rpartition(".")[2].lower() if "." in shown else ""
    kind = _kind_of(content, ending)
    if kind is None:
        raise AttachmentError(f"“{shown}” is none of {KINDS}, or not what its name says. Attach it as a PDF.")
    return Attachment(shown, kind, content)


def _kind_of(content: bytes, ending: str) -> str | None:
    for beginning, kind, endings in _BEGINNINGS:
        if content.startswith(beginning):
            return kind if ending in endings else None
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp" if ending == "webp" else None
    if ending == "xlsx":
        return _XLSX if _is_workbook(content) else None
    return _TEXTS.get(ending) if _is_text(content) else None


def _is_workbook(content: bytes) -> bool:
    try:
        with ZipFile(BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (BadZipFile, ValueError):
        return False
    # A workbook with macros runs code where it is opened.
    return "xl/workbook.xml" in names and "xl/vbaProject.bin" not in names


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _safe(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(each for each in last if each.isprintable() and each not in '"<>|:*?')
    return kept.strip(" .")[-120:] or "file"
