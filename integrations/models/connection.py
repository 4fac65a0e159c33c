"""A tenant's authorised link to one organisation in one ledger, its secrets, and the consent that made it."""

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from integrations.fields import EncryptedJSONField
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet

# Named here, because the models have `settings` of their own.
_USER = settings.AUTH_USER_MODEL


class ConnectionQuerySet(TenantOwnedQuerySet["Connection"]):
    """Connections by what can be done with them."""

    def usable(self) -> "ConnectionQuerySet":
        """Those that calls can succeed on."""
        return self.filter(status=Connection.Status.ACTIVE)


@audited(
    only_when=(
        "status",
        "name",
        "external_org_id",
        "is_read_only",
        "closed_period",
        "tax_tolerance",
        "sync_minutes",
        "error",
        "way",
        "settings",
        "webhook_key",
    ),
)
class Connection(TenantOwned):
    """One organisation (QuickBooks company, Xero organisation…) of one tenant."""

    class Status(models.TextChoices):
        CONNECTING = "connecting", "Connecting"
        ACTIVE = "active", "Connected"
        NEEDS_REAUTHORISATION = "needs_reauthorisation", "Reconnect needed"
        PAUSED = "paused", "Paused"
        DISCONNECTED = "disconnected", "Disconnected"

    class ClosedPeriod(models.TextChoices):
        BLOCK = "block", "Refuse it"
        ASK = "ask", "Ask me"
        FIRST_OPEN_DAY = "first_open_day", "Date it on the first open day"

    connector = models.CharField(max_length=30, help_text="The connector's name, such as quickbooks.")
    external_org_id = models.CharField(max_length=100, help_text="The ledger's own id of the organisation (realm id).")
    way = models.CharField(
        max_length=30, blank=True, help_text="How the ledger lets the portal in; empty: its first way."
    )
    settings = models.JSONField(
        default=dict, blank=True, help_text="What decides addresses (data centre, host, account) and is no secret."
    )
    name = models.CharField(max_length=200)
    country = models.CharField(max_length=3, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    closed_through = models.DateField(null=True, blank=True, help_text="Books are closed up to this day in the ledger.")
    closed_read_at = models.DateTimeField(
        null=True, blank=True, help_text="When the ledger was last asked through which day the books are closed."
    )
    status = models.CharField(max_length=30, choices=Status, default=Status.CONNECTING)
    is_read_only = models.BooleanField(default=False, help_text="Never post anything to this ledger.")
    closed_period = models.CharField(
        max_length=20,
        choices=ClosedPeriod,
        default=ClosedPeriod.BLOCK,
        help_text="What becomes of a document that is dated in a closed period.",
    )
    tax_tolerance = models.DecimalField(
        max_digits=10,
        decimal_places=2,
        default=Decimal("0.05"),
        help_text="The ledger's tax and total may differ from ours by so much, in the document's currency.",
    )
    sync_minutes = models.PositiveIntegerField(default=15, help_text="How often the portal looks for changes.")
    next_sync_at = models.DateTimeField(null=True, blank=True)
    next_proof_at = models.DateTimeField(null=True, blank=True, help_text="When it is next proved against the ledger.")
    webhook_key = models.CharField(
        max_length=64, blank=True, editable=False, help_text="Digest of the secret in the address of its webhooks."
    )
    webhook_at = models.DateTimeField(null=True, blank=True, help_text="When the ledger last announced something.")
    webhook_silent_at = models.DateTimeField(
        null=True, blank=True, help_text="When polling last found what no webhook had announced."
    )
    last_success_at = models.DateTimeField(null=True, blank=True)
    error = models.JSONField(default=dict, blank=True, help_text="What keeps this connection from working, in words.")
    created_by = models.ForeignKey(_USER, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ConnectionQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "connector", "external_org_id"],
                name="one_connection_per_org",
                violation_error_message="This organisation is already connected; reconnect it instead.",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="active") | ~models.Q(external_org_id=""),
                name="active_connection_has_an_org",
                violation_error_message="An active connection must name its organisation.",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.connector} {self.external_org_id}"


@audited(
    exclude=("secret", "lease_until", "warned_days"), only_when=("version", "scope", "expires_at", "hard_expires_at")
)
class Credential(TenantOwned):
    """The secrets of a connection (RFC 6749 field names), encrypted; `version` fences concurrent refreshes.

    `secret` holds {"connection": id, "access_token", "refresh_token", "previous_refresh_token", "typed": {name: what a
    person typed}}: Fernet has no associated data, so the connection's id is stored inside and checked on reading.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="credential")
    secret = EncryptedJSONField(editable=False)
    version = models.PositiveIntegerField(default=1)
    token_type = models.CharField(max_length=20, default="bearer")
    scope = models.TextField(blank=True)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="Of the access token; empty: it does not expire."
    )
    refresh_expires_at = models.DateTimeField(
        null=True, blank=True, help_text="When access ends if it is not renewed before."
    )
    hard_expires_at = models.DateTimeField(null=True, blank=True, help_text="When access ends, renewed or not.")
    warned_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The last warning that was given of the coming end: so many days before."
    )
    refreshed_at = models.DateTimeField(default=timezone.now)
    granted_at = models.DateTimeField(default=timezone.now, help_text="When a person last connected.")
    lease_until = models.DateTimeField(null=True, blank=True, help_text="One process is refreshing until then.")

    def __str__(self) -> str:
        return f"Credential of {self.connection}"


@audited(exclude=("secret", "state", "lease_until", "choices"), only_when=("status", "error", "connection_id"))
class Authorisation(TenantOwned):
    """One consent under way: written before the browser leaves, finished by a worker after it comes back."""

    class Status(models.TextChoices):
        STARTED = "started", "Waiting for consent"
        RECEIVED = "received", "Finishing"
        CHOOSING = "choosing", "Waiting for your choice"
        COMPLETED = "completed", "Connected"
        DENIED = "denied", "Declined"
        FAILED = "failed", "Failed"

    connector = models.CharField(max_length=30)
    way = models.CharField(max_length=30, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=64, unique=True, editable=False)
    redirect_uri = models.URLField(max_length=300, blank=True)
    secret = EncryptedJSONField(
        editable=False,
        default=dict,
        help_text="Code, PKCE verifier, what was typed; then tokens until they have a home.",
    )
    choices = models.JSONField(default=list, blank=True, help_text="The organisations that the consent covers.")
    status = models.CharField(max_length=20, choices=Status, default=Status.STARTED)
    error = models.JSONField(default=dict, blank=True)
    connection = models.ForeignKey(Connection, null=True, on_delete=models.CASCADE, related_name="authorisations")
    requested_by = models.ForeignKey(_USER, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True, help_text="One worker is exchanging the code until then.")

    def __str__(self) -> str:
        return f"{self.connector}: {self.get_status_display()}"
