"""Whether a file hangs on a record already: asked before it is sent, and when the answer to its sending was lost.

Files are known by their content, which is read back; where a ledger gives no file back, by name and size. So a file
is never there twice, and never takes the place of another one that has its name.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from integrations.engine.errors import RejectedError
from integrations.engine.files import clean_name, listed
from integrations.engine.results import Attachment, FileProbe, Outcome

if TYPE_CHECKING:
    from integrations.engine.ledger import Ledger

# A call that was cut off may still be carried out.
_SETTLES = 60.0


def found(
    ledger: "Ledger",
    resource: str,
    external_id: str,
    *,
    file_name: str,
    content: bytes,
    sent_at: datetime | None = None,
) -> FileProbe:
    """Look for a file among those of a record; `absent` is believed when the ledger had time to finish after `sent_at`.

    Raises what the ledger answers to the question, above all TransientError.
    """
    if ledger.connector.files is None or ledger.connector.files.listing is None:
        return FileProbe(Outcome.UNKNOWN, reason=f"{ledger.connector.label} cannot list the files of a record.")
    entries = listed(ledger, resource, external_id)
    names = frozenset(entry.file_name.casefold() for entry in entries)
    unsure = False
    for entry in entries:
        is_named = _is_named(entry, clean_name(file_name))
        if not is_named and entry.size != len(content):
            continue
        same = _is_same(ledger, resource, external_id, entry, content, is_named=is_named)
        if same:
            return FileProbe(Outcome.POSTED, entry, names=names)
        unsure = unsure or same is None
    if unsure:
        return FileProbe(
            Outcome.UNKNOWN, reason="The ledger has a file of this name, which cannot be read.", names=names
        )
    left = _left(sent_at)
    if left > 0:
        return FileProbe(Outcome.UNKNOWN, reason="The ledger does not have it yet.", names=names, wait=left)
    return FileProbe(Outcome.ABSENT, reason="The ledger does not have it.", names=names)


def free_name(file_name: str, taken: frozenset[str]) -> str:
    """The name, or the first of "receipt (2).pdf", "receipt (3).pdf" that no other file of the record has."""
    name = clean_name(file_name)
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, f"{dot}{ending}") if stem else (name, "")
    tries = (name if number == 1 else f"{stem} ({number}){ending}" for number in range(1, 1000))
    return next(each for each in tries if not any(_ends(used, each) for used in taken))


def _is_named(entry: Attachment, name: str) -> bool:
    return _ends(entry.file_name.casefold(), name)


def _ends(used: str, name: str) -> bool:
    """Some ledgers keep one file of a name in a folder, so ours carry the document's id before their own name."""
    return used == name.casefold() or used.endswith(f"-{name.casefold()}")


def _is_same(
    ledger: "Ledger", resource: str, external_id: str, entry: Attachment, content: bytes, *, is_named: bool
) -> bool | None:
    """Whether an entry holds these bytes; None where that cannot be told."""
    if ledger.connector.files is None or ledger.connector.files.download is None:
        return is_named and entry.size == len(content)
    try:
        return ledger.download(resource, external_id, entry.external_id) == content
    except RejectedError:
        # Listed a moment ago, and not given back: only one of this name could be ours.
        return None if is_named else False


def _left(sent_at: datetime | None) -> float:
    if sent_at is None:
        return 0.0
    return (sent_at + timedelta(seconds=_SETTLES) - datetime.now(UTC)).total_seconds()
