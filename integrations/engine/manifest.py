"""Connectors read from their folders: `manifest.yaml` and one file a resource, checked and compiled once."""

import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from integrations.engine import conditions, manifest_access, manifest_reading, templates
from integrations.engine.bookkeeping import bookkeeping
from integrations.engine.declarations import Connector, Entity, Lookup, Resource
from integrations.engine.fields import Compiler
from integrations.engine.manifest_access import columns, strings
from integrations.engine.manifest_files import files
from integrations.engine.manifest_limits import errors_table, limits
from integrations.engine.manifest_parts import changes, reports
from integrations.engine.manifest_webhooks import announcements
from integrations.engine.manifest_writing import answers_of, batch, idempotency, operations, probe
from integrations.engine.sections import ManifestError, Section, listed, read_yaml, shown

BUILT_IN = Path(__file__).resolve().parent.parent / "connectors"

TRAITS = frozenset({"invoice_lines_name_items", "items_have_codes", "lines_name_tax_outside_us"})
"""What people must know of a ledger beside its fields: there an invoice's line names an item, never an account;
a new item needs a code beside its name; no line is taken without a tax code, except from companies of the
United States."""

__all__ = ["BUILT_IN", "ManifestError", "load", "load_from", "names"]


def _own() -> str:
    return os.environ.get("PORTAL_CONNECTORS_DIR", "")


def _roots(own: str) -> Iterator[Path]:
    """Where connectors are looked for: those that come along, then the operator's own (`PORTAL_CONNECTORS_DIR`)."""
    yield BUILT_IN
    if own:
        yield Path(own)


def names() -> tuple[str, ...]:
    """Every connector's name, in alphabetical order."""
    return tuple(sorted({path.parent.name for root in _roots(_own()) for path in root.glob("*/manifest.yaml")}))


def load(name: str) -> Connector:
    """The compiled connector of that name; the same object each time. Raises ManifestError."""
    return _load(name, _own())


@lru_cache(maxsize=64)
def _load(name: str, own: str) -> Connector:
    for root in _roots(own):
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
    shapes = _part(root, folder, "shapes")
    resources = {name: _Resource(root, folder, shapes, name).compiled() for name in root.texts("resources")}
    organisation = root.section("organisation", "organisation")
    if organisation.text("resource") not in resources:
        raise ManifestError(f"{organisation.at('resource')}: expected one of {listed(resources)}")
    policy = limits(root.section("limits", "limits"))
    settings = manifest_access.settings(root)
    return Connector(
        name=name,
        label=label,
        urls=manifest_access.urls(root, settings),
        simulated=manifest_access.simulated(root),
        settings=settings,
        application=root.texts("application"),
        interfaces=manifest_reading.interfaces(root),
        auth=manifest_access.ways(root),
        http=manifest_access.http(root.section("http", "http")),
        limits=policy,
        errors=errors_table(_errors(root, folder), label=label, wait=policy.retry_after, root=root),
        idempotency=idempotency(root.section("idempotency", "idempotency")),
        answers=answers_of(root),
        organisation=organisation.text("resource"),
        traits=_traits(root),
        resources=resources,
        changes=changes(root),
        deletions=manifest_reading.deletions(root),
        discovery=manifest_reading.discovery(root),
        batch=batch(root),
        files=files(root),
        reports=reports(root),
        bookkeeping=bookkeeping(root),
        exchange_rates=root.section("exchange_rates", "exchange_rates").data,
        announcements=announcements(_webhooks(root, folder), resources),
        missing={key: str(reason) for key, reason in root.mapping("missing").items()},
    )


def _part(root: Section, folder: Path, name: str) -> Section:
    """A part of the manifest that may stand in a file of its own beside it."""
    path, where = folder / f"{name}.yaml", f"{folder.name}/{name}.yaml"
    if not path.is_file():
        return Section(root.mapping(name), root.at(name))
    if root.has(name):
        raise ManifestError(f"{root.at(name)}: there is {where} too, expected one of them")
    data = read_yaml(path, name=where)
    if not isinstance(data, Mapping):
        raise ManifestError(f"{where}: expected a mapping, got {shown(data)}")
    return Section(data, where)


def _errors(root: Section, folder: Path) -> Section:
    part = _part(root, folder, "errors")
    return Section.of("errors", part.data, part.where)


def _webhooks(root: Section, folder: Path) -> Section | None:
    part = _part(root, folder, "webhooks")
    return Section.of("webhooks", part.data, part.where) if part.data else None


def _traits(root: Section) -> frozenset[str]:
    found = frozenset(root.texts("traits"))
    if unknown := found - TRAITS:
        raise ManifestError(f"{root.at('traits')}: unknown {listed(unknown)}, expected some of {listed(TRAITS)}")
    return found


class _Resource:
    """Compiles one resource's file with the manifest's presets behind it."""

    def __init__(self, root: Section, folder: Path, shapes: Section, name: str) -> None:
        self._root = root
        self._where = f"{folder.name}/{name}.yaml"
        self._section = Section.of("resource", read_yaml(folder / f"{name}.yaml", name=self._where), self._where)
        self._shapes = shapes
        self._compiler = Compiler(shapes, root.mapping("defaults"))
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
            gotchas=self._section.texts("gotchas"),
        )

    def _lookup(self, section: Section) -> Lookup:
        return Lookup(
            entity=section.text("entity"),
            key=section.text("key", ""),
            paging=self._paging(section, section.data.get("single")),
            declared=repr(section.data),
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
        return manifest_reading.listing(
            Section.of("paging", preset, section.at("paging")),
            self._root.mapping("settings"),
            own=strings(section, "places"),
            columns=columns(section),
        )

    def _whole(self, section: Section) -> Section:
        """An entity with the columns and child rows of the shapes it includes; its own ones win."""
        inherited = {key: self._inherited(section, key) for key in ("columns", "parts")}
        return Section.of("entity", {**section.data, **{k: v for k, v in inherited.items() if v}}, section.where)

    def _inherited(self, section: Section, key: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in section.texts("include"):
            # A shape that is not there is told of where the fields are compiled.
            if declared := self._shapes.data.get(name):
                found |= self._inherited(Section.of("shape", declared, f"{self._shapes.where}.{name}"), key)
        return found | dict(columns(section) if key == "columns" else section.mapping(key))

    def _entity(self, name: str, section: Section) -> Entity:
        section = self._whole(section)
        shape = self._compiler.shape(section)
        known = {field.name for field in shape.fields}
        if "external_id" not in known:
            raise ManifestError(f"{section.where}: fields: external_id is missing; every record needs one")
        find = tuple({key: str(path) for key, path in item.items()} for item in section.data.get("find", []))
        return Entity(
            remote_type=name,
            key=section.text("key", name),
            path=templates.checked(
                section.text("path", name.lower()), section.at("path"), self._root.mapping("settings")
            ),
            known_by=section.texts("known_by"),
            when={key: v if isinstance(v, Mapping) else str(v) for key, v in section.mapping("when").items()},
            shape=shape,
            operations=dict(operations(self._root, section, known, self._compiler)),
            answers=answers_of(self._root, section),
            paging=self._paging(section, None),
            in_changes=section.flag("changes", self._root.has("changes")),
            link=templates.checked(section.text("link", ""), section.at("link")),
            find=find,
            probe=probe(section),
            gone=_condition(section, "gone_when"),
            detail=_condition(section, "detail"),
            parts=manifest_reading.parts(section, self._root.mapping("paging"), self._root.mapping("settings")),
            only=strings(section, "only"),
        )


def _condition(section: Section, key: str) -> conditions.Holds | None:
    """A condition on a remote record; `true` always holds, nothing given never."""
    declared = section.data.get(key)
    if declared is None or declared is False:
        return None
    if declared is True:
        return lambda record: True
    return conditions.compiled(section.mapping(key), section.at(key))
