"""The portal's mirror of a ledger: each remote record as last seen."""

from typing import ClassVar, Self

import pghistory
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from integrations.fields import WrittenJSONField
from integrations.models.connection import Connection
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet


class Resource(models.TextChoices):
    """The collections of the unified model."""

    COMPANY_INFO = "company_info", "Company"
    ACCOUNTS = "accounts", "Accounts"
    CONTACTS = "contacts", "Contacts"
    ITEMS = "items", "Items"
    TAX_RATES = "tax_rates", "Tax codes"
    TRACKING_CATEGORIES = "tracking_categories", "Tracking categories"
    PAYMENT_METHODS = "payment_methods", "Payment methods"
    TERMS = "terms", "Terms"
    CURRENCIES = "currencies", "Currencies"
    INVOICES = "invoices", "Invoices"
    CREDIT_NOTES = "credit_notes", "Credit notes"
    PAYMENTS = "payments", "Payments"
    BILLS = "bills", "Bills"
    VENDOR_CREDITS = "vendor_credits", "Vendor credits"
    BILL_PAYMENTS = "bill_payments", "Bill payments"
    PURCHASE_ORDERS = "purchase_orders", "Purchase orders"
    EXPENSES = "expenses", "Expenses"
    JOURNAL_ENTRIES = "journal_entries", "Journal entries"
    BANK_TRANSACTIONS = "bank_transactions", "Bank transactions"
    BANK_LINES = "bank_lines", "Bank feed lines"
    BUDGETS = "budgets", "Budgets"
    ATTACHMENTS = "attachments", "Attachments"


DELETED = "deleted"
"""The `compared_hash` of a document that was found to be gone."""

TO_COMPARE = ~models.Q(compared_hash="") & (
    (models.Q(deleted_at__isnull=True) & ~models.Q(compared_hash=models.F("content_hash")))
    | (models.Q(deleted_at__isnull=False) & ~models.Q(compared_hash=DELETED))
)
"""Documents that we wrote and whose content is another than when they were last compared."""


class LedgerRecordQuerySet(TenantOwnedQuerySet["LedgerRecord"]):
    """Records by what they are."""

    def of(self, connection: Connection, resource: str) -> Self:
        """The present records of one resource of one connection."""
        return self.filter(connection=connection, resource=resource, deleted_at=None)

    def open(self) -> Self:
        """Documents with something left to pay."""
        return self.exclude(open_amount=None).exclude(open_amount=0)


@audited(
    pghistory.UpdateEvent(condition=pghistory.AnyChange("content_hash", "deleted_at")),
    pghistory.DeleteEvent(),
    exclude=("search", "compared_hash", "overlay"),
)
class LedgerRecord(TenantOwned):
    """One remote record: unified fields, raw form, and the columns that lists and matching read.

    Written by set-based upserts with a content hash, never row by row; unchanged rows are not rewritten.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="records")
    resource = models.CharField(max_length=30, choices=Resource)
    remote_type = models.CharField(max_length=40, help_text="The ledger's own name of this kind of record.")
    external_id = models.CharField(max_length=100)
    unified = models.JSONField(encoder=DjangoJSONEncoder)
    raw = WrittenJSONField(encoder=DjangoJSONEncoder)
    content_hash = models.CharField(max_length=64)
    version = models.CharField(max_length=60, blank=True)
    modified_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    synced_at = models.DateTimeField()
    compared_hash = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        help_text="Of a document that we wrote: the content, or `deleted`, at which it was last compared with that.",
    )
    overlay = models.CharField(
        max_length=32,
        blank=True,
        db_default="",
        help_text="Which overrides this row was read with: their print; empty: none.",
    )
    # Columns of the lists, from `integrations.unified.summary`.
    name = models.CharField(max_length=300, blank=True)
    number = models.CharField(max_length=100, blank=True)
    contact_id_external = models.CharField(max_length=100, blank=True)
    contact_name = models.CharField(max_length=300, blank=True)
    issued_on = models.DateField(null=True)
    due_on = models.DateField(null=True)
    amount = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    open_amount = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    currency = models.CharField(max_length=3, blank=True)
    status = models.CharField(max_length=30, blank=True)
    kind = models.CharField(max_length=40, blank=True, help_text="Account type, contact type, bank transaction type…")
    is_active = models.BooleanField(default=True)
    search = models.TextField(blank=True, help_text="Lower-case words that the search box looks in.")

    objects = LedgerRecordQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "resource", "remote_type", "external_id"], name="one_row_per_remote_record"
            ),
        ]
        indexes: ClassVar = [
            # Lists are per resource, newest document first, keyset by (issued_on, id).
            models.Index(fields=["tenant", "resource", "-issued_on", "-id"], name="record_list"),
            models.Index(fields=["connection", "resource", "name"], name="record_by_name"),
            models.Index(fields=["connection", "resource", "number"], name="record_by_number"),
            # The matching run asks for what is still open.
            models.Index(
                fields=["connection", "resource"],
                name="record_open",
                condition=models.Q(deleted_at__isnull=True) & ~models.Q(open_amount=0),
            ),
            # What changed since a moment, for whoever follows the mirror.
            models.Index(fields=["connection", "synced_at"], name="record_by_change"),
            # A row enters when its content moves, whatever moved it, and leaves when it has been compared.
            models.Index(fields=["connection"], name="record_to_compare", condition=TO_COMPARE),
        ]

    def __str__(self) -> str:
        return " ".join(part for part in (self.number, self.name or self.contact_name) if part) or self.external_id
