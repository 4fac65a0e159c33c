"""Connectors read from their folders: `manifest.yaml` and one file a resource, checked and compiled once."""

import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from integrations.engine import templates
from integrations.engine.declarations import Connector, Entity, Lookup, Operation, Resource
from integrations.engine.fields import Compiler
from integrations.engine.manifest_parts import (
    answers,
    auth,
    batch,
    changes,
    errors_table,
    http,
    idempotency,
    limits,
    paging,
    probe,
    reports,
    upload,
)
from integrations.engine.sections import ManifestError, Section, listed, read_yaml

BUILT_IN = Path(__file__).resolve().parent.parent / "connectors"

OPERATIONS = ("read", "create", "update", "void", "delete")

__all__ = ["BUILT_IN", "ManifestError", "load", "load_from", "names"]


def _roots() -> Iterator[Path]:
    """Where connectors are looked for: those that come along, then the operator's own (`PORTAL_CONNECTORS_DIR`)."""
    yield BUILT_IN
    if own := os.environ.get("PORTAL_CONNECTORS_DIR"):
        yield Path(own)


def names() -> tuple[str, ...]:
    """Every connector's name, in alphabetical order."""
    return tuple(sorted({path.parent.name for root in _roots() for path in root.glob("*/manifest.yaml")}))


@lru_cache(maxsize=64)
def load(name: str) -> Connector:
    """The compiled connector of that name; the same object each time. Raises ManifestError."""
    for root in _roots():
        if (root / name / "manifest.yaml").is_file():
            return load_from(root / name)
    raise ManifestError(f"{name}: there is no such connector, expected one of {listed(names())}")


def load_from(folder: Path) -> Connector:
    """The compiled connector of a folder, not cached. Raises ManifestError."""
    where = f"{folder.name}/manifest.yaml"
    root = Section.of("manifest", read_yaml(folder / "manifest.yaml", name=where), where)
    name = root.text("name")
    if name != folder.name:
        raise ManifestError(f"{where}: name: expected {folder.name!r} like the folder, got {name!r}")
    label = root.text("label")
    resources = {resource: _Resource(root, folder, resource).compiled() for resource in root.texts("resources")}
    organisation = root.section("organisation", "organisation")
    if organisation.text("resource") not in resources:
        raise ManifestError(f"{organisation.at('resource')}: expected one of {listed(resources)}")
    policy = limits(root.section("limits", "limits"))
    return Connector(
        name=name,
        label=label,
        urls={key: str(value) for key, value in root.section("urls", "urls").data.items()},
        auth=auth(root.section("auth", "auth")),
        http=http(root.section("http", "http")),
        limits=policy,
        errors=errors_table(root.section("errors", "errors"), label=label, wait=policy.retry_after, root=root),
        idempotency=idempotency(root.section("idempotency", "idempotency")),
        answers=answers(root.section("answers", "answers")),
        organisation=organisation.text("resource"),
        resources=resources,
        changes=changes(root),
        batch=batch(root),
        upload=upload(root),
        reports=reports(root),
        exchange_rates=root.section("exchange_rates", "exchange_rates").data,
    )


class _Resource:
    """Compiles one resource's file with the manifest's presets behind it."""

    def __init__(self, root: Section, folder: Path, name: str) -> None:
        self._root = root
        self._where = f"{folder.name}/{name}.yaml"
        self._section = Section.of("resource", read_yaml(folder / f"{name}.yaml", name=self._where), self._where)
        self._compiler = Compiler(root.mapping("shapes"), root.mapping("defaults"), root.where)
        if self._section.text("resource") != name:
            raise ManifestError(f"{self._where}: resource: expected {name!r} like the file")

    def compiled(self) -> Resource:
        """The resource."""
        entities = {name: self._entity(name, section) for name, section in self._section.sections("entities", "entity")}
        if not entities:
            raise ManifestError(f"{self._where}: entities is missing, expected at least one kind of remote record")
        return Resource(
            name=self._section.text("resource"),
            label=self._section.text("label"),
            entities=entities,
            lookups={name: self._lookup(section) for name, section in self._section.sections("lookups", "lookup")},
        )

    def _lookup(self, section: Section) -> Lookup:
        return Lookup(
            entity=section.text("entity"),
            key=section.text("key", ""),
            paging=self._paging(section, section.data.get("single")),
        )

    def _paging(self, section: Section, single: Any) -> Any:
        """The connector's paging with what this section changes, or one call where it says `single: path`."""
        preset = dict(self._root.mapping("paging"))
        if single is not None:
            preset = {"strategy": "single", "path": single}
        elif section.has("filters"):
            preset["filters"] = list(section.texts("filters"))
        own = section.mapping("paging")
        # Another strategy has other keys: nothing of the preset stays.
        preset = dict(own) if "strategy" in own else preset | dict(own)
        return paging(Section.of("paging", preset, section.at("paging")))

    def _entity(self, name: str, section: Section) -> Entity:
        shape = self._compiler.shape(section)
        known = {field.name for field in shape.fields}
        if "external_id" not in known:
            raise ManifestError(f"{section.where}: fields: external_id is missing; every record needs one")
        find = tuple({key: str(path) for key, path in item.items()} for item in section.data.get("find", []))
        return Entity(
            remote_type=name,
            key=section.text("key", name),
            path=section.text("path", name.lower()),
            known_by=section.texts("known_by"),
            when={key: str(value) for key, value in section.mapping("when").items()},
            shape=shape,
            operations=dict(self._operations(section, known)),
            paging=self._paging(section, None),
            in_changes=section.flag("changes", self._root.has("changes")),
            link=templates.checked(section.text("link", ""), section.at("link")),
            find=find,
            probe=probe(section),
        )

    def _operations(self, section: Section, known: set[str]) -> Iterator[tuple[str, Operation]]:
        presets = self._root.mapping("operations")
        declared: Mapping[str, Any] = {"read": None, **section.mapping("operations")}
        for name, own in declared.items():
            where = f"{section.at('operations')}.{name}"
            if name not in OPERATIONS:
                raise ManifestError(f"{where}: this operation is unknown, expected one of {listed(OPERATIONS)}")
            merged = {**presets.get(name, {}), **(own or {})}
            if not merged:
                continue
            yield name, _operation(name, Section.of("operation", merged, where), known)


def _operation(name: str, section: Section, known: set[str]) -> Operation:
    for key in ("body", "needs"):
        for field in section.texts(key):
            if field not in known:
                raise ManifestError(
                    f"{section.at(key)}: {field!r} is no field of this record, expected {listed(known)}"
                )
    return Operation(
        name=name,
        method=section.choice("method", frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})),
        path=templates.checked(section.text("path"), section.at("path")),
        params={key: str(value) for key, value in section.mapping("params").items()},
        headers={key: str(value) for key, value in section.mapping("headers").items()},
        body=section.texts("body"),
        needs=section.texts("needs"),
        sends=section.mapping("sends"),
        wrap=section.text("wrap", ""),
    )
