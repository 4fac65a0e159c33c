"""allauth adapters: people join by invitation only; partner applications get tokens with their own scopes."""

from collections.abc import Iterable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up is closed: members are invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class PartnerIdpAdapter(DefaultOIDCAdapter):  # type: ignore[misc]
    """Names the partner API's scopes."""

    def scope_display(self, scopes: Iterable[str]) -> dict[str, Any]:
        return {scope: scope for scope in scopes}
