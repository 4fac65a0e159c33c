"""The parts of a manifest beside its fields: sections in, frozen dataclasses out."""

from collections.abc import Mapping
from typing import Any

from integrations.engine import templates
from integrations.engine.declarations import ChangeFeed, ReportCall
from integrations.engine.manifest_writing import interface
from integrations.engine.reports import READERS
from integrations.engine.sections import ManifestError, Section, listed
from integrations.unified.report_tree import GROUPS


def changes(root: Section) -> ChangeFeed | None:
    """`changes`: the ledger's change feed, where it has one."""
    if not root.has("changes"):
        return None
    section = root.section("changes", "changes")
    deleted = root.section("answers", "answers").section("deleted", "deleted")
    return ChangeFeed(
        path=templates.checked(section.text("path"), section.at("path")),
        params=_templates(section, "params"),
        records=section.text("records"),
        look_back_days=section.number("look_back_days"),
        most=section.whole("most"),
        deleted_path=deleted.text("path", "").rpartition(".")[2],
        deleted_value=deleted.text("value", ""),
        deleted_at=section.text("deleted_at"),
        deleted_id=section.text("deleted_id"),
    )


def reports(root: Section) -> Mapping[str, ReportCall]:
    """`reports`."""
    return {
        name: ReportCall(
            name=name,
            path=templates.checked(section.text("path", "" if section.has("interface") else ...), section.at("path")),
            params=section.mapping("params"),
            body=templates.checked_structure(section.data.get("body"), section.at("body"), root.mapping("settings")),
            interface=interface(section, root),
            uses_accounts=section.flag("accounts"),
            headers=_strings(section, "headers"),
            query=_strings(section, "query"),
            rows=section.choice("rows", READERS),
            groups=_groups(section),
            known_by=section.mapping("known_by"),
        )
        for name, section in root.sections("reports", "report")
    }


def _groups(section: Section) -> Mapping[str, str]:
    found = _strings(section, "groups")
    for theirs, ours in found.items():
        if ours not in GROUPS:
            raise ManifestError(
                f"{section.at(f'groups.{theirs}')}: {ours!r} is unknown, expected one of {listed(GROUPS)}"
            )
    return found


def _strings(section: Section, key: str) -> Mapping[str, str]:
    found: Mapping[str, Any] = section.mapping(key)
    return {name: str(value) for name, value in found.items()}


def _templates(section: Section, key: str) -> Mapping[str, str]:
    return {name: templates.checked(text, section.at(f"{key}.{name}")) for name, text in _strings(section, key).items()}
