"""What every connector covers, for pages, the API and the documentation; worked out once, connectors do not change."""

from dataclasses import replace
from functools import lru_cache

from integrations.engine import manifest
from integrations.engine.coverage import Cover, coverage
from integrations.engine.declarations import Connector
from integrations.services import aged

VERBS = ("read", "create", "update", "void", "delete", "allocate", "attach")


@lru_cache(maxsize=1)
def ledgers() -> dict[str, str]:
    """Connector name → label, in alphabetical order of the labels."""
    found = {name: manifest.load(name).label for name in manifest.names()}
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


@lru_cache(maxsize=64)
def covers(connector_name: str) -> dict[str, Cover]:
    """Resource or report → what the connector covers of it, in the model's order."""
    connector = manifest.load(connector_name)
    return {cover.name: _made(connector, cover) for cover in coverage(connector)}


def _made(connector: Connector, cover: Cover) -> Cover:
    """A report that the ledger lacks and the portal makes itself says so."""
    if not aged.is_made(connector, cover.name.removeprefix("reports.")):
        return cover
    return replace(
        cover, operations=("read",), changes_by="asked on demand", gotchas=(f"Made of {aged.BASIS}. {cover.reason}",)
    )


def names() -> list[str]:
    """Every resource and report that any connector knows of, in the model's order."""
    return list(dict.fromkeys(name for ledger in ledgers() for name in covers(ledger)))
