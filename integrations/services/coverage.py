"""What every connector covers, for pages, the API and the documentation; worked out once, connectors do not change."""

from functools import lru_cache

from integrations.engine import manifest
from integrations.engine.coverage import Cover, coverage

VERBS = ("read", "create", "update", "void", "delete", "allocate", "attach")


@lru_cache(maxsize=1)
def ledgers() -> dict[str, str]:
    """Connector name → label, in alphabetical order of the labels."""
    found = {name: manifest.load(name).label for name in manifest.names()}
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


@lru_cache(maxsize=64)
def covers(connector_name: str) -> dict[str, Cover]:
    """Resource or report → what the connector covers of it, in the model's order."""
    return {cover.name: cover for cover in coverage(manifest.load(connector_name))}


def names() -> list[str]:
    """Every resource and report that any connector knows of, in the model's order."""
    return list(dict.fromkeys(name for ledger in ledgers() for name in covers(ledger)))
