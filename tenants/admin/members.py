"""People of a tenant and the partner applications it lets in."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from tenants import services
from tenants.admin.scoping import TenantScopedAdmin
from tenants.http import TenantRequest
from tenants.models import Membership, PartnerGrant, Role
from tenants.permissions import MANAGE_MEMBERS

_ROLE_COLOURS = {
    "Owner": "primary",
    "Finance editor": "info",
    "Finance approver": "success",
    "Support (time-boxed)": "warning",
}


class InvitationForm(forms.ModelForm[Membership]):
    """Let a person in by e-mail address; they set their own password."""

    email = forms.EmailField(label="E-mail address", widget=UnfoldAdminEmailInputWidget)
    role = forms.ChoiceField(choices=Role.choices, widget=UnfoldAdminSelectWidget)
    reason = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="For support: why they are let in. Their access ends by itself after eight hours.",
    )

    class Meta:
        model = Membership
        fields: ClassVar = ["role", "reason"]

    def clean(self) -> dict[str, Any]:
        """Support needs a reason, so that the tenant can later see why somebody was inside."""
        cleaned = super().clean() or {}
        if cleaned.get("role") == Role.SUPPORT and not cleaned.get("reason"):
            self.add_error("reason", ValidationError("Say why support is let in."))
        return cleaned


class RoleForm(forms.ModelForm[Membership]):
    """Change what a member may do; the last owner stays an owner."""

    class Meta:
        model = Membership
        fields: ClassVar = ["role"]

    def clean_role(self) -> str:
        """A tenant without an owner could not let anybody in again."""
        role: str = self.cleaned_data["role"]
        if role != Role.OWNER and services.is_last_owner(self.instance):
            raise ValidationError("This is the last owner. Make somebody else an owner first.")
        if role == Role.SUPPORT:
            raise ValidationError("Support access is time-boxed: remove this member and invite them as support.")
        return role


@admin.register(Membership)
class MembershipAdmin(TenantScopedAdmin):
    """Who is in, as what, until when."""

    list_display = ("user", "role_label", "reason", "expires_at", "created_at")
    list_filter = ("role",)
    search_fields = ("user__email", "user__first_name", "user__last_name")
    list_select_related = ("user",)
    ordering = ("id",)
    add_action = change_action = delete_action = MANAGE_MEMBERS
    actions = None

    @display(description="Role", label=_ROLE_COLOURS)
    def role_label(self, member: Membership) -> str:
        return str(member.get_role_display())

    def get_form(self, request: HttpRequest, obj: Membership | None = None, **kwargs: Any) -> Any:
        kwargs["form"] = RoleForm if obj else InvitationForm
        kwargs["fields"] = None
        return super().get_form(request, obj, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> list[str]:
        return ["role"] if obj else ["email", "role", "reason"]

    def save_model(self, request: TenantRequest, obj: Membership, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        user = services.create_user(
            email=form.cleaned_data["email"],
            tenant=request.tenant,
            role=form.cleaned_data["role"],
            password=None,
            reason=form.cleaned_data["reason"],
        )
        obj.pk = Membership.objects.for_tenant(request.tenant).get(user=user).pk
        obj.user = user
        services.send_invitation(user=user, request=request)
        messages.info(request, f"{user.email} got a mail with a link to set a password.")

    def has_delete_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or not services.is_last_owner(obj))


@admin.register(PartnerGrant)
class PartnerGrantAdmin(TenantScopedAdmin):
    """Applications that may use the API for this tenant, and what they may do."""

    list_display = ("name", "scope_list", "is_active", "created_at")
    readonly_fields = ("name", "scope_list", "created_at")
    fields = ("name", "scope_list", "is_active", "created_at")
    ordering = ("id",)
    change_action = MANAGE_MEMBERS
    actions = None

    @display(description="May")
    def scope_list(self, grant: PartnerGrant) -> str:
        return ", ".join(grant.scopes)
