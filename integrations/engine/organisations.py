"""The organisations that a consent covers, as the ledger lists them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from integrations.engine import paths, templates
from integrations.engine.endpoints import Endpoints
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.ways import Organisations, Way


class Sender(Protocol):
    """The part of the client that is needed."""

    endpoints: Endpoints

    def send(self, request: RemoteRequest) -> Answer:
        """A call of the API."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation to choose; `link_id` is the ledger's id of this consent's link to it."""

    id: str
    name: str
    kind: str = ""
    link_id: str = ""


def listed(client: Sender, way: Way) -> list[Organisation] | None:
    """What the consent covers, by name; None where the way has no such list. Raises IntegrationError."""
    listing = way.organisations
    if listing is None:
        return None
    places = client.endpoints.places
    answer = client.send(
        RemoteRequest(
            listing.method,
            templates.filled_path(listing.path, places),
            templates.filled_all(listing.params, places),
            body=listing.body,
            interface=listing.interface,
        )
    )
    return sorted(_read(listing, answer.body), key=lambda found: (found.name.casefold(), found.id))


def _read(listing: Organisations, body: Any) -> Iterator[Organisation]:
    found = paths.getter(listing.many)(body)
    for row in found if isinstance(found, list) else [found]:
        organisation = _one(listing, row)
        if organisation.id and all(_text(row, path) == value for path, value in listing.where.items()):
            yield organisation


def _one(listing: Organisations, row: Mapping[str, Any]) -> Organisation:
    return Organisation(
        id=_text(row, listing.id),
        name=_text(row, listing.name) or _text(row, listing.id),
        kind=_text(row, listing.kind),
        link_id=_text(row, listing.link_id),
    )


def _text(row: Any, path: str) -> str:
    value = paths.getter(path)(row) if path else None
    return "" if value is None else str(value)
