"""How a manifest says reading: lists and their steps, columns, child rows, what must be read one by one."""

from collections.abc import Collection, Mapping
from typing import Any

from integrations.engine import conditions, steps, templates
from integrations.engine.columns import Columns
from integrations.engine.declarations import DeletionFeed
from integrations.engine.discovery import KEY, Discovery
from integrations.engine.interfaces import Interface
from integrations.engine.manifest_access import columns as manifest_columns
from integrations.engine.manifest_access import strings
from integrations.engine.messages import FORMATS
from integrations.engine.paging import QUOTES, Listing, Match, Since
from integrations.engine.parts import Part
from integrations.engine.sections import ManifestError, Section
from integrations.engine.signing import SIGNERS

METHODS = frozenset({"GET", "POST"})


def listing(
    section: Section, places: Collection[str], *, own: Mapping[str, str], columns: Mapping[str, str]
) -> Listing:
    """`paging` of a connector, an entity, a lookup or a part; `places` are those of the connection."""
    step = STEPS[section.choice("strategy", STEPS)](section, places)
    known = {*places, *own}

    def text(key: str, default: Any = "") -> str:
        return templates.checked(section.text(key, default), section.at(key), known)

    def structure(key: str) -> Any:
        return templates.checked_structure(section.data.get(key), section.at(key), known)

    return Listing(
        step=step,
        method=section.choice("method", METHODS, "GET"),
        path=text("path", "" if section.has("interface") else ...),
        params=_texts(section, "params", known),
        headers=_texts(section, "headers", known),
        body=structure("body"),
        statement=text("statement"),
        count_statement=text("count_statement"),
        survey_statement=templates.checked(
            section.text("survey_statement", ""),
            section.at("survey_statement"),
            {*known, "from", "which", "changed_since"},
        ),
        survey_body=structure("survey_body"),
        survey_path=section.text("survey_path", ""),
        count_path=section.text("count_path", ""),
        total_path=section.text("total_path", ""),
        size=section.whole("size", 1000),
        filters=tuple(templates.checked(each, section.at("filters"), known) for each in section.texts("filters")),
        joined=section.text("joined", " AND "),
        quote=section.choice("quote", QUOTES, "backslash"),
        since=_since(section, known),
        match=_match(section.section("match", "match"), known),
        many=section.texts("many"),
        own=own,
        columns=Columns(columns),
        is_flat=section.flag("flat"),
        inner=section.text("inner", ""),
        interface=section.text("interface", ""),
        action=section.text("action", ""),
    )


def _texts(section: Section, key: str, known: Collection[str]) -> Mapping[str, str]:
    found = strings(section, key)
    templates.checked_structure(dict(found), section.at(key), known)
    return found


def _since(section: Section, known: Collection[str]) -> Since:
    clause = section.text("since_clause", "")
    return Since(
        param=section.text("since_param", ""),
        header=section.text("since_header", ""),
        clause=templates.checked(clause, section.at("since_clause"), known),
        body=templates.checked_structure(section.data.get("since_body"), section.at("since_body"), known),
        format=section.text("since_format", ""),
    )


def _match(section: Section, known: Collection[str]) -> Match:
    names = {*known, "name", "value", "ids"}

    def text(key: str) -> str:
        return templates.checked(section.text(key, ""), section.at(key), names)

    return Match(
        clause=text("clause"),
        as_params=section.flag("as_params"),
        body=templates.checked_structure(section.data.get("body"), section.at("body"), names),
        at=section.text("at", ""),
        most=section.whole("most", 100),
        among=text("among"),
        among_param=section.text("among_param", ""),
        among_joined=section.text("among_joined", ","),
        among_body=templates.checked_structure(section.data.get("among_body"), section.at("among_body"), names),
    )


def interfaces(root: Section) -> Mapping[str, Interface]:
    """`interfaces`: protocols beside JSON."""
    known = {*root.mapping("settings"), *root.texts("application"), "body"}
    return {
        name: Interface(
            format=section.choice("format", FORMATS, "json"),
            path=templates.checked(section.text("path", ""), section.at("path"), known),
            method=section.choice("method", METHODS, "POST"),
            headers=_texts(section, "headers", known),
            envelope=templates.checked_structure(section.data.get("envelope"), section.at("envelope"), known),
            sign=section.choice("sign", SIGNERS, "") if section.has("sign") else "",
            lists=section.texts("lists"),
        )
        for name, section in root.sections("interfaces", "interface")
    }


def deletions(root: Section) -> DeletionFeed | None:
    """`deletions`: the ledger's list of what was deleted."""
    if not root.has("deletions"):
        return None
    section = root.section("deletions", "deletions")
    asked = {
        key: value
        for key, value in root.mapping("paging").items()
        if not key.startswith(("count_", "survey_", "match"))
    }
    paging = {**asked, **section.mapping("paging"), "many": section.data.get("many", ".")}
    kinds: dict[str, tuple[tuple[str, str], ...]] = {}
    for resource, found in section.mapping("kinds").items():
        for kind in found:
            for word in Section(found, section.at(f"kinds.{resource}")).texts(kind):
                kinds[word.lower()] = (*kinds.get(word.lower(), ()), (resource, kind))
    return DeletionFeed(
        listing=listing(
            Section.of("paging", paging, section.at("paging")), root.mapping("settings"), own={}, columns={}
        ),
        id=section.text("id"),
        at=section.text("at", ""),
        kind=section.text("kind"),
        kinds=kinds,
    )


def discovery(root: Section) -> Discovery | None:
    """`custom_fields`: how user-defined fields are found."""
    if not root.has("custom_fields"):
        return None
    section = root.section("custom_fields", "custom_fields")
    known = {*root.mapping("settings"), "name", "table"}
    types = strings(section, "types")
    if wrong := set(types.values()) - {"text", "number", "date", "bool", "choice", "list"}:
        raise ManifestError(f"{section.at('types')}: unknown {', '.join(sorted(wrong))}")
    return Discovery(
        resources=frozenset(section.texts("resources")),
        path=templates.checked(section.text("path", ""), section.at("path"), known),
        method=section.choice("method", METHODS, "GET"),
        params=_texts(section, "params", known),
        headers=_texts(section, "headers", known),
        body=templates.checked_structure(section.data.get("body"), section.at("body"), known),
        interface=section.text("interface", ""),
        action=section.text("action", ""),
        many=section.texts("many"),
        id=section.text("id", KEY),
        name=section.text("name", "name"),
        type=section.texts("type"),
        types=types,
        choices=section.text("choices", ""),
        choice_id=section.text("choice_id", "id"),
        choice_name=section.text("choice_name", "name"),
        read_only=section.text("read_only", ""),
        prefixes=section.texts("prefixes"),
        column=templates.checked(section.text("column", ""), section.at("column"), known),
        choice_columns=_texts(section, "choice_columns", known),
        date_column=templates.checked(section.text("date_column", ""), section.at("date_column"), known),
        line_many=section.texts("line_many"),
        line_prefixes=section.texts("line_prefixes"),
    )


def parts(section: Section, preset: Mapping[str, Any], places: Collection[str]) -> tuple[Part, ...]:
    """`parts` of an entity: child rows that are read for a page of records at once."""
    return tuple(_part(name, part, preset, {*places, "ids"}) for name, part in section.sections("parts", "part"))


def _part(name: str, section: Section, preset: Mapping[str, Any], places: Collection[str]) -> Part:
    own = {**strings(section, "places")}
    # Child rows are neither counted, searched nor asked for by their changes.
    asked = {
        key: value for key, value in preset.items() if not key.startswith(("count_", "since_", "survey_", "match"))
    }
    paging = {**asked, **section.mapping("paging")}
    if section.has("filters"):
        paging["filters"] = list(section.texts("filters"))
    into = section.mapping("into")
    return Part(
        listing=listing(
            Section.of("paging", paging, section.at("paging")), places, own=own, columns=manifest_columns(section)
        ),
        key=section.text("key"),
        most=section.whole("most", 200),
        into=tuple((path, conditions.compiled(test or {}, section.at(f"into.{path}"))) for path, test in into.items())
        or ((name, lambda row: True),),
        under=section.text("under", ""),
        id=section.text("id", "id"),
        only=strings(section, "only"),
    )


def _single(section: Section, places: Collection[str]) -> steps.Step:
    return steps.Once()


def _offset(section: Section, places: Collection[str]) -> steps.Step:
    overlap = section.whole("overlap", 0)
    if not 0 <= overlap < section.whole("size", 1000):
        raise ManifestError(f"{section.at('overlap')}: expected less than the size, got {overlap}")
    return steps.Offset(
        first=section.whole("first", 1 if section.has("statement") else 0),
        overlap=overlap,
        start_param=section.text("start_param", ""),
        size_param=section.text("size_param", ""),
        more_path=section.text("more_path", ""),
    )


def _page_number(section: Section, places: Collection[str]) -> steps.Step:
    overlap = section.whole("overlap", 0)
    if overlap and (section.has("pages_path") or not section.has("size_param")):
        # Pages that are asked for at once have one size; without a size nothing can overlap.
        raise ManifestError(f"{section.at('overlap')}: needs a size_param, and no pages_path")
    if not 0 <= overlap <= section.whole("size", 1000) // 20:
        raise ManifestError(f"{section.at('overlap')}: expected at most a twentieth of the size, got {overlap}")
    return steps.PageNumber(
        overlap=overlap,
        page_param=section.text("page_param", "" if section.has("body") else "page"),
        size_param=section.text("size_param", ""),
        more_path=section.text("more_path", ""),
        pages_path=section.text("pages_path", ""),
    )


def _cursor(section: Section, places: Collection[str]) -> steps.Step:
    body = section.data.get("next_body")
    return steps.NextCursor(
        cursor_path=section.text("cursor_path"),
        cursor_param=section.text("cursor_param", ""),
        pages_path=section.text("pages_path", ""),
        next_action=section.text("next_action", ""),
        next_body=templates.checked_structure(body, section.at("next_body"), places),
    )


def _link(section: Section, places: Collection[str]) -> steps.Step:
    return steps.NextLink(link_path=section.text("link_path"))


def _keyset(section: Section, places: Collection[str]) -> steps.Step:
    return steps.Keyset(
        first=section.text("first_after", "0"),
        after_path=section.text("after_path", ""),
        pattern=section.text("after_pattern", "[A-Za-z0-9-]+"),
    )


STEPS = {
    "single": _single,
    "query_offset": _offset,
    "offset": _offset,
    "page_number": _page_number,
    "cursor": _cursor,
    "link": _link,
    "keyset": _keyset,
}
