"""How a manifest says what a ledger bears, and what its refusals mean: limits and errors."""

from collections.abc import Mapping

from integrations.engine import faults
from integrations.engine.limits import LimitPolicy, Meter, Refusal, Window
from integrations.engine.sections import ManifestError, Section

SCOPES = frozenset({"org", "app"})


def limits(section: Section) -> LimitPolicy:
    """`limits`."""
    lanes = section.section("lanes", "lanes")
    is_plain = not isinstance(section.data.get("concurrency"), Mapping)
    at_once = section.section("concurrency", "concurrency") if not is_plain else None
    return LimitPolicy(
        windows=tuple(_window(item) for item in section.items("windows", "window")),
        concurrency=section.whole("concurrency", 0) if at_once is None else at_once.whole("org", 0),
        shared_concurrency=0 if at_once is None else at_once.whole("app", 0),
        lanes=tuple((lane, lanes.number(lane, 1.0)) for lane in ("interactive", "webhook", "backfill")),
        retry_after=section.number("retry_after", 60.0),
        meters=tuple(_meter(item) for item in section.items("headers", "meter")),
        sync_minutes=section.whole("sync_minutes", 60),
        refusal_header=section.text("refusal_header", "").lower(),
        refusals={str(word).lower(): _refusal(section, str(word)) for word in section.mapping("refusals")},
    )


def _window(section: Section) -> Window:
    reserve = section.number("reserve", 0.0)
    if not 0 <= reserve < 1:
        raise ManifestError(f"{section.at('reserve')}: expected a part from 0 to 1, got {reserve:g}")
    return Window(
        section.whole("most"),
        section.number("seconds"),
        frozenset(section.texts("kinds")),
        reserve=reserve,
        is_shared=section.choice("shared", SCOPES, "org") == "app",
    )


def _meter(section: Section) -> Meter:
    return Meter(
        section.number("seconds"),
        section.text("remaining").lower(),
        section.text("reset", "").lower(),
        is_shared=section.choice("shared", SCOPES, "org") == "app",
    )


def _refusal(section: Section, word: str) -> Refusal:
    data, where = section.mapping("refusals")[word], section.at(f"refusals.{word}")
    found = Section.of("refusal", data if isinstance(data, Mapping) else {"seconds": data}, where)
    return Refusal(found.number("seconds"), is_shared=found.choice("shared", SCOPES, "org") == "app")


def errors_table(section: Section, *, label: str, wait: float, root: Section) -> faults.ErrorTable:
    """`errors`."""
    header = root.section("http", "http").text("retry_after_header", "retry-after").lower()
    return faults.ErrorTable(
        envelopes=tuple(envelope(item) for item in section.items("envelopes", "envelope")),
        rules=tuple(_rule(item) for item in section.items("table", "error")),
        label=label,
        retry_after_header=header,
        default_wait=wait,
    )


def envelope(section: Section) -> faults.Envelope:
    """Where errors stand in an answer."""
    ok = section.section("ok", "ok")
    return faults.Envelope(
        items=section.text("list", ""),
        code=section.texts("code"),
        message=section.texts("message"),
        detail=section.texts("detail"),
        field=section.texts("field"),
        kind=section.text("kind", ""),
        code_header=section.text("code_header", "").lower(),
        ok_path=ok.text("path", ""),
        ok_values=spelled(ok, "value"),
        is_last_first=section.flag("last"),
    )


def spelled(section: Section, key: str) -> frozenset[str]:
    """A value or a list of them, compared as texts: ledgers write 0 and "0"."""
    value = section.data.get(key, [])
    return frozenset(map(str, value if isinstance(value, list) else [value]))


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
