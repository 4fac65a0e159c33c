"""What a person types or chooses to connect, checked: settings that are no secrets, and secrets."""

import re
from collections.abc import Mapping
from datetime import date

from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.engine import manifest
from integrations.engine.errors import ConfigurationError
from integrations.engine.settings import SPELLINGS, Setting
from integrations.engine.ways import FormField, Way
from integrations.models import Connection


def chosen_settings(
    connector_name: str, values: Mapping[str, str], *, before: Connection | None = None
) -> dict[str, str]:
    """The choices (data centre…) among the values, those of the connection to reconnect where nothing was chosen.

    ValidationError by field for a choice that there is not.
    """
    found = dict(before.settings) if before is not None else {}
    wrong = {}
    for name, setting in manifest.load(connector_name).settings.items():
        if not setting.is_asked:
            continue
        found[name] = values.get(name, "").strip() or found.get(name) or setting.default
        if not _is_known(setting, found[name]):
            wrong[name] = f"Choose the {setting.label.lower()}." if setting.values else _not_right(setting)
    if wrong:
        raise ValidationError(wrong)
    return found


def _is_known(setting: Setting, told: str) -> bool:
    try:
        return bool(setting.place({setting.name: told})) or (setting.is_optional and not told)
    except ConfigurationError:
        return False


def checked_form(
    connector_name: str, way: Way, values: Mapping[str, str], *, before: Connection | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """(settings, secrets) of a filled-in form. ValidationError with what to do for each field that cannot be right."""
    settings, secrets = chosen_settings(connector_name, values, before=before), {}
    wrong = {}
    for field in way.form:
        text = SPELLINGS[field.spelled](values.get(field.name, "").strip())
        if problem := _problem(field, text):
            wrong[field.name] = problem
        elif field.is_secret:
            secrets[field.name] = text
        else:
            settings[field.name] = text
    if wrong:
        raise ValidationError(wrong)
    return settings, secrets


def _problem(field: FormField, text: str) -> str:
    if not text:
        return "" if field.is_optional else f"{field.label} is needed. {field.help}".strip()
    if field.pattern and not re.fullmatch(field.pattern, text):
        return _not_right(field)
    return _day_problem(field, text) if field.is_date else ""


def _not_right(asked: FormField | Setting) -> str:
    return f"{asked.label} does not look right. {asked.help}".strip()


def _day_problem(field: FormField, text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return f"{field.label}: write the day as 2027-12-31."
    return "" if day > timezone.now().date() else f"{field.label} is over already: make a new one in the ledger first."
