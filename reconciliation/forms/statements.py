"""Forms: a statement file with the account it belongs to, a bank account, and the workbench's filters."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from integrations.models import Connection, LedgerRecord, Resource
from reconciliation.models import BankAccount
from reconciliation.services.statements import BANK_KINDS, bank_account_for
from reconciliation.statements import FIELDS, MOST_BYTES, Layout
from tenants.models import Tenant

_SELECT = UnfoldAdminSelectWidget


def ledger_accounts(connections: Any) -> Any:
    """The bank and card accounts that the ledgers of these connections have."""
    rows = LedgerRecord.objects.filter(connection__in=connections, resource=Resource.ACCOUNTS, kind__in=BANK_KINDS)
    return rows.filter(deleted_at=None, is_active=True).select_related("connection").order_by("kind", "name")


class StatementForm(forms.Form):
    """A statement file, and the bank account it is of: one known here, or one of the ledger's own."""

    account = forms.ChoiceField(
        label="Bank account",
        widget=UnfoldAdminSelectWidget,
        help_text="Payments are booked on this account of the ledger.",
    )
    file = forms.FileField(
        label="Statement file",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.txt,.xlsx,.ofx,.qfx,.qbo,.xml,.sta,.mt940,.940"}),
        help_text="CAMT.053, MT940, OFX, XLSX or CSV; the content tells which. Columns of a table that are not "
        "recognised are asked for once and remembered. Nothing is imported before you have seen the preview.",
    )

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant = tenant
        self.fields["account"].choices = self._choices()  # type: ignore[attr-defined]

    def _choices(self) -> list[tuple[str, str]]:
        connections = Connection.objects.for_tenant(self.tenant).exclude(status=Connection.Status.DISCONNECTED)
        known = list(BankAccount.objects.filter(connection__in=connections).select_related("connection"))
        taken = {(row.connection_id, row.external_account_id) for row in known}
        choices = [(f"own:{row.pk}", f"{row.name} ({row.currency}), {row.connection}") for row in known]
        return choices + [
            (f"ledger:{row.pk}", f"{row.name} ({row.currency or row.connection.currency}), {row.connection}")
            for row in ledger_accounts(connections)
            if (row.connection_id, row.external_id) not in taken
        ]

    def clean_file(self) -> Any:
        """Refuse early what would be refused anyway."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(f"The file is larger than {MOST_BYTES // 1_000_000} MB; split it by month.")
        return file

    def bank_account(self) -> BankAccount:
        """The chosen account, made when it was one of the ledger's; only the tenant's own can be chosen."""
        kind, _, pk = self.cleaned_data["account"].partition(":")
        if kind == "own":
            return BankAccount.objects.for_tenant(self.tenant).select_related("connection").get(pk=UUID(pk))
        record = LedgerRecord.objects.for_tenant(self.tenant).select_related("connection").get(pk=UUID(pk))
        return bank_account_for(connection=record.connection, account=record)


_ORDERS = (("", "As the dates of the file tell"), ("day", "Day first (31/12)"), ("month", "Month first (12/31)"))
_MARKS = (("", "As the amounts of the file tell"), ("comma", "Comma (1.234,56)"), ("point", "Point (1,234.56)"))


class LayoutForm(forms.Form):
    """Which column of a table is what, and how its dates and amounts are written."""

    def __init__(self, *args: Any, heads: Sequence[str], layout: Layout | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = layout or Layout()
        choices = [("", "None"), *((head, head) for head in heads)]
        for ours, label in FIELDS.items():
            self.fields[ours] = forms.ChoiceField(
                label=label, required=False, choices=choices, initial=known.columns.get(ours, ""), widget=_SELECT
            )
        order = {None: "", True: "day", False: "month"}[known.day_first]
        mark = {None: "", True: "comma", False: "point"}[known.decimal_comma]
        self.fields["order"] = forms.ChoiceField(
            label="Dates such as 03/04", required=False, choices=_ORDERS, initial=order, widget=_SELECT
        )
        self.fields["mark"] = forms.ChoiceField(
            label="Decimals", required=False, choices=_MARKS, initial=mark, widget=_SELECT
        )
        self.fields["is_reversed"] = forms.BooleanField(
            label="Money out stands positive",
            required=False,
            initial=known.is_reversed,
            widget=UnfoldBooleanSwitchWidget,
        )

    def layout(self) -> Layout:
        """What was said."""
        said = self.cleaned_data
        return Layout(
            {ours: said[ours] for ours in FIELDS if said[ours]},
            {"": None, "day": True, "month": False}[said["order"]],
            {"": None, "comma": True, "point": False}[said["mark"]],
            said["is_reversed"],
        )


class BankAccountForm(forms.ModelForm[BankAccount]):
    """A bank account with its ledger account chosen from those that the ledger has."""

    external_account_id = forms.ChoiceField(
        label="Ledger account", required=False, widget=UnfoldAdminSelectWidget, help_text="Payments are booked there."
    )

    class Meta:
        model = BankAccount
        fields = ("name", "external_account_id", "statement_id", "is_card")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = ledger_accounts([self.instance.connection_id])
        names = {row.external_id: row.name for row in rows}
        current = self.instance.external_account_id
        if current and current not in names:
            names[current] = f"{self.instance.external_account_name or current} (no longer in the ledger)"
        if "external_account_id" in self.fields:
            # Who may only look has the account as text and no field to choose in.
            self.fields["external_account_id"].choices = [("", "Not chosen yet"), *names.items()]  # type: ignore[attr-defined]
        self.names = names

    def clean_external_account_id(self) -> str:
        """Keep the account's name beside its id."""
        chosen: str = self.cleaned_data["external_account_id"]
        self.instance.external_account_name = self.names.get(chosen, "")
        return chosen


SHOWS = (
    ("proposed", "To decide"),
    ("second", "Second person"),
    ("unmatched", "No proposal"),
    ("matched", "Matched"),
    ("ignored", "Set aside"),
)
SORTS = (("surest", "Surest first"), ("oldest", "Oldest first"), ("largest", "Largest first"))
