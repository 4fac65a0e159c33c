"""How a manifest says writing: verbs, what their answers hold, keys and probes, batches, files."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from integrations.engine import templates
from integrations.engine.declarations import Batch, Idempotency
from integrations.engine.fields import Compiler
from integrations.engine.manifest_access import strings
from integrations.engine.manifest_limits import envelope
from integrations.engine.operations import OPERATIONS, READS, WRITES, Answers, Operation
from integrations.engine.sections import ManifestError, Section, listed

PROBES = frozenset({"replay", "find", "compare", "gone", "status", "by_key"})
STRATEGIES = frozenset({"native_key", "natural_upsert", "search", "none"})
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


def idempotency(section: Section) -> Idempotency:
    """`idempotency`."""
    return Idempotency(
        strategy=section.choice("strategy", STRATEGIES),
        param=section.text("param", ""),
        header=section.text("header", ""),
        header_value=templates.checked(
            section.text("header_value", "{idempotency}"), section.at("header_value"), {"idempotency"}
        ),
        max_length=section.whole("max_length", 0),
        ttl_hours=section.number("ttl_hours", 0.0),
        settle_seconds=section.number("settle_seconds", 0.0),
        probe=probe(section),
    )


def probe(section: Section) -> Mapping[str, tuple[str, ...]]:
    """`probe`: per operation, the ways of finding out what became of a write, strongest first."""
    found = section.section("probe", "probe")
    for operation in found.data:
        if unknown := set(found.texts(operation)) - PROBES:
            raise ManifestError(f"{found.at(operation)}: unknown {listed(unknown)}, expected some of {listed(PROBES)}")
    return {operation: found.texts(operation) for operation in found.data}


def answers(section: Section) -> Answers:
    """`answers`."""
    deleted = section.section("deleted", "deleted")
    return Answers(
        one=templates.checked(section.text("one", "."), section.at("one")),
        many=templates.checked(section.text("many", "."), section.at("many")),
        count=section.text("count", ""),
        time=section.text("time", ""),
        deleted_path=deleted.text("path", ""),
        deleted_value=deleted.text("value", ""),
        id_header=section.text("id_header", "").lower(),
    )


def answers_of(*sections: Section) -> Answers:
    """The manifest's `answers` with what an entity, then an operation, says otherwise."""
    merged: dict[str, Any] = {}
    for section in sections:
        merged |= section.mapping("answers")
    return answers(Section.of("answers", merged, sections[-1].at("answers")))


def operations(root: Section, section: Section, known: set[str], compiler: Compiler) -> Iterator[tuple[str, Operation]]:
    """The verbs of an entity, each over the manifest's preset."""
    presets, compiling = root.mapping("operations"), (known, compiler, root)
    declared: Mapping[str, Any] = {**dict.fromkeys(READS), **section.mapping("operations")}
    for name, own in declared.items():
        where = f"{section.at('operations')}.{name}"
        if name not in OPERATIONS:
            raise ManifestError(f"{where}: this operation is unknown, expected one of {listed(OPERATIONS)}")
        merged = {**presets.get(name, {}), **(own or {})}
        if (own or {}).get("when"):
            # What a kind of record says for itself is asked before what holds for all.
            merged["when"] = {**merged["when"], **(presets.get(name, {}).get("when") or {})}
        when = Section({"when": merged.pop("when", None) or {}}, where).mapping("when")
        if unknown := set(when) - set(root.mapping("settings")) - known:
            raise ManifestError(f"{where}.when: {listed(unknown)} is no setting of this ledger and no field")
        if merged:
            said = {
                setting: _Verb(name, Section.of("operation", merged | other, f"{where}.when.{setting}"), *compiling)
                for setting, other in when.items()
            }
            verb = _Verb(name, Section.of("operation", merged, where), *compiling)
            told = answers_of(root, section, verb.section)
            yield (
                name,
                replace(verb.compiled(told), when={setting: other.compiled(told) for setting, other in said.items()}),
            )


def interface(section: Section, root: Section) -> str:
    """`interface`: one of the manifest's, or none."""
    declared = root.mapping("interfaces")
    return section.choice("interface", frozenset(declared), ...) if section.has("interface") else ""


class _Verb:
    """Compiles one verb; its templates may name the record's fields that it needs."""

    def __init__(self, name: str, section: Section, known: set[str], compiler: Compiler, root: Section) -> None:
        self.section, self._root = section, root
        self._name = name
        own = Section({key: section.data[key] for key in ("fields", "include") if section.has(key)}, section.where)
        self._shape = compiler.shape(own) if own.data else None
        self._known = known | ({field.name for field in self._shape.fields} if self._shape else set())
        self._places = {*root.mapping("settings"), *section.texts("needs"), "idempotency", "version", "each", "body"}

    def compiled(self, answers: Answers) -> Operation:
        """The verb."""
        section = self.section
        self._check_fields()
        is_reading = self._name in READS
        body = () if is_reading else section.texts("body")
        sends = section.mapping("sends")
        return Operation(
            name=self._name,
            method=section.choice("method", METHODS, "POST" if section.has("interface") or section.has("by") else ...),
            path=templates.checked(section.text("path", ""), section.at("path"), self._places),
            params=self._texts("params"),
            headers=self._texts("headers"),
            body=body,
            needs=section.texts("needs"),
            sends=templates.checked_structure(sends, section.at("sends"), self._places),
            wrap=templates.checked_structure(section.data.get("wrap", ""), section.at("wrap"), self._places),
            answers=answers,
            params_when=self._params_when(),
            shape=self._shape,
            interface=interface(section, self._root),
            action=section.text("action", ""),
            each=section.text("each", ""),
            is_bodiless=section.has("body") and not body and not sends,
            by_list=is_reading and section.text("by", "") == "list",
            question=templates.checked_structure(section.data.get("body"), section.at("body"), self._places)
            if is_reading
            else None,
            is_read_after=section.flag("read_after"),
            is_found_after=section.flag("found_after"),
            is_upsert=section.flag("upsert"),
        )

    def _check_fields(self) -> None:
        section = self.section
        lists = ("needs", "each") if self._name in READS else ("body", "needs", "each")
        named = [(key, field) for key in lists for field in section.texts(key)]
        named += [("params_when", field) for field in section.mapping("params_when")]
        for key, field in named:
            if field not in self._known:
                raise ManifestError(
                    f"{section.at(key)}: {field!r} is no field of this record, expected {listed(self._known)}"
                )
        if self._name in WRITES and not section.text("path", "") and not section.text("interface", ""):
            raise ManifestError(f"{section.where}: path is missing, expected a text")

    def _texts(self, key: str) -> Mapping[str, str]:
        found = strings(self.section, key)
        templates.checked_structure(dict(found), self.section.at(key), self._places)
        return found

    def _params_when(self) -> Mapping[str, Mapping[str, str]]:
        declared = Section(self.section.mapping("params_when"), self.section.at("params_when"))
        return {field: strings(declared, field) for field in declared.data}


def batch(root: Section) -> Batch | None:
    """`batch`."""
    if not root.has("batch"):
        return None
    section = root.section("batch", "batch")
    style = section.choice("style", frozenset({"items", "collection", "array"}), "items")
    is_collection = style != "items"
    operations = section.texts("operations") or ("create", "update", "delete")
    if unknown := set(operations) - set(WRITES):
        raise ManifestError(f"{section.at('operations')}: unknown {listed(unknown)}, expected some of {listed(WRITES)}")
    return Batch(
        most=section.whole("most"),
        operations=operations,
        is_collection=is_collection,
        is_array=style == "array",
        path="" if is_collection else templates.checked(section.text("path"), section.at("path")),
        params=strings(section, "params"),
        id_length=section.whole("id_length", 36),
        request="" if is_collection else section.text("request"),
        answer=section.text("answer", "" if is_collection else ...),
        errors=envelope(section.section("errors", "envelope")) if section.has("errors") else None,
    )
