"""Contacts that are one and the same: groups as found, what a person decided, and the aliases that follow from it."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from integrations.models import Connection
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet


class ContactKind(models.TextChoices):
    """The unified contact types."""

    CUSTOMER = "customer", "Customers"
    VENDOR = "vendor", "Vendors"


class DuplicateGroupQuerySet(TenantOwnedQuerySet["DuplicateGroup"]):
    """Groups by state."""

    def open(self) -> Self:
        """Nobody has decided."""
        return self.filter(status=DuplicateGroup.Status.OPEN)


@audited(only_when=("status", "chosen"))
class DuplicateGroup(TenantOwned):
    """Contacts of the ledger and names of the sources that seem to be the same person or company.

    open → merged (aliases exist) or apart (never proposed again), both of which can be undone; open → gone.
    """

    class Status(models.TextChoices):
        OPEN = "open", "To decide"
        MERGED = "merged", "Merged"
        APART = "apart", "Kept apart"
        GONE = "gone", "Not found any more"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="duplicate_groups")
    kind = models.CharField(max_length=10, choices=ContactKind)
    key = models.CharField(max_length=64, help_text="Digest of the members' keys.")
    members = models.JSONField(
        help_text="[{key, origin, name, external_id, remote_type, email, tax_number, documents}]"
    )
    evidence = models.JSONField(help_text="[{a, b, confidence, reasons}] of pairs of members.")
    confidence = models.PositiveSmallIntegerField(help_text="0 to 100, of the weakest link.")
    is_exact = models.BooleanField(default=False, help_text="The same name, tax number or bank account; safe in bulk.")
    documents = models.PositiveIntegerField(default=0, help_text="Source documents that name a member.")
    chosen = models.CharField(max_length=100, blank=True, help_text="The ledger's id of the contact that stays.")
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    found_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = DuplicateGroupQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = "duplicate contact"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "kind", "key"], name="one_group_per_members"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["connection", "status", "-documents", "id"], name="duplicate_group_list"),
        ]

    def __str__(self) -> str:
        return " = ".join(str(member["name"]) for member in self.members)


@audited()
class ContactAlias(TenantOwned):
    """Documents that name this contact use that one; nothing in the ledger is changed or deleted."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="contact_aliases")
    group = models.ForeignKey(DuplicateGroup, on_delete=models.CASCADE, related_name="aliases")
    kind = models.CharField(max_length=10, choices=ContactKind)
    name = models.CharField(max_length=300, help_text="As the source writes it, with single spaces, case folded.")
    target_external_id = models.CharField(max_length=100)
    target_name = models.CharField(max_length=300)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "contact aliases"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "kind", "name"],
                name="a_name_is_one_contact",
                violation_error_message="This name is an alias of another contact already. Undo that first.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} = {self.target_name}"


@audited()
class ContactsApart(TenantOwned):
    """Two contacts that somebody said are not the same: never proposed together again."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="contacts_apart")
    group = models.ForeignKey(DuplicateGroup, on_delete=models.CASCADE, related_name="kept_apart")
    first = models.CharField(max_length=400)
    second = models.CharField(max_length=400)

    class Meta:
        verbose_name_plural = "contacts apart"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["group", "first", "second"], name="a_pair_is_kept_apart_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["connection"], name="contacts_apart_of")]

    def __str__(self) -> str:
        return f"{self.first} ≠ {self.second}"
