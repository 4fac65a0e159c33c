"""How accounts are spelled: 1234567_SB1 in bodies and realms, 1234567-sb1 in host names."""

from urllib.parse import urlsplit


def host_form(account: str) -> str:
    """The first label of the account's own host names."""
    return account.lower().replace("_", "-")


def canonical(text: str) -> str:
    """The account id in capitals with an underscore, from either spelling."""
    return text.upper().replace("-", "_")


def real_url(url: str, account: str, prefix: str) -> str:
    """The URL that the real ledger would have been called under, for a call of the simulated one."""
    parts = urlsplit(url)
    path = parts.path.removeprefix(prefix).removeprefix(f"/{host_form(account)}")
    query = f"?{parts.query}" if parts.query else ""
    return f"https://{host_form(account)}.suitetalk.api.netsuite.com{path}{query}"
