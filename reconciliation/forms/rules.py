"""The form of a bank rule: account and vendor are written as people know them and found in the ledger's own lists."""

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextInputWidget

from integrations.models import Connection, LedgerRecord, Resource
from mappings.services.targets import name_of, target_of
from mappings.transform.fit import POSTABLE, kinds_for
from reconciliation.models import BankRule
from reconciliation.services.bank_rules import check

_Outcome = BankRule.Outcome
_ANY = UUID(int=0)
_PICKED = {"autocomplete": "off", "role": "combobox", "aria-autocomplete": "list", "aria-expanded": "false"}


class BankRuleForm(forms.ModelForm[BankRule]):
    """What the rule asks for, and what it proposes."""

    account = forms.CharField(
        label="Ledger account",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs=_PICKED | {"data-pick": "account"}),
        help_text="Type a part of its code or name and choose. Not for transfers.",
    )
    tax = forms.CharField(
        label="Tax code",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs=_PICKED | {"data-pick": "tax"}),
        help_text="Money out only: the tax is inside the amount, and split as the ledger splits it. Empty: no tax. "
        "NetSuite wants one on every line: choose its code of 0 %.",
    )
    contact = forms.CharField(
        label="Vendor",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs=_PICKED | {"data-pick": "contact"}),
        help_text="For a bill; some ledgers want one for every expense.",
    )

    class Meta:
        model = BankRule
        fields: ClassVar = [
            "connection", "name", "is_active", "bank_account", "field", "test", "text", "counterparty", "direction",
            "least", "most", "outcome", "other_account", "memo",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A person who may only look gets no fields at all.
        if "account" in self.fields:
            self.fields["account"].initial = self.instance.external_account_name
            self.fields["contact"].initial = self.instance.contact_name
            self.fields["tax"].initial = self.instance.tax_name
            for name in ("account", "tax", "contact"):
                # On a kept rule the connection is no field any more.
                attrs = self.fields[name].widget.attrs
                attrs["data-connection"] = str(self.instance.connection_id or "")
                attrs["data-choices"] = reverse("admin:reconciliation_bankrule_choices", args=[_ANY])

    def clean(self) -> dict[str, Any]:
        """Find account and vendor; refuse what could not be asked or booked."""
        said = super().clean() or {}
        connection = said.get("connection") or getattr(self.instance, "connection", None)
        if connection is None or self.errors:
            return said
        for name in ("bank_account", "other_account"):
            account = said.get(name)
            if account is not None and account.connection_id != connection.pk:
                self.add_error(name, "This account belongs to another connection.")
        if said["outcome"] != _Outcome.TRANSFER:
            self._find_account(connection, said.get("account", ""))
        elif said.get("other_account") is None:
            self.add_error("other_account", "Choose the account at the other end of the transfer.")
        self._find_tax(connection, said)
        self._find_contact(connection, said.get("contact", ""), is_needed=said["outcome"] == _Outcome.BILL)
        if said["outcome"] == _Outcome.WRITE_OFF and said.get("most") is None:
            self.add_error("most", "Say up to which amount is written off.")
        return said

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            try:
                check(self.instance)
            except ValidationError as wrong:
                self.add_error("text", wrong)

    def _find_account(self, connection: Connection, text: str) -> None:
        rows = _records(connection, Resource.ACCOUNTS).filter(kind__in=POSTABLE)
        found = _one(rows, text, Q(number=text) | Q(name__iexact=text))
        if isinstance(found, str):
            self.add_error("account", found)
            return
        self.instance.external_account_id, self.instance.external_account_name = found.external_id, name_of(found)[:300]

    def _find_tax(self, connection: Connection, said: dict[str, Any]) -> None:
        self.instance.external_tax_id, self.instance.tax_name = "", ""
        text = said.get("tax", "")
        if not text:
            return
        if said["outcome"] == _Outcome.TRANSFER or said.get("direction") != BankRule.Direction.OUT:
            self.add_error("tax", "Tax is split from money out only: choose “Money out”, and no transfer.")
            return
        rows = _records(connection, Resource.TAX_RATES).filter(kind__in=[*kinds_for("tax_code", "purchases"), ""])
        found = _one(rows, text, Q(name__iexact=text))
        if isinstance(found, str):
            self.add_error("tax", found)
            return
        if not target_of(found).rates:
            self.add_error("tax", "The ledger does not say how many per cent this tax code is: choose another one.")
            return
        self.instance.external_tax_id, self.instance.tax_name = found.external_id, name_of(found)[:300]

    def _find_contact(self, connection: Connection, text: str, *, is_needed: bool) -> None:
        self.instance.external_contact_id, self.instance.contact_name = "", ""
        if not text:
            if is_needed:
                self.add_error("contact", "A bill needs its vendor.")
            return
        rows = _records(connection, Resource.CONTACTS).filter(kind__in=["vendor", "both", ""])
        found = _one(rows, text, Q(name__iexact=text))
        if isinstance(found, str):
            self.add_error("contact", found)
            return
        self.instance.external_contact_id, self.instance.contact_name = found.external_id, found.name


def _records(connection: Connection, resource: str) -> Any:
    return LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, resource).filter(is_active=True)


def _one(rows: Any, text: str, exactly: Q) -> LedgerRecord | str:
    """The one record that is called so, or a sentence that helps to name it."""
    text = text.strip()
    if not text:
        return "Name the account."
    # What was kept is "4970 Bank charges", as it is shown; either part alone finds it too.
    found = [row for row in rows.filter(search__contains=text.split()[0].lower())[:500] if name_of(row) == text]
    found = found or list(rows.filter(exactly)[:2])
    if len(found) == 1:
        return found[0]  # type: ignore[no-any-return]
    if found:
        return f"Several are called {text}: write the code."
    near = rows
    for word in text.lower().split()[:4]:
        near = near.filter(search__contains=word)
    names = [name_of(row) for row in near.order_by("number", "name")[:5]]
    return f"The ledger has none called {text}." + (f" Did you mean: {', '.join(names)}?" if names else "")
