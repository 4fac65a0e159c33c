"""Who may see what: users, tenants, memberships with a role, and the grants of partner applications."""

from collections.abc import Collection, Iterator
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

import uuid_utils.compat
from django.conf import settings
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.query import ModelIterable
from django.utils import timezone

from tenants import content
from tenants.audit import audited

_Row = TypeVar("_Row", bound="TenantOwned", covariant=True)


def new_id() -> UUID:
    """A time-ordered id (UUIDv7, RFC 9562): unguessable enough for URLs, and in insertion order for keyset pages."""
    return uuid_utils.compat.uuid7()


class UserManager(BaseUserManager["User"]):
    """People sign in with their e-mail address; there are no user names."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user with a normalised address; `password=None` makes one who cannot sign in by password."""
        # The admin theme shows its palette to "staff" only; every right comes from memberships (see PortalAdminSite).
        fields.setdefault("is_staff", True)
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Platform staff; this gives no right inside any tenant."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """A person. Rights come only from memberships."""

    username = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.get_full_name() or self.email


@audited()
class Tenant(models.Model):
    """A customer organisation: the wall that every other row lives behind."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    currency = models.CharField(
        max_length=3,
        validators=[RegexValidator(r"^[A-Z]{3}$", "Use the three-letter ISO 4217 code, such as EUR.")],
    )
    two_person_limit = models.DecimalField(
        max_digits=18,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Approvals above this amount in the tenant's currency need a second person. Empty: never.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name


class TenantOwnedQuerySet(models.QuerySet[_Row]):
    """Explicit scoping on top of row-level security: code says which tenant it means."""

    def for_tenant(self, tenant: "Tenant | UUID") -> Self:
        """Only rows of this tenant."""
        return self.filter(tenant_id=tenant.pk if isinstance(tenant, Tenant) else tenant)

    def window(self, first: int, last: int) -> Self:
        """Rows `first` to `last` of the order, in one query that orders ids alone: what is joined with a row, and all
        that is written in it, is read for these few and not for whatever stands before them."""
        return self.filter(pk__in=self.values("pk")[first:last])

    def _fetch_all(self) -> None:
        is_fresh = self._result_cache is None
        super()._fetch_all()
        watch = content.watched()
        if watch is not None and is_fresh and not issubclass(self._iterable_class, ModelIterable):
            watch.figures(self.model._meta.label, _by_name(self))


class TenantOwned(models.Model):
    """Base of every row that belongs to one tenant; its table must have row-level security (a test says so)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", editable=False)

    objects = TenantOwnedQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def from_db(  # type: ignore[override] # the stubs know an argument of a later Django
        cls, db: str | None, field_names: Collection[str], values: Collection[Any]
    ) -> Self:
        """The row; whoever hides content in the answer that is being made is told what it says."""
        watch = content.watched()
        if watch is not None:
            watch.row(cls._meta.label, dict(zip(field_names, values, strict=False)))
        return super().from_db(db, field_names, values)


def _by_name(rows: Any) -> Iterator[dict[str, Any]]:
    """The rows of `values` and `values_list`, each value with the name that it was asked for by."""
    query = rows.query
    names = [*query.extra_select, *query.values_select, *query.annotation_select]
    if rows._fields and len(rows._fields) == len(names):
        names = [
            str(each) if isinstance(each, str) else f"expression {place}" for place, each in enumerate(rows._fields)
        ]
    for row in rows._result_cache:
        if isinstance(row, dict):
            yield row
        else:
            yield dict(zip(names, row if isinstance(row, tuple) else (row,), strict=False))


class Role(models.TextChoices):
    """What a person is in a tenant; `tenants.permissions` says what each may do."""

    OWNER = "owner", "Owner"
    EDITOR = "editor", "Finance editor"
    APPROVER = "approver", "Finance approver"
    AUDITOR = "auditor", "Auditor (read only)"
    SUPPORT = "support", "Support (time-boxed)"


class MembershipQuerySet(TenantOwnedQuerySet[_Row]):
    """Memberships that hold at this moment."""

    def current(self) -> Self:
        """Without those whose time is over."""
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=timezone.now()))


@audited()
class Membership(TenantOwned):
    """A user in a tenant. Support staff get one that ends by itself and says why it was given."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships", editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    reason = models.CharField(max_length=200, blank=True, help_text="Why support was let in; shown to the tenant.")
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = MembershipQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "user"],
                name="one_membership_per_user",
                violation_error_message="This person is already a member; change their role instead.",
            ),
            models.CheckConstraint(
                condition=~models.Q(role="support") | (models.Q(expires_at__isnull=False) & ~models.Q(reason="")),
                name="support_access_ends_and_says_why",
                violation_error_message="Support access needs an end and a reason.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


@audited()
class PartnerGrant(TenantOwned):
    """What one partner application may do for one tenant over the API."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="partner_grants", editable=False)
    client = models.ForeignKey("allauth_idp_oidc.Client", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    scopes = models.JSONField(default=list, help_text='Such as ["invoices:read", "source-documents:write"].')
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "client"],
                name="one_grant_per_partner",
                violation_error_message="This partner application already has a grant; change its scopes instead.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
