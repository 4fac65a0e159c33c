"""What lets calls in: a header made by the connection's way, and proofs put inside envelopes. No network of its own."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from integrations.engine import signing
from integrations.engine.ways import SessionLogin, SignedCalls, Way


class TokenSource(Protocol):
    """Where a valid access token, or session, comes from."""

    def token(self) -> str:
        """The present one; raises ReauthorizationNeeded when there is none."""

    def renew(self, stale: str) -> str:
        """A newer one than the one that was just refused, by one refresh at a time; raises ReauthorizationNeeded."""


class Access(Protocol):
    """How one way lets calls in. A call asks for the token once, and renews it once when it is refused."""

    @property
    def signs(self) -> bool:
        """Whether signatures, not tokens, let calls in."""

    def token(self) -> str:
        """The present token or session; empty where the way has none."""

    def renew(self, stale: str) -> str:
        """A newer one, or the same where nothing can be renewed."""

    def header(self, token: str, method: str, url: str) -> str:
        """The `Authorization` header of a call; empty where the proof stands in the envelope."""

    def signed(self, token: str, signer: str, envelope: Any) -> Any:
        """The envelope with the proof that the named signer puts into it."""


@dataclass(frozen=True, slots=True)
class TokenAccess:
    """A token in the `Authorization` header, spelled as the way says; a session stands in envelopes only."""

    scheme: str
    tokens: TokenSource
    credentials: Mapping[str, str]

    @property
    def signs(self) -> bool:
        """A token lets calls in, also those with an envelope."""
        return False

    def token(self) -> str:
        """The present token."""
        return self.tokens.token()

    def renew(self, stale: str) -> str:
        """Another token."""
        return self.tokens.renew(stale)

    def header(self, token: str, method: str, url: str) -> str:
        """`Bearer …`, `Zoho-oauthtoken …`, or nothing for a session."""
        return self.scheme.format(token=token)

    def signed(self, token: str, signer: str, envelope: Any) -> Any:
        """Signers see the token beside what was typed."""
        return _signed(signer, envelope, {**self.credentials, "token": token})


@dataclass(frozen=True, slots=True)
class SigningAccess:
    """Every call signed with secrets that do not expire."""

    realm: str
    credentials: Mapping[str, str]

    @property
    def signs(self) -> bool:
        """In the header or in the envelope."""
        return True

    def token(self) -> str:
        """None."""
        return ""

    def renew(self, stale: str) -> str:
        """Secrets that were refused once are refused again."""
        return stale

    def header(self, token: str, method: str, url: str) -> str:
        """A signature of this very call, with a nonce of its own."""
        return signing.oauth1_header(
            method, url, self.credentials, realm=self.realm, now=int(time.time()), nonce=signing.nonce()
        )

    def signed(self, token: str, signer: str, envelope: Any) -> Any:
        """The same secrets sign envelopes."""
        return _signed(signer, envelope, self.credentials)


def access_of(
    way: Way, tokens: TokenSource | None, credentials: Mapping[str, str], places: Mapping[str, str]
) -> Access | None:
    """How calls of a connection are let in; None for a client that only speaks to authorisation servers.

    `credentials` are the values a person typed, secrets among them; `places` the connection's settings and `org`.
    """
    known = {**places, **credentials}
    if isinstance(way, SignedCalls):
        return SigningAccess(way.realm.format_map(known), known) if credentials else None
    if tokens is None:
        return None
    return TokenAccess("" if isinstance(way, SessionLogin) else way.scheme, tokens, known)


def _signed(signer: str, envelope: Any, credentials: Mapping[str, str]) -> Any:
    return signing.SIGNERS[signer](envelope, credentials, int(time.time()), signing.nonce())
