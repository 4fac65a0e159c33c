"""Forms of the pages about connections."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet

from integrations.engine.ways import FormField, Way
from integrations.models import Connection, FieldOverride, Resource
from integrations.services.correcting import SHORTEST_REASON, Correction
from integrations.services.offers import Choice, Offer
from integrations.services.policies import ALWAYS_READ, Direction, Policy, Truth

_SYNC_CHOICES = (
    (5, "Every 5 minutes"),
    (15, "Every 15 minutes"),
    (60, "Every hour"),
    (360, "Every 6 hours"),
    (1440, "Once a day"),
)


class ConnectionSettingsForm(forms.ModelForm[Connection]):
    """What an owner may set: the name, how often to look for changes, and the rules for what is posted."""

    sync_minutes = forms.TypedChoiceField(label="Look for changes at least", choices=_SYNC_CHOICES, coerce=int)

    class Meta:
        model = Connection
        fields: ClassVar = ["name", "sync_minutes", "closed_period", "tax_tolerance", "is_read_only"]
        labels: ClassVar = {
            "is_read_only": "Read only",
            "closed_period": "A document dated in a closed period",
            "tax_tolerance": "Tax and total may differ by",
        }
        help_texts: ClassVar = {
            "closed_period": "“Date it on the first open day” keeps the document's own day in its memo.",
            "tax_tolerance": "What the ledger computes differently by more than this becomes a discrepancy.",
        }

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        current = self.instance.sync_minutes
        if current not in dict(_SYNC_CHOICES):
            field = self.fields["sync_minutes"]
            field.choices = [(current, f"Every {current} minutes"), *_SYNC_CHOICES]  # type: ignore[attr-defined]
        self.fields["tax_tolerance"].min_value = 0  # type: ignore[attr-defined]
        for name in ("name", "sync_minutes", "closed_period", "tax_tolerance"):
            self.fields[name].widget.attrs["class"] = "text-field"


_PAUSES = (
    ("", "As it changes"),
    (5, "Every 5 minutes"),
    (15, "Every 15 minutes"),
    (60, "Every hour"),
    (360, "Every 6 hours"),
    (1440, "Once a day"),
    (10080, "Once a week"),
)


class ResourcePolicyForm(forms.Form):
    """What is wanted of one resource; only what the ledger can do is offered. Its prefix is the resource's name."""

    def __init__(self, data: Any, *, policy: Policy, is_readable: bool, is_writable: bool) -> None:
        super().__init__(data, prefix=policy.resource)
        self.policy = policy
        for name, choices in self._asked(is_readable=is_readable, is_writable=is_writable):
            current = getattr(policy, name)
            if current not in dict(choices) and current is not None:
                choices = (*choices, (current, _words(name, current)))
            widget = forms.Select(attrs={"class": "text-field", "aria-label": f"{policy.label}: {_LABELS[name]}"})
            field = forms.TypedChoiceField(choices=choices, initial=current, required=False, widget=widget)
            if name == "sync_minutes":
                field.coerce, field.empty_value = int, None
            self.fields[name] = field

    def _asked(self, *, is_readable: bool, is_writable: bool) -> Iterator[tuple[str, Any]]:
        if self.policy.resource not in ALWAYS_READ:
            yield "direction", _DIRECTIONS[is_readable, is_writable]
        if is_writable:
            yield "source_of_truth", Truth.choices
        if is_readable:
            yield "sync_minutes", _PAUSES

    def wanted(self) -> Policy:
        """The policy as it was filled in; what was not asked stays."""
        return replace(self.policy, **{name: self.cleaned_data[name] for name in self.fields})


_LABELS = {"direction": "direction", "source_of_truth": "whose word holds", "sync_minutes": "how often it is read"}
_DIRECTIONS: dict[tuple[bool, bool], Any] = {
    (True, True): (
        (Direction.BOTH.value, "Read and write"),
        (Direction.READ.value, "Only read"),
        (Direction.WRITE.value, "Only write"),
        (Direction.OFF.value, "Neither"),
    ),
    (True, False): ((Direction.BOTH.value, "Read"), (Direction.OFF.value, "Not read")),
    (False, True): ((Direction.BOTH.value, "Write"), (Direction.OFF.value, "Not written")),
    (False, False): ((Direction.BOTH.value, "Neither"),),
}


def _words(name: str, value: Any) -> str:
    return f"Every {value} minutes" if name == "sync_minutes" else str(Direction(value).label)


class CredentialsForm(forms.Form):
    """What one way of one ledger asks a person for, in the order of its declaration; choices (data centre) first.

    Whether a value can be right is decided where it is used (`start_with_credentials`); secrets are never shown again.
    """

    def __init__(self, *args: Any, offer: Offer, way: Way, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for choice in offer.choices:
            self.fields[choice.name] = _asked_field(choice)
        self.fields |= {field.name: _typed_field(field) for field in way.form}
        for bound in self:
            bound.field.widget.attrs |= {"class": "text-field", "aria-describedby": f"{bound.id_for_label}_help"}


class _UnshownText(forms.Textarea):
    """A secret of several lines: sent, and never sent back."""

    def format_value(self, value: Any) -> str | None:
        """Nothing, whatever was typed."""
        return None


def _asked_field(choice: Choice) -> forms.Field:
    field: forms.Field = forms.CharField(required=False, max_length=100)
    if choice.options:
        field = forms.ChoiceField(choices=choice.options)
    field.label, field.help_text, field.initial = choice.label, choice.help, choice.default
    return field


def _typed_field(field: FormField) -> forms.Field:
    attrs = {"autocomplete": "off", "spellcheck": "false"}
    widget: forms.Widget = forms.TextInput(attrs)
    if field.is_date:
        widget = forms.DateInput({**attrs, "type": "date"})
    elif field.is_long:
        widget = (_UnshownText if field.is_secret else forms.Textarea)({**attrs, "rows": "8"})
    elif field.is_secret:
        # Not `off`: browsers then offer the person's own password of this site.
        widget = forms.PasswordInput({**attrs, "autocomplete": "new-password"}, render_value=False)
    # Blank or wrong is said by the service, in the same words wherever the values come from.
    return forms.CharField(label=field.label, help_text=field.help, required=False, widget=widget, max_length=20_000)


class CorrectionForm(forms.Form):
    """Why a posted document is reversed, and on which day where the ledger lets us choose."""

    reason = forms.CharField(
        label="Why is it reversed?",
        min_length=SHORTEST_REASON,
        max_length=500,
        widget=forms.Textarea({"rows": 3, "class": "text-field"}),
        help_text="A sentence. It is kept with the reversal and in the audit trail.",
    )
    on = forms.DateField(label="Day of the reversal", required=False)

    def __init__(self, data: Any = None, *, plan: Correction) -> None:
        super().__init__(data)
        field = self.fields["on"]
        field.initial = plan.day
        first = plan.first_open_on.isoformat()
        field.widget = forms.DateInput({"type": "date", "min": first, "class": "text-field"}, format="%Y-%m-%d")
        field.help_text = f"Proposed is the document's own day or, where that is closed, the first open one ({first})."
        if plan.day is None:
            del self.fields["on"]


class OverrideForm(forms.Form):
    """Where an expression belongs, and the expression."""

    connection = forms.ModelChoiceField(queryset=Connection.objects.none(), empty_label=None)
    resource = forms.ChoiceField(choices=Resource.choices, initial=Resource.INVOICES)
    direction = forms.ChoiceField(label="When", choices=FieldOverride.Direction.choices)
    target = forms.CharField(label="Field", max_length=120)
    expression = forms.CharField(max_length=8000, widget=forms.Textarea(attrs={"rows": 8}), strip=False)

    def __init__(self, *args: Any, connections: "QuerySet[Connection]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["connection"].queryset = connections  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["class"] = "text-field"
        self.fields["expression"].widget.attrs |= {
            "class": "text-field mono expression",
            "spellcheck": "false",
            "autocapitalize": "off",
        }
        self.fields["target"].widget.attrs |= {"autocapitalize": "off", "spellcheck": "false", "autocomplete": "off"}
