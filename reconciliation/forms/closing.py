"""The form that begins a period close."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from reconciliation.models import BankAccount
from tenants.models import Tenant


def _day() -> forms.DateInput:
    # Browsers take the value of a date input in this form only, whatever the language.
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "text-field"})


class CloseForm(forms.Form):
    """An account of the tenant, and the days of the period."""

    account = forms.ModelChoiceField(
        label="Bank account", queryset=BankAccount.objects.none(), widget=UnfoldAdminSelectWidget
    )
    first_on = forms.DateField(label="From", widget=_day())
    last_on = forms.DateField(label="To", widget=_day(), help_text="Usually the last day of a month.")

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = BankAccount.objects.for_tenant(tenant).order_by("name")
        self.fields["account"].queryset = rows  # type: ignore[attr-defined]
