"""How a manifest says webhooks: the seal, the forms of a body, and what its words for records are here."""

import ipaddress
import re
from collections.abc import Mapping

from integrations.engine import conditions
from integrations.engine.announcements import ACTIONS, NAMED_BY, Announcements, Form, Target
from integrations.engine.declarations import Resource
from integrations.engine.manifest_access import strings
from integrations.engine.seals import ENCODINGS, KEYS, SCHEMES, Network, Seal
from integrations.engine.sections import ManifestError, Section, listed

_GROUPS = {"kind", "action"}


def announcements(section: Section | None, resources: Mapping[str, Resource]) -> Announcements | None:
    """`webhooks`: how the ledger tells of changes by itself, where it does."""
    if section is None:
        return None
    forms = tuple(_form(form) for form in section.items("forms", "webhook form"))
    if not forms:
        raise ManifestError(f"{section.at('forms')} is missing, expected at least one form of a body")
    seal = _seal(section.section("signature", "signature")) if section.has("signature") else None
    return Announcements(
        forms=forms,
        kinds=_kinds(section, resources),
        actions=_actions(section),
        seal=seal,
        secret_header=section.text("secret_header", ""),
        sources=tuple(_network(text, section) for text in section.texts("sources")),
        max_bytes=section.whole("max_bytes", 1_000_000),
        context=section.text("context", ""),
        id_header=section.text("id_header", ""),
        repeats=section.flag("repeats"),
        setup=section.texts("setup"),
    )


def _seal(section: Section) -> Seal:
    seal = Seal(
        scheme=section.choice("scheme", SCHEMES),
        header=section.text("header"),
        encoding=section.choice("encoding", ENCODINGS, "base64"),
        key=section.choice("key", KEYS, "webhook_key"),
        signed=section.texts("signed") or ("body",),
        joined=section.text("joined", "."),
        time=section.text("time", ""),
        seconds=section.whole("seconds", 0),
        issuer=section.text("issuer", ""),
        claims=strings(section, "claims"),
        body_claim=section.text("body_claim", ""),
    )
    if "body" not in seal.signed:
        raise ManifestError(f"{section.at('signed')}: expected body among what is signed, got {listed(seal.signed)}")
    if seal.time and seal.time not in seal.signed:
        raise ManifestError(f"{section.at('time')}: a moment that is not signed proves nothing, expected it in signed")
    return seal


def _form(section: Section) -> Form:
    return Form(
        when=conditions.compiled(section.mapping("when"), section.at("when")) if section.has("when") else None,
        each=section.texts("each"),
        **{
            name: section.text(name, "")
            for name in ("org", "entity", "id", "kind", "record", "action", "at", "version", "merged", "split")
        },
        pattern=_pattern(section),
        is_keyed=section.flag("keyed"),
        ids=strings(section, "ids"),
    )


def _pattern(section: Section) -> re.Pattern[str] | None:
    if not section.has("split"):
        return None
    try:
        found = re.compile(section.text("pattern"), re.IGNORECASE)
    except re.error as error:
        raise ManifestError(f"{section.at('pattern')}: {error}") from error
    if not set(found.groupindex) <= _GROUPS:
        raise ManifestError(f"{section.at('pattern')}: expected groups of {listed(_GROUPS)}")
    return found


def _network(text: str, section: Section) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ManifestError(f"{section.at('sources')}: {error}") from error


def _actions(section: Section) -> Mapping[str, str]:
    found: dict[str, str] = {}
    told = Section(section.mapping("actions"), section.at("actions"))
    for ours in told.data:
        if ours not in ACTIONS:
            raise ManifestError(f"{told.at(ours)}: unknown, expected one of {listed(ACTIONS)}")
        found |= {word.lower(): ours for word in told.texts(ours)}
    return found


def _kinds(section: Section, resources: Mapping[str, Resource]) -> Mapping[str, tuple[Target, ...]]:
    found: dict[str, tuple[Target, ...]] = {}
    if section.has("named_by"):
        by = section.choice("named_by", NAMED_BY)
        for resource in resources.values():
            for entity in resource.entities.values():
                word = (entity.key if by == "key" else entity.path).lower()
                # Where a setting decides the word, `kinds` says it.
                if "{" not in word:
                    found[word] = (*found.get(word, ()), Target(resource.name, entity.remote_type))
    for word, data in section.mapping("kinds").items():
        targets = Section(data, f"{section.at('kinds')}.{word}")
        found[word.lower()] = tuple(_target(targets, name, resources) for name in targets.data)
    return found


def _target(section: Section, name: str, resources: Mapping[str, Resource]) -> Target:
    told = section.data[name]
    own = section.section(name, "webhook target") if isinstance(told, Mapping) else None
    kind = own.text("kind") if own else section.text(name)
    if name not in resources:
        raise ManifestError(f"{section.at(name)}: unknown, expected one of {listed(resources)}")
    if kind not in resources[name].entities:
        raise ManifestError(
            f"{section.at(name)}: {kind!r} is unknown, expected one of {listed(resources[name].entities)}"
        )
    when = conditions.compiled(own.mapping("when"), own.at("when")) if own and own.has("when") else None
    return Target(name, kind, when)
