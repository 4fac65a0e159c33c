"""Settings of a connection that decide addresses (data centre, host). Closed: nothing typed makes another host."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter
from urllib.parse import urlsplit

from integrations.engine.errors import ConfigurationError, WhoCanFix

# What a declared value may be as part of a host, and what anything else may be: one label without a dot.
_DECLARED = re.compile(r"[a-z0-9]([a-z0-9.-]{0,80}[a-z0-9])?")
_ONE_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "as_is": str,
    "lower": str.lower,
    "lower_hyphen": lambda text: text.lower().replace("_", "-"),
    "upper_underscore": lambda text: text.upper().replace("-", "_"),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One place of addresses, headers and paths: chosen from `values`, or made of another value by its spelling."""

    name: str
    label: str
    help: str
    values: Mapping[str, str]
    names: Mapping[str, str]
    """What people call each choice."""
    default: str
    source: str
    """`org` or another setting that decides this one; empty: it is its own."""
    spelled: str
    pattern: str

    @property
    def is_asked(self) -> bool:
        """Whether a person says it when connecting: chosen from the values, or typed as the pattern wants it."""
        return bool(self.label) and not self.source

    @property
    def is_optional(self) -> bool:
        """Whether nothing may be said: its pattern takes an empty text."""
        return not self.values and re.fullmatch(self.pattern, "") is not None

    def place(self, given: Mapping[str, str]) -> str:
        """What stands in its place; empty while what decides it is not known. Raises ConfigurationError."""
        told = given.get(self.source or self.name, "")
        if not told:
            return ""
        if self.values:
            if told not in self.values:
                raise self._unknown(told)
            return self.values[told]
        text = SPELLINGS[self.spelled](told)
        if not re.fullmatch(self.pattern, text):
            raise self._unknown(told)
        return text

    def fits_hosts(self, text: str) -> bool:
        """Whether the text may stand in a host's name."""
        return bool((_DECLARED if self.values else _ONE_LABEL).fullmatch(text))

    def _unknown(self, told: str) -> ConfigurationError:
        expected = f"one of {', '.join(self.values)}" if self.values else "the form the ledger uses"
        return ConfigurationError(
            f"{told!r} is no {self.label or self.name}: expected {expected}.",
            code="invalid_setting",
            remedy=f"Choose another {self.label.lower() or self.name} and connect again.",
            who_can_fix=WhoCanFix.OWNER,
            field=self.name,
        )


def places(settings: Mapping[str, Setting], given: Mapping[str, str], org: str) -> dict[str, str]:
    """Every value that may stand in braces: what was given, then the declared settings over it, then `org`."""
    defaults = {name: setting.default for name, setting in settings.items() if setting.default}
    known = {**defaults, **{name: value for name, value in given.items() if value}, "org": org}
    return known | {name: setting.place(known) for name, setting in settings.items()}


def names_in(template: str) -> set[str]:
    """The places of a template."""
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def filled_url(url: str, settings: Mapping[str, Setting], known: Mapping[str, str]) -> str:
    """The address with its places filled in; empty while one of them is unknown. Raises ConfigurationError."""
    for name in names_in(url):
        if not known.get(name) or name not in settings:
            return ""
        if not settings[name].fits_hosts(known[name]):
            raise ConfigurationError(
                f"{known[name]!r} cannot stand in an address of the ledger.", code="invalid_setting", field=name
            )
    return url.format_map(known)


def is_closed(url: str, settings: Mapping[str, Setting]) -> bool:
    """Whether the places of an address leave its site to the manifest: an open one is a label before a fixed domain."""
    if any(
        setting.values and not all(map(setting.fits_hosts, setting.values.values())) for setting in _used(url, settings)
    ):
        return False
    parts = urlsplit(url)
    labels = parts.netloc.split(".")
    is_open = {f"{{{setting.name}}}" for setting in _used(url, settings) if not setting.values}
    return all(label in is_open or not names_in(label) - _closed(settings) for label in labels) and not (
        is_open & set(labels[-2:])
    )


def _used(url: str, settings: Mapping[str, Setting]) -> list[Setting]:
    return [settings[name] for name in names_in(url)]


def _closed(settings: Mapping[str, Setting]) -> set[str]:
    return {name for name, setting in settings.items() if setting.values}
