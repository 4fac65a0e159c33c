"""Read settings from the environment; a value that cannot be read stops the start with its name and remedy."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def env_str(name: str, default: str = "") -> str:
    """The variable's text, or `default` when it is unset."""
    return os.environ.get(name, default)


def env_bool(name: str, *, default: bool = False) -> bool:
    """True or False; any other word is refused, because "no" read as true would be worse than a stop."""
    text = os.environ.get(name)
    if text is None:
        return default
    if text not in {"True", "False"}:
        raise ImproperlyConfigured(f"{name} must be True or False, not {text!r}.")
    return text == "True"


def env_int(name: str, default: int) -> int:
    """A whole number."""
    text = os.environ.get(name)
    if text is None:
        return default
    try:
        return int(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {text!r}.") from error


def env_list(name: str, default: str = "") -> list[str]:
    """Comma-separated values, blanks dropped."""
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


def env_secret(name: str) -> str:
    """A secret from NAME, or from the file named by NAME_FILE; refuses to start without one."""
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text().strip()
    if value := os.environ.get(name):
        return value
    raise ImproperlyConfigured(
        f"{name} is not set. Set {name} or {name}_FILE, or start with ./bin/portal, which makes one for you."
    )


def env_database(name: str, fallback: str = "") -> dict[str, object]:
    """A Django database entry from a URL `postgres://user:password@host:port/name?option=value`."""
    url = os.environ.get(name) or os.environ.get(fallback, "")
    if not url:
        raise ImproperlyConfigured(f"{name} is not set. Start with ./bin/portal, which brings its own PostgreSQL.")
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must begin with postgres://; other databases have no row-level security.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
    }
