"""What a ledger's announcements say: whose record changed, and when. What it is now is read from the ledger.

A delivery is taken apart as its manifest says (`webhooks`); nothing here knows a ledger by name.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from integrations.engine import jsontext, paths
from integrations.engine.conditions import Holds
from integrations.engine.seals import Network, Seal

ACTIONS = frozenset({"created", "updated", "deleted", "voided", "merged"})
NAMED_BY = frozenset({"key", "path"})
OTHER = "other"
_MILLISECONDS_FROM = 100_000_000_000
_LONGEST = {"kind": 40, "record": 100, "version": 60}


class UnreadableDeliveryError(ValueError):
    """A delivery that does not fit its declaration; the text says how."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an announced record belongs: a kind of record of a resource, where the record itself fits `when`."""

    resource: str
    remote_type: str
    when: Holds | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """One way a body is built. Paths lead from the innermost item; what is not there is looked for further out."""

    when: Holds | None = None
    each: tuple[str, ...] = ()
    """Lists within lists, from outside to inside; none: the body is the one event."""
    org: str = ""
    entity: str = ""
    """A part of the organisation, which may be connected by itself as `org|entity`."""
    id: str = ""
    kind: str = ""
    record: str = ""
    action: str = ""
    at: str = ""
    version: str = ""
    merged: str = ""
    """The record that ended in this one."""
    split: str = ""
    pattern: re.Pattern[str] | None = None
    """What names kind and action in the text at `split`."""
    is_keyed: bool = False
    """The body holds the record under its kind, which `ids` name."""
    ids: Mapping[str, str] = field(default_factory=dict)
    """Kinds whose id stands elsewhere than `record` says."""


@dataclass(frozen=True, slots=True)
class Announcements:
    """Everything the portal knows of one ledger's webhooks."""

    forms: tuple[Form, ...]
    kinds: Mapping[str, tuple[Target, ...]]
    """The ledger's word for a kind of record, in lower case → what it is here."""
    actions: Mapping[str, str]
    seal: Seal | None = None
    secret_header: str = ""
    """Without a signature the address holds a secret; it may also come in this header."""
    sources: tuple[Network, ...] = ()
    max_bytes: int = 1_000_000
    context: str = ""
    """A header with JSON (or its base64) about the event."""
    id_header: str = ""
    """The header that tells a repetition."""
    repeats: bool = False
    """The same words may announce another change: only what still waits is a duplicate."""
    setup: tuple[str, ...] = ()
    """How a person sets it up at the ledger, step by step."""

    @property
    def kept_headers(self) -> tuple[str, ...]:
        """Headers that are kept with a delivery: what is needed to take it apart, and no signature."""
        return tuple(name for name in (self.context, self.id_header) if name)

    @property
    def tells_each_change(self) -> bool:
        """Whether two changes of one second are two events; without ids of their own, the same words may be one."""
        return bool(self.id_header) or all(form.id for form in self.forms)

    def targets(self, kind: str) -> tuple[Target, ...]:
        """What a kind of record is here; nothing where it is not read."""
        word = kind.lower()
        if word in self.kinds:
            return self.kinds[word]
        return next(
            (found for name, found in self.kinds.items() if name[-1:] == "*" and word.startswith(name[:-1])), ()
        )


@dataclass(frozen=True, slots=True)
class Announced:
    """One announced change. `orgs` names whose it may be; empty: of the connection whose secret came along."""

    orgs: tuple[str, ...]
    kind: str
    record: str
    action: str
    at: datetime | None
    key: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a delivery holds, and what in it could not be understood."""

    events: list[Announced]
    problem: str = ""


def taken_apart(declared: Announcements, body: bytes, headers: Mapping[str, Any]) -> Taken:
    """The events of a delivery, and what could not be understood in it. Raises UnreadableDeliveryError.

    `headers` are the kept ones in lower case, and under `claims` what a signed statement said.
    """
    content = _json(body)
    form = next((form for form in declared.forms if form.when is None or form.when(content)), None)
    if form is None:
        raise UnreadableDeliveryError("The body has none of the forms that the ledger is known to send.")
    root = {"headers": dict(headers), "claims": headers.get("claims"), "context": _context(declared, headers)}
    events: list[Announced] = []
    problem = ""
    for chain in _chains(form, content):
        try:
            events.extend(_Event(declared, form, (*chain, root)).announced())
        except UnreadableDeliveryError as error:
            problem = problem or str(error)
    return Taken(events, problem)


def _json(body: bytes) -> Any:
    try:
        return jsontext.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableDeliveryError(f"The body is no JSON: {error}"[:250]) from error


def _context(declared: Announcements, headers: Mapping[str, Any]) -> Any:
    text = str(headers.get(declared.context.lower()) or "") if declared.context else ""
    if not text:
        return None
    try:
        plain = text if text.lstrip().startswith("{") else base64.b64decode(text, validate=False)
        return jsontext.loads(plain)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise UnreadableDeliveryError(f"The header {declared.context} cannot be read.") from error


def _chains(form: Form, content: Any) -> Iterator[tuple[Any, ...]]:
    """Each event with what surrounds it, from inside to outside."""
    if form.is_keyed:
        known = [word for word in form.ids if isinstance(content, dict) and isinstance(content.get(word), dict)]
        if not known:
            raise UnreadableDeliveryError("The body holds no record of a known kind.")
        yield from (({"": word}, content[word], content) for word in known)
        return
    chains: list[tuple[Any, ...]] = [(content,)]
    for path in form.each:
        get = paths.getter(path)
        chains = [(item, *chain) for chain in chains for item in _listed(get(chain[0]), path)]
    yield from chains


def _listed(found: Any, path: str) -> list[Any]:
    if not isinstance(found, list):
        raise UnreadableDeliveryError(f"{path} is no list.")
    return found


class _Event:
    """One event and its surroundings."""

    def __init__(self, declared: Announcements, form: Form, chain: Sequence[Any]) -> None:
        self._declared, self._form, self._chain = declared, form, chain

    def announced(self) -> Iterator[Announced]:
        """The change it tells, and that of a record which was merged into it."""
        form, split = self._form, self._split()
        kind = str(self._chain[0][""]) if form.is_keyed else self._text(form.kind) or split.get("kind", "")
        action = self._action(self._text(form.action) or split.get("action", ""))
        record = self._text(form.ids.get(kind, form.record))
        if not kind or not record:
            raise UnreadableDeliveryError("An event names no record.")
        told = Announced(
            orgs=self._orgs(),
            kind=kind[: _LONGEST["kind"]],
            record=record[: _LONGEST["record"]],
            action=action,
            at=_moment(self._found(form.at)),
            key=self._key(kind, record, action),
            version=self._text(form.version)[: _LONGEST["version"]],
        )
        yield told
        if loser := self._text(form.merged):
            yield Announced(told.orgs, told.kind, loser[:100], "deleted", told.at, f"{told.key[:140]}:merged")

    def _found(self, path: str) -> Any:
        if not path:
            return None
        get = paths.getter(path)
        return next((found for part in self._chain if (found := get(part)) is not None), None)

    def _text(self, path: str) -> str:
        found = self._found(path)
        is_plain = isinstance(found, str | int | Decimal) and not isinstance(found, bool)
        return str(found).replace("\x00", "").strip() if is_plain else ""

    def _split(self) -> Mapping[str, str]:
        form = self._form
        match = form.pattern.fullmatch(self._text(form.split)) if form.pattern else None
        return {name: text or "" for name, text in match.groupdict().items()} if match else {}

    def _action(self, word: str) -> str:
        return self._declared.actions.get(word.lower(), OTHER)

    def _orgs(self) -> tuple[str, ...]:
        org, entity = self._text(self._form.org), self._text(self._form.entity)
        if not org and self._declared.seal is not None:
            raise UnreadableDeliveryError("An event names no organisation.")
        return tuple(each for each in (org, f"{org}|{entity}" if org and entity else "") if each)

    def _key(self, *named: str) -> str:
        """The ledger's own id of the event, or a digest of all it says."""
        if told := self._text(self._form.id):
            return told[:150]
        own = self._chain[1] if self._form.is_keyed else self._chain[0]
        parts = json.dumps([self._orgs(), named, own], default=str, sort_keys=True)
        return sha256(parts.encode(errors="replace")).hexdigest()


def _moment(value: Any) -> datetime | None:
    """A moment as ISO text (UTC where it names no zone) or as seconds or milliseconds since 1970; None otherwise."""
    try:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            seconds = float(value) / (1000 if value >= _MILLISECONDS_FROM else 1)
            return datetime.fromtimestamp(seconds, UTC)
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found
