"""The ledgers that can be connected, as a person choosing one wants to read them."""

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.engine import manifest
from integrations.engine.declarations import Resource as DeclaredResource
from integrations.engine.errors import RejectedError
from integrations.engine.settings import Setting
from integrations.engine.ways import Way
from integrations.models import LedgerRecord, Posting, Resource
from integrations.services.connectors import readable_resources
from integrations.services.ledgers import record_url


@dataclass(frozen=True)
class Choice:
    """One thing to say before consent: (value, name) pairs to choose from, none where it is typed; its default."""

    name: str
    label: str
    help: str
    options: tuple[tuple[str, str], ...]
    default: str
    is_extra: bool = False
    """What is right for most, so that it need not be seen: typed, with a default or optional."""


@dataclass(frozen=True)
class Offer:
    """A connector: its name in addresses, its name for people, its ways in, and what it reads and writes, in words."""

    name: str
    label: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    ways: tuple[Way, ...]
    choices: tuple[Choice, ...]
    """What a person chooses before consent, such as the data centre."""

    @property
    def plain_choices(self) -> list[Choice]:
        """What everybody looks at."""
        return [choice for choice in self.choices if not choice.is_extra]

    @property
    def extra_choices(self) -> list[Choice]:
        """What only some change."""
        return [choice for choice in self.choices if choice.is_extra]

    def way(self, name: str) -> Way | None:
        """The way of that name, the first without a name."""
        return next((way for way in self.ways if not name or way.name == name), None)

    def chosen(self, settings: Mapping[str, str]) -> list[tuple[str, str]]:
        """(label, value) of a connection's settings that mean something to people."""
        told = [(choice, settings.get(choice.name, "")) for choice in self.choices]
        return [(choice.label, dict(choice.options).get(value, value)) for choice, value in told if value]


def offers() -> dict[str, Offer]:
    """All connectors by name, in the order of their labels."""
    found = (_offer(name) for name in manifest.names())
    return {offer.name: offer for offer in sorted(found, key=lambda offer: offer.label)}


def offer_label(name: str) -> str:
    """`QuickBooks Online` for `quickbooks`; the name itself when there is no such connector any more."""
    return manifest.load(name).label if name in manifest.names() else name


def page_in_ledger(record: LedgerRecord) -> str:
    """The record's page in the ledger; empty where it has none, also when the connector no longer knows its kind."""
    try:
        return record_url(record)
    except (KeyError, RejectedError, manifest.ManifestError):
        return ""


def _offer(name: str) -> Offer:
    connector = manifest.load(name)
    labels = dict(Resource.choices)
    writable = [key for key, resource in connector.resources.items() if _can_create(resource)]
    return Offer(
        name=name,
        label=connector.label,
        reads=tuple(labels.get(key, key) for key in readable_resources(connector)),
        writes=tuple(labels.get(key, key) for key in writable),
        ways=tuple(connector.auth.values()),
        choices=tuple(_choice(setting) for setting in connector.settings.values() if setting.is_asked),
    )


def _choice(setting: Setting) -> Choice:
    options = tuple((value, setting.names.get(value, value)) for value in setting.values)
    is_extra = not options and (bool(setting.default) or setting.is_optional)
    return Choice(setting.name, setting.label or setting.name, setting.help, options, setting.default, is_extra)


def _can_create(resource: DeclaredResource) -> bool:
    return any(Posting.Operation.CREATE in entity.operations for entity in resource.entities.values())
