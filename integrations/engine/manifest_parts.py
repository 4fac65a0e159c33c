"""The parts of a manifest beside its fields: sections in, frozen dataclasses out."""

from collections.abc import Mapping
from typing import Any

from integrations.engine import faults, templates
from integrations.engine import paging as strategies
from integrations.engine.declarations import Answers, Auth, Batch, ChangeFeed, Http, Idempotency, ReportCall, Upload
from integrations.engine.limits import LimitPolicy, Window
from integrations.engine.reports import READERS
from integrations.engine.sections import ManifestError, Section, listed

PROBES = frozenset({"replay", "find", "compare", "gone", "status"})
STRATEGIES = frozenset({"native_key", "natural_upsert", "search", "none"})


def auth(section: Section) -> Auth:
    """`auth`."""
    return Auth(
        type=section.choice("type", frozenset({"oauth2"})),
        scopes=section.texts("scopes"),
        client_auth=section.choice("client_auth", frozenset({"basic", "body"}), "basic"),
        uses_pkce=section.flag("pkce"),
        token_headers=_strings(section, "token_headers"),
        authorize_params=_strings(section, "authorize_params"),
        org_param=section.text("org_param", ""),
        refresh_expires_field=section.text("refresh_expires_field", ""),
        refresh_expires_days=section.whole("refresh_expires_days", 0),
        hard_expires_field=section.text("hard_expires_field", ""),
        revoke_body=section.choice("revoke_body", frozenset({"json", "form"}), "form"),
    )


def http(section: Section) -> Http:
    """`http`."""
    timeouts = section.section("timeouts", "timeouts")
    return Http(
        headers=_strings(section, "headers"),
        params=_strings(section, "params"),
        correlation_header=section.text("correlation_header", "").lower(),
        retry_after_header=section.text("retry_after_header", "retry-after").lower(),
        connect_seconds=timeouts.number("connect", 10),
        read_seconds=timeouts.number("read", 60),
        write_seconds=timeouts.number("write", 30),
        max_bytes=section.whole("max_bytes", 64_000_000),
        personal=frozenset(section.texts("personal")),
    )


def limits(section: Section) -> LimitPolicy:
    """`limits`."""
    lanes = section.section("lanes", "lanes")
    return LimitPolicy(
        windows=tuple(
            Window(item.whole("most"), item.number("seconds"), frozenset(item.texts("kinds")))
            for item in section.items("windows", "window")
        ),
        concurrency=section.whole("concurrency", 0),
        lanes=tuple((lane, lanes.number(lane, 1.0)) for lane in ("interactive", "webhook", "backfill")),
        retry_after=section.number("retry_after", 60.0),
    )


def errors_table(section: Section, *, label: str, wait: float, root: Section) -> faults.ErrorTable:
    """`errors`."""
    header = root.section("http", "http").text("retry_after_header", "retry-after").lower()
    return faults.ErrorTable(
        envelopes=tuple(_envelope(item) for item in section.items("envelopes", "envelope")),
        rules=tuple(_rule(item) for item in section.items("table", "error")),
        label=label,
        retry_after_header=header,
        default_wait=wait,
    )


def _envelope(section: Section) -> faults.Envelope:
    return faults.Envelope(
        items=section.text("list", ""),
        code=section.text("code", ""),
        message=section.text("message", ""),
        detail=section.text("detail", ""),
        field=section.text("field", ""),
        kind=section.text("kind", ""),
    )


def _rule(section: Section) -> faults.Rule:
    statuses = section.data.get("status", [])
    statuses = statuses if isinstance(statuses, list) else [statuses]
    if not all(isinstance(status, int) for status in statuses):
        raise ManifestError(f"{section.at('status')}: expected a status or a list of them, got {statuses!r}")
    return faults.Rule(
        error=faults.KINDS[section.choice("error", faults.KINDS)],
        code=section.text("as", ""),
        cause=section.text("cause", ""),
        remedy=section.text("remedy", ""),
        who=faults.WHO[section.choice("who", faults.WHO)] if section.has("who") else "",
        codes=frozenset(section.texts("code")),
        statuses=frozenset(statuses),
        kinds=frozenset(section.texts("kind")),
        text=section.text("text", ""),
    )


def idempotency(section: Section) -> Idempotency:
    """`idempotency`."""
    return Idempotency(
        strategy=section.choice("strategy", STRATEGIES),
        param=section.text("param", ""),
        header=section.text("header", ""),
        max_length=section.whole("max_length", 0),
        ttl_hours=section.number("ttl_hours", 0.0),
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
        many=templates.checked(section.text("many"), section.at("many")),
        count=section.text("count", ""),
        time=section.text("time", ""),
        deleted_path=deleted.text("path", ""),
        deleted_value=deleted.text("value", ""),
    )


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


def batch(root: Section) -> Batch | None:
    """`batch`."""
    if not root.has("batch"):
        return None
    section = root.section("batch", "batch")
    return Batch(
        path=templates.checked(section.text("path"), section.at("path")),
        most=section.whole("most"),
        id_length=section.whole("id_length", 36),
        request=section.text("request"),
        answer=section.text("answer"),
    )


def upload(root: Section) -> Upload | None:
    """`attachments`."""
    if not root.has("attachments"):
        return None
    section = root.section("attachments", "attachments")
    return Upload(
        path=templates.checked(section.text("upload_path"), section.at("upload_path")),
        metadata_part=section.text("metadata_part"),
        content_part=section.text("content_part"),
        answer=section.text("answer"),
        max_bytes=section.whole("max_bytes"),
        kinds=_strings(section, "kinds"),
    )


def reports(root: Section) -> Mapping[str, ReportCall]:
    """`reports`."""
    return {
        name: ReportCall(
            name=name,
            path=templates.checked(section.text("path"), section.at("path")),
            params=section.mapping("params"),
            rows=section.choice("rows", READERS),
        )
        for name, section in root.sections("reports", "report")
    }


def paging(section: Section) -> strategies.Paging:
    """`paging`."""
    return _PAGING[section.choice("strategy", _PAGING)](section)


def _query_offset(section: Section) -> strategies.Paging:
    size, overlap = section.whole("size"), section.whole("overlap", 0)
    if not 0 <= overlap < size:
        raise ManifestError(f"{section.at('overlap')}: expected less than the size {size}, got {overlap}")
    return strategies.QueryOffset(
        path=templates.checked(section.text("path"), section.at("path")),
        params=_templates(section, "params"),
        statement=templates.checked(section.text("statement"), section.at("statement")),
        count_statement=templates.checked(section.text("count_statement", ""), section.at("count_statement")),
        size=size,
        overlap=overlap,
        filters=section.texts("filters"),
        since_filter=templates.checked(section.text("since_param", ""), section.at("since_param")),
        id_property=section.text("id_property", "Id"),
    )


def _page_number(section: Section) -> strategies.Paging:
    return strategies.PageNumber(
        path=templates.checked(section.text("path"), section.at("path")),
        params=_templates(section, "params"),
        page_param=section.text("page_param", "page"),
        size_param=section.text("size_param", ""),
        size=section.whole("size"),
        since_param=section.text("since_param", ""),
        since_header=section.text("since_header", ""),
        more_path=section.text("more_path", ""),
    )


def _cursor(section: Section) -> strategies.Paging:
    return strategies.NextCursor(
        path=templates.checked(section.text("path"), section.at("path")),
        params=_templates(section, "params"),
        cursor_param=section.text("cursor_param"),
        cursor_path=section.text("cursor_path"),
        since_param=section.text("since_param", ""),
        since_header=section.text("since_header", ""),
    )


def _link(section: Section) -> strategies.Paging:
    return strategies.NextLink(
        path=templates.checked(section.text("path"), section.at("path")),
        params=_templates(section, "params"),
        link_path=section.text("link_path"),
        since_param=section.text("since_param", ""),
        since_header=section.text("since_header", ""),
    )


def _single(section: Section) -> strategies.Paging:
    return strategies.Single(templates.checked(section.text("path"), section.at("path")), _templates(section, "params"))


_PAGING = {
    "query_offset": _query_offset,
    "page_number": _page_number,
    "cursor": _cursor,
    "link": _link,
    "single": _single,
}


def _strings(section: Section, key: str) -> Mapping[str, str]:
    found: Mapping[str, Any] = section.mapping(key)
    return {name: str(value) for name, value in found.items()}


def _templates(section: Section, key: str) -> Mapping[str, str]:
    return {name: templates.checked(text, section.at(f"{key}.{name}")) for name, text in _strings(section, key).items()}
