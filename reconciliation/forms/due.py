"""The form of exceptions: what becomes one by itself, and up to five bands of due dates."""

from decimal import Decimal
from typing import Any

from django import forms

from reconciliation.due import MOST_DAYS, Bands
from reconciliation.services.case_policy import Taking

_ROWS = 5


def _field(label: str) -> dict[str, Any]:
    return {
        "label": label,
        "required": False,
        "widget": forms.TextInput(attrs={"class": "text-field", "inputmode": "decimal"}),
    }


class DueForm(forms.Form):
    """What is taken, and rows of "from this amount, so many days"; empty rows are left out."""

    takes_documents = forms.BooleanField(
        label="Open documents that are late",
        required=False,
        help_text="Invoices, bills, credit notes and vendor credits with something open become exceptions by "
        "themselves, unless a bank line is proposed for them or matched with them. Paid or voided, they are settled.",
    )
    document_days = forms.IntegerField(
        label="Days after they were due",
        min_value=0,
        max_value=MOST_DAYS,
        required=False,
        widget=forms.NumberInput(attrs={"class": "text-field"}),
        help_text="A document without a due date counts from its own day.",
    )
    document_least = forms.DecimalField(
        label="With at least so much open",
        min_value=0,
        max_digits=18,
        decimal_places=2,
        required=False,
        widget=forms.TextInput(attrs={"class": "text-field", "inputmode": "decimal"}),
        help_text="In the figure of any currency.",
    )
    takes_discrepancies = forms.BooleanField(
        label="Open discrepancies",
        required=False,
        help_text="Where the ledger computed another tax or total, changed, voided or deleted what was posted, or its "
        "balances differ. Decided there, they are settled.",
    )
    late_days = forms.IntegerField(
        label="Days for what is late already when it turns up",
        min_value=0,
        max_value=MOST_DAYS,
        widget=forms.NumberInput(attrs={"class": "text-field"}),
        help_text="A statement of last month brings lines that were due before anybody saw them.",
    )

    def __init__(self, data: Any = None, *, bands: Bands, taking: Taking) -> None:
        known = {f"least_{at}": f"{band.least.normalize():f}" for at, band in enumerate(bands.bands)}
        known |= {f"days_{at}": str(band.days) for at, band in enumerate(bands.bands)}
        taken = {
            "takes_documents": taking.documents,
            "document_days": taking.days,
            "document_least": f"{taking.least.normalize():f}",
            "takes_discrepancies": taking.discrepancies,
        }
        self._before = taking
        super().__init__(data, initial={**known, **taken, "late_days": bands.late_days})
        for at in range(max(_ROWS, len(bands.bands) + 1)):
            self.fields[f"least_{at}"] = forms.DecimalField(**_field(f"Amount from, row {at + 1}"), min_value=0)
            self.fields[f"days_{at}"] = forms.IntegerField(**_field(f"Days, row {at + 1}"), min_value=0)

    @property
    def pairs(self) -> list[tuple[Any, Any]]:
        """The rows as bound fields."""
        count = sum(name.startswith("least_") for name in self.fields)
        return [(self[f"least_{at}"], self[f"days_{at}"]) for at in range(count)]

    @property
    def document_fields(self) -> list[Any]:
        """From when on documents are taken, as bound fields."""
        return [self["document_days"], self["document_least"]]

    def clean(self) -> dict[str, Any]:
        """Both halves of a row, or neither."""
        said = super().clean() or {}
        if said.get("takes_documents") and said.get("document_days") is None and "document_days" not in self.errors:
            self.add_error("document_days", "Say how many days after they were due.")
        for least, days in self.pairs:
            if (said.get(least.name) is None) != (said.get(days.name) is None) and not self.errors:
                raise forms.ValidationError("Fill in both the amount and the days of a row, or neither.")
        return said

    def rows(self) -> list[dict[str, Any]]:
        """What was said, for the service."""
        said = self.cleaned_data
        pairs = [(said[least.name], said[days.name]) for least, days in self.pairs]
        return [{"least": str(least), "days": days} for least, days in pairs if least is not None]

    def taking(self) -> Taking:
        """What was chosen to be taken, for the service; figures that were left empty stay as they were."""
        said = self.cleaned_data
        days, least = said["document_days"], said["document_least"]
        return Taking(
            documents=said["takes_documents"],
            days=self._before.days if days is None else days,
            least=Decimal(0) if least is None else least,
            discrepancies=said["takes_discrepancies"],
        )
