"""A read that left ahead: sent by a thread of its own, given back its place when answered, checked when it is used."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrations.engine.errors import IntegrationError, RateLimited
from integrations.engine.exchanges import Wire
from integrations.engine.limits import Heard
from integrations.engine.messages import Answer, RemoteRequest

if TYPE_CHECKING:
    from integrations.engine.client import Client


@dataclass
class Departure:
    """One call; only `fly` runs in another thread, and it needs no database: the token is in its header already."""

    client: "Client"
    request: RemoteRequest
    built: Any
    lease: object
    wire: Wire
    began: float = field(default_factory=time.monotonic)
    done_at: float | None = None
    _failure: Exception | None = None

    @property
    def bytes(self) -> int:
        """How much waits to be used."""
        return len(self.wire.data)

    def fly(self) -> None:
        """Send it; what goes wrong is raised to whoever uses the answer."""
        try:
            self.client.receive(self.built, self.wire, is_write=False, auth=None)
        except Exception as error:  # noqa: BLE001 - raised again by `use`
            self._failure = error
        self.wire.took = self.wire.seconds
        self.done_at = time.monotonic()

    def land(self) -> None:
        """The answer is there, used or not: its place is free, and after a refusal everybody stays away."""
        ago = time.monotonic() - (self.done_at or time.monotonic())
        self.client.give_back(self.lease, self._heard(), ago)

    def use(self) -> Answer:
        """The answer, or the error that it is; recorded either way."""
        try:
            answer = self._checked()
        except IntegrationError as error:
            self.wire.error_code = error.code
            if isinstance(error, RateLimited) and self.wire.status is not None:
                told = self.client.heard(self.client.read(self.wire, is_write=False), error)
                error.retry_after = told.retry_after
                if self.wire.status < 300:
                    # Only the body says that it is a refusal.
                    self.client.give_back(self.lease, told, 0.0)
            raise
        finally:
            self.client.record(self.built, self.wire, self.request.kind)
        return answer

    def _checked(self) -> Answer:
        if self._failure is not None:
            raise self._failure
        answer = self.client.read(self.wire, is_write=False, rows_at=self.request.rows_at)
        self.client.connector.errors.check(answer, is_write=False)
        return answer

    def _heard(self) -> Heard:
        """From the head; the body of a refusal, which is small, is looked at too."""
        if self.wire.status is None or self._failure is not None:
            return self.client.nothing_heard
        if self.wire.status < 300:
            headers = {name.lower(): value for name, value in self.wire.headers.items()}
            return self.client.heard(Answer(self.wire.status, headers, None, ""))
        refusal = None
        try:
            self._checked()
        except RateLimited as error:
            refusal = error
        except IntegrationError:
            return self.client.nothing_heard
        return self.client.heard(self.client.read(self.wire, is_write=False), refusal)
