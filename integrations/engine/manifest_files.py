"""How a manifest says files: `attachments`."""

from collections.abc import Collection, Mapping
from typing import Any

from integrations.engine import templates
from integrations.engine.files import PLACES, Download, FileCall, Files, Listing, UploadStep
from integrations.engine.manifest_access import strings
from integrations.engine.manifest_writing import interface
from integrations.engine.sections import ManifestError, Section, shown

STYLES = frozenset({"multipart", "raw", "base64"})
METHODS = frozenset({"GET", "POST", "PUT", "PATCH"})


def files(root: Section) -> Files | None:
    """`attachments`."""
    if not root.has("attachments"):
        return None
    section = root.section("attachments", "attachments")
    kinds = {name: _kind(section, name) for name in section.mapping("kinds")}
    known = {*PLACES, *root.mapping("settings"), *(place for kind in kinds.values() for place in kind)}
    return Files(
        max_bytes=section.whole("max_bytes"),
        kinds=kinds,
        upload=_upload(root, section, known),
        answer=section.text("answer", ""),
        listing=_listing(root, section, known),
        download=_download(root, section, known),
    )


def _kind(section: Section, name: str) -> Mapping[str, str]:
    """The ledger's word, or several words by the names of their places."""
    declared = section.mapping("kinds")[name]
    return strings(Section({name: declared}, section.at("kinds")), name) if isinstance(declared, Mapping) else {
        "kind": str(declared)
    }  # fmt: skip


def _upload(root: Section, section: Section, known: Collection[str]) -> tuple[UploadStep, ...]:
    declared = section.data.get("upload", [])
    listed = declared if isinstance(declared, list) else [declared]
    steps, places = [], set(known)
    for position, data in enumerate(listed):
        item = Section.of("upload step", data, f"{section.at('upload')}.{position}")
        # Only the first carries the file; what it is answered with may stand in the later ones.
        style = section.choice("style", STYLES) if position == 0 else "base64"
        steps.append(_step(root, item, style, places))
        places |= set(item.mapping("take"))
    return tuple(steps)


def _step(root: Section, section: Section, style: str, known: Collection[str]) -> UploadStep:
    if style == "multipart" and not section.has("part"):
        raise ManifestError(f"{section.where}: part is missing, expected the name of the file's part")
    parts = templates.checked_structure(section.mapping("parts"), section.at("parts"), known)
    return UploadStep(
        call=_call(root, section, known, "POST"),
        style=style,
        part=section.text("part", ""),
        parts=parts,
        take=strings(section, "take"),
        when={
            name: Section(section.mapping("when"), section.at("when")).flag(name) for name in section.mapping("when")
        },
    )


def _call(root: Section, section: Section, known: Collection[str], method: str) -> FileCall:
    def checked(key: str) -> Any:
        return templates.checked_structure(section.data.get(key), section.at(key), known)

    for key in ("params", "headers", "body"):
        checked(key)
    return FileCall(
        method=section.choice("method", METHODS, method),
        path=templates.checked(section.text("path", ""), section.at("path"), known),
        params=strings(section, "params"),
        headers=strings(section, "headers"),
        body=section.data.get("body"),
        interface=interface(section, root),
        action=section.text("action", ""),
    )


def _listing(root: Section, section: Section, known: Collection[str]) -> Listing | None:
    if not section.has("list"):
        return None
    declared = section.data["list"]
    *earlier, last = declared if isinstance(declared, list) else [declared]
    before: list[tuple[FileCall, Mapping[str, str]]] = []
    places = set(known)
    for position, data in enumerate(earlier):
        step = Section.of("file list", data, f"{section.at('list')}.{position}")
        before.append((_call(root, step, places, "GET"), strings(step, "take")))
        places |= set(step.mapping("take"))
    return _last_listing(root, Section.of("file list", last, section.at("list")), places, tuple(before))


def _last_listing(
    root: Section, listing: Section, known: Collection[str], before: tuple[tuple[FileCall, Mapping[str, str]], ...]
) -> Listing:
    return Listing(
        before=before,
        call=_call(root, listing, known, "GET"),
        many=templates.checked(listing.text("many", "."), listing.at("many"), known),
        id=listing.text("id"),
        name=listing.text("name"),
        type=listing.text("type", ""),
        size=listing.text("size", ""),
    )


def _download(root: Section, section: Section, known: Collection[str]) -> Download | None:
    if not section.has("download"):
        return None
    found = section.section("download", "download")
    is_called = found.has("path") or found.has("interface")
    is_in_entry = not is_called and not found.has("url_path") and found.has("content_path")
    if is_called == found.has("url_path") and not is_in_entry:
        raise ManifestError(f"{found.where}: expected either path or url_path, got {shown(dict(found.data))}")
    if not is_called and not section.has("list"):
        raise ManifestError(f"{found.where}: needs a list, whose entries name the address or hold the file")
    return Download(
        call=_call(root, found, known, "GET") if is_called else None,
        content_path=found.text("content_path", ""),
        url_path=found.text("url_path", ""),
        hosts=tuple(host.lower().lstrip(".") for host in found.texts("hosts")),
    )
