"""The form of automatic approval: account, kind, from which confidence, up to which amount."""

from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from reconciliation.models import AutoApproval, BankAccount
from tenants.models import Tenant

_NUMBER = {"class": "text-field", "inputmode": "decimal"}


class AutoForm(forms.Form):
    """Percent in the form, a probability in the setting."""

    account = forms.ModelChoiceField(
        label="Bank account", queryset=BankAccount.objects.none(), widget=UnfoldAdminSelectWidget
    )
    kind = forms.ChoiceField(label="Kind", choices=AutoApproval.KINDS, widget=UnfoldAdminSelectWidget)
    confidence = forms.DecimalField(
        label="Confidence from, %",
        min_value=Decimal(90),
        max_value=Decimal(100),
        max_digits=5,
        decimal_places=2,
        widget=forms.TextInput(attrs=_NUMBER),
        help_text="From 90 to 100.",
    )
    most = forms.DecimalField(
        label="Up to the amount",
        min_value=Decimal("0.01"),
        max_digits=18,
        decimal_places=2,
        widget=forms.TextInput(attrs=_NUMBER),
        help_text="In the account's currency; never above the limit from which two people approve.",
    )

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = BankAccount.objects.for_tenant(tenant).order_by("name")
        self.fields["account"].queryset = rows  # type: ignore[attr-defined]

    def setting(self) -> dict[str, Any]:
        """What was chosen, for the service."""
        said = self.cleaned_data
        return {
            "bank_account": said["account"],
            "kind": said["kind"],
            "threshold": said["confidence"] / 100,
            "most": said["most"],
        }
