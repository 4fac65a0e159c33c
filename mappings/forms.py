"""The form of one rule: a word or none, what else the document must say, from when, and the ledger's record."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from integrations.models import Connection, LedgerRecord
from mappings.models import Side, ValueMapping
from mappings.services.targets import get_target, search_targets
from mappings.services.versions import Word
from mappings.transform.conditions import MOST_CHARACTERS, fields_for, normal_conditions

_ASKED = "asked_"


class RuleForm(forms.Form):
    """One rule of a subject; `word` and `record` are what it says once it is valid."""

    side = forms.ChoiceField(choices=Side, label="Used on")
    value = forms.CharField(
        max_length=200, required=False, strip=False, label="Word in the source", help_text="Empty: any, the default."
    )
    effective_from = forms.DateField(
        required=False,
        label="For documents dated from",
        help_text="Empty: for all.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    target = forms.CharField(
        max_length=300, label="Means in the ledger", help_text="Type a code or name, and choose from the list."
    )
    target_id = forms.CharField(max_length=100, required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, connection: Connection, subject: str, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.connection, self.subject = connection, subject
        self.record: LedgerRecord | None = None
        for name, field in fields_for(subject).items():
            self.fields[_ASKED + name] = forms.CharField(
                max_length=MOST_CHARACTERS, required=False, label=field.label, help_text=field.help
            )
        for shown in self.fields.values():
            shown.widget.attrs.setdefault("class", "text-field")
            shown.widget.attrs["autocomplete"] = "off"

    def conditions(self) -> list[Any]:
        """The bound fields of the conditions, for the template."""
        return [self[name] for name in self.fields if name.startswith(_ASKED)]

    def clean(self) -> dict[str, Any]:
        """Finds the record; a text without a choice is taken when it names one record exactly."""
        found: dict[str, Any] = super().clean() or {}
        try:
            found["conditions"] = normal_conditions(self.subject, self._asked(found))
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from wrong
        if found.get("target"):
            self.record = self._record(found)
            if self.record is None:
                self.add_error("target", "Choose one record from the list; this text does not name one alone.")
        return found

    def word(self) -> Word:
        """What the rule asks for."""
        said = self.cleaned_data
        return Word(
            self.subject, said["side"], said["value"], tuple(said["conditions"].items()), said["effective_from"]
        )

    def _asked(self, found: dict[str, Any]) -> dict[str, str]:
        return {name.removeprefix(_ASKED): text for name, text in found.items() if name.startswith(_ASKED)}

    def _record(self, found: dict[str, Any]) -> LedgerRecord | None:
        if found.get("target_id"):
            return get_target(connection=self.connection, subject=self.subject, external_id=found["target_id"])
        text = found["target"].strip().casefold()
        choices = search_targets(
            connection=self.connection, subject=self.subject, side=found.get("side", ""), text=found["target"]
        )
        same = [
            each.record
            for each in choices
            if text in (each.target.name.casefold(), each.record.number.casefold(), each.record.name.casefold())
        ]
        return same[0] if len(same) == 1 else None


def initial_of(row: ValueMapping) -> dict[str, Any]:
    """A stored rule as the form shows it."""
    return {
        "side": row.side,
        "value": row.value,
        "effective_from": row.effective_from,
        "target": row.target_name,
        "target_id": row.target_external_id,
        **{_ASKED + name: text for name, text in row.conditions.items()},
    }
