"""allauth adapter: people join by invitation only."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up is closed: members are invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
