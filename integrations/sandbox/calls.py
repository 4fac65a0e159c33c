"""The record of every call a ledger received."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from integrations.sandbox.wire import Body

_KEPT = 100_000


@dataclass(slots=True)
class Call:
    """One call received; `kind` is oauth, read, query, cdc, report, batch, write, attachment or other."""

    ledger: str
    method: str
    path: str
    query: str = ""
    org: str | None = None
    kind: str = "other"
    status: int = 0
    bytes: int = 0
    over_limit: bool = False
    limit: str | None = None
    replayed: bool = False
    faults: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.time)
    seconds: float = 0.0
    number: int = 0
    is_unlimited: bool = False
    """Of an organisation that was founded without limits."""

    def as_json(self) -> Body:
        """The form of GET /_control/calls."""
        return {
            "seq": self.number,
            "time": datetime.fromtimestamp(self.started, UTC).isoformat(),
            "ledger": self.ledger,
            "org": self.org,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "kind": self.kind,
            "status": self.status,
            "bytes": self.bytes,
            "over_limit": self.over_limit,
            "limit": self.limit,
            "replayed": self.replayed,
            "faults": self.faults,
            "seconds": round(self.seconds, 6),
        }


class CallLog:
    """The newest calls, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()
        self._count = 0

    def add(self, call: Call) -> None:
        """Number and keep a finished call."""
        with self._lock:
            self._count += 1
            call.number = self._count
            self._calls.append(call)

    def since(self, mark: str | None) -> list[Body]:
        """Calls after a sequence number or an ISO 8601 time. Raises ValueError for anything else."""
        with self._lock:
            calls = list(self._calls)
        if not mark:
            return [call.as_json() for call in calls]
        if mark.isdigit():
            return [call.as_json() for call in calls if call.number > int(mark)]
        moment = datetime.fromisoformat(mark.replace(" ", "+"))
        start = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        return [call.as_json() for call in calls if call.started >= start]

    def clear(self) -> None:
        """Forget all calls; numbers go on."""
        with self._lock:
            self._calls.clear()
