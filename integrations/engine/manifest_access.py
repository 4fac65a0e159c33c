"""How a manifest says where a ledger is and how it lets one in: urls, settings, ways of authorisation, http."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from integrations.engine import faults, templates
from integrations.engine.declarations import Http
from integrations.engine.sections import ManifestError, Section, listed
from integrations.engine.settings import SPELLINGS, Setting, is_closed, names_in
from integrations.engine.ways import (
    Assertion,
    ClientGrant,
    CodeGrant,
    Disconnect,
    FormField,
    Login,
    Opening,
    Organisations,
    SessionLogin,
    SignedCalls,
    Way,
)

ALGORITHMS = frozenset({"PS256", "PS384", "PS512", "ES256", "ES384", "ES512"})
ENDINGS = frozenset({"revoke", "delete", "none"})
CLIENT_AUTH = frozenset({"basic", "body", "none"})


def urls(root: Section, settings: Mapping[str, Setting]) -> Mapping[str, str]:
    """`urls`: only declared settings may stand in them, and none may choose another site."""
    section = root.section("urls", "urls")
    found = {name: section.text(name) for name in section.data if name != "simulated"}
    for name, url in found.items():
        if unknown := names_in(url) - set(settings):
            raise ManifestError(
                f"{section.at(name)}: unknown places {listed(unknown)}, expected some of {listed(settings)}"
            )
        if urlsplit(url).scheme != "https":
            raise ManifestError(f"{section.at(name)}: expected an https:// address, got {url}")
        if not is_closed(url, settings):
            raise ManifestError(
                f"{section.at(name)}: a setting without `values` may only be one label before a fixed domain, got {url}"
            )
    return found


def simulated(root: Section) -> Mapping[str, str]:
    """`urls.simulated`: paths that the simulated ledger has elsewhere than the real one."""
    return strings(root.section("urls", "urls"), "simulated")


def settings(root: Section) -> Mapping[str, Setting]:
    """`settings`: each closed by its values or by its pattern."""
    found = {name: _setting(name, section) for name, section in root.sections("settings", "setting")}
    for setting in found.values():
        if setting.source and setting.source != "org" and setting.source not in found:
            raise ManifestError(f"{root.at('settings')}.{setting.name}.from: expected org or one of {listed(found)}")
    return found


def _setting(name: str, section: Section) -> Setting:
    values, default = strings(section, "values"), section.text("default", "")
    if not values and not section.has("pattern"):
        raise ManifestError(f"{section.where}: expected values or a pattern: nothing may be open")
    if default and values and default not in values:
        raise ManifestError(f"{section.at('default')}: expected one of {listed(values)}, got {default!r}")
    return Setting(
        name=name,
        label=section.text("label", ""),
        help=section.text("help", ""),
        values=values,
        names=strings(section, "names"),
        default=default,
        source=section.text("from", ""),
        spelled=section.choice("spelled", SPELLINGS, "as_is"),
        pattern=_pattern(section, "pattern"),
    )


def _pattern(section: Section, key: str) -> str:
    text = section.text(key, "")
    try:
        re.compile(text)
    except re.error as error:
        raise ManifestError(f"{section.at(key)}: this is no pattern: {error}") from error
    return text


def ways(root: Section) -> Mapping[str, Way]:
    """`auth`: ways by name; the first is offered first."""
    found = {}
    for name, data in root.mapping("auth").items():
        where = f"{root.at('auth')}.{name}"
        kind = str(data.get("type")) if isinstance(data, Mapping) else ""
        if kind not in _WAYS:
            raise ManifestError(f"{where}.type: {kind!r} is unknown, expected one of {listed(_WAYS)}")
        section = Section.of(f"way {kind}", data, where)
        if section.has("login"):
            section.section("login", "login").choice("interface", {**root.mapping("interfaces"), "": None}, "")
        found[name] = _WAYS[kind](section, _shared(root, name, section))
    if not found:
        raise ManifestError(f"{root.where}: auth is missing, expected at least one way")
    return found


def _shared(root: Section, name: str, section: Section) -> dict[str, Any]:
    """What every way may say."""
    form = tuple(_form_field(item) for item in section.items("form", "form field"))
    ends = section.text("ends", "")
    if ends and ends not in {field.name for field in form if field.is_date}:
        raise ManifestError(f"{section.at('ends')}: expected a field of the form with `date: true`, got {ends!r}")
    return {
        "name": name,
        "type": section.text("type"),
        "label": section.text("label", root.text("label")),
        "help": section.text("help", ""),
        "form": form,
        "org": section.text("org", ""),
        "ends": ends,
        "scheme": _scheme(section),
        "organisations": _organisations(section),
        "disconnect": _disconnect(section),
    }


def _scheme(section: Section) -> str:
    text = section.text("scheme", "Bearer {token}")
    if names_in(text) != {"token"}:
        raise ManifestError(f"{section.at('scheme')}: expected one place, {{token}}, got {text!r}")
    return text


def _form_field(section: Section) -> FormField:
    return FormField(
        name=section.text("name"),
        label=section.text("label"),
        help=section.text("help", ""),
        spelled=section.choice("spelled", SPELLINGS, "as_is"),
        is_secret=section.flag("secret"),
        is_optional=section.flag("optional"),
        is_long=section.flag("long"),
        is_date=section.flag("date"),
        pattern=_pattern(section, "pattern"),
    )


def _organisations(section: Section) -> Organisations | None:
    if not section.has("organisations"):
        return None
    listing = section.section("organisations", "organisations")
    return Organisations(
        method=listing.text("method", "GET"),
        path=templates.checked(listing.text("path", "" if listing.has("interface") else ...), listing.at("path")),
        params=strings(listing, "params"),
        body=listing.data.get("body"),
        interface=listing.text("interface", ""),
        many=listing.text("many", "."),
        id=listing.text("id"),
        name=listing.text("name"),
        kind=listing.text("kind", ""),
        link_id=listing.text("link_id", ""),
        where=strings(listing, "where"),
    )


def _disconnect(section: Section) -> Disconnect:
    ending = section.section("disconnect", "disconnect")
    return Disconnect(
        way=ending.choice("way", ENDINGS, "none"), path=ending.text("path", ""), says=ending.text("says", "")
    )


def _token_keys(section: Section) -> dict[str, Any]:
    kinds = strings(section, "token_errors")
    if unknown := set(kinds.values()) - set(faults.KINDS):
        raise ManifestError(
            f"{section.at('token_errors')}: unknown {listed(unknown)}, expected some of {listed(faults.KINDS)}"
        )
    return {
        "scopes": section.texts("scopes"),
        "client_auth": section.choice("client_auth", CLIENT_AUTH, "basic"),
        "token_headers": strings(section, "token_headers"),
        "token_errors": kinds,
        "opening": _opening(section),
    }


def _code_grant(section: Section, shared: Mapping[str, Any]) -> Way:
    return CodeGrant(
        **shared,
        **_token_keys(section),
        uses_pkce=section.flag("pkce"),
        authorize_params=strings(section, "authorize_params"),
        org_param=section.text("org_param", ""),
        settings_params=strings(section, "settings_params"),
        rotates=section.flag("rotates"),
        grace_minutes=section.whole("grace_minutes", 0),
        refresh_idle_days=section.whole("refresh_idle_days", 0),
        refresh_hard_days=section.whole("refresh_hard_days", 0),
        refresh_expires_field=section.text("refresh_expires_field", ""),
        hard_expires_field=section.text("hard_expires_field", ""),
        revoke_body=section.choice("revoke_body", frozenset({"json", "form"}), "form"),
    )


def _client_grant(section: Section, shared: Mapping[str, Any]) -> Way:
    login = _login(section.section("login", "login")) if section.has("login") else None
    return ClientGrant(
        **shared,
        **_token_keys(section),
        params=strings(section, "params"),
        login=login,
        session_path=section.text("session_path", ... if login else ""),
    )


def _jwt_grant(section: Section, shared: Mapping[str, Any]) -> Way:
    algorithms = section.texts("alg")
    if not algorithms or (unknown := set(algorithms) - ALGORITHMS):
        raise ManifestError(f"{section.at('alg')}: expected some of {listed(ALGORITHMS)}, got {listed(unknown)}")
    keys = {field.name for field in shared["form"]}
    if section.text("key") not in keys:
        raise ManifestError(f"{section.at('key')}: expected a field of the form, one of {listed(keys)}")
    signed = Assertion(
        algorithms=algorithms,
        key=section.text("key"),
        key_id=section.text("key_id", ""),
        claims=section.mapping("claims"),
        minutes=section.whole("minutes", 60),
    )
    known = {**_token_keys(section), "client_auth": "none"}
    return ClientGrant(**shared, **known, params=strings(section, "params"), assertion=signed)


def _opening(section: Section) -> Opening | None:
    if not section.has("session"):
        return None
    call = section.section("session", "session")
    return Opening(call.text("method", "GET"), call.text("path"), call.text("session_path"))


def _login(section: Section) -> Login:
    return Login(
        method=section.text("method", "POST"),
        path=section.text("path"),
        headers=strings(section, "headers"),
        body=section.data.get("body"),
        interface=section.text("interface", ""),
        action=section.text("action", ""),
    )


def _signed_calls(section: Section, shared: Mapping[str, Any]) -> Way:
    needed = {"consumer_key", "consumer_secret", "token_id", "token_secret"}
    if missing := needed - {field.name for field in shared["form"]}:
        raise ManifestError(f"{section.at('form')}: {listed(missing)} is missing; every call is signed with it")
    return SignedCalls(**shared, realm=section.text("realm", ""))


def _session(section: Section, shared: Mapping[str, Any]) -> Way:
    return SessionLogin(
        **shared,
        login=_login(section.section("login", "login")),
        session_path=section.text("session_path"),
        expires_path=section.text("expires_path", ""),
        endpoint_path=section.text("endpoint_path", ""),
        hosts=_pattern(section, "hosts"),
    )


_WAYS: Mapping[str, Callable[[Section, Mapping[str, Any]], Way]] = {
    "oauth2": _code_grant,
    "oauth2_client": _client_grant,
    "oauth2_jwt": _jwt_grant,
    "oauth1": _signed_calls,
    "session": _session,
}


def http(section: Section) -> Http:
    """`http`."""
    timeouts = section.section("timeouts", "timeouts")
    return Http(
        headers=strings(section, "headers"),
        params=strings(section, "params"),
        correlation_header=section.text("correlation_header", "").lower(),
        retry_after_header=section.text("retry_after_header", "retry-after").lower(),
        connect_seconds=timeouts.number("connect", 10),
        read_seconds=timeouts.number("read", 60),
        write_seconds=timeouts.number("write", 30),
        total_seconds=timeouts.number("total", 150),
        max_bytes=section.whole("max_bytes", 64_000_000),
        personal=frozenset(section.texts("personal")),
    )


def strings(section: Section, key: str) -> Mapping[str, str]:
    """A mapping of texts; whatever stands there is taken as text."""
    found: Mapping[str, Any] = section.mapping(key)
    return {name: str(value) for name, value in found.items()}


def columns(section: Section) -> Mapping[str, str]:
    """`columns`: path → expression; a list where the ledger's own names are the paths."""
    if isinstance(section.data.get("columns"), list):
        return {name: name for name in section.texts("columns")}
    return strings(section, "columns")
