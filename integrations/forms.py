"""Forms of the pages about connections."""

from typing import ClassVar

from django import forms

from integrations.models import Connection

_SYNC_CHOICES = (
    (5, "Every 5 minutes"),
    (15, "Every 15 minutes"),
    (60, "Every hour"),
    (360, "Every 6 hours"),
    (1440, "Once a day"),
)


class ConnectionSettingsForm(forms.ModelForm[Connection]):
    """What an owner may set: the name people see, how often to look for changes, and whether anything may be posted."""

    sync_minutes = forms.TypedChoiceField(label="Look for changes", choices=_SYNC_CHOICES, coerce=int)

    class Meta:
        model = Connection
        fields: ClassVar = ["name", "sync_minutes", "is_read_only"]
        labels: ClassVar = {"is_read_only": "Read only"}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        current = self.instance.sync_minutes
        if current not in dict(_SYNC_CHOICES):
            field = self.fields["sync_minutes"]
            field.choices = [(current, f"Every {current} minutes"), *_SYNC_CHOICES]  # type: ignore[attr-defined]
        for name in ("name", "sync_minutes"):
            self.fields[name].widget.attrs["class"] = "text-field"
