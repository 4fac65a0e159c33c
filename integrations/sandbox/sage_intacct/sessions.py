"""Sessions: who works in which company and entity. The gateway opens them by login, REST on request."""

import secrets
import threading
from dataclasses import dataclass

from integrations.sandbox.clock import Clock

LIFE = 21_600
"""Seconds without a call after which a session ends."""


@dataclass
class Session:
    """One session; `entity` is "" at the top level, `expires` on the ledger's clock."""

    id: str
    company: str
    user: str
    entity: str
    client: str
    expires: float


class Sessions:
    """All sessions of all companies; they end with the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, Session] = {}

    def open(self, company: str, user: str, entity: str = "", client: str = "") -> Session:
        """A new session."""
        made = Session(secrets.token_urlsafe(24), company, user, entity, client, self._clock.scaled() + LIFE)
        with self._lock:
            self._open[made.id] = made
        return made

    def find(self, key: str) -> Session | None:
        """The session, prolonged; None when it is unknown or has ended."""
        with self._lock:
            found = self._open.get(key)
            if found is None or found.expires <= self._clock.scaled():
                return None
            found.expires = self._clock.scaled() + LIFE
            return found

    def close(self, key: str) -> None:
        """End one."""
        with self._lock:
            self._open.pop(key, None)

    def clear(self) -> None:
        """End all."""
        with self._lock:
            self._open.clear()
